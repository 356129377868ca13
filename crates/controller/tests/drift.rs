//! Nodes that differ from their pool are replaced, one first.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use cloud_sim::Image;
use controller::StartLimits;
use k8s_openapi::api::core::v1::Pod;
use kube::Api;
use kube::api::{ListParams, Patch, PatchParams};
use serde_json::{Value, json};
use testcluster::kubelets::{Machine, Settings};
use testcluster::wait::until;
use testcluster::workloads::{self, PodShape};

use crate::machines::IMAGE_TAG;
use crate::world::{LONG, OrStop as _, SOON, World, config, node};

/// Nodes get another label from now on, so that all that are there are drifted.
async fn change(world: &World) {
    patch(world, json!({"template": {"metadata": {"labels": {"release": "two"}}}})).await;
}

async fn patch(world: &World, spec: Value) {
    let patch = json!({"spec": spec});
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

/// How many nodes carry the mark of a move or of their end.
async fn marked(world: &World) -> usize {
    let nodes = world.list("Node").await.into_iter();
    let marked = nodes.filter(|node| {
        let taints = node.data["spec"]["taints"].as_array().cloned().unwrap_or_default();
        taints.iter().any(|taint| taint["key"] == "karpenter.sh/disrupted")
    });
    marked.count()
}

/// UIDs of the pods that are ready.
async fn ready(world: &World) -> BTreeSet<String> {
    let pods: Api<Pod> = Api::namespaced(world.client.clone(), "default");
    let pods = pods.list(&ListParams::default()).await.unwrap().into_iter();
    let ready = pods.filter(|pod| {
        let conditions = pod.status.as_ref().and_then(|status| status.conditions.as_ref());
        let mut conditions = conditions.into_iter().flatten();
        conditions.any(|one| one.type_ == "Ready" && one.status == "True")
    });
    ready.filter_map(|pod| pod.metadata.uid).collect()
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
        let joined = world.list("Node").await.into_iter().any(|node| {
            let labels = node.metadata.labels.unwrap_or_default();
            labels.contains_key("release") && labels.contains_key("karpenter.sh/initialized")
        });
        if !joined {
            *most_seen = (*most_seen).max(marked(&world).await);
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

/// From now on `al2023@latest` is the image of this id.
pub(crate) fn publish(world: &World, id: &str) {
    world.cloud.publish(Image {
        id: id.to_owned(),
        name: format!("al2023 {id}"),
        alias: Some("al2023@latest".to_owned()),
        tags: BTreeMap::new(),
        requirements: Vec::new(),
    });
}

/// How many claims were started from the image.
pub(crate) async fn started_from(world: &World, image: &str) -> usize {
    let claims = world.list("NodeClaim").await.into_iter();
    claims.filter(|claim| claim.data["status"]["imageID"] == image).count()
}

/// Waits, and gives the most nodes that carried the mark of a move at any look meanwhile.
async fn most_marked(world: &World, what: &str, rests: impl AsyncFn() -> bool) -> usize {
    let mut most = 0;
    let most_seen = &mut most;
    until(what, LONG, async || {
        *most_seen = (*most_seen).max(marked(world).await);
        Ok::<_, kube::Error>(rests().await.then_some(()))
    })
    .await
    .or_stop();
    most
}

/// Machines of the next image never join; that of the one after do.
#[tokio::test(flavor = "multi_thread")]
async fn a_broken_image_stops_after_one_node_and_a_sound_one_rolls_out_within_the_budget() {
    let never_joins =
        |machine: &Machine| machine.tags.get(IMAGE_TAG).is_some_and(|id| id == "ami-broken");
    let kubelets = Settings { never_joins: Arc::new(never_joins), ..Settings::prompt(node) };
    let world = World::start_with(kubelets).await;
    world.pool("general").await;
    patch(&world, json!({"disruption": {"budgets": [{"nodes": "10%"}]}})).await;
    let mut config = config("one");
    config.start_limits = StartLimits { launch: 60, registration: 20 };
    let running = world.controller(config).await;
    workloads::create(&world.client, &workloads::deployment("web", 4, &lone())).await.or_stop();
    workloads::running(&world.client, "web", 4, SOON).await.or_stop();
    let before = ready(&world).await;
    let machines = world.cloud.all().len();
    publish(&world, "ami-broken");
    let what = "two replacements were launched and did not join";
    let most = most_marked(&world, what, async || world.cloud.all().len() >= machines + 2).await;
    assert_eq!(most, 1, "nodes marked at once");
    assert_eq!(ready(&world).await, before, "no pod was evicted");
    assert_eq!(started_from(&world, "ami-1").await, 4, "no node went");
    let failures = "karpenter_voluntary_disruption_queue_failures_total";
    assert!(world.metric(&running, failures).await.is_some_and(|count| count >= 1.0));

    publish(&world, "ami-sound");
    let what = "all nodes are of the sound image";
    let most = most_marked(&world, what, async || {
        started_from(&world, "ami-sound").await == 4 && world.list("NodeClaim").await.len() == 4
    })
    .await;
    assert_eq!(most, 1, "a tenth of four nodes, rounded up, at once");
    workloads::running(&world.client, "web", 4, SOON).await.or_stop();
    running.stop().await;
}
