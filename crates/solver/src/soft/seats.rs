//! Nodes with pods on them, as shapes by their place; and what they come to beside soft rules.

use std::collections::BTreeMap;

use model::{NewNode, NodeFill, OfferingIndex, PodIndex, Snapshot};

use super::books::Books;
use super::tally::{At, Tally};
use crate::materialise::Placed;
use crate::packing::count;
use crate::problem::{Amounts, Problem};

/// Where a seat is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Bin {
    /// A node to buy: the offering and its kind.
    New(OfferingIndex, usize),
    /// A node that is there, by position in [`Problem::nodes`].
    There(usize),
}

/// A node under the plan.
pub(super) struct Seat {
    pub(super) bin: Bin,
    pub(super) at: At,
    /// What is left for pods.
    pub(super) rest: Amounts,
    /// Whether pods may come and go that need its room.
    pub(super) is_open: bool,
    /// By place of the shape.
    pub(super) pods: BTreeMap<usize, Vec<PodIndex>>,
}

/// All of them: nodes that are there, in the order of [`Problem::nodes`], then new ones.
pub(super) struct Seats<'b, 'a> {
    pub(super) books: &'b Books<'a>,
    pub(super) all: Vec<Seat>,
    pub(super) tally: Tally<'b, 'a>,
    pub(super) left: Vec<PodIndex>,
}

impl<'b, 'a> Seats<'b, 'a> {
    /// The seats of `placed`.
    pub(super) fn new(snapshot: &Snapshot, books: &'b Books<'a>, placed: Placed) -> Self {
        let built = books.built;
        let Problem { kinds, nodes, pools, .. } = &built.rest;
        let weights_agree = pools.windows(2).all(|pair| pair[0].weight == pair[1].weight);
        let is_whole = placed.left.is_empty() && weights_agree;
        let mut all: Vec<Seat> = Vec::with_capacity(nodes.len() + placed.new_nodes.len());
        for (position, node) in nodes.iter().enumerate() {
            all.push(Seat {
                bin: Bin::There(position),
                at: At { look: books.looks.of_node[node.node.get()], seat: position },
                rest: node.room.clone(),
                is_open: is_whole,
                pods: BTreeMap::new(),
            });
        }
        let mut given: Vec<(usize, Vec<PodIndex>)> = Vec::new();
        let mut left_of = built.rest.scarce.clone();
        let seat_of: BTreeMap<_, usize> =
            nodes.iter().enumerate().map(|(seat, node)| (node.node, seat)).collect();
        for NodeFill { node, pods } in placed.existing {
            given.push((seat_of[&node], pods));
        }
        for node in placed.new_nodes {
            let kind = built.kind_for(&node);
            let NewNode { offering, pods } = node;
            for draw in &kinds[kind].draws {
                left_of[draw.of] = left_of[draw.of].saturating_sub(draw.amount);
            }
            let pool = snapshot.pool(snapshot.offering(offering).pool);
            given.push((all.len(), pods));
            all.push(Seat {
                bin: Bin::New(offering, kind),
                at: At { look: books.looks.of_offering[offering.get()], seat: all.len() },
                rest: kinds[kind].room.clone(),
                is_open: is_whole && pool.min_values.is_empty(),
                pods: BTreeMap::new(),
            });
        }
        let mut tally = Tally::new(snapshot, books, &left_of);
        let mut bought: BTreeMap<usize, i64> = BTreeMap::new();
        for seat in all.iter().filter(|seat| matches!(seat.bin, Bin::New(..))) {
            *bought.entry(seat.at.look).or_default() += 1;
        }
        for (look, nodes) in bought {
            tally.open(look, nodes);
        }
        let mut seats = Self { books, all, tally, left: placed.left };
        for (seat, mut pods) in given {
            pods.sort_unstable_by_key(|pod| built.order_of[pod.get()]);
            for pod in pods {
                seats.add(seat, books.place_of[&snapshot.pod(pod).shape], pod);
            }
        }
        seats
    }

    /// Puts `pod` of the shape at `place` on a seat.
    pub(super) fn add(&mut self, seat: usize, place: usize, pod: PodIndex) {
        self.all[seat].pods.entry(place).or_default().push(pod);
        self.count(seat, place, 1);
    }

    /// Takes a pod of the shape at `place` from a seat.
    pub(super) fn take(&mut self, seat: usize, place: usize) -> PodIndex {
        let pods = self.all[seat].pods.get_mut(&place).expect("there are pods of the shape");
        let pod = pods.pop().expect("there are pods of the shape");
        if pods.is_empty() {
            self.all[seat].pods.remove(&place);
        }
        self.count(seat, place, -1);
        pod
    }

    fn count(&mut self, seat: usize, place: usize, pods: i64) {
        let at = &mut self.all[seat];
        for (rest, need) in at.rest.iter_mut().zip(&self.books.parent(place).requests) {
            *rest -= need * pods;
        }
        self.tally.put(place, at.at, pods);
    }

    /// What a pod of the shape at `place` comes to on a seat beside the price of the node and soft rules.
    pub(super) fn charge(&self, seat: usize, place: usize) -> i64 {
        let forgone = &self.books.parent(place).forgone;
        match self.all[seat].bin {
            Bin::New(_, kind) => {
                self.books.built.rest.kinds[kind].term.saturating_add(forgone.on_kind(kind))
            }
            Bin::There(node) => forgone.on_node(node),
        }
    }

    /// Whether a seat admits the shape at `place`, room aside.
    pub(super) fn admits(&self, seat: usize, place: usize) -> bool {
        let parent = self.books.parent(place);
        match self.all[seat].bin {
            Bin::New(_, kind) => parent.kinds.contains(kind),
            Bin::There(node) => parent.nodes.contains(node),
        }
    }

    /// How many pods a seat has.
    pub(super) fn pods_on(&self, seat: usize) -> i64 {
        self.all[seat].pods.values().map(|pods| count(pods.len())).sum()
    }

    /// Where all pods are.
    pub(super) fn finish(self) -> Placed {
        let Self { books, all, left, .. } = self;
        let mut placed = Placed { new_nodes: Vec::new(), existing: Vec::new(), left };
        let mut new: Vec<(usize, NewNode)> = Vec::new();
        for seat in all {
            let mut pods: Vec<PodIndex> = seat.pods.into_values().flatten().collect();
            if pods.is_empty() {
                continue;
            }
            pods.sort_unstable();
            match seat.bin {
                Bin::New(offering, kind) => new.push((kind, NewNode { offering, pods })),
                Bin::There(node) => {
                    let node = books.built.rest.nodes[node].node;
                    placed.existing.push(NodeFill { node, pods });
                }
            }
        }
        // Kinds in order, as a packing has them.
        new.sort_by_key(|(kind, _)| *kind);
        placed.new_nodes = new.into_iter().map(|(_, node)| node).collect();
        placed.existing.sort_by_key(|fill| fill.node);
        placed
    }
}
