//! What the plan puts on each node, and what is left there after it.

use std::collections::BTreeMap;

use model::{
    LabelKey, LabelValue, NodeIndex, NodeState, OfferingIndex, Plan, PodIndex, PodShape,
    RivalsIndex, SelectionIndex, ShapeIndex, Snapshot, Taint, TermIndex,
};

use super::spreads::is_over_nodes;
use super::{Rooms, Sites};
use crate::Place;

/// Every node that is bought or there.
pub(crate) struct Seats(Vec<Seat>);

/// One node under the plan.
pub(crate) struct Seat {
    which: Which,
    /// Its labels and taints.
    pub(crate) site: usize,
    /// Whether it may be given pods.
    pub(crate) takes_pods: bool,
    /// How many pods of each shape the plan puts there, by shape.
    pub(crate) load: Vec<(ShapeIndex, u32)>,
    /// What these pods ask for, by column.
    pub(crate) asked: Vec<i128>,
    /// Room less that, by column.
    pub(crate) left: Vec<i128>,
    /// Of each group of rivals: whether it had a pod there before, and how many the plan puts there.
    pub(crate) rivals: BTreeMap<RivalsIndex, (bool, u64)>,
    /// See [`Seat::crowd`].
    crowds: BTreeMap<SelectionIndex, Crowd>,
}

/// Pods on one node that count against spreads over hostnames, by the skew that they carry; those that
/// were there before under 0.
#[derive(Default)]
pub(crate) struct Crowd(BTreeMap<i64, i64>);

static NOBODY: Crowd = Crowd(BTreeMap::new());

impl Crowd {
    /// How many count against a skew of `max_skew`.
    pub(crate) fn load(&self, max_skew: i64) -> i64 {
        self.0.range(..=max_skew).map(|(_, count)| count).sum()
    }

    /// The skews that planned pods carry.
    pub(crate) fn skews(&self) -> impl Iterator<Item = i64> {
        self.0.keys().copied().filter(|skew| *skew > 0)
    }
}

#[derive(Clone, Copy)]
enum Which {
    New(usize, OfferingIndex),
    There(NodeIndex),
}

impl Seats {
    /// Counts the pods of every node.
    pub(crate) fn new(
        snapshot: &Snapshot,
        plan: &Plan,
        requests: &[Vec<i128>],
        sites: &Sites<'_>,
        rooms: &Rooms,
    ) -> Self {
        let mut counter = Counter { snapshot, counts: vec![0; snapshot.shapes.len()] };
        let mut seats = Vec::with_capacity(plan.new_nodes.len() + snapshot.nodes.len());
        for (position, node) in plan.new_nodes.iter().enumerate() {
            let offering = node.offering.get();
            let load = counter.count(&node.pods);
            seats.push(Seat {
                which: Which::New(position, node.offering),
                site: sites.of_offering(offering),
                takes_pods: true,
                rivals: rivals(snapshot, &[], &load),
                crowds: crowds(snapshot, &[], &load),
                ..Seat::new(load, requests, &rooms.of_offering(offering).dense)
            });
        }
        let mut fills = plan.existing.iter().peekable();
        for (position, node) in snapshot.nodes.iter().enumerate() {
            let fill = fills.next_if(|fill| fill.node.get() == position);
            let pods = fill.map_or(&[][..], |fill| &fill.pods);
            let load = counter.count(pods);
            seats.push(Seat {
                which: Which::There(NodeIndex::new(position)),
                site: sites.of_node(position),
                takes_pods: match node.state {
                    NodeState::Ready | NodeState::InFlight => true,
                    NodeState::Unschedulable => false,
                },
                rivals: rivals(snapshot, &node.rivals, &load),
                crowds: crowds(snapshot, &node.matched, &load),
                ..Seat::new(load, requests, &rooms.of_node(position).dense)
            });
        }
        Self(seats)
    }

    /// New nodes in plan order, then nodes that are there.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Seat> {
        self.0.iter()
    }

    /// New nodes in plan order, each with its position and offering.
    pub(crate) fn new_nodes(&self) -> impl Iterator<Item = (usize, OfferingIndex, &Seat)> {
        self.0.iter().filter_map(|seat| match seat.which {
            Which::New(position, offering) => Some((position, offering, seat)),
            Which::There(_) => None,
        })
    }
}

impl Seat {
    /// A seat with `load` in `room`; where it is, is for the caller to say.
    fn new(load: Vec<(ShapeIndex, u32)>, requests: &[Vec<i128>], room: &[i128]) -> Self {
        let mut asked = vec![0; room.len()];
        for (shape, count) in &load {
            for (sum, one) in asked.iter_mut().zip(&requests[shape.get()]) {
                *sum += one * i128::from(*count);
            }
        }
        let left = room.iter().zip(&asked).map(|(room, sum)| room - sum);
        Self {
            which: Which::There(NodeIndex::new(0)),
            site: 0,
            takes_pods: false,
            left: left.collect(),
            rivals: BTreeMap::new(),
            crowds: BTreeMap::new(),
            load,
            asked,
        }
    }

    /// Whether a rival of `shape` is there already, planned or from before.
    pub(crate) fn has_rival(&self, shape: &PodShape) -> bool {
        shape.rivals.iter().any(|group| {
            self.rivals.get(group).is_some_and(|(before, planned)| *before || *planned > 0)
        })
    }

    /// Whether it is bought from a pool that asks for several values of a label.
    pub(crate) fn keeps_values(&self, snapshot: &Snapshot) -> bool {
        match self.which {
            Which::New(_, offering) => {
                !snapshot.pool(snapshot.offering(offering).pool).min_values.is_empty()
            }
            Which::There(_) => false,
        }
    }

    /// The value of its label `key`.
    pub(crate) fn label<'a>(&self, snapshot: &'a Snapshot, key: &LabelKey) -> Option<&'a str> {
        match self.which {
            Which::New(_, offering) => snapshot.labels_of(snapshot.offering(offering)).get(key),
            Which::There(node) => snapshot.node(node).labels.get(key).map(LabelValue::as_str),
        }
    }

    /// Its taints.
    pub(crate) fn taints<'a>(&self, snapshot: &'a Snapshot) -> &'a [Taint] {
        match self.which {
            Which::New(_, offering) => &snapshot.pool(snapshot.offering(offering).pool).taints,
            Which::There(node) => &snapshot.node(node).taints,
        }
    }

    /// How many pods of each selection were there before the plan.
    pub(crate) fn matched<'a>(&self, snapshot: &'a Snapshot) -> &'a [(SelectionIndex, i64)] {
        match self.which {
            Which::New(..) => &[],
            Which::There(node) => &snapshot.node(node).matched,
        }
    }

    /// How many pods carried each term apart there before the plan.
    pub(crate) fn apart<'a>(&self, snapshot: &'a Snapshot) -> &'a [(TermIndex, i64)] {
        match self.which {
            Which::New(..) => &[],
            Which::There(node) => &snapshot.node(node).apart,
        }
    }

    /// The pods that count against spreads of `selection` over hostnames.
    pub(crate) fn crowd(&self, selection: SelectionIndex) -> &Crowd {
        self.crowds.get(&selection).unwrap_or(&NOBODY)
    }

    /// Where it is, for messages.
    pub(crate) fn place(&self, snapshot: &Snapshot) -> Place {
        match self.which {
            Which::New(position, offering) => super::new_node(snapshot, position, offering),
            Which::There(node) => super::node(snapshot, node),
        }
    }

    /// The pods that the plan puts there.
    pub(crate) fn pods<'a>(&self, plan: &'a Plan) -> &'a [PodIndex] {
        match self.which {
            Which::New(position, _) => &plan.new_nodes[position].pods,
            Which::There(node) => {
                let fill = plan.existing.binary_search_by_key(&node, |fill| fill.node);
                fill.map_or(&[], |fill| &plan.existing[fill].pods)
            }
        }
    }
}

/// What each group of rivals has there: from `before`, and of the pods of `load`.
fn rivals(
    snapshot: &Snapshot,
    before: &[RivalsIndex],
    load: &[(ShapeIndex, u32)],
) -> BTreeMap<RivalsIndex, (bool, u64)> {
    let mut rivals: BTreeMap<RivalsIndex, (bool, u64)> =
        before.iter().map(|group| (*group, (true, 0))).collect();
    for (shape, count) in load {
        for group in &snapshot.shape(*shape).rivals {
            rivals.entry(*group).or_default().1 += u64::from(*count);
        }
    }
    rivals
}

/// Pods of each selection that is spread over hostnames: those of `before`, and those of `load` that
/// carry a spread, under the least that they carry.
fn crowds(
    snapshot: &Snapshot,
    before: &[(SelectionIndex, i64)],
    load: &[(ShapeIndex, u32)],
) -> BTreeMap<SelectionIndex, Crowd> {
    let mut crowds: BTreeMap<SelectionIndex, Crowd> = BTreeMap::new();
    for (selection, count) in before {
        crowds.entry(*selection).or_default().0.insert(0, *count);
    }
    for (shape, count) in load {
        let spreads = snapshot.shape(*shape).rules.spreads.iter();
        let spreads = spreads.map(|spread| snapshot.spread(*spread));
        let mut least: BTreeMap<SelectionIndex, i64> = BTreeMap::new();
        for spread in spreads.filter(|spread| is_over_nodes(spread)) {
            let skew = least.entry(spread.selection).or_insert(spread.max_skew);
            *skew = spread.max_skew.min(*skew);
        }
        for (selection, skew) in least {
            *crowds.entry(selection).or_default().0.entry(skew).or_default() += i64::from(*count);
        }
    }
    crowds
}

/// Counts pods by shape without a map per node.
struct Counter<'a> {
    snapshot: &'a Snapshot,
    counts: Vec<u32>,
}

impl Counter<'_> {
    fn count(&mut self, pods: &[PodIndex]) -> Vec<(ShapeIndex, u32)> {
        let mut shapes = Vec::new();
        for pod in pods {
            let shape = self.snapshot.pod(*pod).shape;
            if self.counts[shape.get()] == 0 {
                shapes.push(shape);
            }
            self.counts[shape.get()] += 1;
        }
        shapes.sort_unstable();
        let mut take = |shape: ShapeIndex| std::mem::take(&mut self.counts[shape.get()]);
        shapes.into_iter().map(|shape| (shape, take(shape))).collect()
    }
}
