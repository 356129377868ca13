//! A move that was decided earlier holds as long as its nodes, its budgets and seats for its pods do.

use std::collections::BTreeMap;

use checker::{HeldMove, MoveViolation, check_again};
use model::fleet::{Budget, Cluster, Place, PodBudget, Policy, Protection, Reason};
use model::{DecidedMove, Move, NodeIndex, NodeState, PodIndex, Seat, Snapshot, Timestamp};
use testkit::fleet;

const NOW: Timestamp = Timestamp(1_000);

/// `b` and `c` go, `new` was launched for them, `a` stays and takes one pod.
const TEXT: &str = "type s cpu=3 mem=8Gi price=0.1
    type l cpu=8 mem=32Gi price=0.4
    pool p
    node a pool=p type=l
    node b pool=p type=l
    node c pool=p type=l
    node new pool=p type=s
    pod x cpu=7 mem=1Gi on=a
    pod y x2 cpu=1 mem=1Gi on=b
    pod z cpu=1 mem=1Gi on=c";

struct Case {
    snapshot: Snapshot,
    cluster: Cluster,
    decided: DecidedMove,
}

fn of(text: &str) -> Case {
    let (snapshot, mut cluster) = fleet(text);
    let launched = Seat::Launched(0);
    let seats = BTreeMap::from([
        ("default/y-0".into(), launched.clone()),
        ("default/y-1".into(), launched),
        ("default/z".into(), Seat::Kept("a".into())),
    ]);
    // The marks of the move are on what goes.
    for node in &mut cluster.nodes[1..3] {
        node.deleting = true;
    }
    let removed = vec!["b".into(), "c".into()];
    let claim = cluster.nodes[3].claim.clone().expect("a claim");
    let decided =
        DecidedMove { reason: Reason::Underutilized, removed, launched: vec![claim], seats };
    Case { snapshot, cluster, decided }
}

impl Case {
    fn held(&self) -> Result<HeldMove, Vec<MoveViolation>> {
        check_again(&self.snapshot, &self.cluster, &self.decided, NOW)
    }
}

fn found(change: impl FnOnce(&mut Case)) -> Vec<MoveViolation> {
    let mut case = of(TEXT);
    change(&mut case);
    case.held().err().unwrap_or_default()
}

/// Node and names of its pods.
fn seated(case: &Case) -> Vec<(String, Vec<String>)> {
    let held = case.held().expect("it holds");
    let name = |pod: &PodIndex| case.snapshot.pod(*pod).name.to_string();
    let fills = held.taken().iter();
    fills
        .map(|fill| {
            let node = case.snapshot.node(fill.node).name.to_string();
            (node, fill.pods.iter().map(name).collect())
        })
        .collect()
}

fn expected(fills: &[(&str, &[&str])]) -> Vec<(String, Vec<String>)> {
    let pods = |pods: &[&str]| pods.iter().map(|pod| format!("default/{pod}")).collect();
    fills.iter().map(|(node, all)| ((*node).to_owned(), pods(all))).collect()
}

#[test]
fn a_move_that_nothing_happened_to_holds_with_its_seats() {
    let case = of(TEXT);
    let names: Vec<&str> = case.snapshot.pods.iter().map(|pod| pod.name.as_str()).collect();
    assert_eq!(names, ["default/x", "default/y-0", "default/y-1", "default/z"]);
    assert_eq!(seated(&case), expected(&[("a", &["z"]), ("new", &["y-0", "y-1"])]));
    let removed = case.held().expect("it holds").removed().to_vec();
    assert_eq!(removed, [NodeIndex::new(1), NodeIndex::new(2)]);
}

#[test]
fn names_of_a_move_are_those_of_its_snapshot() {
    let Case { snapshot, decided, .. } = of(TEXT);
    let offering = model::OfferingIndex::new(0);
    let pods = |all: &[usize]| all.iter().copied().map(PodIndex::new).collect();
    let one = Move {
        reason: Reason::Underutilized,
        removed: vec![NodeIndex::new(1), NodeIndex::new(2)],
        launched: vec![model::NewNode { offering, pods: pods(&[1, 2]) }],
        taken: vec![model::NodeFill { node: NodeIndex::new(0), pods: pods(&[3]) }],
        saving: model::MicroUsdPerHour::ZERO,
        price: model::NanoUsdPerHour::ZERO,
    };
    assert_eq!(DecidedMove::new(&one, &snapshot, decided.launched.clone()), decided);
}

#[test]
fn pods_that_came_or_whose_seat_is_taken_are_seated_where_they_fit() {
    // `a` is full by now: its pod goes to what was launched.
    let full = of(&TEXT.replace("pod x cpu=7", "pod x cpu=8"));
    assert_eq!(seated(&full), expected(&[("new", &["y-0", "y-1", "z"])]));
    // One more is on `c`, and one of `b` is over.
    let other =
        of(&TEXT.replace("pod z", "pod more cpu=1 mem=1Gi on=c\n pod z").replace("x2 ", ""));
    let pods = seated(&other);
    let all: usize = pods.iter().map(|(_, pods)| pods.len()).sum();
    assert_eq!((all, &pods[0]), (3, &expected(&[("a", &["z"])])[0]), "{pods:?}");
    // More than there is room for.
    let much = of(&TEXT.replace("pod z", "pod much cpu=2 mem=1Gi on=c\n pod z"));
    let expected = [MoveViolation::NoSeat { pod: "default/much".into() }];
    assert_eq!(much.held().expect_err("no room"), expected);
}

#[test]
fn what_was_launched_must_be_ready() {
    let claim = of(TEXT).decided.launched[0].clone();
    let missing = [MoveViolation::NotLaunched { claim }];
    assert_eq!(found(|case| drop(case.cluster.nodes.pop())), missing);
    assert_eq!(found(|case| case.snapshot.nodes[3].state = NodeState::InFlight), missing);
    assert_eq!(found(|case| case.cluster.nodes[3].name = None), missing);
    let going = found(|case| case.cluster.nodes[3].deleting = true);
    assert!(matches!(going[..], [MoveViolation::NoDestination { .. }]), "{going:?}");
}

#[test]
fn what_goes_must_be_there_and_may_not_be_barred() {
    let gone = found(|case| drop(case.cluster.nodes.remove(1)));
    assert_eq!(gone, [MoveViolation::Unknown { node: "b".into() }]);
    let barred = |change: fn(&mut Case)| {
        let found = found(change);
        let is_bar = |one: &MoveViolation| matches!(one, MoveViolation::Barred { node, .. } if node.as_str() == "b");
        assert!(found.len() == 1 && found.iter().all(is_bar), "{found:?}");
    };
    barred(|case| case.cluster.nodes[1].do_not_disrupt = true);
    barred(|case| case.cluster.nodes[1].nominated = true);
    barred(|case| case.cluster.nodes[1].terminating = true);
    // Quiet was asked for when it was decided; since then pods went because of it.
    let lately = found(|case| {
        case.cluster.pools[0].consolidate_after = Some(60);
        for node in &mut case.cluster.nodes {
            node.quiet_since = Some(NOW);
        }
    });
    assert_eq!(lately, []);
}

/// What a pool says of consolidation keeps what is underused, and nothing that is drifted.
#[test]
fn what_is_drifted_goes_whatever_its_pool_says_of_consolidation() {
    let changes: [fn(&mut model::fleet::Pool); 2] =
        [|pool| pool.policy = Policy::WhenEmpty, |pool| pool.consolidate_after = None];
    for change in changes {
        for reason in [Reason::Underutilized, Reason::Drifted] {
            let found = found(|case| {
                change(&mut case.cluster.pools[0]);
                case.decided.reason = reason;
            });
            let barred = found.iter().all(|one| matches!(one, MoveViolation::Barred { .. }));
            assert!(barred, "{found:?}");
            assert_eq!(found.is_empty(), reason == Reason::Drifted, "{reason:?}: {found:?}");
        }
    }
}

#[test]
fn pods_and_budgets_are_asked_again() {
    let pod = |change: fn(&mut model::fleet::Pod)| {
        let found = found(|case| change(&mut case.cluster.nodes[1].pods[0]));
        assert!(matches!(found[..], [MoveViolation::PodBarred { .. }]), "{found:?}");
    };
    pod(|pod| pod.protection = Protection::Always);
    pod(|pod| pod.budget = PodBudget::Forbids("default/b".to_owned()));
    pod(|pod| pod.place = Place::NotHonoured("spec.volumes".to_owned()));
    let budget = |nodes: &str| Budget::read(Some(nodes), None, None, None);
    // Its own marks do not count twice.
    assert_eq!(found(|case| case.cluster.pools[0].budgets.push(budget("2"))), []);
    let other = found(|case| {
        case.cluster.pools[0].budgets.push(budget("2"));
        case.cluster.nodes[0].ready = false;
    });
    assert_eq!(other, [MoveViolation::OverBudget { pool: "p".into(), going: 2, left: 1 }]);
}
