//! Figures folded from raw facts: what each pool can buy with the room on it, and the room of
//! nodes.
//!
//! Input: the region's types and listings, pools with the machines of their class, DaemonSets, and
//! what pods look at. Output: offerings by pool, listing and chosen labels, and room. A requirement
//! is split once per pool into parts about the pool, the type, the place and the chosen labels, so
//! that thousands of listings cost a few bit operations each and no map of labels.

mod choices;
mod daemons;
mod levels;
mod places;

use std::collections::{BTreeMap, BTreeSet};

use model::{
    DaemonSet, InstanceType, LabelKey, Labels, Listing, Machine, MachineIndex, Node, NodeClassName,
    NodePool, Offering, PodShape, PoolIndex, RegionName, Requirement, Requirements, Resources,
    ZoneName,
};

pub(crate) use choices::COMBINATIONS_MAX;
pub use daemons::expected_daemons;
pub(crate) use daemons::node_room;

use daemons::Daemons;
use levels::{PoolView, Split};
use places::Places;

/// What the region sells.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Market<'a> {
    /// Its name.
    pub(crate) region: &'a RegionName,
    /// Types by name.
    pub(crate) types: &'a [InstanceType],
    /// Listings by type, zone, capacity type.
    pub(crate) listings: &'a [Listing],
}

/// One pool with all that decides what it can buy.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PoolFacts<'a> {
    /// The pool.
    pub(crate) pool: &'a NodePool,
    /// Its requirements with the template's labels among them.
    pub(crate) requirements: &'a Requirements,
    /// Its node class.
    pub(crate) class: &'a NodeClassName,
    /// The class's machines, in type order.
    pub(crate) machines: &'a [Machine],
    /// The zones that the class has subnets in; `None` where that is not known.
    pub(crate) zones: Option<&'a BTreeSet<ZoneName>>,
}

/// What pods and DaemonSets ask of each label.
#[derive(Debug, Default)]
pub(crate) struct Observers<'a> {
    /// The distinct requirements by key.
    requirements: BTreeMap<&'a LabelKey, BTreeSet<&'a Requirement>>,
    /// Labels of which each value is a domain of some rule between pods.
    domains: BTreeSet<&'a LabelKey>,
}

impl<'a> Observers<'a> {
    /// What `shapes` look at; each value of the labels `domains` is one of its own.
    pub(crate) fn new(
        shapes: impl Iterator<Item = &'a PodShape>,
        domains: impl Iterator<Item = &'a LabelKey>,
    ) -> Self {
        let mut observers = Self { domains: domains.collect(), ..Self::default() };
        let of_shape = |shape: &'a PodShape| {
            let preferred = shape.preferences.iter().map(|one| &one.labels);
            shape.alternatives.iter().chain(&shape.rules.affinity).chain(preferred)
        };
        let alternatives = shapes.flat_map(of_shape);
        for (key, requirement) in alternatives.flat_map(Requirements::iter) {
            observers.requirements.entry(key).or_default().insert(requirement);
        }
        observers
    }

    fn of(&self, key: &LabelKey) -> impl Iterator<Item = &'a Requirement> + Clone + use<'a, '_> {
        self.requirements.get(key).into_iter().flatten().copied()
    }
}

/// Offerings of all pools.
#[derive(Debug, Default)]
pub(crate) struct Folded {
    /// By pool, listing, chosen labels.
    pub(crate) offerings: Vec<Offering>,
    /// Pools with more combinations of custom labels than are kept, each with how many it has.
    pub(crate) cut: Vec<(PoolIndex, u64)>,
}

/// Folds what each pool can buy. `pools` are in snapshot order.
pub(crate) fn offerings(
    market: Market<'_>,
    pools: &[PoolFacts<'_>],
    observers: &Observers<'_>,
    daemon_sets: &[DaemonSet],
) -> Folded {
    let places = Places::new(market.listings);
    let mut folded = Folded::default();
    for (position, facts) in pools.iter().enumerate() {
        let index = PoolIndex::new(position);
        let view = PoolView::new(market.region, facts);
        let choices = choices::of(&view, facts.requirements, observers);
        if choices.total > COMBINATIONS_MAX {
            folded.cut.push((index, choices.total));
        }
        let fold = PoolFold {
            index,
            facts,
            places: &places,
            admission: Split::new(&view, facts.requirements),
            daemons: Daemons::new(&view, daemon_sets, market.types, &places, &choices.labels),
            choices: &choices.labels,
        };
        fold.run(market, &mut folded.offerings);
    }
    folded
}

struct PoolFold<'a> {
    index: PoolIndex,
    facts: &'a PoolFacts<'a>,
    places: &'a Places<'a>,
    admission: Split<'a>,
    daemons: Daemons<'a>,
    choices: &'a [Labels],
}

impl PoolFold<'_> {
    fn run(&self, market: Market<'_>, offerings: &mut Vec<Offering>) {
        if !self.admission.constant {
            return;
        }
        let admitted_places = self.admitted_places();
        let mut by_type = market.listings.iter().enumerate().peekable();
        let mut machines = self.facts.machines.iter().enumerate().peekable();
        while let Some((_, first)) = by_type.peek() {
            let type_index = first.instance_type;
            while machines.next_if(|(_, machine)| machine.instance_type < type_index).is_some() {}
            let machine = machines
                .peek()
                .filter(|(_, machine)| machine.instance_type == type_index)
                .filter(|_| self.admission.admits_type(&market.types[type_index.get()]));
            let mut room = machine.map(|(_, machine)| TypeRoom::new(&self.daemons, machine));
            while let Some((listing, _)) =
                by_type.next_if(|(_, listing)| listing.instance_type == type_index)
            {
                let place = self.places.of(listing);
                let (Some((machine, _)), Some(room), true) =
                    (machine, &mut room, admitted_places[place])
                else {
                    continue;
                };
                for (choice, labels) in self.choices.iter().enumerate() {
                    offerings.push(Offering {
                        pool: self.index,
                        listing: model::ListingIndex::new(listing),
                        machine: MachineIndex::new(*machine),
                        chosen_labels: labels.clone(),
                        room: room.at(place, choice),
                    });
                }
            }
        }
    }

    fn admitted_places(&self) -> Vec<bool> {
        let has_subnet =
            |zone: &ZoneName| self.facts.zones.is_none_or(|zones| zones.contains(zone));
        self.places
            .iter()
            .map(|place| has_subnet(place.zone) && self.admission.admits_place(place))
            .collect()
    }
}

/// The room of one type's offerings, computed once for each set of DaemonSets met.
struct TypeRoom<'a> {
    daemons: &'a Daemons<'a>,
    instance_type: model::TypeIndex,
    net: Resources,
    known: Vec<(Vec<u64>, Resources)>,
    matching: Vec<u64>,
}

impl<'a> TypeRoom<'a> {
    fn new(daemons: &'a Daemons<'a>, machine: &Machine) -> Self {
        let mut net = machine.capacity.clone();
        net.subtract(&machine.overhead);
        Self {
            daemons,
            instance_type: machine.instance_type,
            net,
            known: Vec::new(),
            matching: Vec::new(),
        }
    }

    fn at(&mut self, place: usize, choice: usize) -> Resources {
        self.daemons.matching_into(&mut self.matching, self.instance_type, place, choice);
        if let Some((_, room)) = self.known.iter().find(|(bits, _)| *bits == self.matching) {
            return room.clone();
        }
        let mut room = self.net.clone();
        room.subtract(&self.daemons.requests(&self.matching));
        self.known.push((self.matching.clone(), room.clone()));
        room
    }
}

/// The room of every node, see [`node_room`].
pub(crate) fn set_node_rooms(nodes: &mut [Node], daemon_sets: &[DaemonSet]) {
    for node in nodes {
        node.room = node_room(node, daemon_sets);
    }
}
