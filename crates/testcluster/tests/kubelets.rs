//! Nodes join late and step by step, wait for their agents, and go with their machines.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use k8s_openapi::api::core::v1::Node;
use kube::{Api, Client};
use testcluster::kubelets::{Agent, Kubelets, NodeShape, Phase, Settings};
use testcluster::wait::until;
use testcluster::workloads::{self, PodShape};

use crate::support::{Machines, OrStop as _, SOON, cluster};

const GPU: &str = "nvidia.com/gpu";
const STARTUP: &str = "network.example/starting";

/// A network agent that removes its startup taint, and a GPU plugin that publishes after it runs.
fn settings() -> Settings {
    let shape = |_: &_| {
        NodeShape::of(&[("cpu", "4"), ("memory", "16Gi"), ("pods", "58"), (GPU, "2")])
            .tainted(STARTUP, "NoSchedule")
            .tainted(GPU, "NoSchedule")
    };
    Settings {
        register_after: Duration::from_millis(100)..=Duration::from_millis(500),
        ready_after: Duration::from_secs(1)..=Duration::from_secs(2),
        ready_spacing: Duration::from_millis(500),
        never_joins: Arc::new(|machine| machine.node_name == "dead"),
        agents: vec![
            Agent::RemovesTaint { app: "network".to_owned(), taint: STARTUP.to_owned() },
            Agent::Publishes {
                app: "gpu-plugin".to_owned(),
                resource: GPU.to_owned(),
                units: BTreeMap::from([("g5.xlarge".to_owned(), 2)]),
            },
        ],
        ..Settings::prompt(shape)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nodes_wait_for_their_agents_and_go_with_their_machines() {
    let cluster = cluster().await;
    let client = cluster.client();
    let network = PodShape::default().tolerating(STARTUP).tolerating(GPU);
    workloads::create(&client, &workloads::daemon_set("network", &network)).await.or_stop();
    let plugin = PodShape::default().tolerating(GPU);
    workloads::create(&client, &workloads::daemon_set("gpu-plugin", &plugin)).await.or_stop();
    let job = PodShape::requesting(&[("cpu", "1"), (GPU, "1")]).tolerating(GPU);
    workloads::create(&client, &workloads::deployment("train", 4, &job)).await.or_stop();

    let machines = Machines::default();
    for name in ["gpu-1", "gpu-2", "dead"] {
        machines.add(name, "g5.xlarge");
    }
    let kubelets = Kubelets::start(client.clone(), machines.clone(), settings());
    let joined = registered(&client, "gpu-1").await;
    check_first_report(&joined);

    workloads::running(&client, "train", 4, SOON).await.or_stop();
    let phases = kubelets.phases();
    let expected =
        [("i-dead", Phase::NeverJoins), ("i-gpu-1", Phase::Ready), ("i-gpu-2", Phase::Ready)];
    let expected = expected.map(|(id, phase)| (id.to_owned(), phase));
    assert_eq!(phases, BTreeMap::from(expected), "{:?}", kubelets.last_error());

    machines.remove("gpu-2");
    let nodes: Api<Node> = Api::all(client.clone());
    until("the node of the machine that is gone is gone", SOON, async || {
        let found = nodes.get_opt("gpu-2").await?;
        Ok::<_, kube::Error>(found.is_none().then_some(()))
    })
    .await
    .or_stop();
    assert!(nodes.get_opt("gpu-1").await.unwrap().is_some());
    assert!(nodes.get_opt("dead").await.unwrap().is_none());
}

async fn registered(client: &Client, name: &str) -> Node {
    let nodes: Api<Node> = Api::all(client.clone());
    until("the first node registers", SOON, async || nodes.get_opt(name).await).await.or_stop()
}

/// Not ready, tainted by the API server as well, and without the devices that the plugin publishes.
fn check_first_report(node: &Node) {
    let spec = node.spec.as_ref().expect("a node has a spec");
    assert_eq!(spec.provider_id.as_deref(), Some("aws:///eu-west-1b/i-gpu-1"));
    let taints: Vec<_> = spec.taints.iter().flatten().map(|taint| taint.key.as_str()).collect();
    assert!(taints.contains(&"node.kubernetes.io/not-ready"), "{taints:?}");
    assert!(taints.contains(&STARTUP), "{taints:?}");
    let labels = node.metadata.labels.as_ref().expect("a node has labels");
    assert_eq!(labels["topology.kubernetes.io/region"], "eu-west-1");
    assert_eq!(labels["kubernetes.io/arch"], "arm64");
    let status = node.status.as_ref().expect("a node has a status");
    let allocatable = status.allocatable.as_ref().expect("a node has resources");
    assert!(!allocatable.contains_key(GPU));
}
