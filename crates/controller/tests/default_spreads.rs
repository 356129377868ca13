//! Pods without spreads, in a cluster whose scheduler spreads such pods by default.

use std::collections::BTreeMap;

use controller::{Config, DefaultSpreads, Policies};
use serde_json::{Value, json};
use testcluster::workloads::{self, PodShape};

use crate::world::{OrStop as _, SOON, World, config};

const SCHEDULER_CONFIG: &str = "podTopologySpread: {defaultConstraints: [
    {maxSkew: 1, topologyKey: topology.kubernetes.io/zone, whenUnsatisfiable: DoNotSchedule}]}";

/// What the chart adds where it is told so.
const RIGHTS: &str = "
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: makers}
rules:
  - {apiGroups: [''], resources: [services], verbs: [list, watch]}
  - {apiGroups: [apps], resources: [replicasets, statefulsets], verbs: [list, watch]}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: makers}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: makers}
subjects: [{kind: ServiceAccount, name: stowage, namespace: kube-system}]
";

/// The scheduler's own, as it takes them: where only the controller knew of them, pods could land together.
fn scheduler() -> Value {
    let constraint = json!({
        "maxSkew": 1, "topologyKey": "topology.kubernetes.io/zone", "whenUnsatisfiable": "DoNotSchedule",
    });
    let args = json!({"defaultingType": "List", "defaultConstraints": [constraint]});
    let plugin = json!({"name": "PodTopologySpread", "args": args});
    json!({"profiles": [{"schedulerName": "default-scheduler", "pluginConfig": [plugin]}]})
}

/// One machine would hold them all, so that nothing but the default spreads them.
#[tokio::test(flavor = "multi_thread")]
async fn pods_without_a_spread_are_spread_as_the_scheduler_is_configured() {
    let world = World::start_scheduling(scheduler()).await;
    world.cluster.apply_text(RIGHTS).await.or_stop();
    world.pool("general").await;
    let default_spreads = DefaultSpreads::parse(SCHEDULER_CONFIG).unwrap();
    let policies = Policies { default_spreads, ..Policies::default() };
    let running = world.controller(Config { policies, ..config("one") }).await;
    let shape = PodShape::requesting(&[("cpu", "100m")]);
    workloads::create(&world.client, &workloads::deployment("web", 6, &shape)).await.or_stop();
    let pods = workloads::running(&world.client, "web", 6, SOON).await.or_stop();
    let nodes = world.list("Node").await;
    let mut zones: BTreeMap<String, usize> = BTreeMap::new();
    for name in pods.iter().filter_map(workloads::node_of) {
        let node = nodes.iter().find(|node| node.metadata.name.as_deref() == Some(name)).unwrap();
        let labels = node.metadata.labels.as_ref().unwrap();
        *zones.entry(labels["topology.kubernetes.io/zone"].clone()).or_default() += 1;
    }
    assert!(zones.len() > 1 && zones.values().all(|pods| pods * zones.len() == 6), "{zones:?}");
    running.stop().await;
}
