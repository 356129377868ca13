//! Nodes as the oracle sees them: room in dense columns, admission by shape, rivals, limits.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use model::{
    NodeState, OfferingIndex, ResourceName, Resources, RivalsIndex, ShapeIndex, Snapshot,
    SupplyIndex, untolerated, well_known,
};

/// How many pods of each wanted shape.
pub(super) type Counts = Vec<usize>;

/// The shapes and resources that matter.
pub(super) struct Columns<'a> {
    shapes: Vec<(ShapeIndex, usize)>,
    resources: Vec<&'a ResourceName>,
    requests: Vec<Vec<i64>>,
    /// Shapes of which a bin takes one pod together.
    rivals: Rc<Vec<Vec<usize>>>,
}

impl<'a> Columns<'a> {
    /// Of the pods `placed`.
    pub(super) fn new(snapshot: &'a Snapshot, placed: &BTreeMap<ShapeIndex, usize>) -> Self {
        let shapes: Vec<(ShapeIndex, usize)> =
            placed.iter().map(|(shape, count)| (*shape, *count)).collect();
        let asked = |(shape, _): &(ShapeIndex, usize)| snapshot.shape(*shape).requests.iter();
        let names: BTreeSet<&ResourceName> =
            shapes.iter().flat_map(|one| asked(one).map(|(name, _)| name)).collect();
        let resources: Vec<&ResourceName> = names.into_iter().collect();
        let requests =
            shapes.iter().map(|(shape, _)| dense(&snapshot.shape(*shape).requests, &resources));
        let requests = requests.collect();
        let groups = (0..snapshot.rivals.len()).map(RivalsIndex::new).map(|group| {
            let mut members = Vec::new();
            for (position, (shape, _)) in shapes.iter().enumerate() {
                if snapshot.shape(*shape).rivals.contains(&group) {
                    members.push(position);
                }
            }
            members
        });
        let rivals = groups.filter(|members| !members.is_empty()).collect();
        Self { resources, requests, rivals: Rc::new(rivals), shapes }
    }

    /// How many of each.
    pub(super) fn wanted(&self) -> Counts {
        self.shapes.iter().map(|(_, count)| *count).collect()
    }

    fn bin(&self, room: &Resources, admits: impl Fn(ShapeIndex) -> bool) -> Bin {
        Bin {
            room: dense(room, &self.resources),
            rivals: Rc::clone(&self.rivals),
            requests: (self.shapes.iter().zip(&self.requests))
                .map(|((shape, _), asked)| admits(*shape).then(|| asked.clone()))
                .collect(),
        }
    }
}

fn dense(resources: &Resources, columns: &[&ResourceName]) -> Vec<i64> {
    columns.iter().map(|name| resources.get(name.as_str()).get()).collect()
}

/// One node's room.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Bin {
    room: Vec<i64>,
    /// What one pod of each shape asks for; `None` where it is not admitted.
    requests: Vec<Option<Vec<i64>>>,
    /// See [`Columns`].
    rivals: Rc<Vec<Vec<usize>>>,
}

impl Bin {
    /// Every filling with wanted pods to which no wanted pod can be added.
    pub(super) fn fillings(&self, wanted: &Counts) -> Vec<Counts> {
        let open: Counts = (wanted.iter().zip(&self.requests))
            .map(|(count, asked)| if asked.is_some() { *count } else { 0 })
            .collect();
        let mut found = Vec::new();
        self.extend(&open, &mut Counts::new(), &mut found);
        found
    }

    /// Chooses the counts of the shapes after `chosen`, which fits.
    fn extend(&self, open: &Counts, chosen: &mut Counts, found: &mut Vec<Counts>) {
        let next = chosen.len();
        let mut most: Counts = chosen.iter().chain(&open[next..]).copied().collect();
        for shape in 0..next {
            most[shape] += 1;
            if most[shape] <= open[shape] && self.holds(&most) {
                return;
            }
            most[shape] -= 1;
        }
        if self.holds(&most) {
            found.push(most);
            return;
        }
        for count in 0..=open[next] {
            chosen.push(count);
            let fits = self.holds(chosen);
            if fits {
                self.extend(open, chosen, found);
            }
            chosen.pop();
            if !fits {
                return;
            }
        }
    }

    /// Whether the first shapes fit, so many of each. What is not asked for is not looked at: room
    /// may be below zero.
    fn holds(&self, counts: &[usize]) -> bool {
        let of = |shape: &usize| counts.get(*shape).copied().unwrap_or(0);
        let apart = |members: &Vec<usize>| members.iter().map(of).sum::<usize>() <= 1;
        self.rivals.iter().all(apart) && self.is_roomy(counts)
    }

    fn is_roomy(&self, counts: &[usize]) -> bool {
        (self.room.iter().enumerate()).all(|(column, room)| {
            let used: i64 = (counts.iter().zip(&self.requests))
                .filter_map(|(count, asked)| asked.as_ref().map(|asked| (count, asked[column])))
                .map(|(count, asked)| i64::try_from(*count).unwrap_or(i64::MAX) * asked)
                .sum();
            used == 0 || used <= *room
        })
    }
}

/// Existing nodes that take pods.
pub(super) fn of_nodes(snapshot: &Snapshot, columns: &Columns<'_>) -> Vec<Bin> {
    let open = snapshot.nodes.iter().filter(|node| node.state != NodeState::Unschedulable);
    open.map(|node| {
        columns.bin(&node.room, |shape| {
            let shape = snapshot.shape(shape);
            let label = |key: &_| node.labels.get(key).map(model::LabelValue::as_str);
            let mut alternatives = shape.alternatives.iter();
            let meets = shape.rivals.iter().any(|group| node.rivals.contains(group));
            !meets
                && untolerated(&node.taints, &shape.tolerations).is_none()
                && alternatives.any(|terms| terms.first_refused(label).is_none())
        })
    })
    .collect()
}

/// What is left of all limits of all pools, in one list.
pub(super) struct Limits<'a> {
    entries: Vec<(usize, &'a ResourceName, i64)>,
}

impl<'a> Limits<'a> {
    pub(super) fn new(snapshot: &'a Snapshot) -> Self {
        let mut entries = Vec::new();
        for (position, pool) in snapshot.pools.iter().enumerate() {
            for (name, limit) in &pool.limits {
                entries.push((position, name, limit.get() - pool.used.get(name.as_str()).get()));
            }
        }
        Self { entries }
    }

    pub(super) fn left(&self) -> Vec<i64> {
        self.entries.iter().map(|(_, _, left)| *left).collect()
    }
}

/// An offering that can be bought.
pub(super) struct Seller {
    pub(super) bin: Bin,
    /// Micro-USD per hour.
    pub(super) price: i64,
    pub(super) offering: OfferingIndex,
    /// What it takes a unit of.
    pub(super) supply: Option<SupplyIndex>,
    /// What a node takes of each limit; `None` where the limit is another pool's.
    takes: Vec<Option<i64>>,
}

impl Seller {
    /// What is left of limits after one more; `None` where that breaks one.
    pub(super) fn within(&self, left: &[i64]) -> Option<Vec<i64>> {
        let after = |(left, takes): (&i64, &Option<i64>)| match takes {
            Some(takes) => Some(left - takes).filter(|rest| *rest >= 0),
            None => Some(*left),
        };
        left.iter().zip(&self.takes).map(after).collect()
    }
}

/// Offerings with a price; of those that hold and take the same, the cheapest.
pub(super) fn sellers(
    snapshot: &Snapshot,
    columns: &Columns<'_>,
    limits: &Limits<'_>,
) -> Vec<Seller> {
    let mut cheapest = BTreeMap::new();
    for (position, offering) in snapshot.offerings.iter().enumerate() {
        let Some(price) = snapshot.listing_of(offering).price else {
            continue;
        };
        let taints = &snapshot.pool(offering.pool).taints;
        let labels = snapshot.labels_of(offering);
        let bin = columns.bin(&offering.room, |shape| {
            let shape = snapshot.shape(shape);
            let mut alternatives = shape.alternatives.iter();
            untolerated(taints, &shape.tolerations).is_none()
                && alternatives.any(|terms| terms.first_refused(|key| labels.get(key)).is_none())
        });
        let capacity = &snapshot.machine_of(offering).capacity;
        let takes = |(pool, name, _): &(usize, &ResourceName, i64)| {
            (*pool == offering.pool.get()).then(|| match name.as_str() {
                well_known::NODES => 1,
                name => capacity.get(name).get(),
            })
        };
        let takes: Vec<Option<i64>> = limits.entries.iter().map(takes).collect();
        let offer = (price.rate.get(), OfferingIndex::new(position));
        let supply = snapshot.supply_of(offering);
        let best = cheapest.entry((bin, takes, supply)).or_insert(offer);
        *best = offer.min(*best);
    }
    cheapest
        .into_iter()
        .map(|((bin, takes, supply), (price, offering))| Seller {
            bin,
            price,
            offering,
            supply,
            takes,
        })
        .collect()
}
