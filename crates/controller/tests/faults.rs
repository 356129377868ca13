//! A cloud and an API server that fail.

use cloud_sim::{Action, Fault, Rule};
use k8s_openapi::api::core::v1::Event;
use kube::Api;
use kube::api::ListParams;
use model::{CapacityType, InstanceTypeName, ZoneName};
use testcluster::Signal;
use testcluster::wait::until;
use testcluster::workloads::{self, PodShape};

use crate::world::{OrStop as _, Running, SOON, World, config};

async fn web(world: &World, pods: u32) {
    let shape = PodShape::requesting(&[("cpu", "1")]);
    workloads::create(&world.client, &workloads::deployment("web", pods, &shape)).await.or_stop();
}

async fn runs(world: &World, pods: usize) {
    workloads::running(&world.client, "web", pods, SOON).await.or_stop();
}

/// Every machine has its claim, and no claim was launched for twice.
async fn agrees(world: &World, running: Running) {
    assert_eq!(world.machines(), world.list("NodeClaim").await.len());
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn pods_run_though_the_first_ten_offerings_are_not_to_be_had() {
    let world = World::start().await;
    let cheapest = ["m6i.large", "m6i.xlarge", "m6i.2xlarge"];
    let zones = ["us-east-1a", "us-east-1b", "us-east-1c"];
    let mut emptied = 0;
    for name in cheapest.into_iter().chain(["m6i.4xlarge"]) {
        let zones = if name == "m6i.4xlarge" { &zones[..1] } else { &zones[..] };
        for zone in zones {
            let (name, zone) = (InstanceTypeName::from(name), ZoneName::from(*zone));
            world.cloud.empty(CapacityType::OnDemand, &name, &zone);
            emptied += 1;
        }
    }
    assert_eq!(emptied, 10);
    world.pool("general").await;
    let running = world.controller(config("one")).await;
    web(&world, 3).await;
    runs(&world, 3).await;
    assert!(world.cloud.all().iter().all(|one| one.instance_type.as_str() == "m6i.4xlarge"));
    agrees(&world, running).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_reply_and_throttling_launch_no_second_machine() {
    let world = World::start().await;
    world.cloud.set_rules(vec![
        Rule::fail(Action::Launch, 1, Fault::LostReply),
        Rule::fail(Action::Launch, 3, Fault::Throttled),
        Rule::fail(Action::Get, 3, Fault::NotFoundYet),
        Rule::fail(Action::Tag, 2, Fault::NotFoundYet),
        Rule::fail(Action::Resolve, 2, Fault::Throttled),
    ]);
    world.pool("general").await;
    let running = world.controller(config("one")).await;
    web(&world, 1).await;
    runs(&world, 1).await;
    assert_eq!(world.cloud.all().len(), 1);
    agrees(&world, running).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_api_server_that_restarts_is_found_again_and_nothing_is_bought_twice() {
    let mut world = World::start().await;
    world.pool("general").await;
    let running = world.controller(config("one")).await;
    web(&world, 2).await;
    runs(&world, 2).await;
    let before = world.machines();
    world.cluster.restart_api_server(Signal::Kill).await.or_stop();
    assert_eq!(world.machines(), before);
    workloads::scale(&world.client, "web", 12).await.or_stop();
    runs(&world, 12).await;
    agrees(&world, running).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn machines_without_any_claim_are_held_back_and_told() {
    let world = World::start().await;
    world.pool("general").await;
    let running = world.controller(config("one")).await;
    web(&world, 1).await;
    runs(&world, 1).await;
    running.stop().await;
    // The claims go as if somebody had removed them with their finalizers.
    for claim in world.list("NodeClaim").await {
        world.remove("NodeClaim", &claim.metadata.name.unwrap()).await;
    }
    workloads::scale(&world.client, "web", 0).await.or_stop();
    assert_eq!(world.machines(), 1);
    let running = world.controller(config("two")).await;
    let events: Api<Event> = Api::namespaced(world.client.clone(), "kube-system");
    let which = ListParams::default().fields("reason=GarbageHeldBack");
    let told = until("an event says what is held back", 2 * SOON, async || {
        let found = events.list(&which).await?.items;
        Ok::<_, kube::Error>(found.into_iter().find_map(|event| event.message))
    });
    let told = told.await.or_stop();
    assert!(told.contains("nothing is terminated"), "{told}");
    let held = world.metric(&running, "stowage_gc_instances_held_back").await;
    assert_eq!(held, Some(1.0));
    assert_eq!(world.machines(), 1);
    running.stop().await;
}
