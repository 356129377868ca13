//! Room for pods, from raw capacity, overhead and DaemonSets.

use std::collections::BTreeMap;

use model::{Amount, ResourceName, Resources, Snapshot};

use super::{Sites, amount};

/// Exact amounts by resource; one that is not listed is zero.
pub(crate) type Exact<'a> = BTreeMap<&'a ResourceName, i128>;

/// Rooms of offerings and nodes.
pub(crate) struct Rooms {
    /// Distinct rooms of offerings.
    distinct: Vec<Room>,
    of_offering: Vec<usize>,
    of_node: Vec<Room>,
}

/// One room.
pub(crate) struct Room {
    /// By name, cut to what the model can say.
    pub(crate) named: Resources,
    /// By column, exact.
    pub(crate) dense: Vec<i128>,
}

impl Rooms {
    /// Recomputes all of them.
    pub(crate) fn new(snapshot: &Snapshot, columns: &[&ResourceName]) -> Self {
        let sites = Sites::of_daemons(snapshot);
        let daemons: Vec<Exact<'_>> =
            (0..sites.len()).map(|site| daemons(snapshot, &sites, site)).collect();
        let mut index: BTreeMap<(usize, usize, usize), usize> = BTreeMap::new();
        let mut distinct = Vec::new();
        let mut of_offering = Vec::with_capacity(snapshot.offerings.len());
        for (position, offering) in snapshot.offerings.iter().enumerate() {
            let class = snapshot.pool(offering.pool).node_class.get();
            let site = sites.of_offering(position);
            let room = *index.entry((class, offering.machine.get(), site)).or_insert_with(|| {
                let machine = snapshot.machine_of(offering);
                let mut exact = Exact::new();
                add(&mut exact, &machine.capacity, 1);
                add(&mut exact, &machine.overhead, -1);
                for (name, amount) in &daemons[site] {
                    *exact.entry(name).or_default() -= amount;
                }
                distinct.push(Room::new(&exact, columns));
                distinct.len() - 1
            });
            of_offering.push(room);
        }
        let of_node = (snapshot.nodes.iter().enumerate())
            .map(|(position, node)| {
                let mut exact = Exact::new();
                add(&mut exact, &node.allocatable, 1);
                add(&mut exact, &node.bound, -1);
                for (name, expected) in &daemons[sites.of_node(position)] {
                    let bound = node.bound_daemons.get(name.as_str()).get();
                    let missing = (expected - i128::from(bound)).max(0);
                    *exact.entry(name).or_default() -= missing;
                }
                Room::new(&exact, columns)
            })
            .collect();
        Self { distinct, of_offering, of_node }
    }

    /// The room of the offering at `position`.
    pub(crate) fn of_offering(&self, position: usize) -> &Room {
        &self.distinct[self.of_offering[position]]
    }

    /// A number that offerings of equal room may share.
    pub(crate) fn index_of_offering(&self, position: usize) -> usize {
        self.of_offering[position]
    }

    /// The room of the node at `position`.
    pub(crate) fn of_node(&self, position: usize) -> &Room {
        &self.of_node[position]
    }
}

impl Room {
    fn new(exact: &Exact<'_>, columns: &[&ResourceName]) -> Self {
        let named = (exact.iter()).map(|(name, exact)| ((*name).clone(), amount(*exact))).collect();
        Self {
            named,
            dense: columns
                .iter()
                .map(|name| exact.get(name).copied().unwrap_or_default())
                .collect(),
        }
    }

    /// The first resource by name of which `folded` says otherwise, with both amounts.
    pub(crate) fn difference<'r>(
        &'r self,
        folded: &'r Resources,
    ) -> Option<(&'r ResourceName, Amount, Amount)> {
        if self.named == *folded {
            return None;
        }
        let names = self.named.iter().chain(folded.iter()).map(|(name, _)| name);
        names
            .map(|name| (name, folded.get(name.as_str()), self.named.get(name.as_str())))
            .filter(|(_, folded, recomputed)| folded != recomputed)
            .min_by_key(|(name, ..)| *name)
    }
}

/// What the DaemonSets ask for that run on nodes of `site`.
fn daemons<'a>(snapshot: &'a Snapshot, sites: &Sites<'a>, site: usize) -> Exact<'a> {
    let mut sum = Exact::new();
    for set in &snapshot.daemon_sets {
        if sites.admits(&set.shape, site) {
            add(&mut sum, &set.shape.requests, 1);
        }
    }
    sum
}

fn add<'a>(exact: &mut Exact<'a>, resources: &'a Resources, sign: i128) {
    for (name, amount) in resources.iter() {
        *exact.entry(name).or_default() += sign * i128::from(amount.get());
    }
}
