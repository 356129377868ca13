//! Each rule about moves refuses the moves that break it, and no other rule does.

use checker::{MoveViolation, Violation, check_moves};
use model::fleet::{Budget, Cluster, Place, PodBudget, Policy, Protection, Reason};
use model::{
    MicroUsdPerHour, Move, MovePrices, NanoUsdPerHour, NewNode, NodeFill, NodeIndex, OfferingIndex,
    PodIndex, Snapshot, Timestamp,
};
use testkit::fleet;

const NOW: Timestamp = Timestamp(1_000);

/// A fleet of three, and two moves in it: `b` goes and `c` is replaced.
struct Case {
    snapshot: Snapshot,
    cluster: Cluster,
    moves: Vec<Move>,
}

fn case() -> Case {
    let (snapshot, cluster) = fleet(
        "type s cpu=2 mem=8Gi price=0.1
         type l cpu=8 mem=32Gi price=0.4
         pool p
         node a pool=p type=l
         node b pool=p type=l
         node c pool=p type=l
         pod x cpu=1 mem=1Gi on=a
         pod y x2 cpu=1 mem=1Gi on=b
         pod z cpu=1 mem=1Gi on=c",
    );
    let pods = |from: &str| -> Vec<PodIndex> {
        let of = |name: &str| name.starts_with(&format!("default/{from}"));
        let all = snapshot.pods.iter().enumerate().filter(|(_, pod)| of(pod.name.as_str()));
        all.map(|(place, _)| PodIndex::new(place)).collect()
    };
    let delete = Move {
        reason: Reason::Underutilized,
        removed: vec![NodeIndex::new(1)],
        launched: Vec::new(),
        taken: vec![NodeFill { node: NodeIndex::new(0), pods: pods("y") }],
        saving: MicroUsdPerHour::new(400_000),
        price: NanoUsdPerHour::ZERO,
    };
    let replace = Move {
        removed: vec![NodeIndex::new(2)],
        launched: vec![NewNode { offering: small(&snapshot), pods: pods("z") }],
        taken: Vec::new(),
        saving: MicroUsdPerHour::new(300_000),
        price: MovePrices::default().launch(MicroUsdPerHour::new(100_000)),
        ..delete.clone()
    };
    Case { moves: vec![delete, replace], snapshot, cluster }
}

fn small(snapshot: &Snapshot) -> OfferingIndex {
    let named = |offering: &model::Offering| {
        let listing = snapshot.listing_of(offering);
        snapshot.instance_type(listing.instance_type).name.as_str() == "s"
    };
    OfferingIndex::new(snapshot.offerings.iter().position(named).expect("the pool buys it"))
}

impl Case {
    fn found(self) -> Vec<MoveViolation> {
        let Self { snapshot, cluster, moves } = self;
        let prices = MovePrices::default();
        check_moves(&snapshot, &cluster, moves, prices, NOW).err().unwrap_or_default()
    }
}

fn found(change: impl FnOnce(&mut Case)) -> Vec<MoveViolation> {
    let mut case = case();
    change(&mut case);
    case.found()
}

#[test]
fn sound_moves_pass_and_are_summed_up() {
    let Case { snapshot, cluster, moves } = case();
    let checked = check_moves(&snapshot, &cluster, moves, MovePrices::default(), NOW).unwrap();
    let totals = checked.totals();
    assert_eq!(totals.cost_before, MicroUsdPerHour::new(1_200_000));
    assert_eq!(totals.cost_after, MicroUsdPerHour::new(500_000));
    assert_eq!((totals.removed, totals.launched, totals.evictions), (2, 1, 3));
}

#[test]
fn form_is_refused() {
    let index = found(|case| case.moves[0].removed = vec![NodeIndex::new(9)]);
    let expected = MoveViolation::BadIndex { position: 0, list: "nodes", index: 9, length: 3 };
    assert_eq!(index, [expected]);
    let nothing = found(|case| case.moves[0].removed.clear());
    assert_eq!(nothing, [MoveViolation::Nothing { position: 0 }]);
    let twice = found(|case| case.moves[1] = case.moves[0].clone());
    assert_eq!(twice, [MoveViolation::Twice { node: "b".into() }]);
    let takes = found(|case| case.moves[0].taken[0].node = NodeIndex::new(2));
    assert_eq!(takes, [MoveViolation::TakesAndGoes { node: "c".into() }]);
    let unknown = found(|case| drop(case.cluster.nodes.remove(1)));
    assert!(unknown.contains(&MoveViolation::Unknown { node: "b".into() }), "{unknown:?}");
}

#[test]
fn every_pod_that_has_to_move_is_seated_once() {
    let left = found(|case| case.moves[0].taken[0].pods.truncate(1));
    let wrong =
        |seated, strange| MoveViolation::WrongPods { position: 0, seated, strange, pods: 2 };
    assert_eq!(left, [wrong(1, 0)]);
    let twice = found(|case| {
        let pods = &mut case.moves[0].taken[0].pods;
        pods[1] = pods[0];
    });
    assert_eq!(twice, [wrong(2, 1)]);
    let strange = found(|case| case.moves[0].taken[0].pods[1] = PodIndex::new(0));
    assert_eq!(strange, [wrong(2, 1)]);
    let unknown = found(|case| case.cluster.nodes[1].pods[0].place = Place::Unknown);
    assert_eq!(unknown, [wrong(2, 1)]);
}

#[test]
fn what_is_barred_stays() {
    let barred = |change: fn(&mut Case)| {
        let found = found(change);
        match found.as_slice() {
            [MoveViolation::Barred { node, why }] if node.as_str() == "b" => *why,
            _ => "another violation",
        }
    };
    assert_eq!(barred(|case| case.cluster.nodes[1].claim = None), "it has no claim");
    assert_eq!(barred(|case| case.cluster.nodes[1].deleting = true), "it is going already");
    assert_eq!(barred(|case| case.cluster.nodes[1].terminating = true), "it is going already");
    assert_eq!(barred(|case| case.cluster.nodes[1].initialized = false), "it is not initialized");
    assert_eq!(
        barred(|case| case.cluster.nodes[1].nominated = true),
        "a pod that waits will run on it"
    );
    assert_eq!(
        barred(|case| case.cluster.nodes[1].do_not_disrupt = true),
        "its annotation says so"
    );
    assert_eq!(barred(|case| case.cluster.nodes[1].pool = None), "it has no pool");
    let pool =
        |change: fn(&mut model::fleet::Pool)| found(|case| change(&mut case.cluster.pools[0]));
    for found in [
        pool(|pool| pool.is_static = true),
        pool(|pool| pool.policy = Policy::WhenEmpty),
        pool(|pool| pool.consolidate_after = None),
    ] {
        assert_eq!(found.len(), 2, "both nodes: {found:?}");
        assert!(found.iter().all(|one| matches!(one, MoveViolation::Barred { .. })));
    }
    let lately = found(|case| {
        case.cluster.pools[0].consolidate_after = Some(60);
        case.cluster.nodes[1].quiet_since = Some(Timestamp(NOW.0 - 59));
    });
    assert!(matches!(lately.as_slice(), [MoveViolation::Barred { .. }]), "{lately:?}");
}

#[test]
fn pods_that_may_not_be_evicted_are_not() {
    let barred = |change: fn(&mut model::fleet::Pod)| {
        let found = found(|case| change(&mut case.cluster.nodes[1].pods[0]));
        assert!(matches!(found.as_slice(), [MoveViolation::PodBarred { .. }]), "{found:?}");
    };
    barred(|pod| pod.protection = Protection::Always);
    barred(|pod| pod.protection = Protection::Until(Timestamp(NOW.0 + 1)));
    barred(|pod| pod.budget = PodBudget::Forbids("default/b".to_owned()));
    barred(|pod| pod.budget = PodBudget::Several(2));
    let over = found(|case| {
        let pod = &mut case.cluster.nodes[1].pods[0];
        pod.protection = Protection::Until(NOW);
    });
    assert!(over.is_empty(), "{over:?}");
}

#[test]
fn only_nodes_that_stay_and_are_ready_take_pods() {
    let refused = |change: fn(&mut Case)| {
        let found = found(change);
        assert!(
            found.iter().any(|one| matches!(one, MoveViolation::NoDestination { .. })),
            "{found:?}"
        );
    };
    refused(|case| case.cluster.nodes[0].deleting = true);
    refused(|case| case.cluster.nodes[0].initialized = false);
    refused(|case| case.cluster.nodes[0].nominated = true);
    refused(|case| case.snapshot.nodes[0].state = model::NodeState::InFlight);
    refused(|case| {
        case.cluster.pools[0].consolidate_after = Some(60);
        case.cluster.nodes[0].quiet_since = Some(Timestamp(NOW.0 - 59));
    });
}

#[test]
fn budgets_of_pools_are_counted_again() {
    let budget = |nodes: &str| Budget::read(Some(nodes), None, None, None);
    let one = found(|case| case.cluster.pools[0].budgets.push(budget("1")));
    let over = |left| MoveViolation::OverBudget { pool: "p".into(), going: 2, left };
    assert_eq!(one, [over(1)]);
    // 34 % of three are two, one of which is not ready.
    let percent = found(|case| {
        case.cluster.pools[0].budgets.push(budget("34%"));
        case.cluster.nodes[0].ready = false;
    });
    assert_eq!(percent, [over(1)]);
    let enough = found(|case| case.cluster.pools[0].budgets.push(budget("34%")));
    assert!(enough.is_empty(), "{enough:?}");
    let unreadable = found(|case| case.cluster.pools[0].budgets.push(budget("many")));
    assert_eq!(unreadable, [over(0)]);
    let others = ["Drifted".to_owned()];
    let reasons = Budget::read(Some("0"), None, None, Some(&others));
    let other = found(|case| case.cluster.pools[0].budgets.push(reasons));
    assert!(other.is_empty(), "{other:?}");
}

#[test]
fn several_moves_do_not_overdraw_a_budget_of_pods() {
    let covered = |allowed| {
        move |case: &mut Case| {
            for pod in case.cluster.nodes.iter_mut().flat_map(|node| &mut node.pods) {
                pod.budget = PodBudget::Covers { budget: "default/b".to_owned(), allowed };
            }
        }
    };
    let expected = MoveViolation::OverPodBudget {
        budget: "default/b".to_owned(),
        moves: 2,
        pods: 3,
        allowed: 2,
    };
    assert_eq!(found(covered(2)), [expected]);
    assert!(found(covered(3)).is_empty());
    let alone = found(|case| {
        covered(1)(case);
        case.moves.truncate(1);
    });
    assert!(alone.is_empty(), "its drain waits: {alone:?}");
}

#[test]
fn money_is_counted_again() {
    let saving = found(|case| case.moves[1].saving = MicroUsdPerHour::new(300_001));
    let expected = MoveViolation::WrongSaving {
        position: 1,
        stated: MicroUsdPerHour::new(300_001),
        counted: MicroUsdPerHour::new(300_000),
    };
    assert_eq!(saving, [expected]);
    let price = found(|case| case.moves[1].price = NanoUsdPerHour::ZERO);
    assert!(matches!(price.as_slice(), [MoveViolation::WrongPrice { position: 1, .. }]));
    let unpriced = found(|case| case.snapshot.nodes[2].price = None);
    assert_eq!(unpriced, [MoveViolation::Unpriced { position: 1 }]);
    // What it costs is not known, and it goes for nothing.
    let free = found(|case| {
        case.snapshot.nodes[1].price = None;
        case.moves[0].saving = MicroUsdPerHour::ZERO;
    });
    assert!(free.is_empty(), "{free:?}");
    let equal = found(|case| {
        case.snapshot.nodes[2].price = Some(MicroUsdPerHour::new(100_000));
        case.moves[1].saving = MicroUsdPerHour::ZERO;
    });
    assert!(matches!(equal.as_slice(), [MoveViolation::NotWorth { position: 1, .. }]), "{equal:?}");
}

#[test]
fn pods_run_only_where_a_plan_may_put_them() {
    let overfull = found(|case| {
        let requests = case.snapshot.shapes[0].requests.clone().with("cpu", 4_000);
        case.snapshot.shapes[0].requests = requests;
    });
    let fits = |one: &MoveViolation| matches!(one, MoveViolation::Seat(Violation::Overfull { .. }));
    assert!(overfull.iter().any(fits), "{overfull:?}");
    let tainted = found(|case| {
        case.snapshot.nodes[0].taints.push(model::Taint {
            key: "k".into(),
            value: "v".into(),
            effect: model::Effect::NoSchedule,
        });
    });
    let seat = |one: &MoveViolation| matches!(one, MoveViolation::Seat(_));
    assert!(!tainted.is_empty() && tainted.iter().all(seat), "{tainted:?}");
    let limited = found(|case| {
        case.snapshot.pools[0].limits.push(("nodes".into(), model::Amount::new(3)));
    });
    assert!(!limited.is_empty() && limited.iter().all(seat), "{limited:?}");
}

#[test]
fn a_node_that_is_empty_goes_for_nothing_in_its_place() {
    // Only pods whose eviction costs nothing are on it.
    let empty = |case: &mut Case| {
        case.moves.truncate(1);
        case.moves[0].taken.clear();
        case.moves[0].reason = Reason::Empty;
        for pod in &mut case.cluster.nodes[1].pods {
            pod.deletion_cost = i32::MIN;
        }
        case.cluster.pools[0].policy = Policy::WhenEmpty;
    };
    assert!(found(empty).is_empty());
    let counts = found(|case| {
        empty(case);
        case.cluster.nodes[1].pods[0].deletion_cost = 0;
    });
    let wrong = MoveViolation::WrongPods { position: 0, seated: 0, strange: 0, pods: 1 };
    assert_eq!(counts, [wrong]);
    // It takes up the budgets of other reasons too.
    let budget = found(|case| {
        let second = case.moves[1].clone();
        empty(case);
        case.moves.push(second);
        case.cluster.pools[0].policy = Policy::WhenEmptyOrUnderutilized;
        let one = ["Underutilized".to_owned()];
        case.cluster.pools[0].budgets.push(Budget::read(Some("1"), None, None, Some(&one)));
    });
    assert_eq!(budget, [MoveViolation::OverBudget { pool: "p".into(), going: 2, left: 1 }]);
}
