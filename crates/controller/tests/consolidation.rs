//! Nodes that are underused go, and what runs on them runs elsewhere.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use controller::CrashPoint;
use k8s_openapi::api::core::v1::Pod;
use kube::Api;
use kube::api::{ListParams, Patch, PatchParams};
use model::{CapacityType, InstanceTypeName, ZoneName};
use serde_json::json;
use testcluster::wait::until;
use testcluster::workloads::{self, PodShape};

use crate::world::{LONG, OrStop as _, SOON, World, config};

/// A controller whose crash is at a request of a move: moves begin 15 s after they are found.
pub(crate) const ENDS: Duration = Duration::from_mins(1);

/// What the fleet costs in micro-USD per hour, machines on their way out with the others.
pub(crate) async fn bill(world: &World) -> i64 {
    let claims = world.list("NodeClaim").await.into_iter();
    let types = claims
        .filter_map(|claim| claim.metadata.labels?.remove("node.kubernetes.io/instance-type"));
    types.map(|name| price(&name)).sum()
}

pub(crate) fn price(name: &str) -> i64 {
    match name {
        "m6i.large" => 96_000,
        "m6i.xlarge" => 192_000,
        "m6i.2xlarge" => 384_000,
        "m6i.4xlarge" => 768_000,
        other => panic!("{other} is not sold"),
    }
}

/// The fewest pods that were Running at any look while `rests` was false.
async fn watch_until(world: &World, what: &str, rests: impl AsyncFn() -> bool) -> usize {
    let mut fewest = usize::MAX;
    let pods: Api<Pod> = Api::namespaced(world.client.clone(), "default");
    let fewest_seen = &mut fewest;
    until(what, LONG, async || {
        let listed = pods.list(&ListParams::default()).await?;
        let is_ready = |pod: &&Pod| {
            let conditions = pod.status.as_ref().and_then(|status| status.conditions.as_ref());
            let mut conditions = conditions.into_iter().flatten();
            conditions.any(|one| one.type_ == "Ready" && one.status == "True")
        };
        *fewest_seen = (*fewest_seen).min(listed.iter().filter(is_ready).count());
        Ok::<_, kube::Error>(rests().await.then_some(()))
    })
    .await
    .or_stop();
    fewest
}

#[tokio::test(flavor = "multi_thread")]
async fn a_workload_that_shrinks_leaves_a_fleet_near_its_bound_with_no_budget_broken() {
    let world = World::start().await;
    world.pool_that_consolidates("general").await;
    let running = world.controller(config("one")).await;
    let shape = PodShape::requesting(&[("cpu", "900m"), ("memory", "1Gi")]);
    workloads::create(&world.client, &workloads::deployment("web", 40, &shape)).await.or_stop();
    workloads::running(&world.client, "web", 40, SOON).await.or_stop();
    workloads::create(&world.client, &workloads::disruption_budget("web", 4)).await.or_stop();
    let before = bill(&world).await;
    workloads::scale(&world.client, "web", 16).await.or_stop();
    workloads::running(&world.client, "web", 16, SOON).await.or_stop();
    // 16 pods of 900m: one m6i.4xlarge (15.89 cores for pods) holds them, as do no cheaper machines.
    let bound = price("m6i.4xlarge");
    let fewest = watch_until(&world, "the fleet is near its bound", async || {
        bill(&world).await * 100 <= bound * 105
    })
    .await;
    println!("{before} to {} micro-USD per hour, bound {bound}", bill(&world).await);
    assert!(before > bound);
    assert!(fewest >= 12, "{fewest} of 16 pods were ready at some look");
    workloads::running(&world.client, "web", 16, SOON).await.or_stop();

    // Nothing changes any more, so nothing moves any more.
    let decisions = "karpenter_voluntary_disruption_decisions_total";
    let (made, rest) = (world.metric(&running, decisions).await, world.versions().await);
    let searches = async || {
        let count = "stowage_consolidation_search_seconds_count";
        world.metric(&running, count).await.unwrap_or(0.0)
    };
    let searched = searches().await;
    let touched = AtomicUsize::new(0);
    until("it was searched again, twice, as something else changed", SOON, async || {
        let count = touched.fetch_add(1, Ordering::SeqCst).to_string();
        let patch = json!({"metadata": {"annotations": {"touched": count}}});
        let (params, patch) = (PatchParams::default(), Patch::Merge(patch));
        world.custom("NodePool").patch("general", &params, &patch).await?;
        Ok::<_, kube::Error>((searches().await >= searched + 2.0).then_some(()))
    })
    .await
    .or_stop();
    assert_eq!(world.metric(&running, decisions).await, made);
    let names = |all: Vec<(String, Option<String>)>| -> Vec<String> {
        all.into_iter().map(|(name, _)| name).collect()
    };
    assert_eq!(names(world.versions().await), names(rest));
    running.stop().await;
}

/// One large node with two small pods left on it, which a smaller one holds.
async fn oversized(world: &World) {
    world.pool_that_consolidates("general").await;
    let mut config = config("first");
    config.election = None;
    let running = world.controller(config).await;
    let shape = PodShape::requesting(&[("cpu", "900m"), ("memory", "1Gi")]);
    workloads::create(&world.client, &workloads::deployment("web", 17, &shape)).await.or_stop();
    workloads::running(&world.client, "web", 17, SOON).await.or_stop();
    assert_eq!(bill(world).await, price("m6i.4xlarge"), "17 pods fill one");
    running.stop().await;
    workloads::scale(&world.client, "web", 2).await.or_stop();
    workloads::running(&world.client, "web", 2, SOON).await.or_stop();
}

/// Names of claims and Nodes that carry marks of a move.
pub(crate) async fn marks(world: &World) -> Vec<String> {
    let claims = world.list("NodeClaim").await.into_iter().filter(|claim| {
        let annotations = claim.metadata.annotations.clone().unwrap_or_default();
        let conditions = claim.data["status"]["conditions"].as_array().cloned().unwrap_or_default();
        annotations.contains_key("stowage.sh/move")
            || conditions.iter().any(|one| one["type"] == "DisruptionReason")
    });
    let nodes = world.list("Node").await.into_iter().filter(|node| {
        let taints = node.data["spec"]["taints"].as_array().cloned().unwrap_or_default();
        taints.iter().any(|taint| taint["key"] == "karpenter.sh/disrupted")
    });
    claims.chain(nodes).filter_map(|one| one.metadata.name).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_move_whose_launch_fails_is_taken_back() {
    let world = World::start().await;
    oversized(&world).await;
    let claim = world.list("NodeClaim").await.remove(0).metadata.name.unwrap();
    for name in ["m6i.large", "m6i.xlarge", "m6i.2xlarge", "m6i.4xlarge"] {
        for zone in ["us-east-1a", "us-east-1b", "us-east-1c"] {
            let (name, zone) = (InstanceTypeName::from(name), ZoneName::from(zone));
            world.cloud.empty(CapacityType::OnDemand, &name, &zone);
        }
    }
    let running = world.controller(config("one")).await;
    let failures = "karpenter_voluntary_disruption_queue_failures_total";
    until("a move was taken back", LONG, async || {
        let failed = world.metric(&running, failures).await.is_some_and(|count| count >= 1.0);
        let restored = failed && marks(&world).await.is_empty();
        let claims = world.list("NodeClaim").await;
        let alone = claims.len() == 1 && claims[0].metadata.name.as_ref() == Some(&claim);
        Ok::<_, kube::Error>((restored && alone).then_some(()))
    })
    .await
    .or_stop();
    assert_eq!(world.machines(), 1);
    workloads::running(&world.client, "web", 2, SOON).await.or_stop();
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_move_goes_on_or_is_taken_back_when_the_controller_ends_in_the_middle() {
    let world = World::start().await;
    oversized(&world).await;
    for request in [0, 1, 2, 3, 5, 8] {
        // The move may be over before so many requests.
        let crashed = world.ends_hard_within(ENDS, CrashPoint::After(request)).await;
        println!("request {request}: {}", if crashed { "ended hard" } else { "at rest before" });
    }
    let running = world.controller(config("last")).await;
    until("the smaller node alone is left", LONG, async || {
        let alone = bill(&world).await == price("m6i.large");
        Ok::<_, kube::Error>((alone && marks(&world).await.is_empty()).then_some(()))
    })
    .await
    .or_stop();
    workloads::running(&world.client, "web", 2, SOON).await.or_stop();
    until("no machine is left over", SOON, async || {
        Ok::<_, kube::Error>((world.machines() == 1).then_some(()))
    })
    .await
    .or_stop();
    running.stop().await;
}
