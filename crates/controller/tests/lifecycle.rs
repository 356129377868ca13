//! From pending pods to running ones, and to nothing left.

use kube::api::DeleteParams;
use testcluster::workloads::{self, PodShape};

use crate::world::{OrStop as _, SOON, World, config};

#[tokio::test(flavor = "multi_thread")]
async fn pending_pods_get_nodes_and_nothing_is_left_when_all_is_deleted() {
    let world = World::start().await;
    world.pool("general").await;
    let running = world.controller(config("one")).await;
    let shape = PodShape::requesting(&[("cpu", "1"), ("memory", "2Gi")]);
    workloads::create(&world.client, &workloads::deployment("web", 20, &shape)).await.or_stop();
    workloads::running(&world.client, "web", 20, SOON).await.or_stop();
    assert!(world.is_ready(&running).await);
    let claims = world.list("NodeClaim").await.len();
    assert_eq!(claims, world.machines());
    assert_eq!(claims, world.cloud.all().len());
    assert_eq!(claims, world.list("Node").await.len());

    workloads::scale(&world.client, "web", 0).await.or_stop();
    workloads::running(&world.client, "web", 0, SOON).await.or_stop();
    // Empty nodes go by themselves, within the budgets of their pool.
    world.until_count("NodeClaim", 0).await;
    for kind in ["NodePool", "EC2NodeClass"] {
        let all = kube::api::ListParams::default();
        world.custom(kind).delete_collection(&DeleteParams::default(), &all).await.unwrap();
    }
    for kind in ["NodeClaim", "Node", "NodePool", "EC2NodeClass"] {
        world.until_count(kind, 0).await;
    }
    assert_eq!(world.machines(), 0);
    running.stop().await;
}
