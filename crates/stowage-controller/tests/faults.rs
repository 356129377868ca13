//! A cloud without capacity, that throttles, loses replies, and is late, over real wire bytes.

use std::time::Duration;

use awsproxy::{Delays, Fault, Pool, Rule};
use testcluster::workloads::{self, PodShape};

use crate::world::{OrStop as _, SOON, World, ZONES};

#[tokio::test(flavor = "multi_thread")]
async fn pods_run_on_what_a_cloud_in_trouble_has_and_no_machine_is_too_many() {
    let world = World::start().await;
    world.pool("general", "on-demand", "amd64").await;
    // The cheapest offerings are not to be had.
    for (instance_type, zones) in [("m7i.large", 3), ("m7i.xlarge", 3), ("m7i.2xlarge", 2)] {
        for zone in &ZONES[..zones] {
            let capacity_type = "on-demand".to_owned();
            let (instance_type, zone) = (instance_type.to_owned(), (*zone).to_owned());
            world.proxy.empty(Pool { capacity_type, instance_type, zone });
        }
    }
    world.proxy.set_delays(Delays {
        seen: Duration::from_secs(2),
        pending: Duration::from_secs(3),
        shutting_down: Duration::from_secs(2),
    });
    let rules = [
        Rule::new("CreateFleet", Fault::Throttle, 4),
        Rule::new("CreateFleet", Fault::LoseReply, 3),
        Rule::new("CreateFleet", Fault::Error(500, "InternalError"), 1),
        Rule::new("DescribeInstances", Fault::Throttle, 1),
        Rule::new("DescribeInstances", Fault::Truncate, 1),
        Rule::new("DescribeSubnets", Fault::Reset, 1),
        Rule::new("CreateLaunchTemplate", Fault::Throttle, 1),
    ];
    for rule in rules {
        world.proxy.add_rule(rule);
    }
    let running = world.controller(&[]);
    let shape = PodShape::requesting(&[("cpu", "1")]);
    workloads::create(&world.client, &workloads::deployment("web", 3, &shape)).await.or_stop();
    workloads::running(&world.client, "web", 3, SOON).await.or_stop();
    world.agrees().await;
    let machines = world.machines().await;
    let had = |one: &testcluster::kubelets::Machine| {
        one.instance_type == "m7i.2xlarge" && one.zone == ZONES[2]
    };
    assert!(machines.iter().all(had), "{machines:#?}");
    let hit = world.proxy.calls("CreateFleet").into_iter().filter(|call| call.fault.is_some());
    assert_eq!(hit.count(), 8, "all faults were met");

    workloads::scale(&world.client, "web", 0).await.or_stop();
    world.nothing_is_left_after_all_is_deleted().await;
    running.stop().await;
    world.check_logs();
}
