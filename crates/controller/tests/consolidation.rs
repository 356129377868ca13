//! Nodes that are underused go, and what runs on them runs elsewhere.

use std::time::Duration;

use k8s_openapi::api::core::v1::Pod;
use k8s_openapi::api::policy::v1::PodDisruptionBudget;
use kube::Api;
use kube::api::{ListParams, PostParams};
use serde_json::json;
use testcluster::wait::until;
use testcluster::workloads::{self, PodShape};

use crate::world::{OrStop as _, SOON, World, config};

/// What the fleet costs in micro-USD per hour, machines on their way out with the others.
async fn bill(world: &World) -> i64 {
    let claims = world.list("NodeClaim").await.into_iter();
    let types = claims
        .filter_map(|claim| claim.metadata.labels?.remove("node.kubernetes.io/instance-type"));
    types.map(|name| price(&name)).sum()
}

fn price(name: &str) -> i64 {
    match name {
        "m6i.large" => 96_000,
        "m6i.xlarge" => 192_000,
        "m6i.2xlarge" => 384_000,
        "m6i.4xlarge" => 768_000,
        other => panic!("{other} is not sold"),
    }
}

/// A budget that lets `count` pods of an application be away.
async fn pod_budget(world: &World, app: &str, count: i64) {
    let budget: PodDisruptionBudget = serde_json::from_value(json!({
        "metadata": {"name": app},
        "spec": {"maxUnavailable": count, "selector": {"matchLabels": {"app": app}}},
    }))
    .unwrap();
    let api: Api<PodDisruptionBudget> = Api::namespaced(world.client.clone(), "default");
    api.create(&PostParams::default(), &budget).await.unwrap();
}

/// The fewest pods that were Running at any look while `rests` was false.
async fn watch_until(world: &World, what: &str, rests: impl AsyncFn() -> bool) -> usize {
    let mut fewest = usize::MAX;
    let pods: Api<Pod> = Api::namespaced(world.client.clone(), "default");
    let fewest_seen = &mut fewest;
    until(what, Duration::from_mins(5), async || {
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
    world.pool("general").await;
    let running = world.controller(config("one")).await;
    let shape = PodShape::requesting(&[("cpu", "900m"), ("memory", "1Gi")]);
    workloads::create(&world.client, &workloads::deployment("web", 40, &shape)).await.or_stop();
    workloads::running(&world.client, "web", 40, SOON).await.or_stop();
    pod_budget(&world, "web", 4).await;
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
    running.stop().await;
}
