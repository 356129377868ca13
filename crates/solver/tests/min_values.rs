//! Pools that ask for several values of a label.

use model::{Plan, Reason, Snapshot};
use testkit::{assert_sound, world};

use crate::properties::{cost, solved};

const TYPES: &str = "type c.large cpu=2 mem=4Gi price=0.08 label family=c
    type c.xlarge cpu=4 mem=8Gi price=0.16 label family=c
    type m.large cpu=2 mem=8Gi price=0.10 label family=m
    type m.xlarge cpu=4 mem=16Gi price=0.19 label family=m
    type r.xlarge cpu=4 mem=32Gi price=0.26 label family=r arch=arm64
    ";

/// The plan of `text` after these types, sound with and without improvement.
fn planned(text: &str) -> (Snapshot, Plan) {
    let snapshot = world(&format!("{TYPES}{text}"));
    let first = solved(&snapshot, 0).plan;
    let improved = solved(&snapshot, 1_000_000).plan;
    for plan in [&first, &improved] {
        assert_sound(&snapshot, plan, |after| solved(after, 0).plan, checker::check);
    }
    (snapshot, improved)
}

fn reasons(plan: &Plan) -> Vec<Reason> {
    plan.unschedulable.iter().flat_map(|group| group.reasons.clone()).collect()
}

#[test]
fn a_node_holds_what_enough_families_hold() {
    let (snapshot, plan) = planned("pool p\n pod web x4 cpu=500m mem=3500Mi");
    assert_eq!((plan.new_nodes.len(), cost(&snapshot, &plan)), (1, 190_000));
    // One m.xlarge would hold all four, and the only other family with such a machine is arm64.
    let (snapshot, plan) =
        planned("pool p values family=2\n pod web x4 cpu=500m mem=3500Mi select arch=amd64");
    assert_eq!((plan.new_nodes.len(), cost(&snapshot, &plan)), (2, 200_000));
    let (snapshot, plan) = planned("pool p values family=3\n pod web x2 cpu=500m mem=3500Mi");
    assert_eq!((plan.new_nodes.len(), cost(&snapshot, &plan)), (1, 100_000));
}

#[test]
fn a_pod_that_too_few_families_hold_is_left_out_with_the_numbers() {
    let (_, plan) = planned("pool p values family=3\n pod big mem=10Gi\n pod web mem=1Gi");
    assert_eq!(plan.new_nodes.len(), 1);
    let reasons = reasons(&plan);
    let expected = Reason::MinValues {
        pool: "p".into(),
        key: "family".into(),
        least: 3,
        open: 2,
        excluded: 2,
    };
    assert_eq!(reasons, [expected]);
}

#[test]
fn values_that_a_pod_refuses_are_not_open_to_its_node() {
    let (_, plan) = planned("pool p values family=3\n pod web cpu=1 select arch=amd64");
    assert_eq!(reasons(&plan).iter().filter(|one| one.code() == "min-values").count(), 1);
    // Together they would refuse too much; apart, each has two families.
    let both = "pool p values family=2\n pod a cpu=500m select family=c,m\n pod b cpu=500m select family=m,r";
    let (_, plan) = planned(both);
    assert!(plan.unschedulable.is_empty());
    assert_eq!(plan.new_nodes.len(), 2);
}

#[test]
fn several_labels_ask_together() {
    let (_, plan) = planned("pool p values family=2 values type=4\n pod web x3 cpu=500m mem=1Gi");
    assert!(plan.unschedulable.is_empty());
    let (_, plan) = planned("pool p values family=2 values type=6\n pod web x3 cpu=500m mem=1Gi");
    assert_eq!(plan.new_nodes.len(), 0);
}
