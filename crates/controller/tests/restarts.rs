//! What a restart finds: the controller ends hard before and after every request.

use controller::CrashPoint;
use kube::api::DeleteParams;
use testcluster::workloads::{self, PodShape};

use crate::world::{OrStop as _, SOON, World, config};

/// Ends controllers hard one request later each time, until one has nothing more to ask for.
async fn end_hard_at_every_request(world: &World) -> u64 {
    let mut request = 0;
    loop {
        let before = world.ends_hard(CrashPoint::Before(request)).await;
        let after = world.ends_hard(CrashPoint::After(request)).await;
        if !before && !after {
            return request;
        }
        request += 1;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_controller_that_ends_hard_at_every_request_launches_once_and_leaves_nothing() {
    let world = World::start().await;
    world.pool("general").await;
    let shape = PodShape::requesting(&[("cpu", "1")]);
    workloads::create(&world.client, &workloads::deployment("web", 1, &shape)).await.or_stop();
    let requests = end_hard_at_every_request(&world).await;
    assert!(requests >= 3, "only {requests} requests");
    let mut last = config("last");
    last.election = None;
    let running = world.controller(last.clone()).await;
    workloads::running(&world.client, "web", 1, SOON).await.or_stop();
    assert_eq!(world.cloud.all().len(), 1, "launched twice");
    assert_eq!(world.list("NodeClaim").await.len(), 1);
    running.stop().await;

    workloads::scale(&world.client, "web", 0).await.or_stop();
    let claim = world.list("NodeClaim").await.remove(0).metadata.name.unwrap();
    world.custom("NodeClaim").delete(&claim, &DeleteParams::default()).await.unwrap();
    end_hard_at_every_request(&world).await;
    let running = world.controller(last).await;
    for kind in ["NodeClaim", "Node"] {
        world.until_count(kind, 0).await;
    }
    running.stop().await;
    assert_eq!(world.machines(), 0);
    assert_eq!(world.cloud.all().len(), 1);
}
