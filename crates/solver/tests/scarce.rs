//! Supplies and rivals in small worlds with one right answer.

use model::{Objective, Plan, Snapshot};
use testkit::{assert_sound, world};

use crate::properties::{cost, solved};

const WORK: u64 = 2_000_000;

/// Plans with and without improvement, sound both; the improved plan as `TYPE CAPACITY: PODS` and
/// `on NODE: PODS` lines, with its cost and what is proved of it, micro-USD per hour.
fn planned(text: &str) -> (Vec<String>, i64, i64) {
    let snapshot = world(text);
    for work in [0, WORK] {
        let plan = solved(&snapshot, work).plan;
        assert_sound(&snapshot, &plan, |after| solved(after, work).plan, checker::check);
    }
    let solution = solved(&snapshot, WORK);
    let bound = proved(&snapshot, &solution);
    (lines(&snapshot, &solution.plan), cost(&snapshot, &solution.plan), bound)
}

/// Rounded up: as all costs are whole, none can be between.
fn proved(snapshot: &Snapshot, solution: &solver::Solution) -> i64 {
    let (plan, objective) = (&solution.plan, Objective::LIST_PRICES);
    let proved = checker::prove_best(snapshot, plan, &solution.candidates, objective, WORK);
    let (_, bound) = proved.expect("all go together");
    (bound.lower.get() + 999) / 1000
}

fn lines(snapshot: &Snapshot, plan: &Plan) -> Vec<String> {
    let names = |pods: &[model::PodIndex]| {
        let names = pods.iter().map(|pod| snapshot.pod(*pod).name.as_str());
        names.map(|name| name.trim_start_matches("default/")).collect::<Vec<_>>().join(" ")
    };
    let bought = plan.new_nodes.iter().map(|node| {
        let listing = snapshot.listing_of(snapshot.offering(node.offering));
        let instance_type = &snapshot.instance_type(listing.instance_type).name;
        format!("{instance_type} {}: {}", listing.capacity_type, names(&node.pods))
    });
    let existing = plan.existing.iter();
    let filled =
        existing.map(|fill| format!("on {}: {}", snapshot.node(fill.node).name, names(&fill.pods)));
    bought.chain(filled).collect()
}

#[test]
fn three_replicas_that_keep_apart_need_three_nodes() {
    let base = "
        type small cpu=2 mem=8Gi price=0.1
        type large cpu=8 mem=32Gi price=0.3
        pool p";
    let (nodes, cost, bound) = planned(&format!("{base}\n pod web x3 cpu=1 mem=1Gi"));
    assert_eq!((nodes.len(), cost, bound), (2, 200_000, 150_000));
    let (nodes, cost, bound) = planned(&format!("{base}\n pod web x3 cpu=1 mem=1Gi rivals=web"));
    assert_eq!(
        nodes,
        ["small on-demand: web-0", "small on-demand: web-1", "small on-demand: web-2"]
    );
    assert_eq!((cost, bound), (300_000, 300_000));
    // Six others fill what three of them leave on two large nodes and a small one.
    let (nodes, cost, bound) = planned(&format!(
        "{base}\n pod web x3 cpu=1 mem=1Gi rivals=web\n pod fill x3 cpu=1 mem=1Gi"
    ));
    assert_eq!((nodes.len(), cost, bound), (3, 300_000, 300_000));
}

#[test]
fn of_two_nodes_that_are_there_the_one_without_a_rival_is_used() {
    let (lines, cost, bound) = planned(
        "type small cpu=2 mem=8Gi price=0.1
         pool p
         node free cpu=8 mem=32Gi pods=9
         node taken cpu=8 mem=32Gi pods=9 rivals=web
         pod web x2 cpu=1 mem=1Gi rivals=web
         pod any x2 cpu=6 mem=1Gi",
    );
    assert_eq!(
        lines,
        ["small on-demand: web-1", "on free: any-0 web-0", "on taken: any-1"]
            .map(str::to_owned)
            .map(|line| sorted(&line))
    );
    assert_eq!((cost, bound), (100_000, 100_000));
}

/// Pods are listed in input order.
fn sorted(line: &str) -> String {
    line.replace("any-0 web-0", "web-0 any-0")
}

#[test]
fn pods_of_two_shapes_and_one_group_keep_apart_as_well() {
    // A rollout: the old and the new replicas carry one term.
    let base = "
        type large cpu=8 mem=32Gi price=0.3
        pool p
        pod old x2 cpu=1 mem=1Gi rivals=web
        pod new x2 cpu=2 mem=2Gi rivals=web";
    let (lines, cost, bound) = planned(base);
    assert_eq!((lines.len(), cost, bound), (4, 1_200_000, 1_200_000));
    let (lines, cost, bound) = planned(
        "type large cpu=8 mem=32Gi price=0.3
         pool p
         pod old x2 cpu=1 mem=1Gi rivals=web
         pod new x2 cpu=2 mem=1Gi rivals=web
         pod both cpu=500m rivals=web,db
         pod db x2 cpu=1 rivals=db",
    );
    assert_eq!((lines.len(), cost), (5, 1_500_000));
    // Where groups overlap, the bound counts one of each class on a node.
    assert!((500_000..=1_500_000).contains(&bound), "{bound}");
}

#[test]
fn a_supply_is_used_up_before_dearer_nodes_and_never_overdrawn() {
    for (price, expected) in [("0", 800_000), ("0.05", 900_000), ("0.5", 1_600_000)] {
        let (lines, cost, bound) = planned(&format!(
            "type big cpu=4 mem=16Gi price=0.40
             pool p
             supply r cap=2 type=big price={price}
             pod web x16 cpu=1 mem=1Gi"
        ));
        let reserved = lines.iter().filter(|line| line.starts_with("big reserved")).count();
        assert_eq!(reserved, if price == "0.5" { 0 } else { 2 }, "{price}");
        assert_eq!((lines.len(), cost, bound), (4, expected, expected), "{price}");
    }
}

#[test]
fn pools_share_a_supply_and_what_only_it_holds_stays_out_once_it_is_used_up() {
    let snapshot = world(
        "type big cpu=4 mem=16Gi price=?
         pool p require capacity=reserved
         pool q require capacity=reserved taint k:NoSchedule
         supply r cap=2 type=big
         pod a x8 cpu=1 mem=1Gi
         pod b x8 cpu=1 mem=1Gi tolerate k priority=1",
    );
    for work in [0, WORK] {
        let plan = solved(&snapshot, work).plan;
        assert_sound(&snapshot, &plan, |after| solved(after, work).plan, checker::check);
        assert_eq!(plan.new_nodes.len(), 2);
        let left: Vec<_> = plan.unschedulable.iter().flat_map(|group| &group.pods).collect();
        assert_eq!(left.len(), 8);
        // The higher priority goes first.
        assert!(left.iter().all(|pod| snapshot.pod(**pod).name.as_str().starts_with("default/a")));
    }
}

#[test]
fn a_weight_gives_way_once_the_supply_of_the_greater_one_is_used_up() {
    let (lines, _, _) = planned(
        "type big cpu=4 mem=16Gi price=0.40
         pool heavy weight=10 require capacity=reserved
         pool light
         supply r cap=1 type=big price=0.9
         pod web x8 cpu=1 mem=1Gi",
    );
    let kinds: Vec<&str> = lines.iter().filter_map(|line| line.split(':').next()).collect();
    assert_eq!(kinds, ["big reserved", "big on-demand"]);
}

#[test]
fn worths_come_from_what_is_not_capped() {
    // A free unit says nothing about what pods beyond it cost: large nodes at 0.30 hold eight.
    let (lines, cost, bound) = planned(
        "type small cpu=2 mem=8Gi price=0.1
         type large cpu=8 mem=32Gi price=0.3
         pool p
         supply r cap=1 type=small
         pod web x10 cpu=1 mem=1Gi",
    );
    assert_eq!((lines.len(), cost, bound), (2, 300_000, 300_000));
}

#[test]
fn groups_that_nothing_tells_apart_are_spread_evenly() {
    // Four groups of three; nodes hold three pods, so that each node must leave out one group.
    let pods =
        [0, 1, 2, 3].map(|group| format!("\n pod g{group} x3 cpu=1 mem=1Gi rivals=g{group}"));
    let pods = pods.concat();
    let base = "
        type three cpu=3 mem=8Gi price=0.3
        pool p";
    let (nodes, cost, bound) = planned(&format!("{base}{pods}"));
    assert_eq!((nodes.len(), cost, bound), (4, 1_200_000, 1_200_000), "{nodes:?}");
    // Of a node with one of a group only the others take it; then the group is told apart.
    let there = "\n node n cpu=4 mem=8Gi pods=9 rivals=g1";
    let (nodes, cost, _) = planned(&format!("{base}{pods}{there}"));
    assert_eq!((nodes.len(), cost), (4, 900_000), "{nodes:?}");
}
