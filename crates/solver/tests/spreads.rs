//! Spreads: how many pods go to each zone, and what decides where there is a choice.

use std::collections::BTreeMap;

use model::{LabelKey, Plan, PodIndex, Snapshot, well_known};
use testkit::{left_out, world};

use crate::properties::{cost, solved};

const SOME_WORK: u64 = 600_000;

/// How many pods whose names begin so are where `key` has each value.
fn counts(snapshot: &Snapshot, plan: &Plan, start: &str, key: &str) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    let mut add = |value: Option<&str>, pods: &[PodIndex]| {
        let named = |pod: &&PodIndex| {
            snapshot
                .pod(**pod)
                .name
                .as_str()
                .strip_prefix("default/")
                .is_some_and(|name| name.starts_with(start))
        };
        let pods = pods.iter().filter(named).count();
        if pods > 0 {
            *counts.entry(value.unwrap_or_default().to_owned()).or_insert(0) += pods;
        }
    };
    let key = LabelKey::from(key);
    for node in &plan.new_nodes {
        add(snapshot.labels_of(snapshot.offering(node.offering)).get(&key), &node.pods);
    }
    for fill in &plan.existing {
        let value = snapshot.node(fill.node).labels.get(&key);
        add(value.map(model::LabelValue::as_str), &fill.pods);
    }
    counts
}

/// The first answer and the improved one, both accepted by the checker.
fn plans(text: &str) -> (Snapshot, [Plan; 2]) {
    let snapshot = world(text);
    let plans = [0, SOME_WORK].map(|work| {
        let plan = solved(&snapshot, work).plan;
        let refused = checker::check(&snapshot, plan.clone()).err();
        assert!(refused.is_none(), "{refused:#?} in\n{text}");
        plan
    });
    (snapshot, plans)
}

#[track_caller]
fn check(text: &str, start: &str, key: &str, expected: &[(&str, usize)]) {
    let (snapshot, plans) = plans(text);
    let expected: BTreeMap<String, usize> =
        expected.iter().map(|(value, count)| ((*value).to_owned(), *count)).collect();
    for plan in plans {
        assert_eq!(counts(&snapshot, &plan, start, key), expected, "{text}");
    }
}

const TYPES: &str = "zones a,b,c
    type s cpu=4 mem=16Gi pods=20 price=0.2
    type l cpu=16 mem=64Gi pods=60 price=0.7\n";

#[test]
fn zones_get_as_many_pods_as_the_skew_says() {
    for (lines, expected) in [
        ("pool p\npod e x9 cpu=1 of=e spread=zone/e/1", &[("a", 3), ("b", 3), ("c", 3)][..]),
        // What is there counts.
        (
            "pool p\nnode n type=s zone=a bound cpu=4 of=e:2\npod e x7 cpu=1 of=e spread=zone/e/1",
            &[("a", 1), ("b", 3), ("c", 3)],
        ),
        // Zones that the pool or the pod does not go to do not.
        ("pool p require zone!=c\npod e x6 cpu=1 of=e spread=zone/e/1", &[("a", 3), ("b", 3)]),
        ("pool p\npod e x6 cpu=1 select zone!=c of=e spread=zone/e/1", &[("a", 3), ("b", 3)]),
        // Fewer domains than asked for: the least is nothing.
        (
            "pool p require zone!=c\npod e x6 cpu=1 of=e spread=zone/e/1/min=3",
            &[("a", 1), ("b", 1)],
        ),
    ] {
        check(&format!("{TYPES}{lines}"), "e", well_known::ZONE, expected);
    }
}

#[test]
fn free_room_comes_before_what_must_be_bought() {
    let text = format!(
        "{TYPES}pool p
         node n type=l zone=b
         pod e x5 cpu=1 of=e spread=zone/e/5"
    );
    check(&text, "e", well_known::ZONE, &[("b", 5)]);
}

#[test]
fn the_cheaper_zone_gets_what_the_skew_allows() {
    let text = "zones a,b
         type s cpu=4 mem=16Gi pods=20 price=0.2,b:0.1
         pool p
         pod e x7 cpu=4 of=e spread=zone/e/3";
    check(text, "e", well_known::ZONE, &[("a", 2), ("b", 5)]);
}

#[test]
fn capacity_types_and_custom_labels_are_domains_too() {
    let text = "type s cpu=4 mem=16Gi pods=20 price=0.2 spot=0.06
         pool p
         pod e x6 cpu=1 of=e spread=capacity/e/1";
    check(text, "e", well_known::CAPACITY_TYPE, &[("on-demand", 3), ("spot", 3)]);
    let text = "type s cpu=4 mem=16Gi pods=20 price=0.2
         pool p require team=red,blue,green
         pod e x6 cpu=1 of=e spread=team/e/1";
    check(text, "e", "team", &[("blue", 2), ("green", 2), ("red", 2)]);
}

#[test]
fn nodes_get_no_more_than_the_skew_over_hostnames() {
    for (skew, nodes) in [(3, 4), (1, 10), (10, 1)] {
        let text = format!(
            "type l cpu=16 mem=64Gi pods=60 price=0.7
             pool p
             pod e x10 cpu=1 of=e spread=hostname/e/{skew}"
        );
        let (_, plans) = plans(&text);
        for plan in plans {
            let mut pods: Vec<usize> = plan.new_nodes.iter().map(|node| node.pods.len()).collect();
            pods.sort_unstable();
            assert_eq!(pods.len(), nodes, "{text}");
            assert!(pods.iter().all(|pods| *pods <= skew), "{pods:?} in\n{text}");
        }
    }
}

/// Pods with no spread fill what those with one leave.
#[test]
fn others_ride_along() {
    let text = format!(
        "{TYPES}pool p
         pod e x3 cpu=1 of=e spread=zone/e/1
         pod f x9 cpu=1"
    );
    let (snapshot, plans) = plans(&text);
    for plan in plans {
        assert_eq!(cost(&snapshot, &plan), 600_000);
    }
}

/// Where a zone has no room for its part, the others get no more than the skew allows, and the rest is
/// left out.
#[test]
fn a_zone_that_is_full_holds_the_others_back() {
    let text = "zones a,b
         type s cpu=4 mem=16Gi pods=20 price=0.2
         pool p require zone=a
         pool q require zone=b taint k:NoSchedule
         node n type=s zone=b bound cpu=2
         pod e x9 cpu=1 of=e spread=zone/e/1";
    check(text, "e", well_known::ZONE, &[("a", 3), ("b", 2)]);
    let (snapshot, plans) = plans(text);
    for plan in plans {
        assert_eq!(left_out(&snapshot, &plan).len(), 4);
    }
}

#[test]
fn a_limit_that_ends_in_one_zone_moves_pods_to_where_there_is_room() {
    let text = "zones a,b,c
         type s cpu=4 mem=16Gi pods=20 price=0.2
         pool p require zone=a limits nodes=1
         pool q require zone!=a
         pod e x15 cpu=1 of=e spread=zone/e/2";
    // Zone a takes four, and no more node: then it counts, as it has one.
    check(text, "e", well_known::ZONE, &[("a", 4), ("b", 6), ("c", 5)]);
}
