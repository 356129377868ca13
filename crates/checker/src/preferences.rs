//! What pods prefer of their nodes, and what of it a plan gives up.
//!
//! In: the raw facts of a snapshot and a plan. Out: the weight of all that placed pods prefer, how much of it
//! their nodes satisfy, and what is not satisfied with what it is worth and what keeping it would take. The
//! standalone prices are computed from raw rooms, see [`model::Objective::preference`].

use std::collections::{BTreeMap, BTreeSet};

use model::{
    Effect, LabelKey, MicroUsdPerHour, NanoUsdPerHour, Objective, PodIndex, PodShape, Preference,
    SelectionName, ShapeIndex, Snapshot, SoftRule, TAINT_WEIGHT, Taint, is_disliked,
};

use crate::facts::{Facts, Seat};

mod soft;

/// What the placed pods of a plan prefer, and what they have of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Preferences {
    /// The weights of all that they prefer.
    pub weight: i64,
    /// The weights of what their nodes satisfy.
    pub satisfied: i64,
    /// What is not satisfied, by shape and then in the shape's order: labels, taints, other pods.
    pub given_up: Vec<GivenUp>,
    /// Standalone price of a pod and weight that it misses, with how many such pods there are.
    missed: BTreeMap<(NanoUsdPerHour, i64), i64>,
}

/// One preference of the pods of one shape that goes without.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GivenUp {
    /// The first pod that goes without it.
    pub pod: PodIndex,
    /// How many pods of its shape do.
    pub pods: i64,
    /// What is preferred.
    pub preferred: Preferred,
    /// Its weight.
    pub weight: i64,
    /// The standalone price of a pod, which its preferences are priced by.
    pub standalone: NanoUsdPerHour,
    /// What a pod would cost alone where it is satisfied, above that: for what only a node of its own is sure to
    /// satisfy, the price of all of one. `None` where nothing that can be bought satisfies it, or where other
    /// pods decide.
    pub keeping: Option<NanoUsdPerHour>,
}

/// What may be preferred.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Preferred {
    /// Labels of the node.
    Labels(Preference),
    /// A node without taints of effect `PreferNoSchedule` that the pod does not tolerate.
    NoDislikedTaint,
    /// To be with or away from other pods, or spread among them.
    Pods(SoftRule, SelectionName),
}

impl Preferences {
    /// What all that is given up comes to, at the price that `objective` has for preferences.
    pub fn price(&self, objective: Objective) -> NanoUsdPerHour {
        let each = self.missed.iter().map(|((standalone, weight), pods)| {
            objective.preference(*standalone, *weight).get().saturating_mul(*pods)
        });
        NanoUsdPerHour::new(each.fold(0, i64::saturating_add))
    }
}

/// Looks at each placed pod.
pub(crate) fn of_plan(facts: &Facts<'_>) -> Preferences {
    let soft = soft_taints(facts.snapshot);
    let wishes: Vec<Vec<Wish<'_>>> =
        facts.snapshot.shapes.iter().map(|shape| wishes(shape, &soft)).collect();
    let mut all = Preferences::default();
    let between = facts.snapshot.shapes.iter().any(|shape| !shape.rules.soft.is_empty());
    if wishes.iter().all(Vec::is_empty) && !between {
        return all;
    }
    let mut market = Market::new(facts);
    let mut given_up: BTreeMap<(ShapeIndex, usize), (PodIndex, i64)> = BTreeMap::new();
    for seat in facts.seats.iter() {
        for (shape, pods) in &seat.load {
            let (wishes, pods) = (&wishes[shape.get()], i64::from(*pods));
            let mut missed = 0_i64;
            for (position, wish) in wishes.iter().enumerate() {
                let weight = wish.weight();
                all.weight = all.weight.saturating_add(weight.saturating_mul(pods));
                if wish.holds(seat.taints(facts.snapshot), |key| seat.label(facts.snapshot, key)) {
                    all.satisfied = all.satisfied.saturating_add(weight.saturating_mul(pods));
                    continue;
                }
                missed += weight;
                let first = first_pod(facts, *shape, seat);
                let known = given_up.entry((*shape, position)).or_insert((first, 0));
                *known = (known.0.min(first), known.1 + pods);
            }
            if missed > 0 {
                let standalone = market.standalone(*shape);
                *all.missed.entry((standalone, missed)).or_default() += pods;
            }
        }
    }
    for ((shape, position), (pod, pods)) in given_up {
        let wish = &wishes[shape.get()][position];
        let standalone = market.standalone(shape);
        let keeping = market.least(shape, Some(wish));
        all.given_up.push(GivenUp {
            pod,
            pods,
            preferred: wish.preferred(),
            weight: wish.weight(),
            standalone,
            keeping: keeping.map(|least| NanoUsdPerHour::new(least.get() - standalone.get())),
        });
    }
    if between {
        of_pods(&mut market, &mut all);
        all.given_up.sort_by_key(|one| facts.snapshot.pod(one.pod).shape);
    }
    all
}

/// What pods prefer of other pods.
fn of_pods(market: &mut Market<'_, '_>, all: &mut Preferences) {
    let facts = market.facts;
    let without = soft::without(facts, |shape| market.standalone(shape));
    let mut placed: BTreeMap<ShapeIndex, i64> = BTreeMap::new();
    for (shape, pods) in facts.seats.iter().flat_map(|seat| &seat.load) {
        *placed.entry(*shape).or_default() += i64::from(*pods);
    }
    for (shape, pods) in placed {
        for index in &facts.snapshot.shape(shape).rules.soft {
            let rule = facts.snapshot.soft_rule(*index);
            let missing = without.get(&(shape, *index));
            let missed = missing.map_or(0, |(_, missed)| *missed);
            all.weight = all.weight.saturating_add(rule.weight.saturating_mul(pods));
            let satisfied = rule.weight.saturating_mul(pods - missed);
            all.satisfied = all.satisfied.saturating_add(satisfied);
            let Some((pod, pods)) = missing.copied() else { continue };
            let standalone = market.standalone(shape);
            *all.missed.entry((standalone, rule.weight)).or_default() += pods;
            let name = facts.snapshot.selection(rule.selection).name.clone();
            let own_node = soft::is_over_nodes(rule).then(|| market.own_node(shape)).flatten();
            all.given_up.push(GivenUp {
                pod,
                pods,
                preferred: Preferred::Pods(rule.clone(), name),
                weight: rule.weight,
                standalone,
                keeping: own_node.map(|all| NanoUsdPerHour::new(all.get() - standalone.get())),
            });
        }
    }
}

fn first_pod(facts: &Facts<'_>, shape: ShapeIndex, seat: &Seat) -> PodIndex {
    let pods = seat.pods(facts.plan).iter().copied();
    let mut of_shape = pods.filter(|pod| facts.snapshot.pod(*pod).shape == shape);
    of_shape.next().expect("a load counts only shapes of its pods")
}

/// One preference of a shape.
enum Wish<'a> {
    Labels(&'a Preference),
    NoDislikedTaint(&'a PodShape),
}

impl Wish<'_> {
    fn weight(&self) -> i64 {
        match self {
            Self::Labels(preference) => preference.weight,
            Self::NoDislikedTaint(_) => TAINT_WEIGHT,
        }
    }

    /// Whether a node with these taints and labels satisfies it.
    fn holds<'v>(&self, taints: &[Taint], label: impl Fn(&LabelKey) -> Option<&'v str>) -> bool {
        match self {
            Self::Labels(preference) => preference.labels.first_refused(label).is_none(),
            Self::NoDislikedTaint(shape) => !is_disliked(taints, &shape.tolerations),
        }
    }

    fn preferred(&self) -> Preferred {
        match self {
            Self::Labels(preference) => Preferred::Labels(Preference::clone(preference)),
            Self::NoDislikedTaint(_) => Preferred::NoDislikedTaint,
        }
    }
}

/// Taints of effect `PreferNoSchedule` that nodes have or may have.
fn soft_taints(snapshot: &Snapshot) -> Vec<&Taint> {
    let of_nodes = snapshot.nodes.iter().flat_map(|node| &node.taints);
    let taints = snapshot.pools.iter().flat_map(|pool| &pool.taints).chain(of_nodes);
    taints.filter(|taint| taint.effect == Effect::PreferNoSchedule).collect()
}

/// What pods of `shape` prefer, where nodes may have these soft taints.
fn wishes<'a>(shape: &'a PodShape, soft: &[&Taint]) -> Vec<Wish<'a>> {
    let dislikes =
        soft.iter().any(|taint| is_disliked(std::slice::from_ref(*taint), &shape.tolerations));
    let of_taints = dislikes.then_some(Wish::NoDislikedTaint(shape));
    shape.preferences.iter().map(Wish::Labels).chain(of_taints).collect()
}

/// What can be bought, for standalone prices.
struct Market<'f, 'a> {
    facts: &'f Facts<'a>,
    /// Positions of offerings with a price; of those that are alike the first.
    offerings: Vec<usize>,
    standalone: BTreeMap<ShapeIndex, NanoUsdPerHour>,
}

impl<'f, 'a> Market<'f, 'a> {
    fn new(facts: &'f Facts<'a>) -> Self {
        let snapshot = facts.snapshot;
        let wished = snapshot.shapes.iter().flat_map(|shape| &shape.preferences);
        let keys: BTreeSet<&LabelKey> =
            wished.flat_map(|one| one.labels.iter().map(|(key, _)| key)).collect();
        let mut seen = BTreeSet::new();
        let priced = (0..snapshot.offerings.len()).filter(|&position| {
            let offering = &snapshot.offerings[position];
            let listing = snapshot.listing_of(offering);
            let labels = snapshot.labels_of(offering);
            let values: Vec<Option<&str>> = keys.iter().map(|key| labels.get(key)).collect();
            let site = facts.sites.of_offering(position);
            let room = facts.rooms.index_of_offering(position);
            listing.price.is_some_and(|price| {
                seen.insert((site, room, price.rate, listing.supply.is_some(), values))
            })
        });
        Self { facts, offerings: priced.collect(), standalone: BTreeMap::new() }
    }

    fn standalone(&mut self, shape: ShapeIndex) -> NanoUsdPerHour {
        if let Some(known) = self.standalone.get(&shape) {
            return *known;
        }
        let least = self.least(shape, None).unwrap_or(NanoUsdPerHour::ZERO);
        self.standalone.insert(shape, least);
        least
    }

    /// The least that a pod of `shape` costs alone, on what satisfies `wish`.
    fn least(&self, shape: ShapeIndex, wish: Option<&Wish<'_>>) -> Option<NanoUsdPerHour> {
        self.least_of(shape, wish, |price, room| self.share(price, shape, room))
    }

    /// What the cheapest node costs that holds a pod of `shape`.
    fn own_node(&self, shape: ShapeIndex) -> Option<NanoUsdPerHour> {
        self.least_of(shape, None, |price, _| NanoUsdPerHour::new(price.get().saturating_mul(1000)))
    }

    fn least_of(
        &self,
        shape: ShapeIndex,
        wish: Option<&Wish<'_>>,
        cost: impl Fn(MicroUsdPerHour, &[i128]) -> NanoUsdPerHour,
    ) -> Option<NanoUsdPerHour> {
        let Facts { snapshot, sites, rooms, .. } = self.facts;
        let of_kind = |capped: bool| {
            let costs = self.offerings.iter().filter_map(|&position| {
                let offering = &snapshot.offerings[position];
                let listing = snapshot.listing_of(offering);
                let room = &rooms.of_offering(position).dense;
                let is_fit = listing.supply.is_some() == capped
                    && sites.admits(snapshot.shape(shape), sites.of_offering(position))
                    && self.facts.fits(shape, room)
                    && wish.is_none_or(|wish| {
                        let taints = &snapshot.pool(offering.pool).taints;
                        let labels = snapshot.labels_of(offering);
                        wish.holds(taints, |key| labels.get(key))
                    });
                let price = listing.price.filter(|_| is_fit)?.rate;
                Some(cost(price, room))
            });
            costs.min()
        };
        of_kind(false).or_else(|| of_kind(true))
    }

    /// The largest share of `price` that a pod of `shape` takes of `room`, rounded up.
    fn share(&self, price: MicroUsdPerHour, shape: ShapeIndex, room: &[i128]) -> NanoUsdPerHour {
        let price = i128::from(price.get()) * 1000;
        let asked = self.facts.requests[shape.get()].iter().zip(room);
        let shares = asked.filter(|(asked, _)| **asked > 0).map(|(asked, room)| {
            let room = (*room).max(1);
            (price * asked + room - 1) / room
        });
        NanoUsdPerHour::new(i64::try_from(shares.max().unwrap_or(0)).unwrap_or(i64::MAX))
    }
}
