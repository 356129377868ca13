//! The queue of interruptions where it hurts.

use std::collections::BTreeSet;
use std::time::Duration;

use cloud::{Cloud as _, ErrorClass, InstanceState, InterruptionQueue as _, Message};
use cloud_sim::{Action, Clock as _, Fault, QueueHabits, Rule, Setup, SimCloud, VirtualClock};
use interruption::{Kind, parse};
use model::{InstanceId, Timestamp};

use crate::support::{now, request, setup, sim};

const HABITS: QueueHabits = QueueHabits {
    late: Duration::from_secs(90),
    twice_percent: 50,
    strangers_percent: 50,
    visibility: Duration::from_secs(20),
};

fn launched(cloud: &SimCloud, name: &str) -> InstanceId {
    now(cloud.launch(&request(cloud, name))).unwrap().instance.id
}

/// All that comes within five minutes, each deleted at once.
fn drained(clock: &VirtualClock, cloud: &SimCloud) -> Vec<Message> {
    let mut all = Vec::new();
    for _ in 0..300 {
        for message in now(cloud.receive(Duration::ZERO)).unwrap() {
            now(cloud.delete(&message.receipt)).unwrap();
            all.push(message);
        }
        clock.advance(Duration::from_secs(1));
    }
    assert_eq!(cloud.queued(), 0);
    all
}

/// The instances that the messages name, in the order in which they came.
fn named(messages: &[Message]) -> Vec<InstanceId> {
    let notices = messages.iter().map(|message| parse(&message.body).unwrap());
    notices
        .flat_map(|notice| {
            assert_eq!(notice.kind(), Kind::SpotInterrupted);
            notice.instances().to_vec()
        })
        .collect()
}

#[test]
fn warnings_come_late_twice_out_of_order_and_beside_those_of_strangers() {
    let run = |seed| {
        let (clock, cloud) = sim(Setup { queue: Some(HABITS), ..setup(seed) });
        let ids: Vec<InstanceId> = ["a", "b", "c"].map(|name| launched(&cloud, name)).into();
        for id in &ids {
            cloud.interrupt(id);
        }
        (ids, named(&drained(&clock, &cloud)))
    };
    let (mut twice, mut out_of_order, mut strangers) = (0, 0, 0);
    for seed in 0..20 {
        let (ids, came) = run(seed);
        assert_eq!(run(seed).1, came, "seed {seed}");
        let ours: Vec<&InstanceId> = came.iter().filter(|id| ids.contains(id)).collect();
        let distinct: BTreeSet<&InstanceId> = ours.iter().copied().collect();
        // None is lost, whatever else.
        assert_eq!(distinct.len(), ids.len(), "seed {seed}");
        twice += usize::from(ours.len() > distinct.len());
        out_of_order += usize::from(!ours.is_sorted());
        strangers += usize::from(came.len() > ours.len());
    }
    for (count, what) in [(twice, "twice"), (out_of_order, "order"), (strangers, "strangers")] {
        assert!((5..=20).contains(&count), "{what}: {count} of 20");
    }
}

#[test]
fn a_machine_goes_two_minutes_after_its_warning_whoever_heard_it() {
    let (clock, cloud) = sim(setup(1));
    let id = launched(&cloud, "a");
    clock.advance(Duration::from_secs(30));
    cloud.interrupt(&id);
    // A second warning does not give it longer.
    clock.advance(Duration::from_mins(1));
    cloud.interrupt(&id);
    clock.advance(Duration::from_secs(59));
    assert_eq!(cloud.all()[0].state, InstanceState::Running);
    clock.advance(Duration::from_secs(1));
    assert_eq!(cloud.all()[0].state, InstanceState::ShuttingDown);
    let reason = cloud.all()[0].state_reason.clone();
    assert_eq!(reason.as_deref(), Some("Server.SpotInstanceTermination"));
    clock.advance(Duration::from_secs(20));
    assert_eq!(cloud.all()[0].state, InstanceState::Terminated);
}

#[test]
fn a_receive_whose_reply_is_lost_loses_no_message() {
    let (clock, cloud) = sim(setup(1));
    let id = launched(&cloud, "a");
    cloud.interrupt(&id);
    cloud.set_rules(vec![Rule::fail(Action::Receive, 1, Fault::LostReply)]);
    now(cloud.receive(Duration::ZERO)).unwrap_err();
    assert!(now(cloud.receive(Duration::ZERO)).unwrap().is_empty());
    let again = now(cloud.receive(Duration::from_secs(20))).unwrap();
    assert_eq!(named(&again), [id]);
    let sent = again[0].sent_at.unwrap();
    assert!(clock.now().as_secs() > u64::try_from(sent.0).unwrap());
}

#[test]
fn an_old_receipt_deletes_nothing() {
    let (clock, cloud) = sim(setup(1));
    cloud.send("a message");
    let first = now(cloud.receive(Duration::ZERO)).unwrap();
    clock.advance(Duration::from_secs(20));
    let second = now(cloud.receive(Duration::ZERO)).unwrap();
    now(cloud.delete(&first[0].receipt)).unwrap();
    assert_eq!(cloud.queued(), 1);
    now(cloud.delete(&second[0].receipt)).unwrap();
    assert_eq!(cloud.queued(), 0);
}

#[test]
fn a_wait_ends_with_the_first_message_or_after_its_time() {
    let habits = QueueHabits { late: Duration::from_secs(10), ..QueueHabits::default() };
    let (clock, cloud) = sim(Setup { queue: Some(habits), ..setup(3) });
    let began = clock.now();
    assert!(now(cloud.receive(Duration::from_secs(20))).unwrap().is_empty());
    // Each look takes its latency as well.
    assert!(clock.now() >= began + Duration::from_secs(20));
    cloud.send("a message");
    let began = clock.now();
    assert_eq!(now(cloud.receive(Duration::from_secs(20))).unwrap().len(), 1);
    assert!(clock.now() < began + Duration::from_secs(12));
}

#[test]
fn a_cloud_without_a_queue_says_so_and_its_machines_go_all_the_same() {
    let (clock, cloud) = sim(Setup { queue: None, ..setup(1) });
    let id = launched(&cloud, "a");
    cloud.interrupt(&id);
    let error = now(cloud.receive(Duration::ZERO)).unwrap_err();
    assert_eq!(error.class, ErrorClass::Gone);
    clock.advance(Duration::from_mins(2));
    assert!(cloud.all()[0].state.is_ending());
}

#[test]
fn a_failed_check_counts_after_two_minutes_and_ends_with_its_machine() {
    let (clock, cloud) = sim(setup(1));
    let id = launched(&cloud, "a");
    clock.advance(Duration::from_secs(30));
    cloud.impair(&id, false);
    let kinds = || {
        let at = Timestamp(i64::try_from(clock.now().as_secs()).unwrap());
        let statuses = now(cloud.statuses()).unwrap();
        let notices = statuses.iter().flat_map(|status| interruption::notices(status, at));
        notices.map(|notice| notice.kind()).collect::<Vec<_>>()
    };
    assert_eq!(kinds(), []);
    clock.advance(Duration::from_mins(2));
    assert_eq!(kinds(), [Kind::InstanceStatus]);
    now(cloud.terminate(&id)).unwrap();
    clock.advance(Duration::from_mins(1));
    assert_eq!(kinds(), []);
}
