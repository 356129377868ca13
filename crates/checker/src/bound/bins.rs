//! What new and existing nodes hold and whom they admit, from raw facts.
//!
//! In: the rooms and sites that the checker recomputes. Out: a [`Bin`] for each offering and node.

use std::collections::BTreeMap;

use model::{NodeState, PodShape, ResourceName, Snapshot};

use super::demand::Demand;
use crate::facts::{Rooms, Sites, amount};

/// A set of rules by position.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct RuleSet(Vec<u64>);

impl RuleSet {
    fn new(members: impl ExactSizeIterator<Item = bool>) -> Self {
        let mut words = vec![0; members.len().div_ceil(64)];
        for (position, member) in members.enumerate() {
            words[position / 64] |= u64::from(member) << (position % 64);
        }
        Self(words)
    }

    /// Whether the rule at `position` is a member.
    pub(super) fn contains(&self, position: usize) -> bool {
        self.0[position / 64] >> (position % 64) & 1 == 1
    }

    /// Whether all members of `other` are members.
    pub(super) fn includes(&self, other: &Self) -> bool {
        self.0.iter().zip(&other.0).all(|(one, other)| other & !one == 0)
    }

    /// How many members there are.
    pub(super) fn len(&self) -> u32 {
        self.0.iter().map(|word| word.count_ones()).sum()
    }

    fn remove(&mut self, other: &Self) {
        self.0.iter_mut().zip(&other.0).for_each(|(one, other)| *one &= !other);
    }

    fn add(&mut self, other: &Self) {
        self.0.iter_mut().zip(&other.0).for_each(|(one, other)| *one |= other);
    }
}

/// A node as far as the proof looks at it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Bin {
    /// What pods may ask for together, resource by resource: below zero where overdrawn, and
    /// endless where `i64::MAX`.
    pub(super) room: Vec<i64>,
    /// The rules that are admitted.
    pub(super) admits: RuleSet,
}

impl Bin {
    /// Whether this bin holds whatever `other` holds.
    pub(super) fn includes(&self, other: &Self) -> bool {
        let mut amounts = self.room.iter().zip(&other.room);
        amounts.all(|(one, other)| one >= other) && self.admits.includes(&other.admits)
    }

    /// Raises each amount to that of `other`, and admits what `other` admits.
    pub(super) fn widen(&mut self, other: &Self) {
        self.admits.add(&other.admits);
        self.room.iter_mut().zip(&other.room).for_each(|(one, other)| *one = (*one).max(*other));
    }
}

/// The bins of a snapshot.
pub(super) struct Bins<'a> {
    snapshot: &'a Snapshot,
    sites: Sites<'a>,
    rooms: Rooms,
    /// A shape for each rule.
    rules: Vec<&'a PodShape>,
    /// The rules that each site admits.
    admits: Vec<RuleSet>,
}

impl<'a> Bins<'a> {
    /// Recomputes what the pods of `demand` may use.
    pub(super) fn new(snapshot: &'a Snapshot, demand: &Demand<'a>) -> Self {
        let columns: Vec<&ResourceName> = demand.resources.iter().collect();
        let sites = Sites::of_pods(snapshot);
        let admitted = |site: usize| {
            RuleSet::new(demand.rules.iter().map(|rule: &&PodShape| sites.admits(rule, site)))
        };
        let admits = (0..sites.len()).map(admitted).collect();
        let rules = demand.rules.clone();
        Self { snapshot, rooms: Rooms::new(snapshot, &columns), rules, admits, sites }
    }

    /// The bin of the offering at `position`.
    pub(super) fn of_offering(&self, position: usize) -> Bin {
        let admits = self.admits[self.sites.of_offering(position)].clone();
        Bin { room: cut(&self.rooms.of_offering(position).dense), admits }
    }

    /// The distinct bins of nodes that take pods with what keeping one costs, by `kept` or else
    /// nothing, each with how many nodes are like it.
    pub(super) fn of_nodes(&self, kept: &[i64]) -> BTreeMap<(Bin, i64), i64> {
        let mut bins = BTreeMap::new();
        for (position, node) in self.snapshot.nodes.iter().enumerate() {
            match node.state {
                NodeState::Unschedulable => continue,
                NodeState::Ready | NodeState::InFlight => {}
            }
            let mut admits = self.admits[self.sites.of_node(position)].clone();
            if !node.rivals.is_empty() {
                let meets =
                    |rule: &&PodShape| rule.rivals.iter().any(|group| node.rivals.contains(group));
                admits.remove(&RuleSet::new(self.rules.iter().map(meets)));
            }
            let bin = Bin { room: cut(&self.rooms.of_node(position).dense), admits };
            let price = kept.get(position).copied().unwrap_or(0);
            *bins.entry((bin, price)).or_default() += 1;
        }
        bins
    }
}

fn cut(room: &[i128]) -> Vec<i64> {
    room.iter().map(|exact| amount(*exact).get()).collect()
}
