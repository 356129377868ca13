//! What pods prefer of their nodes, as money.
//!
//! In: a snapshot, which rule sets admit what, the price of preferences. Out: for each shape what a pod is
//! charged on a node of each kind, and on each node that is there, that is not as it prefers. Fixed before
//! anything is packed: see [`model::Objective::preference`].

use std::collections::BTreeMap;

use model::{MicroUsdPerHour, NanoUsdPerHour, Objective, ResourceName, ShapeIndex, Snapshot};

use super::admission::Admission;
use super::kinds::{KindWithColumn, amounts};
use super::{Amounts, ExistingNode, Problem};
use crate::bits::Bits;

/// What a pod is charged where its node is not as it prefers, nano-USD per hour. Empty lists where it is
/// charged nothing anywhere.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Forgone {
    /// By kind.
    kinds: Vec<i64>,
    /// By position in [`Problem::nodes`].
    nodes: Vec<i64>,
}

impl Forgone {
    /// On a new node of `kind`.
    pub(crate) fn on_kind(&self, kind: usize) -> i64 {
        self.kinds.get(kind).copied().unwrap_or(0)
    }

    /// On the node at this position.
    pub(crate) fn on_node(&self, node: usize) -> i64 {
        self.nodes.get(node).copied().unwrap_or(0)
    }

    /// Whether nothing is charged anywhere.
    pub(crate) const fn is_nothing(&self) -> bool {
        self.kinds.is_empty() && self.nodes.is_empty()
    }

    /// What two pods are charged together.
    pub(crate) fn and(&self, other: &Self) -> Self {
        if self.is_nothing() || other.is_nothing() {
            return if self.is_nothing() { other.clone() } else { self.clone() };
        }
        let sum = |one: &[i64], other: &[i64]| {
            one.iter().zip(other).map(|(one, other)| one.saturating_add(*other)).collect()
        };
        Self { kinds: sum(&self.kinds, &other.kinds), nodes: sum(&self.nodes, &other.nodes) }
    }

    /// Whether nothing is charged more than `other` charges, on the kinds and nodes given.
    pub(crate) fn is_within(&self, other: &Self, kinds: &Bits, nodes: &Bits) -> bool {
        let no_more = |one: &[i64], within: &Bits, other: &dyn Fn(usize) -> i64| {
            let mut charges = one.iter().enumerate().filter(|(place, _)| within.contains(*place));
            charges.all(|(place, charge)| *charge <= other(place))
        };
        no_more(&self.kinds, kinds, &|kind| other.on_kind(kind))
            && no_more(&self.nodes, nodes, &|node| other.on_node(node))
    }
}

/// What decides what shapes are charged.
pub(super) struct Wishes<'a> {
    pub(super) snapshot: &'a Snapshot,
    pub(super) admission: &'a Admission,
    pub(super) dimensions: &'a [ResourceName],
    pub(super) objective: Objective,
    pub(super) kinds: &'a [KindWithColumn],
    pub(super) nodes: &'a [ExistingNode],
    /// What there is to buy: price, room, rule sets, whether it draws on a supply.
    offers: Vec<(MicroUsdPerHour, Amounts, usize, bool)>,
    standalone: BTreeMap<(Amounts, usize), NanoUsdPerHour>,
}

impl<'a> Wishes<'a> {
    pub(super) fn new(
        snapshot: &'a Snapshot,
        (admission, dimensions): (&'a Admission, &'a [ResourceName]),
        objective: Objective,
        kinds: &'a [KindWithColumn],
        nodes: &'a [ExistingNode],
    ) -> Self {
        let (offers, standalone) = (Vec::new(), BTreeMap::new());
        Self { snapshot, admission, dimensions, objective, kinds, nodes, offers, standalone }
    }

    /// What a pod of `shape` is charged.
    pub(super) fn of(&mut self, shape: ShapeIndex) -> Forgone {
        let Some(wishes) = self.admission.wishes.get(&shape) else { return Forgone::default() };
        let standalone = self.standalone(shape);
        let charge = |admits: &Bits| {
            let missed = wishes.iter().filter(|(rule, _)| !admits.contains(*rule));
            let weight = missed.map(|(_, weight)| weight).sum();
            self.objective.preference(standalone, weight).get()
        };
        let of_kind = |kind: &KindWithColumn| charge(&self.admission.columns[kind.own]);
        let of_node = |node: &ExistingNode| charge(&self.admission.counting_nodes[node.node.get()]);
        let kinds: Vec<i64> = self.kinds.iter().map(of_kind).collect();
        let nodes: Vec<i64> = self.nodes.iter().map(of_node).collect();
        if kinds.iter().chain(&nodes).all(|charge| *charge == 0) {
            return Forgone::default();
        }
        Forgone { kinds, nodes }
    }

    /// The standalone price of a pod of `shape`, see [`model::Objective::preference`].
    pub(super) fn standalone(&mut self, shape: ShapeIndex) -> NanoUsdPerHour {
        let Some(rule) = self.admission.rule_of[shape.get()] else { return NanoUsdPerHour::ZERO };
        if self.offers.is_empty() {
            self.offers = offers(self.snapshot, self.admission, self.dimensions);
        }
        let requests = amounts(&self.snapshot.shape(shape).requests, self.dimensions);
        let (offers, admission) = (&self.offers, self.admission);
        *self.standalone.entry((requests, rule)).or_insert_with_key(|(requests, rule)| {
            let least = |capped: bool| {
                let holds = |offer: &&(MicroUsdPerHour, Amounts, usize, bool)| {
                    offer.3 == capped
                        && admission.columns[offer.2].contains(*rule)
                        && Problem::fits(requests, &offer.1)
                };
                offers.iter().filter(holds).map(|offer| share(offer.0, requests, &offer.1)).min()
            };
            NanoUsdPerHour::new(least(false).or_else(|| least(true)).unwrap_or(0))
        })
    }
}

/// Everything that can be bought, each once.
fn offers(
    snapshot: &Snapshot,
    admission: &Admission,
    dimensions: &[ResourceName],
) -> Vec<(MicroUsdPerHour, Amounts, usize, bool)> {
    let offers = snapshot.offerings.iter().zip(&admission.column_of).filter_map(|(one, column)| {
        let listing = snapshot.listing_of(one);
        let price = listing.price?.rate;
        Some((price, amounts(&one.room, dimensions), *column, listing.supply.is_some()))
    });
    let distinct: std::collections::BTreeSet<_> = offers.collect();
    distinct.into_iter().collect()
}

/// The largest share of `price` that a pod takes, nano-USD per hour, rounded up.
fn share(price: MicroUsdPerHour, requests: &[i64], room: &[i64]) -> i64 {
    let price = i128::from(price.get()) * 1000;
    let shares = requests.iter().zip(room).filter(|(need, _)| **need > 0).map(|(need, room)| {
        let (need, room) = (i128::from(*need), i128::from((*room).max(1)));
        (price * need + room - 1) / room
    });
    i64::try_from(shares.max().unwrap_or(0)).unwrap_or(i64::MAX)
}

/// Rule sets of what a shape prefers, with weights.
pub(super) type WishesOf = BTreeMap<ShapeIndex, Vec<(usize, i64)>>;

/// Whether any node that is there or could be bought has a taint that pods may dislike.
pub(super) fn has_soft_taints(snapshot: &Snapshot) -> bool {
    let of_nodes = snapshot.nodes.iter().flat_map(|node| &node.taints);
    let mut taints = snapshot.pools.iter().flat_map(|pool| &pool.taints).chain(of_nodes);
    taints.any(|taint| taint.effect == model::Effect::PreferNoSchedule)
}
