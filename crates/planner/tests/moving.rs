//! Pods of nodes that go have a place that the checker accepts, or it is said which has none.

use checker::{check, check_again};
use model::fleet::{Cluster, Node, Place, Reason};
use model::{Objective, Seat, Snapshot};
use planner::{Arguments, Begun, Moving, NoPlace, Seed, Settings, Timestamp, plan, replace_first};
use testkit::fleet;

const NOW: Timestamp = Timestamp(1_000_000);
const SETTINGS: Settings =
    Settings { price_weights: false, objective: Objective::LIST_PRICES, work_limit: 10_000 };
const WITH: Arguments<'_> = Arguments { settings: &SETTINGS, now: NOW, seed: Seed(0) };

/// Three nodes with room for four pods each; two run on `a`, one on `b`.
fn three() -> (Snapshot, Cluster) {
    fleet(
        "type s cpu=4 mem=16Gi pods=20 price=0.2
         pool p
         node a pool=p type=s
         node b pool=p type=s
         node c pool=p type=s
         pod x x2 cpu=1 mem=1Gi on=a
         pod y x1 cpu=1 mem=1Gi on=b",
    )
}

/// The first of `places` that can be replaced while the nodes of these names are drifted: its name, the
/// nodes that take its pods, and how many are launched.
fn replaced(
    (snapshot, cluster): &(Snapshot, Cluster),
    places: &[usize],
    drifted: &str,
) -> Option<(String, Vec<String>, usize)> {
    let is_drifted =
        |node: &Node| node.name.as_ref().is_some_and(|name| drifted.contains(name.as_str()));
    let replaced = replace_first(snapshot, cluster, places, is_drifted, &WITH)?;
    let name = &snapshot.node(replaced.node).name;
    let Moving { snapshot, plan: planned } = replaced.moving;
    assert_eq!(plan(&snapshot, &SETTINGS, NOW, Seed(0)).0, planned, "the same again");
    let checked = check(&snapshot, planned).expect("the checker finds nothing");
    let takes =
        checked.plan().existing.iter().map(|fill| snapshot.node(fill.node).name.to_string());
    Some((name.to_string(), takes.collect(), checked.plan().new_nodes.len()))
}

#[test]
fn the_first_with_a_place_is_replaced_and_what_is_drifted_takes_none_of_its_pods() {
    let mut world = three();
    for (drifted, takes, launched) in [("ab", vec!["c"], 0), ("abc", vec![], 1)] {
        let found = replaced(&world, &[0, 1], drifted).unwrap();
        assert_eq!(
            found,
            ("a".to_owned(), takes.into_iter().map(str::to_owned).collect(), launched)
        );
    }
    world.1.nodes[0].pods[0].place = Place::Unknown;
    assert_eq!(replaced(&world, &[0, 1], "abc").unwrap().0, "b");
    assert_eq!(replaced(&world, &[0], "abc"), None);
}

#[test]
fn a_move_that_began_has_seats_on_its_own_nodes_alone_where_others_are_spoken_for() {
    let (snapshot, mut cluster) = three();
    let begun = Begun {
        reason: Reason::Underutilized,
        removed: vec!["a".into()],
        launched: Vec::new(),
        takes: vec!["c".into()],
    };
    for node in &mut cluster.nodes[1..] {
        node.nominated = true;
    }
    let NoPlace::NoRoom { left, pods, first } =
        begun.seated(&snapshot, &cluster, &WITH).unwrap_err()
    else {
        panic!("its pods can be planned")
    };
    assert_eq!((left, pods, first.as_str()), (2, 2, "default/x-0"));
    begun.claim_seats(&mut cluster);
    let decided = begun.seated(&snapshot, &cluster, &WITH).unwrap();
    assert!(decided.seats.values().all(|seat| *seat == Seat::Kept("c".into())), "{decided:?}");
    assert_eq!(decided.seats.len(), 2);
    let _held = check_again(&snapshot, &cluster, &decided, NOW).unwrap();
}
