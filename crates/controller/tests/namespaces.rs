//! Terms between pods that select namespaces by their labels.

use k8s_openapi::api::core::v1::Namespace;
use kube::Api;
use kube::api::{Patch, PatchParams};
use serde_json::json;
use testcluster::workloads::{self, PodShape};

use crate::world::{OrStop as _, SOON, World, config};

#[tokio::test(flavor = "multi_thread")]
async fn a_term_looks_into_the_namespaces_whose_labels_it_selects() {
    let world = World::start().await;
    let namespaces: Api<Namespace> = Api::all(world.client.clone());
    let blue = Patch::Merge(json!({"metadata": {"labels": {"team": "blue"}}}));
    namespaces.patch(workloads::NAMESPACE, &PatchParams::default(), &blue).await.unwrap();
    world.pool("general").await;
    let running = world.controller(config("one")).await;
    let cache = PodShape::requesting(&[("cpu", "1")]);
    workloads::create(&world.client, &workloads::deployment("cache", 1, &cache)).await.or_stop();
    let mut pods = workloads::running(&world.client, "cache", 1, SOON).await.or_stop();
    // Unless the selector is known to select that namespace, there is no such pod anywhere and none of these runs.
    // They come when the other one runs: those that waited for one that only a selector of namespaces finds were
    // seen to be tried again by kube-scheduler 1.36 no sooner than after two minutes.
    let beside = json!({"affinity": {"podAffinity": {
        "requiredDuringSchedulingIgnoredDuringExecution": [{
            "topologyKey": "topology.kubernetes.io/zone",
            "labelSelector": {"matchLabels": {"app": "cache"}},
            "namespaceSelector": {"matchLabels": {"team": "blue"}},
        }],
    }}});
    let web = PodShape { spec: beside, ..PodShape::requesting(&[("cpu", "1")]) };
    workloads::create(&world.client, &workloads::deployment("web", 2, &web)).await.or_stop();
    pods.extend(workloads::running(&world.client, "web", 2, SOON).await.or_stop());
    let nodes = world.list("Node").await;
    let zone = |pod| {
        let name = workloads::node_of(pod)?;
        let node = nodes.iter().find(|node| node.metadata.name.as_deref() == Some(name))?;
        node.metadata.labels.as_ref()?.get("topology.kubernetes.io/zone").cloned()
    };
    let zones: Vec<Option<String>> = pods.iter().map(zone).collect();
    assert!(zones.iter().all(|zone| zone.is_some() && *zone == zones[0]), "{zones:?}");
    running.stop().await;
}
