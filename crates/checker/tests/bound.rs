//! Lower bounds: never above the optimum, tight where the certificate is right, lower or refused
//! where it is not.

use std::collections::{BTreeMap, BTreeSet};

use checker::{Bound, BoundError, Scale, prove, prove_best};
use model::{
    Candidate, Certificate, MicroUsdPerHour, NanoUsdPerHour, NewNode, NodeState, Objective,
    OfferingIndex, Plan, PodIndex, PodShape, Requirements, Resources, RivalsIndex, ShapeIndex,
    Snapshot, SupplyIndex, untolerated,
};
use proptest::collection::vec;
use proptest::prelude::*;
use testkit::{world, worlds};

use crate::support::plan;

const WORK: u64 = 1_000_000;

/// Worths in nano-USD per hour of a pod of each kind, found by its first pod's name.
fn certificate(snapshot: &Snapshot, worths: &[(&str, i64)]) -> Certificate {
    let mut by_shape = vec![NanoUsdPerHour::ZERO; snapshot.shapes.len()];
    for (name, worth) in worths {
        let full = format!("default/{name}");
        let pod = snapshot.pods.iter().find(|pod| pod.name.as_str() == full);
        by_shape[pod.expect("a pod of the world").shape.get()] = NanoUsdPerHour::new(*worth);
    }
    Certificate { worths: by_shape }
}

fn proved(snapshot: &Snapshot, plan: &Plan, certificate: &Certificate) -> Bound {
    prove(snapshot, plan, certificate, Objective::LIST_PRICES, WORK).expect("all go together")
}

/// Two pods of `a` and one of `b` fill a node of 0.30 USD, four of `a` one of 0.40 USD.
const SMALL: &str = "
    type big cpu=4 mem=8Gi pods=10 price=0.40 zones=a
    type odd cpu=4 mem=20Gi pods=10 price=0.30 zones=a
    type dear cpu=4 mem=8Gi pods=10 price=0.50 zones=a
    pool p require type=big,odd
    pod a x4 cpu=1 mem=2Gi
    pod b x1 cpu=1500m mem=12Gi
";
const SMALL_PLAN: &str = "
    buy p odd a on-demand: a-0 a-1 b-0
    buy p odd a on-demand: a-2 a-3
";

#[test]
fn worths_that_no_node_exceeds_are_the_bound() {
    let snapshot = world(SMALL);
    let plan = plan(&snapshot, SMALL_PLAN);
    // A node of `odd` holds four of `a`, which are then worth what it costs, or two and one of `b`.
    let certificate = certificate(&snapshot, &[("a-0", 75_000_000), ("b-0", 150_000_000)]);
    let bound = proved(&snapshot, &plan, &certificate);
    assert_eq!(bound.lower.get(), 450_000_000);
    assert_eq!(bound.scale, Scale { numerator: 1, denominator: 1 });
    let worst = bound.worst.expect("something is for sale");
    assert_eq!((worst.upper.get(), worst.price.get()), (300_000_000, 300_000_000));
    let listing = snapshot.listing_of(snapshot.offering(worst.offering));
    assert_eq!(snapshot.instance_type(listing.instance_type).name.as_str(), "odd");
}

#[test]
fn one_more_unit_on_a_tight_pod_scales_all_worths_down() {
    let snapshot = world(SMALL);
    let plan = plan(&snapshot, SMALL_PLAN);
    for (a, b, upper) in [
        (75_000_001, 150_000_000, 300_000_004),
        (75_000_000, 150_000_001, 300_000_001),
        (150_000_000, 150_000_000, 600_000_000),
    ] {
        let certificate = certificate(&snapshot, &[("a-0", a), ("b-0", b)]);
        let bound = proved(&snapshot, &plan, &certificate);
        assert_eq!(bound.scale, Scale { numerator: 300_000_000, denominator: upper });
        // Each worth is rounded down by itself.
        let scaled = |worth: i64| worth * 300_000_000 / upper;
        assert_eq!(bound.lower.get(), 4 * scaled(a) + scaled(b));
        assert!(bound.lower.get() < 4 * a + b);
    }
}

#[test]
fn a_pod_counts_as_often_as_the_plan_places_it() {
    let snapshot = world(SMALL);
    let certificate = certificate(&snapshot, &[("a-0", 75_000_000), ("b-0", 150_000_000)]);
    for (text, lower) in [
        ("buy p odd a on-demand: a-0 a-1 b-0\n out: a-2 a-3", 300_000_000),
        ("buy p odd a on-demand: a-0\n out: a-1 a-2 a-3 b-0", 75_000_000),
        ("out: a-0 a-1 a-2 a-3 b-0", 0),
    ] {
        let plan = plan(&snapshot, text);
        assert_eq!(proved(&snapshot, &plan, &certificate).lower.get(), lower, "{text}");
    }
}

#[test]
fn nodes_that_are_there_take_what_they_can_hold_off_the_bound() {
    let nodes = "
        node n1 cpu=2 mem=20Gi pods=10
        node n2 cpu=2 mem=20Gi pods=10
        node full cpu=8 mem=20Gi pods=10 bound cpu=8,mem=1Gi,pods=3
        node gone cpu=8 mem=20Gi pods=10 state=unschedulable
        node tainted cpu=8 mem=20Gi pods=10 taint k=v:NoSchedule
    ";
    let snapshot = world(&format!("{SMALL}{nodes}"));
    let plan = plan(&snapshot, "buy p odd a on-demand: a-0 a-1 b-0\n on n1: a-2 a-3");
    let certificate = certificate(&snapshot, &[("a-0", 75_000_000), ("b-0", 150_000_000)]);
    let bound = proved(&snapshot, &plan, &certificate);
    assert_eq!((bound.node_worths.get(), bound.lower.get()), (300_000_000, 150_000_000));
    let mut fewer = snapshot.clone();
    for node in &mut fewer.nodes[2..] {
        node.state = NodeState::Unschedulable;
    }
    assert!(proved(&fewer, &plan, &certificate).lower >= bound.lower);
}

#[test]
fn the_interruption_term_is_part_of_the_price() {
    let snapshot = world(
        "type t cpu=4 mem=8Gi pods=10 spot=0.10 zones=a
         pool p require capacity=spot
         pod a x8 cpu=1 mem=1Gi",
    );
    let plan = plan(&snapshot, "buy p t a spot: a-0 a-1 a-2 a-3\n buy p t a spot: a-4 a-5 a-6 a-7");
    // 730 h at 25 % and 0.0292 USD a restart are 10,000 nano-USD per hour for each pod.
    let objective = Objective { restart_cost: 29_200, ..Objective::LIST_PRICES };
    let listing = snapshot.listing_of(snapshot.offering(OfferingIndex::new(0)));
    assert_eq!(objective.term(listing).get(), 10_000);
    let certificate = certificate(&snapshot, &[("a-0", 25_010_000)]);
    let with = prove(&snapshot, &plan, &certificate, objective, WORK).expect("go together");
    assert_eq!((with.lower.get(), with.scale.denominator), (8 * 25_010_000, 1));
    assert_eq!(proved(&snapshot, &plan, &certificate).lower.get(), 200_000_000);
}

#[test]
fn a_cheaper_offering_with_a_higher_term_does_not_hide_another() {
    let snapshot = world(
        "type t cpu=4 mem=8Gi pods=10 price=0.12 spot=0.10 zones=a
         pool p
         pod a x4 cpu=1 mem=1Gi",
    );
    let plan = plan(&snapshot, "buy p t a on-demand: a-0 a-1 a-2 a-3");
    let certificate = certificate(&snapshot, &[("a-0", 40_000_000)]);
    // A pod on spot costs more in restarts than it is worth.
    let objective = Objective { restart_cost: 1_000_000_000, ..Objective::LIST_PRICES };
    let bound = prove(&snapshot, &plan, &certificate, objective, WORK).expect("go together");
    assert_eq!(bound.lower.get(), 120_000_000);
    assert_eq!(bound.worst.expect("something is for sale").price.get(), 120_000_000);
}

#[test]
fn whatever_label_is_chosen_counts() {
    let snapshot = world(
        "type t cpu=4 mem=8Gi pods=10 price=0.40 zones=a
         pool p require team=red,blue
         daemonset d cpu=1 select team=red
         pod a x4 cpu=1 mem=1Gi select team=red
         pod b x4 cpu=1 mem=1Gi select team=blue",
    );
    assert!(snapshot.offerings.len() > 1);
    let plan =
        plan(&snapshot, "buy p t a on-demand team=blue: b-0 b-1 b-2 b-3\n out: a-0 a-1 a-2 a-3");
    // Blue nodes have room for four, and nothing says yet that red and blue pods do not share one.
    let certificate = certificate(&snapshot, &[("a-0", 200_000_000), ("b-0", 100_000_000)]);
    assert_eq!(proved(&snapshot, &plan, &certificate).lower.get(), 400_000_000);
}

#[test]
fn what_does_not_go_together_is_refused() {
    let snapshot = world(SMALL);
    let good = certificate(&snapshot, &[("a-0", 75_000_000)]);
    let plan = plan(&snapshot, SMALL_PLAN);
    let refusal = |snapshot: &Snapshot, plan: &Plan, certificate: &Certificate, restart_cost| {
        prove(
            snapshot,
            plan,
            certificate,
            Objective { restart_cost, ..Objective::LIST_PRICES },
            WORK,
        )
        .expect_err("must be refused")
    };
    let mut short = good.clone();
    short.worths.pop();
    assert_eq!(
        refusal(&snapshot, &plan, &short, 0),
        BoundError::WrongLength { worths: 1, shapes: 2 }
    );
    let negative = Certificate { worths: vec![NanoUsdPerHour::ZERO, NanoUsdPerHour::new(-1)] };
    let expected =
        BoundError::NegativeWorth { shape: ShapeIndex::new(1), worth: NanoUsdPerHour::new(-1) };
    assert_eq!(refusal(&snapshot, &plan, &negative, 0), expected);
    let huge = certificate(&snapshot, &[("a-0", i64::MAX)]);
    assert_eq!(refusal(&snapshot, &plan, &huge, 0), BoundError::WorthTooGreat);
    for pods in [vec![0, 0], vec![5]] {
        let pods: Vec<PodIndex> = pods.into_iter().map(PodIndex::new).collect();
        let pod = pods[0];
        let node = NewNode { offering: OfferingIndex::new(0), pods };
        let bad = Plan { new_nodes: vec![node], ..Plan::default() };
        assert_eq!(refusal(&snapshot, &bad, &good, 0), BoundError::BadPlan { pod });
    }
    let mut paid = snapshot.clone();
    for listing in &mut paid.listings {
        listing.price =
            listing.price.map(|price| model::Price { rate: MicroUsdPerHour::new(-1), ..price });
    }
    assert!(matches!(refusal(&paid, &plan, &good, 0), BoundError::NegativePrice { .. }));
}

/// A world cut down to what can be tried in full: at most `most` pods, each of which some offering
/// holds alone.
fn cut(mut snapshot: Snapshot, most: usize) -> Snapshot {
    let pods = std::mem::take(&mut snapshot.pods);
    // Every third pod, so that more than one shape is left.
    let mut order: Vec<usize> = (0..pods.len()).collect();
    order.sort_by_key(|position| (position % 3, *position));
    let kept = order.into_iter().map(|position| pods[position].clone());
    snapshot.pods = kept
        .filter(|pod| {
            let shape = snapshot.shape(pod.shape);
            (0..snapshot.offerings.len())
                .any(|offering| price_of(&snapshot, offering, &[shape], 0).is_some())
        })
        .take(most)
        .collect();
    snapshot
}

fn admits<'a>(
    shape: &PodShape,
    taints: &[model::Taint],
    value_of: impl Fn(&model::LabelKey) -> Option<&'a str>,
) -> bool {
    let matches = |terms: &Requirements| terms.first_refused(&value_of).is_none();
    untolerated(taints, &shape.tolerations).is_none() && shape.alternatives.iter().any(matches)
}

fn together(shapes: &[&PodShape]) -> Resources {
    let mut sum = Resources::new();
    for shape in shapes {
        sum.add(&shape.requests);
    }
    sum
}

/// Whether no two of `shapes` are rivals, nor any is one of what is there `before`.
fn keeps_apart(before: &[RivalsIndex], shapes: &[&PodShape]) -> bool {
    let mut all: Vec<RivalsIndex> = before.to_vec();
    all.extend(shapes.iter().flat_map(|shape| &shape.rivals));
    let different: BTreeSet<RivalsIndex> = all.iter().copied().collect();
    shapes.iter().all(|shape| shape.rivals.is_empty()) || different.len() == all.len()
}

/// What a node of `offering` with these pods adds to the objective; `None` where it cannot be.
fn price_of(
    snapshot: &Snapshot,
    offering: usize,
    shapes: &[&PodShape],
    restart_cost: i64,
) -> Option<i64> {
    let offering = &snapshot.offerings[offering];
    let listing = snapshot.listing_of(offering);
    let labels = snapshot.labels_of(offering);
    let taints = &snapshot.pool(offering.pool).taints;
    let admitted = shapes.iter().all(|shape| admits(shape, taints, |key| labels.get(key)));
    let admitted = admitted && keeps_apart(&[], shapes);
    let term = Objective { restart_cost, ..Objective::LIST_PRICES }.term(listing).get();
    let pods = i64::try_from(shapes.len()).expect("few pods");
    let price = listing.price?.rate.get() * 1000 + term * pods;
    (admitted && together(shapes).fits_in(&offering.room)).then_some(price)
}

/// The least objective of any way to place all pods, and the plan, by trying every way; limits and
/// weights are not looked at, which makes it lower if anything.
struct Trial<'a> {
    snapshot: &'a Snapshot,
    restart_cost: i64,
    on_nodes: Vec<Vec<usize>>,
    groups: Vec<Vec<usize>>,
    best: Option<i64>,
}

impl Trial<'_> {
    fn optimum(snapshot: &Snapshot, restart_cost: i64) -> Option<i64> {
        let on_nodes = vec![Vec::new(); snapshot.nodes.len()];
        let mut trial = Trial { snapshot, restart_cost, on_nodes, groups: vec![], best: None };
        trial.place(0);
        trial.best
    }

    fn shapes(&self, pods: &[usize]) -> Vec<&PodShape> {
        pods.iter().map(|&pod| self.snapshot.shape_of(PodIndex::new(pod))).collect()
    }

    fn place(&mut self, pod: usize) {
        if pod == self.snapshot.pods.len() {
            let caps: Vec<i64> = self.snapshot.supplies.iter().map(|supply| supply.cap).collect();
            let cost = self.cheapest(&self.groups, &caps);
            self.best = self.best.into_iter().chain(cost).min();
            return;
        }
        for node in 0..self.on_nodes.len() {
            self.on_nodes[node].push(pod);
            if self.node_holds(node) {
                self.place(pod + 1);
            }
            self.on_nodes[node].pop();
        }
        for group in 0..=self.groups.len() {
            if group == self.groups.len() {
                self.groups.push(Vec::new());
            }
            self.groups[group].push(pod);
            self.place(pod + 1);
            self.groups[group].pop();
            if self.groups[group].is_empty() {
                self.groups.pop();
            }
        }
    }

    /// The least for a node for each group, with no more of each supply than `caps` says.
    fn cheapest(&self, groups: &[Vec<usize>], caps: &[i64]) -> Option<i64> {
        let Some((group, others)) = groups.split_first() else { return Some(0) };
        let shapes = self.shapes(group);
        let mut least_of: BTreeMap<Option<SupplyIndex>, i64> = BTreeMap::new();
        for one in 0..self.snapshot.offerings.len() {
            if let Some(price) = price_of(self.snapshot, one, &shapes, self.restart_cost) {
                let supply = self.snapshot.supply_of(&self.snapshot.offerings[one]);
                let least = least_of.entry(supply).or_insert(price);
                *least = price.min(*least);
            }
        }
        let mut best: Option<i64> = None;
        for (supply, price) in least_of {
            if supply.is_some_and(|supply| caps[supply.get()] <= 0) {
                continue;
            }
            let mut left = caps.to_vec();
            if let Some(supply) = supply {
                left[supply.get()] -= 1;
            }
            let cost = self.cheapest(others, &left).map(|cost| cost + price);
            best = best.into_iter().chain(cost).min();
        }
        best
    }

    fn node_holds(&self, position: usize) -> bool {
        let node = &self.snapshot.nodes[position];
        let shapes = self.shapes(&self.on_nodes[position]);
        let value_of = |key: &model::LabelKey| node.labels.get(key).map(model::LabelValue::as_str);
        node.state != NodeState::Unschedulable
            && keeps_apart(&node.rivals, &shapes)
            && shapes.iter().all(|shape| admits(shape, &node.taints, value_of))
            && together(&shapes).fits_in(&node.room)
    }
}

/// A plan that places all pods, no matter how: the proof looks at no more of it.
fn all_placed(snapshot: &Snapshot) -> Plan {
    let pods = (0..snapshot.pods.len()).map(PodIndex::new).collect();
    let node = NewNode { offering: OfferingIndex::new(0), pods };
    Plan { new_nodes: vec![node], ..Plan::default() }
}

/// Worths around what a pod's share of its cheapest node costs, which are right more or less.
fn likely_worths(snapshot: &Snapshot, per_cent: &[i64]) -> Certificate {
    let worth = |(shape, per_cent): (&PodShape, &i64)| {
        let of_offering = |offering: usize| {
            let price = price_of(snapshot, offering, &[shape], 0)?;
            let room = &snapshot.offerings[offering].room;
            let fit = shape
                .requests
                .iter()
                .map(|(name, asked)| room.get(name.as_str()).get() / asked.get().max(1));
            Some(price / fit.min().unwrap_or(1).max(1))
        };
        let least = (0..snapshot.offerings.len()).filter_map(of_offering).min().unwrap_or(0);
        NanoUsdPerHour::new(least * per_cent / 100)
    };
    let shapes = snapshot.shapes.iter();
    Certificate { worths: shapes.zip(per_cent.iter().cycle()).map(worth).collect() }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn no_plan_is_cheaper_than_the_bound(
        text in worlds(),
        per_cent in vec(0..250_i64, 8),
        restart_cost in prop_oneof![Just(0), Just(1_000_000_i64)],
        limit in 0..5_000_u64,
    ) {
        let snapshot = cut(world(&text), 6);
        let Some(optimum) = Trial::optimum(&snapshot, restart_cost) else { return Ok(()) };
        let plan = all_placed(&snapshot);
        let certificate = likely_worths(&snapshot, &per_cent);
        let objective = Objective { restart_cost, ..Objective::LIST_PRICES };
        for limit in [limit, WORK] {
            let bound = prove(&snapshot, &plan, &certificate, objective, limit).expect("sound");
            prop_assert!(bound.lower.get() >= 0 && bound.lower.get() <= optimum, "{bound:?}");
            let Scale { numerator, denominator } = bound.scale;
            prop_assert!(0 <= numerator && numerator <= denominator && denominator > 0);
            let again = prove(&snapshot, &plan, &certificate, objective, limit).expect("sound");
            prop_assert_eq!(bound, again);
        }
    }

    #[test]
    fn fewer_offerings_never_lower_the_bound(
        text in worlds(),
        per_cent in vec(0..250_i64, 8),
        dropped in any::<prop::sample::Index>(),
    ) {
        let snapshot = cut(world(&text), 20);
        if snapshot.offerings.is_empty() {
            return Ok(());
        }
        let plan = all_placed(&snapshot);
        let certificate = likely_worths(&snapshot, &per_cent);
        let mut fewer = snapshot.clone();
        fewer.offerings.remove(dropped.index(snapshot.offerings.len()));
        let bound = proved(&snapshot, &plan, &certificate);
        prop_assert!(proved(&fewer, &plan, &certificate).lower >= bound.lower);
    }
}

/// Of several certificates the one that proves most counts, and one more never lowers the bound.
#[test]
fn best_of_several_certificates_counts() {
    let snapshot = world(SMALL);
    let plan = plan(&snapshot, SMALL_PLAN);
    let candidate = |a, b| Candidate::new(certificate(&snapshot, &[("a-0", a), ("b-0", b)]));
    let best = |candidates: &[Candidate]| {
        let objective = Objective::LIST_PRICES;
        prove_best(&snapshot, &plan, candidates, objective, WORK).expect("all go together")
    };
    let mut candidates = vec![candidate(10_000_000, 0), candidate(400_000_000, 5_000_000)];
    for (a, b) in [(60, 60), (75, 150), (70, 150), (1_000_000, 1_000_000)] {
        let (_, before) = best(&candidates);
        candidates.push(candidate(a * 1_000_000, b * 1_000_000));
        let (position, bound) = best(&candidates);
        assert!(bound.lower >= before.lower, "{a} and {b}");
        assert_eq!(bound, proved(&snapshot, &plan, &candidates[position].certificate));
        let proofs = candidates.iter().map(|one| proved(&snapshot, &plan, &one.certificate).lower);
        assert_eq!(proofs.max(), Some(bound.lower), "{a} and {b}");
    }
    let none = prove_best(&snapshot, &plan, &[], Objective::LIST_PRICES, WORK);
    assert_eq!(none, Err(BoundError::NoCandidate));
}
