//! What could be bought in a planned node's place.
//!
//! In: a snapshot and a plan. Out: for each new node, other offerings of its pool that hold the same
//! pods within the pool's limits and what supplies have, cheapest first, each with what it costs more. A capacity error on
//! the planned offering falls through to them without planning again.
//!
//! Where planned pods are spread over zones or the like, or terms between pods are at stake there, a node stays
//! in its zone, stays one that the node affinity of those pods admits or does not, and gives back nothing of a
//! limit, as each might open or close a domain that the spread then has to reckon with.

use std::collections::{BTreeMap, BTreeSet};

use model::{
    LabelKey, NanoUsdPerHour, NewNode, Objective, Offering, OfferingIndex, Plan, PodShape,
    Preference, Profile, Requirements, ResourceName, Resources, ShapeIndex, Snapshot, untolerated,
    well_known,
};

use crate::remains::{Remains, draw};
use crate::wishes::Wishes;

/// Most alternatives listed for one node: as many overrides as Karpenter gives one `CreateFleet`
/// request.
pub const ALTERNATIVES_MAX: usize = 60;

/// Most alternatives listed for all nodes together, as long as each may have its first five: a plan
/// of hundreds of thousands of nodes must fit in memory.
const ALTERNATIVES_TOTAL: usize = 600_000;
const ALTERNATIVES_MIN: usize = 5;

/// Another offering for a planned node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Alternative {
    /// What its objective exceeds the planned one by; not negative where the plan is well sized.
    pub regret: NanoUsdPerHour,
    /// What to buy.
    pub offering: OfferingIndex,
}

/// Alternatives of each new node of `plan`, in the order of the nodes; at most
/// [`ALTERNATIVES_MAX`] each, fewer above 10,000 nodes; by regret, then by offering.
///
/// Each passes the checker in the node's place: it is of the same pool, so that the weights that
/// hold still hold, it admits and holds the node's pods, and the pool's limits and the supply it draws
/// on allow it once the planned one is given back. By the profile `compat` it has what the pods prefer
/// and have on the planned one.
pub fn alternatives(
    snapshot: &Snapshot,
    plan: &Plan,
    objective: Objective,
) -> Vec<Vec<Alternative>> {
    let search = Search::new(snapshot, plan, objective);
    let share = ALTERNATIVES_TOTAL / plan.new_nodes.len().max(1);
    let most = share.clamp(ALTERNATIVES_MIN, ALTERNATIVES_MAX);
    let mut known: BTreeMap<Content, Vec<Alternative>> = BTreeMap::new();
    plan.new_nodes
        .iter()
        .map(|node| {
            let content = search.content(node);
            known.entry(content).or_insert_with_key(|content| search.find(content, most)).clone()
        })
        .collect()
}

/// What decides a node's alternatives: what it is, and how many pods of each shape it holds.
type Content = (OfferingIndex, Vec<(ShapeIndex, i64)>);

struct Search<'a> {
    snapshot: &'a Snapshot,
    objective: Objective,
    /// What the plan leaves.
    remains: Remains,
    /// For each shape, the offerings that its rules admit.
    admits: Vec<Vec<bool>>,
    /// What they are charged where they are not as they prefer.
    wishes: Wishes<'a>,
    /// Labels that planned pods are spread over, or that terms between pods are over, the hostname aside.
    domains: BTreeSet<&'a LabelKey>,
    /// For each shape that is spread, the offerings whose nodes its node affinity counts.
    counted: Vec<Vec<bool>>,
}

impl<'a> Search<'a> {
    fn new(snapshot: &'a Snapshot, plan: &Plan, objective: Objective) -> Self {
        let remains = Remains::after(snapshot, plan);
        let mut rules: BTreeMap<_, Vec<bool>> = BTreeMap::new();
        let admits: Vec<Vec<bool>> = snapshot
            .shapes
            .iter()
            .map(|shape| {
                rules
                    .entry((&shape.alternatives, &shape.tolerations))
                    .or_insert_with(|| {
                        snapshot.offerings.iter().map(|o| admits(snapshot, o, shape)).collect()
                    })
                    .clone()
            })
            .collect();
        let shapes = snapshot.pods.iter().map(|pod| snapshot.shape(pod.shape));
        let spreads = shapes.flat_map(|shape| &shape.rules.spreads);
        let keys = spreads.map(|spread| &snapshot.spread(*spread).key);
        let keys = keys.chain(snapshot.terms.iter().map(|term| &term.key));
        let soft = snapshot.soft_rules.iter().filter(|_| snapshot.profile == Profile::Compat);
        let keys = keys.chain(soft.map(|rule| &rule.key));
        let domains = if snapshot.pools.iter().any(|pool| !pool.min_values.is_empty()) {
            snapshot.domain_keys()
        } else {
            keys.filter(|key| key.as_str() != well_known::HOSTNAME).collect()
        };
        let wishes = Wishes::new(snapshot, objective, &admits);
        let counted = counted(snapshot);
        Self { snapshot, objective, remains, admits, wishes, domains, counted }
    }

    fn content(&self, node: &NewNode) -> Content {
        let mut shapes: BTreeMap<ShapeIndex, i64> = BTreeMap::new();
        for pod in &node.pods {
            *shapes.entry(self.snapshot.pod(*pod).shape).or_default() += 1;
        }
        (node.offering, shapes.into_iter().collect())
    }

    fn find(&self, (planned, shapes): &Content, most: usize) -> Vec<Alternative> {
        let snapshot = self.snapshot;
        let pool = snapshot.offering(*planned).pool;
        let requests = requests(snapshot, shapes);
        let free = self.free(*planned);
        let Some(now) = self.cost(*planned, shapes) else { return Vec::new() };
        let mut found: Vec<Alternative> = (0..snapshot.offerings.len())
            .map(OfferingIndex::new)
            .filter(|index| index != planned && snapshot.offering(*index).pool == pool)
            .filter(|index| shapes.iter().all(|(shape, _)| self.admits[shape.get()][index.get()]))
            .filter(|index| self.is_there(*planned, *index))
            .filter(|index| self.domains.is_empty() || self.stays(*planned, *index))
            .filter(|index| self.grants(*planned, *index, shapes))
            .filter(|index| requests.fits_in(&snapshot.offering(*index).room))
            .filter(|index| {
                let draw = draw(snapshot, snapshot.offering(*index));
                free.iter().all(|(name, free)| draw.get(name.as_str()).get() <= *free)
            })
            .filter_map(|offering| {
                let cost = self.cost(offering, shapes)?;
                Some(Alternative { regret: NanoUsdPerHour::new(cost - now), offering })
            })
            .collect();
        found.sort_unstable();
        self.keep_values(*planned, found, most)
    }

    /// The first `most` of `found`, and where the pool asks for several values of a label the first of as
    /// many values as that takes.
    fn keep_values(
        &self,
        planned: OfferingIndex,
        mut found: Vec<Alternative>,
        most: usize,
    ) -> Vec<Alternative> {
        let snapshot = self.snapshot;
        let offering = |index| snapshot.offering(index);
        let mut kept: BTreeSet<Alternative> = BTreeSet::new();
        for (key, least) in &snapshot.pool(offering(planned).pool).min_values {
            let least = usize::try_from(*least).unwrap_or(usize::MAX);
            let value = |index| snapshot.labels_of(offering(index)).get(key);
            let mut known: BTreeSet<&str> = value(planned).into_iter().collect();
            known.extend(kept.iter().filter_map(|one| value(one.offering)));
            for one in &found {
                let is_new = value(one.offering).is_some_and(|value| !known.contains(value));
                if known.len() < least && is_new {
                    known.extend(value(one.offering));
                    kept.insert(*one);
                }
            }
        }
        let others = most.saturating_sub(kept.len());
        let first: Vec<Alternative> =
            found.iter().filter(|one| !kept.contains(one)).take(others).copied().collect();
        kept.extend(first);
        found.retain(|one| kept.contains(one));
        found
    }

    /// Whether `offering` has what the pods prefer and have on `planned`, where that is as good as required.
    fn grants(
        &self,
        planned: OfferingIndex,
        offering: OfferingIndex,
        shapes: &[(ShapeIndex, i64)],
    ) -> bool {
        let snapshot = self.snapshot;
        let has = |index: OfferingIndex, preference: &Preference| {
            let labels = snapshot.labels_of(snapshot.offering(index));
            preference.labels.first_refused(|key| labels.get(key)).is_none()
        };
        snapshot.profile == Profile::Cost
            || shapes.iter().all(|(shape, _)| {
                let mut preferences = snapshot.shape(*shape).preferences.iter();
                preferences.all(|one| has(offering, one) || !has(planned, one))
            })
    }

    /// Whether `offering` is where `planned` is, counts for whom that does, and takes no less of any limit
    /// and supply.
    fn stays(&self, planned: OfferingIndex, offering: OfferingIndex) -> bool {
        let snapshot = self.snapshot;
        let [before, after] = [planned, offering].map(|index| snapshot.offering(index));
        let label = |of, key| snapshot.labels_of(of).get(key);
        let [least, most] = [before, after].map(|of| draw(snapshot, of));
        let mut limits = snapshot.pool(before.pool).limits.iter();
        self.domains.iter().all(|key| label(before, key) == label(after, key))
            && self.counted.iter().all(|by| by[planned.get()] == by[offering.get()])
            && limits.all(|(name, _)| least.get(name.as_str()) <= most.get(name.as_str()))
            && snapshot.supply_of(before).is_none_or(|one| snapshot.supply_of(after) == Some(one))
    }

    /// Whether what `offering` draws on has a unit once `planned` is given back.
    fn is_there(&self, planned: OfferingIndex, offering: OfferingIndex) -> bool {
        let supply_of = |index| self.snapshot.supply_of(self.snapshot.offering(index));
        supply_of(offering).is_none_or(|supply| {
            self.remains.supplies[supply.get()] > 0 || supply_of(planned) == Some(supply)
        })
    }

    /// What the limits of the pool of `planned` leave once it is given back.
    fn free(&self, planned: OfferingIndex) -> Vec<(ResourceName, i64)> {
        let offering = self.snapshot.offering(planned);
        let given_back = draw(self.snapshot, offering);
        let used = &self.remains.used[offering.pool.get()];
        self.snapshot
            .pool(offering.pool)
            .limits
            .iter()
            .map(|(name, limit)| {
                let rest = limit.get().saturating_sub(used.get(name.as_str()).get());
                (name.clone(), rest.saturating_add(given_back.get(name.as_str()).get()))
            })
            .collect()
    }

    /// The objective of a node of `offering` with so many pods of `shapes`, nano-USD per hour; `None` where
    /// the price is unknown.
    fn cost(&self, offering: OfferingIndex, shapes: &[(ShapeIndex, i64)]) -> Option<i64> {
        let pods: i64 = shapes.iter().map(|(_, pods)| pods).sum();
        let charged = shapes
            .iter()
            .map(|(shape, pods)| self.wishes.charge(*shape, offering).saturating_mul(*pods));
        let listing = self.snapshot.listing_of(self.snapshot.offering(offering));
        let price = listing.price?.rate.get().saturating_mul(1000);
        let terms = self.objective.term(listing).get().saturating_mul(pods);
        Some(charged.fold(price.saturating_add(terms), i64::saturating_add))
    }
}

/// For each rule of node affinity of planned pods that are spread, the offerings that it admits.
fn counted(snapshot: &Snapshot) -> Vec<Vec<bool>> {
    let shapes = snapshot.pods.iter().map(|pod| snapshot.shape(pod.shape));
    let spread = shapes.filter(|shape| !shape.rules.spreads.is_empty());
    let rules: BTreeSet<_> = spread.map(PodShape::affinity).collect();
    let counts = |rule: &[Requirements], offering| {
        let labels = snapshot.labels_of(offering);
        rule.iter().any(|terms| terms.first_refused(|key| labels.get(key)).is_none())
    };
    let of = |rule| snapshot.offerings.iter().map(|offering| counts(rule, offering)).collect();
    rules.into_iter().map(of).collect()
}

/// Whether what the pool puts on nodes of `offering` admits pods of `shape`.
pub(crate) fn admits(snapshot: &Snapshot, offering: &Offering, shape: &PodShape) -> bool {
    let labels = snapshot.labels_of(offering);
    let taints = &snapshot.pool(offering.pool).taints;
    untolerated(taints, &shape.tolerations).is_none()
        && shape
            .alternatives
            .iter()
            .any(|terms| terms.first_refused(|key| labels.get(key)).is_none())
}

fn requests(snapshot: &Snapshot, shapes: &[(ShapeIndex, i64)]) -> Resources {
    let mut sum: BTreeMap<&ResourceName, i64> = BTreeMap::new();
    for (shape, pods) in shapes {
        for (name, amount) in snapshot.shape(*shape).requests.iter() {
            *sum.entry(name).or_default() += amount.get() * pods;
        }
    }
    sum.into_iter().map(|(name, amount)| (name.clone(), model::Amount::new(amount))).collect()
}
