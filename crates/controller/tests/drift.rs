//! Nodes that differ from their pool are replaced, one first.

use std::time::Duration;

use kube::api::{Patch, PatchParams};
use serde_json::json;
use testcluster::wait::until;
use testcluster::workloads::{self, PodShape};

use crate::world::{OrStop as _, SOON, World, config};

/// Longer than five replacements one after the other take on shared cores.
const LONG: Duration = Duration::from_mins(10);

/// A pool whose nodes get another label from now on, so that all that are there are drifted.
async fn change(world: &World) {
    let patch = json!({"spec": {"template": {"metadata": {"labels": {"release": "two"}}}}});
    let pools = world.custom("NodePool");
    pools.patch("general", &PatchParams::default(), &Patch::Merge(patch)).await.unwrap();
}

/// Nodes with the old template and with the new one.
async fn releases(world: &World) -> (usize, usize) {
    let claims = world.list("NodeClaim").await;
    let is_new =
        |labels: &std::collections::BTreeMap<String, String>| labels.contains_key("release");
    let new = claims.iter().filter(|claim| claim.metadata.labels.as_ref().is_some_and(is_new));
    let new = new.count();
    (claims.len() - new, new)
}

/// Pods of which a node takes one.
fn lone() -> PodShape {
    let apart = json!({"affinity": {"podAntiAffinity": {
        "requiredDuringSchedulingIgnoredDuringExecution": [{
            "topologyKey": "kubernetes.io/hostname",
            "labelSelector": {"matchLabels": {"app": "web"}},
        }],
    }}});
    PodShape { spec: apart, ..PodShape::requesting(&[("cpu", "1500m")]) }
}

#[tokio::test(flavor = "multi_thread")]
async fn drifted_nodes_are_replaced_one_first_and_then_within_the_budget() {
    let world = World::start().await;
    world.pool("general").await;
    let running = world.controller(config("one")).await;
    workloads::create(&world.client, &workloads::deployment("web", 4, &lone())).await.or_stop();
    workloads::running(&world.client, "web", 4, SOON).await.or_stop();
    assert_eq!(releases(&world).await, (4, 0));
    change(&world).await;
    let mut most = 0;
    let most_seen = &mut most;
    until("one node is of the new release", LONG, async || {
        let (_, new) = releases(&world).await;
        let nodes = world.list("Node").await.into_iter();
        let marked = nodes.filter(|node| {
            let taints = node.data["spec"]["taints"].as_array().cloned().unwrap_or_default();
            taints.iter().any(|taint| taint["key"] == "karpenter.sh/disrupted")
        });
        let joined = world.list("Node").await.into_iter().any(|node| {
            let labels = node.metadata.labels.unwrap_or_default();
            labels.contains_key("release") && labels.contains_key("karpenter.sh/initialized")
        });
        if !joined {
            *most_seen = (*most_seen).max(marked.count());
        }
        Ok::<_, kube::Error>((new > 0 && joined).then_some(()))
    })
    .await
    .or_stop();
    assert!(most <= 1, "{most} nodes were marked before the first replacement had joined");
    until("all nodes are of the new release", LONG, async || {
        Ok::<_, kube::Error>((releases(&world).await == (0, 4)).then_some(()))
    })
    .await
    .or_stop();
    workloads::running(&world.client, "web", 4, SOON).await.or_stop();
    running.stop().await;
}
