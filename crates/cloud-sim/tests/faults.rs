//! Where the simulated cloud hurts.

use std::time::Duration;

use cloud::{Cloud as _, ErrorClass, InstanceState};
use cloud_sim::{Action, Clock as _, Fault, Rule, Setup, Verdict};

use crate::support::{TYPES, now, request, setup, sim};

#[test]
fn a_lost_reply_launches_and_the_token_finds_it_again() {
    let (_, cloud) = sim(setup(1));
    let request = request(&cloud, "a");
    cloud.set_rules(vec![Rule::fail(Action::Launch, 1, Fault::LostReply)]);
    let failed = now(cloud.launch(&request)).unwrap_err();
    assert_eq!(failed.error.class, ErrorClass::Retry { after: None });
    let launch = now(cloud.launch(&request)).unwrap();
    assert_eq!(cloud.all().len(), 1);
    assert_eq!(cloud.all()[0].id, launch.instance.id);
}

#[test]
fn what_is_throttled_or_never_arrived_is_not_done() {
    for fault in [Fault::Throttled, Fault::LostRequest, Fault::Internal, Fault::Unauthorized] {
        let (_, cloud) = sim(setup(1));
        let request = request(&cloud, "a");
        cloud.set_rules(vec![Rule::fail(Action::Launch, 1, fault.clone())]);
        assert!(now(cloud.launch(&request)).is_err(), "{fault:?}");
        assert!(cloud.all().is_empty(), "{fault:?}");
        assert!(now(cloud.launch(&request)).is_ok(), "{fault:?}");
    }
}

#[test]
fn a_machine_just_launched_may_be_missing_and_is_there_in_time() {
    let mut missing = 0;
    for seed in 0..20 {
        let (clock, cloud) = sim(setup(seed));
        let launch = now(cloud.launch(&request(&cloud, "a"))).unwrap();
        let id = launch.instance.id;
        let listed = now(cloud.instances()).unwrap();
        missing += usize::from(listed.is_empty());
        clock.advance(Duration::from_secs(8));
        assert_eq!(now(cloud.instance(&id)).unwrap().id, id, "seed {seed}");
        assert_eq!(now(cloud.instances_of(&"a".into())).unwrap().len(), 1, "seed {seed}");
    }
    assert!(missing > 10, "only {missing} of 20 were missing at first");
}

#[test]
fn the_same_seed_and_calls_give_the_same_answers() {
    let run = |seed| {
        let (clock, cloud) = sim(setup(seed));
        let mut seen = Vec::new();
        for name in ["a", "b", "c"] {
            drop(now(cloud.launch(&request(&cloud, name))));
            clock.advance(Duration::from_secs(2));
            seen.push(now(cloud.instances()).unwrap());
        }
        seen
    };
    assert_eq!(run(7), run(7));
    assert!((0..20).any(|seed| run(seed) != run(7)));
}

#[test]
fn a_pool_runs_dry_and_fills_up_when_machines_end() {
    let mut setup = setup(1);
    for pool in &mut setup.pools {
        pool.units = Some(1);
    }
    let (clock, cloud) = sim(setup);
    let first = now(cloud.launch(&request(&cloud, "a"))).unwrap();
    let second = now(cloud.launch(&request(&cloud, "b"))).unwrap();
    assert_eq!(second.refused.len(), 1);
    assert_ne!(first.instance.instance_type, second.instance.instance_type);
    let failed = now(cloud.launch(&request(&cloud, "c"))).unwrap_err();
    assert_eq!(failed.error.class, ErrorClass::Capacity);
    assert_eq!(failed.refused.len(), 2);
    clock.advance(Duration::from_secs(10));
    now(cloud.terminate(&first.instance.id)).unwrap();
    clock.advance(Duration::from_secs(20));
    let again = now(cloud.launch(&request(&cloud, "c"))).unwrap();
    assert_eq!(again.instance.instance_type, first.instance.instance_type);
}

#[test]
fn a_subnet_runs_out_of_addresses() {
    let mut setup = setup(1);
    setup.subnets[0].addresses = 1;
    let (_, cloud) = sim(setup);
    now(cloud.launch(&request(&cloud, "a"))).unwrap();
    let second = now(cloud.launch(&request(&cloud, "b"))).unwrap();
    assert_eq!(second.refused[0].code, "InsufficientFreeAddressesInSubnet");
    assert_eq!(second.instance.zone.as_str(), "us-east-1b");
}

#[test]
fn a_machine_boots_and_spot_is_taken_back() {
    let (clock, cloud) = sim(setup(1));
    let launch = now(cloud.launch(&request(&cloud, "a"))).unwrap();
    assert_eq!(launch.instance.state, InstanceState::Pending);
    clock.advance(Duration::from_secs(15));
    let id = &launch.instance.id;
    assert_eq!(now(cloud.instance(id)).unwrap().state, InstanceState::Running);
    cloud.reclaim(id);
    let ending = now(cloud.instance(id)).unwrap();
    assert_eq!(ending.state, InstanceState::ShuttingDown);
    assert_eq!(ending.state_reason.as_deref(), Some("Server.SpotInstanceTermination"));
    clock.advance(Duration::from_secs(20));
    assert!(now(cloud.instance(id)).unwrap_err().is_gone());
    assert!(cloud.leftovers().instances.is_empty());
}

#[test]
fn a_delayed_call_takes_its_time_and_is_counted() {
    let (clock, cloud) = sim(Setup::region("test", "us-east-1", &TYPES));
    let delay = Duration::from_secs(3);
    cloud.set_rules(vec![Rule {
        action: Some(Action::List),
        after: 1,
        times: Some(1),
        verdict: Verdict::Delay(delay),
    }]);
    let began = clock.now();
    for expected in [Duration::ZERO, delay, delay] {
        assert!(now(cloud.instances()).unwrap().is_empty());
        assert_eq!(clock.now(), began + expected);
    }
    assert_eq!(cloud.calls()[&Action::List], 3);
}

#[test]
fn what_was_made_for_a_class_is_left_until_released() {
    let (_, cloud) = sim(setup(1));
    let request = request(&cloud, "a");
    now(cloud.launch(&request)).unwrap();
    assert_eq!(cloud.leftovers().classes, ["default"]);
    now(cloud.release(&request.node_class)).unwrap();
    assert!(cloud.leftovers().classes.is_empty());
}
