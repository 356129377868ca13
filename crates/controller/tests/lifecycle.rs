//! From pending pods to running ones, and to nothing left.

use controller::Config;
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

/// Pods that come one at a time, each of which needs a node of its own.
#[tokio::test(flavor = "multi_thread")]
async fn a_lone_pod_is_launched_for_at_once() {
    let world = World::start().await;
    world.pool("general").await;
    // Whoever waits for the window to close waits far longer than anything takes on shared cores.
    let windows = Config { batch_idle: SOON / 2, batch_max: SOON, ..config("one") };
    let running = world.controller(windows).await;
    world.until_ready("NodePool", "general").await;
    let shape = PodShape::requesting(&[("cpu", "1500m")]);
    for number in 0..5 {
        let name = format!("lone-{number}");
        workloads::create(&world.client, &workloads::deployment(&name, 1, &shape)).await.or_stop();
        workloads::running(&world.client, &name, 1, SOON).await.or_stop();
    }
    let figure = async |part: &str| {
        let name = format!("stowage_event_to_launch_seconds_{part}");
        world.metric(&running, &name).await.unwrap()
    };
    let (sum, count) = (figure("sum").await, figure("count").await);
    println!("watch event to launch: {:.3} s on average of {count}", sum / count);
    assert!(count >= 4.0, "{count} launches");
    assert!(sum / count < SOON.as_secs_f64() / 10.0, "{} s", sum / count);
    running.stop().await;
}
