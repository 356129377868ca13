//! Terms between pods that select namespaces by their labels.

use k8s_openapi::api::core::v1::Namespace;
use kube::Api;
use kube::api::{Patch, PatchParams};
use serde_json::json;
use testcluster::wait::until;
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
    // Unless the selector is known to select that namespace, there is no such pod anywhere and none of these runs.
    let beside = json!({"affinity": {"podAffinity": {
        "requiredDuringSchedulingIgnoredDuringExecution": [{
            "topologyKey": "kubernetes.io/hostname",
            "labelSelector": {"matchLabels": {"app": "cache"}},
            "namespaceSelector": {"matchLabels": {"team": "blue"}},
        }],
    }}});
    let web = PodShape { spec: beside, ..PodShape::requesting(&[("cpu", "1")]) };
    workloads::create(&world.client, &workloads::deployment("web", 2, &web)).await.or_stop();
    // All three are planned together: a machine bought for fewer would never hold the last.
    until("both wait", SOON, async || {
        let pods = workloads::pods(&world.client, "web").await.map_err(|error| error.chain())?;
        Ok::<_, String>((pods.len() == 2).then_some(()))
    })
    .await
    .or_stop();
    let cache = PodShape::requesting(&[("cpu", "1")]);
    workloads::create(&world.client, &workloads::deployment("cache", 1, &cache)).await.or_stop();
    let mut pods = workloads::running(&world.client, "web", 2, SOON).await.or_stop();
    pods.extend(workloads::running(&world.client, "cache", 1, SOON).await.or_stop());
    let nodes: Vec<_> = pods.iter().map(workloads::node_of).collect();
    assert!(nodes.iter().all(|node| node.is_some() && *node == nodes[0]), "{nodes:?}");
    running.stop().await;
}
