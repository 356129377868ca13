//! From pending pods to machines of a simulated EC2, to ready Nodes, to nothing left.

use testcluster::workloads::{self, PodShape};

use crate::process::get;
use crate::world::{OrStop as _, SOON, World};

#[tokio::test(flavor = "multi_thread")]
async fn deployments_run_on_machines_of_ec2_and_nothing_is_left_of_them() {
    let world = World::start().await;
    world.pool("general", "on-demand", "amd64").await;
    world.pool("arm", "spot", "arm64").await;
    let running = world.controller(&[]);
    running.ready().await;
    let small = PodShape::requesting(&[("cpu", "500m"), ("memory", "512Mi")]);
    let large = PodShape::requesting(&[("cpu", "1"), ("memory", "3Gi")]);
    let on_amd64 = [("kubernetes.io/arch", "amd64")];
    let on_arm64 = [("kubernetes.io/arch", "arm64"), ("karpenter.sh/capacity-type", "spot")];
    let deployments = [
        ("web", 12, small.clone().selecting(&on_amd64)),
        ("api", 6, large.clone().selecting(&on_amd64)),
        ("batch", 4, small.selecting(&on_arm64)),
    ];
    for (name, pods, shape) in &deployments {
        let deployment = workloads::deployment(name, *pods, shape);
        workloads::create(&world.client, &deployment).await.or_stop();
    }
    for (name, pods, _) in &deployments {
        workloads::running(&world.client, name, *pods as usize, SOON).await.or_stop();
    }
    world.agrees().await;
    let machines = world.machines().await;
    assert!(machines.iter().any(|one| one.is_spot && one.architecture == "arm64"), "{machines:#?}");
    assert!(machines.iter().any(|one| !one.is_spot && one.architecture == "amd64"));
    let metrics = running.address("metrics").unwrap();
    let metrics = get(metrics, "/metrics").await.unwrap();
    let created = metrics.lines().filter(|line| line.starts_with("karpenter_nodes_created_total{"));
    assert_eq!(created.count(), 2, "one line a pool: {metrics}");

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
