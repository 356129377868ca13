//! Pods that keep apart say how many nodes there are, and the others share these.

use std::fmt::Write as _;

use testkit::{assert_sound, world};

use crate::properties::{cost, solved};

/// Types of 1 to 16 cores, each of a tenth of a dollar and 2 GiB, of which a node keeps 100 m back.
fn base() -> String {
    let mut text = String::from("zones a,b,c\n");
    for cores in 1..=16 {
        let (memory, price) = (2 * cores, format!("{}.{}", cores / 10, cores % 10));
        let _ = writeln!(
            text,
            "type t.{cores} cpu={cores} mem={memory}Gi price={price} zones=a,b,c overhead cpu=100m"
        );
    }
    text.push_str("pool p\n");
    text
}

/// Nodes and micro-USD per hour of the first answer, which leaves out nobody.
fn first(text: &str) -> (usize, i64) {
    let snapshot = world(&format!("{}{text}", base()));
    let plan = solved(&snapshot, 0).plan;
    assert_sound(&snapshot, &plan, |after| solved(after, 0).plan, checker::check);
    assert_eq!(plan.unschedulable, []);
    (plan.new_nodes.len(), cost(&snapshot, &plan))
}

#[test]
fn pods_that_keep_apart_take_the_others_along() {
    let (nodes, cost) = first(
        "pod apart x40 cpu=250m mem=500Mi rivals=x
         pod plain x90 cpu=500m mem=1Gi
         pod large x45 cpu=1500m mem=3Gi",
    );
    // 122.5 cores are asked for, and 4 are kept back on 40 nodes.
    assert_eq!(nodes, 40);
    assert!(cost <= 13_400_000, "{cost}");
}

#[test]
fn pods_bound_to_zones_make_nodes_there_larger() {
    let (nodes, cost) = first(
        "pod apart x40 cpu=250m mem=500Mi rivals=x
         pod even x91 cpu=500m mem=1Gi of=even spread=zone/even/1
         pod other x46 cpu=1500m mem=3Gi of=other spread=zone/other/1",
    );
    // 124.5 cores are asked for, and 4 are kept back on 40 nodes.
    assert_eq!(nodes, 40);
    assert!(cost <= 13_700_000, "{cost}");
}

#[test]
fn a_few_pods_that_keep_apart_do_not_make_nodes_small() {
    let (nodes, cost) = first(
        "pod apart x2 cpu=250m mem=500Mi rivals=x
         pod plain x90 cpu=500m mem=1Gi",
    );
    assert!(nodes <= 4, "{nodes}");
    assert!(cost <= 4_800_000, "{cost}");
}
