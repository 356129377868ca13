//! Small worlds with one right answer, most from users' reports.

use model::{Plan, Snapshot};
use testkit::{assert_sound, world};

use crate::properties::{cost, solved};

/// Plans `text` with and without improvement, asserts soundness, and returns the bought types in
/// plan order with the cost in micro-USD per hour.
fn bought(text: &str) -> (Vec<String>, i64) {
    let snapshot = world(text);
    let first = solved(&snapshot, 0).plan;
    let improved = solved(&snapshot, 1_000_000).plan;
    for plan in [&first, &improved] {
        assert_sound(&snapshot, plan, |after| solved(after, 0).plan, checker::check);
    }
    assert!(cost(&snapshot, &improved) <= cost(&snapshot, &first));
    (types(&snapshot, &improved), cost(&snapshot, &improved))
}

fn types(snapshot: &Snapshot, plan: &Plan) -> Vec<String> {
    let name = |offering| {
        let listing = snapshot.listing_of(snapshot.offering(offering));
        snapshot.instance_type(listing.instance_type).name.to_string()
    };
    plan.new_nodes.iter().map(|node| name(node.offering)).collect()
}

#[test]
fn aws5304_two_small_spot_nodes_beat_one_dearer_double() {
    let (types, cost) = bought(
        "type m5dn.xlarge cpu=4 mem=16Gi pods=58 spot=0.1348
         type m5dn.2xlarge cpu=8 mem=32Gi pods=58 spot=0.2903
         pool p require capacity=spot
         pod a x2 cpu=3500m mem=14Gi",
    );
    assert_eq!(types, ["m5dn.xlarge", "m5dn.xlarge"]);
    assert_eq!(cost, 269_600);
}

#[test]
fn core2457_two_fitting_sizes_beat_one_large() {
    let (types, _) = bought(
        "type c.large cpu=2 mem=4Gi price=0.085
         type c.xlarge cpu=4 mem=8Gi price=0.17
         type c.2xlarge cpu=8 mem=16Gi price=0.34
         pool p
         pod a cpu=3 mem=3Gi
         pod b cpu=1 mem=1Gi",
    );
    // Both fit one xlarge exactly; with overhead they would take a large and an xlarge.
    assert_eq!(types, ["c.xlarge"]);
    let (types, _) = bought(
        "type c.large cpu=2 mem=4Gi price=0.085 overhead cpu=70m,mem=700Mi
         type c.xlarge cpu=4 mem=8Gi price=0.17 overhead cpu=80m,mem=900Mi
         type c.2xlarge cpu=8 mem=16Gi price=0.34 overhead cpu=90m,mem=1Gi
         pool p
         pod a cpu=3 mem=3Gi
         pod b cpu=1 mem=1Gi",
    );
    assert_eq!(types, ["c.large", "c.xlarge"]);
}

#[test]
fn aws5908_daemon_sets_make_few_large_nodes_cheaper() {
    let (types, _) = bought(
        "type c6i.large cpu=2 mem=4Gi price=0.085
         type c6i.8xlarge cpu=32 mem=64Gi price=1.36
         pool p
         daemonset agent cpu=1 mem=100Mi
         pod web x44 cpu=700m mem=500Mi",
    );
    assert_eq!(types, ["c6i.8xlarge"]);
}

#[test]
fn core1442_pods_ride_along_on_the_node_that_had_to_be_opened() {
    let (types, _) = bought(
        "type small cpu=4 mem=16Gi price=0.2 label size=small
         type large cpu=16 mem=64Gi price=0.8 label size=large
         pool heavy weight=10 require size=small
         pool light weight=1 require size=large
         pod little x3 cpu=1 mem=1Gi
         pod big cpu=10 mem=10Gi",
    );
    assert_eq!(types, ["large"]);
}

#[test]
fn a_dearer_pool_of_greater_weight_is_opened_first_and_the_lesser_one_when_it_is_full() {
    let (types, _) = bought(
        "type dear cpu=4 mem=16Gi price=0.4 label size=dear
         type cheap cpu=4 mem=16Gi price=0.2 label size=cheap
         pool heavy weight=10 limits=cpu=8 require size=dear
         pool light require size=cheap
         pod web x3 cpu=4 mem=4Gi",
    );
    assert_eq!(types, ["dear", "dear", "cheap"]);
}

#[test]
fn where_a_limit_binds_the_lowest_priority_goes_without() {
    let snapshot = world(
        "type m cpu=4 mem=16Gi price=0.2
         pool p limits=cpu=8
         pod low x8 cpu=1 mem=1Gi priority=1
         pod high x4 cpu=1 mem=1Gi priority=9",
    );
    let plan = solved(&snapshot, 0).plan;
    assert_sound(&snapshot, &plan, |after| solved(after, 0).plan, checker::check);
    let left: Vec<_> = plan.unschedulable.iter().flat_map(|group| &group.pods).collect();
    assert_eq!(left.len(), 4);
    assert!(left.iter().all(|pod| snapshot.pod(**pod).name.as_str().starts_with("default/low")));
}

#[test]
fn a_limit_is_spent_on_the_size_that_holds_most_per_unit_of_it() {
    // The cheap type has twice the cores per memory; four of them would use up the limit.
    let snapshot = world(
        "type lean cpu=4 mem=32Gi price=0.5
         type fat cpu=8 mem=32Gi price=0.3
         pool p limits=cpu=16
         pod web x8 cpu=500m mem=16Gi",
    );
    let plan = solved(&snapshot, 0).plan;
    assert_sound(&snapshot, &plan, |after| solved(after, 0).plan, checker::check);
    assert!(plan.unschedulable.is_empty(), "{plan:?}");
}

#[test]
fn ties_between_zones_are_shared_out() {
    let snapshot = world(
        "type m cpu=4 mem=16Gi price=0.2 zones=a,b,c
         pool p
         pod web x6 cpu=3500m mem=1Gi",
    );
    let plan = solved(&snapshot, 0).plan;
    let mut zones: Vec<String> = plan
        .new_nodes
        .iter()
        .map(|node| snapshot.listing_of(snapshot.offering(node.offering)).zone.to_string())
        .collect();
    zones.sort();
    assert_eq!(zones, ["a", "a", "b", "b", "c", "c"]);
}
