//! From pending pods to machines of a simulated EC2, to ready Nodes, to nothing left.

use std::collections::BTreeMap;

use serde_json::json;
use testcluster::kubelets::{Agent, Settings};
use testcluster::workloads::{self, PodShape};

use crate::process::get;
use crate::world::{OrStop as _, SOON, World, node};

const GPU: &str = "nvidia.com/gpu";
/// The DaemonSet whose pods make devices known.
const PLUGIN: &str = "gpu-plugin";

/// Ten Deployments of 300 pods together, for three pools.
fn deployments() -> Vec<(String, u32, PodShape)> {
    let small = PodShape::requesting(&[("cpu", "250m"), ("memory", "512Mi")]);
    let large = PodShape::requesting(&[("cpu", "500m"), ("memory", "2Gi")]);
    let on_demand = [("kubernetes.io/arch", "amd64"), ("karpenter.sh/capacity-type", "on-demand")];
    let spot = [("kubernetes.io/arch", "arm64"), ("karpenter.sh/capacity-type", "spot")];
    let mut all = Vec::new();
    for number in 0..4 {
        let shape = if number < 3 { &small } else { &large };
        all.push((format!("web-{number}"), 36, shape.clone().selecting(&on_demand)));
        all.push((format!("batch-{number}"), 36, shape.clone().selecting(&spot)));
    }
    let train = PodShape::requesting(&[("cpu", "1"), ("memory", "2Gi"), (GPU, "1")]);
    for number in 0..2 {
        all.push((format!("train-{number}"), 6, train.clone().tolerating(GPU)));
    }
    all
}

/// A GPU is known only once the plugin runs.
fn kubelets() -> Settings {
    let units = BTreeMap::from([("g5.xlarge".to_owned(), 1)]);
    let plugin = Agent::Publishes { app: PLUGIN.to_owned(), resource: GPU.to_owned(), units };
    Settings { agents: vec![plugin], ..Settings::prompt(node) }
}

async fn pools(world: &World) {
    world.pool("general", "on-demand", "amd64").await;
    world.pool("arm", "spot", "arm64").await;
    let gpus = json!([
        {"key": "karpenter.sh/capacity-type", "operator": "In", "values": ["on-demand"]},
        {"key": "karpenter.k8s.aws/instance-gpu-count", "operator": "Exists"},
    ]);
    let taints = json!([{"key": GPU, "value": "true", "effect": "NoSchedule"}]);
    world.pool_of("gpu", gpus, taints).await;
    let plugin = workloads::daemon_set(
        PLUGIN,
        &PodShape::default().tolerating(GPU).selecting(&[("karpenter.sh/nodepool", "gpu")]),
    );
    workloads::create(&world.client, &plugin).await.or_stop();
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_deployments_run_on_machines_of_three_pools_and_nothing_is_left_of_them() {
    let world = World::start_with(kubelets()).await;
    pools(&world).await;
    let running = world.controller(&[]);
    running.ready().await;
    let deployments = deployments();
    assert_eq!(deployments.iter().map(|(_, pods, _)| pods).sum::<u32>(), 300);
    for (name, pods, shape) in &deployments {
        let deployment = workloads::deployment(name, *pods, shape);
        workloads::create(&world.client, &deployment).await.or_stop();
    }
    for (name, pods, _) in &deployments {
        workloads::running(&world.client, name, *pods as usize, SOON * 2).await.or_stop();
    }
    world.agrees().await;
    let machines = world.machines().await;
    let of = |name: &str| machines.iter().filter(|one| one.instance_type.starts_with(name)).count();
    println!("300 pods on {} m7i, {} m7g, {} g5", of("m7i."), of("m7g."), of("g5."));
    assert!(of("m7i.") > 0 && of("m7g.") > 0);
    assert_eq!(of("g5."), 12, "one GPU each");
    assert!(machines.iter().all(|one| one.is_spot == (one.architecture == "arm64")));
    for pool in world.list("NodePool").await {
        let conditions = pool.data["status"]["conditions"].as_array().unwrap();
        let healthy = conditions.iter().find(|one| one["type"] == "NodeRegistrationHealthy");
        assert_eq!(healthy.unwrap()["status"], "True", "{pool:#?}");
    }
    let metrics = get(running.address("metrics").unwrap(), "/metrics").await.unwrap();
    let created = metrics.lines().filter(|line| line.starts_with("karpenter_nodes_created_total{"));
    assert_eq!(created.count(), 3, "one line a pool: {metrics}");

    for (name, ..) in &deployments {
        workloads::scale(&world.client, name, 0).await.or_stop();
    }
    // Empty nodes go by themselves.
    world.until_count("NodeClaim", 0).await;
    world.nothing_is_left_after_all_is_deleted().await;
    running.stop().await;
    let log = world.check_logs();
    assert!(log.iter().any(|line| line["message"] == "released the Lease"));
    let launched = log.iter().filter(|line| line["message"] == "launched nodeclaim").count();
    assert_eq!(launched, world.launches().await.len());
}
