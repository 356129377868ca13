//! Properties of the first answer and of the improved one.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use model::{Listing, NewNode, Objective, OfferingIndex, Plan, PodIndex, PodShape, Snapshot};
use proptest::prelude::*;
use solver::{Settings, Solution, Weights, solve};
use testkit::{assert_sound, rename, shuffle_pods, world, worlds};

/// Enough for several dives on worlds of this size.
const SOME_WORK: u64 = 600_000;

pub(crate) fn solved(snapshot: &Snapshot, work_limit: u64) -> Solution {
    let objective = Objective::LIST_PRICES;
    let settings = Settings { weights: Weights::Honoured, objective, work_limit };
    solve(snapshot, &settings, &mut |_| false)
}

pub(crate) fn cost(snapshot: &Snapshot, plan: &Plan) -> i64 {
    let price = |node: &NewNode| {
        let listing = snapshot.listing_of(snapshot.offering(node.offering));
        listing.price.expect("a bought listing has a price").rate.get()
    };
    plan.new_nodes.iter().map(price).sum()
}

/// How many pods are left out, by descending priority: what comes first counts first.
pub(crate) fn left_out(snapshot: &Snapshot, plan: &Plan) -> Vec<(Reverse<i32>, usize)> {
    let priority = |pod: PodIndex| Reverse(snapshot.shape_of(pod).priority);
    let all = (0..snapshot.pods.len()).map(PodIndex::new);
    let mut left: BTreeMap<Reverse<i32>, usize> = all.map(|pod| (priority(pod), 0)).collect();
    for pod in plan.unschedulable.iter().flat_map(|group| &group.pods) {
        *left.entry(priority(*pod)).or_default() += 1;
    }
    left.into_iter().collect()
}

/// How many pods of each look.
type Counts = BTreeMap<String, usize>;

/// The multiset of (offering, pods), and how many pods of each look existing nodes take in all;
/// without the names of rivals and supplies and their places in lists.
fn contents(snapshot: &Snapshot, plan: &Plan) -> (Vec<(String, Counts)>, Counts) {
    let looks = |pods: &[PodIndex]| {
        let mut counts = Counts::new();
        for pod in pods {
            let shape = snapshot.shape_of(*pod);
            let PodShape {
                requests,
                alternatives,
                tolerations,
                priority,
                rivals,
                rules,
                preferences,
            } = shape;
            let ties = (rules.together.len(), rules.apart.len());
            let between = (rivals.len(), rules.matches.len(), rules.spreads.len(), ties);
            let look = (requests, alternatives, tolerations, priority, (between, preferences));
            *counts.entry(format!("{look:?}")).or_insert(0) += 1;
        }
        counts
    };
    let offering = |index: OfferingIndex| {
        let offering = snapshot.offering(index);
        let listing = Listing { supply: None, ..snapshot.listing_of(offering).clone() };
        let cap = snapshot.supply_of(offering).map(|supply| snapshot.supply(supply).cap);
        format!("{:?}", (offering.pool, listing, cap, &offering.chosen_labels))
    };
    let mut bought: Vec<(String, Counts)> =
        plan.new_nodes.iter().map(|node| (offering(node.offering), looks(&node.pods))).collect();
    bought.sort();
    let existing: Vec<PodIndex> =
        plan.existing.iter().flat_map(|fill| fill.pods.iter().copied()).collect();
    (bought, looks(&existing))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn plans_are_sound(text in worlds(), work in prop_oneof![Just(0), Just(SOME_WORK)]) {
        let snapshot = world(&text);
        let plan = solved(&snapshot, work).plan;
        let replan = |after: &Snapshot| solved(after, work).plan;
        assert_sound(&snapshot, &plan, replan, checker::check);
    }

    #[test]
    fn neither_order_nor_names_decide(text in worlds(), seed: u64) {
        let snapshot = world(&text);
        let plan = solved(&snapshot, SOME_WORK).plan;
        let shuffled = shuffle_pods(&snapshot, seed);
        let other = solved(&shuffled, SOME_WORK).plan;
        prop_assert_eq!(contents(&snapshot, &plan), contents(&shuffled, &other));
        let renamed = rename(&snapshot, seed);
        let other = solved(&renamed, SOME_WORK).plan;
        prop_assert_eq!(contents(&snapshot, &plan), contents(&renamed, &other));
    }

    #[test]
    fn more_work_never_costs_more(text in worlds(), cut in 1_000..SOME_WORK) {
        let snapshot = world(&text);
        let first = solved(&snapshot, 0);
        let some = solved(&snapshot, cut);
        let more = solved(&snapshot, SOME_WORK);
        for (more, less) in [(&some, &first), (&more, &some), (&more, &first)] {
            let [out, before] = [more, less].map(|one| left_out(&snapshot, &one.plan));
            // A better packing may make room for pods that were left out; then it may cost more.
            prop_assert!(out <= before);
            let cheaper = cost(&snapshot, &more.plan) <= cost(&snapshot, &less.plan);
            prop_assert!(cheaper || out < before);
        }
        let again = solved(&snapshot, some.work_used);
        prop_assert_eq!(some.plan, again.plan, "the work used reproduces a cut run");
    }
}
