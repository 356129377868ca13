//! Each alternative passes the checker in the node's place.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use checker::{Violation, check};
use model::{Objective, Plan, Snapshot};
use planner::{Seed, Settings, Timestamp, alternatives, plan};
use proptest::prelude::*;
use testkit::{world, worlds};

const OBJECTIVE: Objective = Objective::LIST_PRICES;

fn planned(snapshot: &Snapshot) -> Plan {
    let settings = Settings { price_weights: false, objective: OBJECTIVE, work_limit: 100_000 };
    plan(snapshot, &settings, Timestamp(0), Seed(0)).0
}

/// What is wrong once each alternative of each node is in its place, one at a time; how many were
/// tried.
fn faults(snapshot: &Snapshot, plan: &Plan) -> (usize, Vec<Violation>) {
    let mut tried = 0;
    let mut faults = Vec::new();
    for (position, found) in alternatives(snapshot, plan, OBJECTIVE).iter().enumerate() {
        for alternative in found {
            let mut other = plan.clone();
            other.new_nodes[position].offering = alternative.offering;
            faults.extend(check(snapshot, other).err().into_iter().flatten());
            tried += 1;
        }
    }
    (tried, faults)
}

/// The same without what is about others: what is given back may be enough for a pod that was left out, or for a
/// heavier pool.
pub(crate) fn own_faults(snapshot: &Snapshot, plan: &Plan) -> Vec<Violation> {
    let is_about_others = |fault: &Violation| {
        matches!(
            fault,
            Violation::CouldBeBought { .. }
                | Violation::HasRoom { .. }
                | Violation::ReasonMissing { .. }
                | Violation::ReasonFalse { .. }
                | Violation::ReasonWrong { .. }
                | Violation::Weight { .. }
        )
    };
    let (_, mut faults) = faults(snapshot, plan);
    faults.retain(|fault| !is_about_others(fault));
    faults
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn alternatives_pass_the_checker(text in worlds()) {
        let snapshot = world(&text);
        let plan = planned(&snapshot);
        let faults = own_faults(&snapshot, &plan);
        prop_assert!(faults.is_empty(), "{:#?}", faults);
    }
}

#[test]
fn a_supply_is_an_alternative_while_it_has_a_unit() {
    let types = |cap: usize| {
        let snapshot = world(&format!(
            "type big cpu=4 mem=16Gi price=0.40 zones=a
             type huge cpu=8 mem=16Gi price=0.70 zones=a
             pool p require capacity=on-demand,reserved
             supply cheap cap=2 type=big price=0.05
             supply dear cap={cap} type=huge price=0.50
             pod web x3 cpu=4 rivals=web"
        ));
        let plan = planned(&snapshot);
        let (tried, faults) = faults(&snapshot, &plan);
        assert!(tried > 0 && faults.is_empty(), "{faults:#?}");
        let name = |offering| {
            let listing = snapshot.listing_of(snapshot.offering(offering));
            let name = &snapshot.instance_type(listing.instance_type).name;
            format!("{name} {}", listing.capacity_type)
        };
        let found = alternatives(&snapshot, &plan, OBJECTIVE);
        let nodes = plan.new_nodes.iter().zip(&found).map(|(node, found)| {
            let others = found.iter().map(|one| name(one.offering)).collect::<Vec<_>>();
            format!("{}: {}", name(node.offering), others.join(", "))
        });
        nodes.collect::<Vec<_>>()
    };
    // Both units of `cheap` are taken, so that it is no alternative to what is bought beside.
    let cheap = "big reserved: big on-demand, huge on-demand";
    assert_eq!(types(0), [cheap, cheap, "big on-demand: huge on-demand"]);
    let cheap = "big reserved: big on-demand, huge reserved, huge on-demand";
    assert_eq!(types(1), [cheap, cheap, "big on-demand: huge reserved, huge on-demand"]);
}

/// A node of on-demand capacity is not counted where the pods that are spread ask for spot; one of spot in
/// its place would be, and without a pod of theirs.
#[test]
fn an_alternative_opens_no_domain_of_a_spread() {
    let snapshot = world(
        "zones a,c
         type small cpu=3 mem=1Gi pods=3 zones=c price=0.010
         type big cpu=8 mem=1Gi pods=3 zones=a,c price=0.011 spot=0.011
         pool p
         pod web x3 cpu=250m mem=256Mi select capacity=spot of=web spread=zone/web/1 volume=zone=a
         pod other x3 cpu=250m mem=256Mi",
    );
    let plan = planned(&snapshot);
    assert_eq!(plan.new_nodes.len(), 2);
    let (tried, faults) = faults(&snapshot, &plan);
    assert!(tried > 0 && faults.is_empty(), "{tried}: {faults:#?}");
}

#[test]
fn alternatives_keep_the_values_that_a_pool_asks_for() {
    // Far more machines of one family than are listed are cheaper than the first of any other.
    let mut text = "zones a\n".to_owned();
    for size in 0..80 {
        writeln!(text, "type c{size} cpu=4 mem=8Gi price=0.1{size:02} label family=c")
            .expect("text");
    }
    for family in ["m", "r", "x"] {
        writeln!(text, "type {family} cpu=4 mem=8Gi price=0.9 label family={family}")
            .expect("text");
    }
    let families = |pool: &str| {
        let snapshot = world(&format!("{text}pool p {pool}\npod web cpu=1"));
        let plan = planned(&snapshot);
        let (tried, faults) = faults(&snapshot, &plan);
        assert!(tried == planner::ALTERNATIVES_MAX && faults.is_empty(), "{tried}: {faults:#?}");
        let own = plan.new_nodes[0].offering;
        let others = alternatives(&snapshot, &plan, OBJECTIVE);
        let all = others[0].iter().map(|one| one.offering).chain([own]);
        let family = |offering| {
            let labels = snapshot.labels_of(snapshot.offering(offering));
            labels.get(&"family".into()).map(str::to_owned)
        };
        all.filter_map(family).collect::<BTreeSet<String>>().len()
    };
    assert_eq!(families(""), 1);
    assert_eq!(families("values family=3"), 3);
    assert_eq!(families("values family=4"), 4);
}
