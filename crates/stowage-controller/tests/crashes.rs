//! A process that ends hard: at each of its requests, and when the cloud has just heard from it.

use std::collections::BTreeSet;
use std::time::Duration;

use api::names;
use awsproxy::{Fault, Rule};
use k8s_openapi::api::core::v1::Event;
use kube::Api;
use kube::api::{DeleteParams, DynamicObject, ListParams};
use testcluster::wait::{Deadline, until};
use testcluster::workloads::{self, PodShape};

use crate::process::Running;
use crate::world::{OrStop as _, SOON, World};

/// Who writes is not the matter here, and a killed process keeps its Lease for 15 s.
const ALONE: &str = "--disable-leader-election";
/// Once all is as it should be, a controller that writes nothing for this long has nothing to write.
const QUIET: Duration = Duration::from_secs(2);
/// A life that is ended at a later request than this would mean that requests go on for ever.
const REQUESTS_MAX: u32 = 40;
/// What a shell says of a program that aborted: 128 and SIGABRT.
const ABORTED: i32 = 134;
const APP: &str = "web";

/// Whether all pods run on nodes of claims that are whole, none of which is going.
async fn is_settled(world: &World, pods: usize) -> bool {
    let found = workloads::pods(&world.client, APP).await.or_stop();
    let running = found.iter().filter(|pod| workloads::is_running(pod)).count();
    let claims = world.list("NodeClaim").await;
    found.len() == pods && running == pods && claims.iter().all(is_whole)
}

/// Registered, initialized, tagged, and not going.
fn is_whole(claim: &DynamicObject) -> bool {
    let conditions = claim.data["status"]["conditions"].as_array().cloned().unwrap_or_default();
    let ready = conditions.iter().any(|one| one["type"] == "Ready" && one["status"] == "True");
    let tagged = claim.metadata.annotations.iter().flatten();
    let tagged =
        tagged.into_iter().any(|(key, value)| key == names::TAGGED_ANNOTATION && value == "true");
    ready && tagged && claim.metadata.deletion_timestamp.is_none()
}

/// Runs a controller that ends hard at `point`; false where it had nothing to do at that point.
async fn ends_hard(world: &World, point: &str, pods: usize) -> bool {
    let mut running = world.controller(&[ALONE, &format!("--crash-at={point}")]);
    let mut quiet: Option<Deadline> = None;
    let ended = until("the controller crashes, or has nothing to do", SOON, async || {
        if let Some(status) = running.ended() {
            assert_eq!(status.code(), Some(ABORTED), "{}", running.text());
            return Ok(Some(true));
        }
        let settled = is_settled(world, pods).await;
        quiet = if settled { quiet.or(Some(Deadline::after(QUIET))) } else { None };
        Ok::<_, String>(quiet.is_some_and(|quiet| quiet.is_over()).then_some(false))
    });
    let ended = ended.await.or_stop();
    running.kill().await;
    ended
}

/// Ends controllers hard one request later each time, until one has nothing more to ask for.
async fn end_hard_at_every_request(world: &World, pods: usize) -> u32 {
    for request in 0..REQUESTS_MAX {
        let before = ends_hard(world, &format!("before:{request}"), pods).await;
        let after = ends_hard(world, &format!("after:{request}"), pods).await;
        if !before && !after {
            return request;
        }
    }
    panic!("controllers write for ever");
}

/// How many pods its Deployment ever made.
async fn pods_made(world: &World) -> usize {
    let events: Api<Event> = Api::namespaced(world.client.clone(), workloads::NAMESPACE);
    let which = ListParams::default().fields("reason=SuccessfulCreate");
    let events = events.list(&which).await.unwrap().items;
    let made: BTreeSet<String> = events.into_iter().filter_map(|event| event.message).collect();
    made.len()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_that_ends_hard_at_every_request_launches_once_and_evicts_once() {
    let world = World::start().await;
    world.pool("general", "on-demand", "amd64").await;
    let shape = PodShape::requesting(&[("cpu", "1")]);
    workloads::create(&world.client, &workloads::deployment(APP, 2, &shape)).await.or_stop();
    let requests = end_hard_at_every_request(&world, 2).await;
    println!("launched by lives that ended at each of {requests} requests");
    assert!(requests >= 3, "only {requests} requests");
    world.agrees().await;

    // A claim goes: its pods are evicted and get another machine, its own machine ends.
    let claim = world.list("NodeClaim").await.remove(0);
    let node = claim.data["status"]["nodeName"].as_str().unwrap().to_owned();
    let pods = workloads::pods(&world.client, APP).await.or_stop();
    let evicted = pods.iter().filter(|pod| workloads::node_of(pod) == Some(&node)).count();
    assert!(evicted > 0);
    let name = claim.metadata.name.unwrap();
    world.custom("NodeClaim").delete(&name, &DeleteParams::default()).await.unwrap();
    let requests = end_hard_at_every_request(&world, 2).await;
    println!("replaced by lives that ended at each of {requests} requests");
    world.agrees().await;
    assert_eq!(pods_made(&world).await, 2 + evicted, "pods were evicted more than once");

    workloads::scale(&world.client, APP, 0).await.or_stop();
    let last = world.controller(&[ALONE]);
    world.nothing_is_left_after_all_is_deleted().await;
    last.stop().await;
    assert!(world.launches().await.values().all(|launches| *launches == 1));
    world.check_logs();
}

/// Starts a controller and kills it when the cloud has heard `action` and not answered it yet. It is
/// done all the same.
async fn killed_at(world: &World, action: &'static str) {
    let before = world.proxy.calls(action).len();
    world.proxy.add_rule(Rule::new(action, Fault::Delay(Duration::from_millis(500)), 1));
    let running = world.controller(&[ALONE]);
    heard(world, &running, action, before).await;
    running.kill().await;
}

async fn heard(world: &World, running: &Running, action: &str, before: usize) {
    until(&format!("the cloud hears {action}"), SOON, async || {
        let heard = world.proxy.calls(action).len() > before;
        if heard { Ok(Some(())) } else { Err(running.text()) }
    })
    .await
    .or_stop();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_that_is_killed_while_the_cloud_works_leaves_nothing() {
    let world = World::start().await;
    world.pool("general", "on-demand", "amd64").await;
    let shape = PodShape::requesting(&[("cpu", "1")]);
    workloads::create(&world.client, &workloads::deployment(APP, 1, &shape)).await.or_stop();
    for action in ["CreateLaunchTemplate", "CreateFleet", "CreateTags"] {
        killed_at(&world, action).await;
    }
    let running = world.controller(&[ALONE]);
    until("all is settled", SOON, async || {
        Ok::<_, String>(is_settled(&world, 1).await.then_some(()))
    })
    .await
    .or_stop();
    running.kill().await;
    world.agrees().await;
    assert_eq!(world.launches().await.len(), 1);

    workloads::scale(&world.client, APP, 0).await.or_stop();
    let claim = world.list("NodeClaim").await.remove(0).metadata.name.unwrap();
    world.custom("NodeClaim").delete(&claim, &DeleteParams::default()).await.unwrap();
    killed_at(&world, "TerminateInstances").await;
    let last = world.controller(&[ALONE]);
    world.nothing_is_left_after_all_is_deleted().await;
    last.stop().await;
    assert_eq!(world.launches().await.len(), 1);
    world.check_logs();
}
