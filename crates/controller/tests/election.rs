//! Who may write: one of several, nobody beside a stranger, never a shadow.

use std::time::Duration;

use k8s_openapi::api::coordination::v1::Lease;
use k8s_openapi::api::core::v1::Event;
use k8s_openapi::jiff;
use kube::Api;
use kube::api::{ListParams, PostParams};
use serde_json::json;
use testcluster::wait::until;
use testcluster::workloads::{self, PodShape};

use crate::world::{OrStop as _, SOON, World, config};

async fn holder(world: &World) -> Option<String> {
    let leases: Api<Lease> = Api::namespaced(world.client.clone(), "kube-system");
    let lease = leases.get_opt("karpenter-leader-election").await.unwrap()?;
    lease.spec?.holder_identity.filter(|holder| !holder.is_empty())
}

async fn until_held_by(world: &World, identity: &str) {
    until(&format!("{identity} holds the Lease"), SOON, async || {
        Ok::<_, String>((holder(world).await.as_deref() == Some(identity)).then_some(()))
    })
    .await
    .or_stop();
}

async fn pending(world: &World) {
    world.pool("general").await;
    let shape = PodShape::requesting(&[("cpu", "1")]);
    workloads::create(&world.client, &workloads::deployment("web", 3, &shape)).await.or_stop();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_second_takes_over_at_once_when_the_first_ends_in_good_order() {
    let world = World::start().await;
    let first = world.controller(config("first")).await;
    until_held_by(&world, "first").await;
    let second = world.controller(config("second")).await;
    pending(&world).await;
    workloads::running(&world.client, "web", 3, SOON).await.or_stop();
    first.stop().await;
    until_held_by(&world, "second").await;
    workloads::scale(&world.client, "web", 9).await.or_stop();
    workloads::running(&world.client, "web", 9, SOON).await.or_stop();
    assert_eq!(world.machines(), world.list("NodeClaim").await.len());
    second.stop().await;
    assert_eq!(holder(&world).await, None);
}

/// A Lease as another controller writes it, in another namespace.
fn foreign() -> Lease {
    let lease = json!({
        "metadata": {"name": "karpenter-leader-election", "namespace": "default"},
        "spec": {
            "holderIdentity": "karpenter-7d9f", "leaseDurationSeconds": 15,
            "renewTime": jiff::Timestamp::now().to_string(),
        },
    });
    serde_json::from_value(lease).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_live_lease_in_another_namespace_stops_all_writes_until_it_ends() {
    let world = World::start().await;
    let leases: Api<Lease> = Api::namespaced(world.client.clone(), "default");
    leases.create(&PostParams::default(), &foreign()).await.unwrap();
    let running = world.controller(config("one")).await;
    pending(&world).await;
    let events: Api<Event> = Api::namespaced(world.client.clone(), "kube-system");
    until("an event says who is in the way", SOON, async || {
        let which = ListParams::default().fields("reason=ForeignLease");
        let found = events.list(&which).await?.items;
        Ok::<_, kube::Error>(found.into_iter().find_map(|event| event.message))
    })
    .await
    .or_stop();
    assert!(world.list("NodeClaim").await.is_empty());
    assert_eq!(holder(&world).await, None);
    // Nobody renews that Lease, so it dies 15 seconds after it was seen.
    workloads::running(&world.client, "web", 3, SOON).await.or_stop();
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shadow_plans_and_writes_nothing() {
    let world = World::start().await;
    let mut shadow = config("shadow");
    shadow.shadow = true;
    let running = world.controller(shadow).await;
    let before =
        world.metric(&running, "karpenter_scheduler_scheduling_duration_seconds_count").await;
    assert_eq!(before, None);
    // The class's status is what a leader would write; without it the pool opens no nodes.
    pending(&world).await;
    world.make_ready("general").await;
    let versions = world.versions().await;
    until("a plan buys for the three pods", SOON, async || {
        let cost = world.metric(&running, "stowage_plan_cost_usd_per_hour").await;
        Ok::<_, String>(cost.filter(|cost| *cost > 0.0))
    })
    .await
    .or_stop();
    tokio::time::timeout(Duration::from_secs(5), running.stop()).await.unwrap();
    assert_eq!(world.versions().await, versions);
    assert_eq!(holder(&world).await, None);
    assert_eq!(world.machines(), 0);
    let events: Api<Event> = Api::all(world.client.clone());
    let events = events.list(&ListParams::default()).await.unwrap().items;
    let ours = |event: &&Event| {
        event.source.as_ref().and_then(|source| source.component.as_deref()) == Some("stowage")
    };
    assert_eq!(events.iter().filter(ours).count(), 0);
}
