//! Takes some pods off their nodes and puts them back where they cost least, again and again.
//!
//! In: where pods are. Out: a placement that is no worse, mostly better: what was decided pod by pod or zone
//! by zone, before it was known what else would come there, is decided again with all that is known. Each
//! round takes away the pods of a few nodes, of a service and those that rules tie to it, of a zone, or a
//! few alone; and those that are left out come in with them. What is worse by little may be gone on from,
//! ever less so. What is drawn by lot is the same for the same snapshot.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use model::{PodIndex, Snapshot};

use super::insert::{Manner, Shelves};
use super::lots::Lots;
use super::{Board, Rank, rank, settle};
use crate::improve::Work;
use crate::materialise::Placed;
use crate::packing::count;
use crate::problem::{Built, Class};

/// Most pods of a snapshot that is worked on: with more of them each round is too little of the whole.
pub(crate) const PODS_MAX: usize = 300;

/// Rounds at most, and rounds in which nothing better is found after which no more are made.
const ROUNDS: usize = 2_000;
const STALLED: usize = 400;

/// After so many rounds in which nothing better is found, the best is gone on from again.
const ASTRAY: usize = 80;

/// How much worse than the best may be gone on from in the first round, in thousandths; then ever less.
const WORSE: i64 = 30;

/// Seats, kinds and pods that are looked at for a unit of work.
const LOOKS: usize = 8;

/// `placed`, or better.
pub(crate) fn reseat(
    snapshot: &Snapshot,
    built: &Built,
    placed: Placed,
    work: &mut Work<'_>,
) -> Placed {
    let mut table = Table::new(snapshot, built);
    let mut best = (rank(built, &placed), placed);
    let mut left = left_by_parent(built, &best.1);
    let mut now = best.clone();
    let mut stalled = 0;
    for round in 0..ROUNDS {
        if stalled == STALLED || work.is_over(best.0.1, 0) {
            break;
        }
        let slack = best.0.1 / 1000 * WORSE / count(ROUNDS) * count(ROUNDS - round);
        let worst: Rank = (best.0.0.clone(), best.0.1.saturating_add(slack));
        stalled += 1;
        if let Some(next) = table.round(now.1.clone(), &worst, work) {
            // A lower objective counts where the same pods are placed: another choice of those that are left
            // out is no better.
            let next_left = left_by_parent(built, &next.1);
            if next.0.0 < best.0.0 || next.0 < best.0 && next_left == left {
                best = next.clone();
                left = next_left;
                stalled = 0;
            }
            if next.0 <= worst {
                now = next;
            }
        }
        if stalled % ASTRAY == ASTRAY - 1 {
            now = best.clone();
        }
    }
    best.1
}

/// The parents of the pods that `placed` leaves out.
fn left_by_parent(built: &Built, placed: &Placed) -> Vec<usize> {
    let mut left: Vec<usize> = placed.left.iter().map(|pod| built.parent_of[pod.get()]).collect();
    left.sort_unstable();
    left
}

/// What rounds are made with.
struct Table<'a> {
    snapshot: &'a Snapshot,
    built: &'a Built,
    shelves: Shelves,
    lots: Lots,
    /// For each node of the snapshot its place among those that take pods.
    place_of: Vec<usize>,
    /// For each parent those that some rule ties to it, itself included.
    kin: Vec<Vec<usize>>,
    /// For each parent what a pod asks for, as shares of what the largest nodes have.
    sizes: Vec<i64>,
    /// For each parent how many kinds and nodes admit it.
    ways: Vec<usize>,
}

impl<'a> Table<'a> {
    fn new(snapshot: &'a Snapshot, built: &'a Built) -> Self {
        let rest = &built.rest;
        let ways = |class: &Class| {
            let kinds = (0..rest.kinds.len()).filter(|kind| class.kinds.contains(*kind)).count();
            let nodes = (0..rest.nodes.len()).filter(|node| class.nodes.contains(*node)).count();
            kinds + nodes
        };
        let mut place_of = vec![usize::MAX; snapshot.nodes.len()];
        for (place, node) in rest.nodes.iter().enumerate() {
            place_of[node.node.get()] = place;
        }
        Self {
            snapshot,
            built,
            place_of,
            shelves: Shelves::new(built),
            lots: Lots::new(),
            kin: kin(built),
            sizes: sizes(built),
            ways: built.parents.iter().map(ways).collect(),
        }
    }

    /// `placed` with some pods put anew, and its rank; `None` where that is worse than `worst` at a glance.
    fn round(
        &mut self,
        mut placed: Placed,
        worst: &Rank,
        work: &mut Work<'_>,
    ) -> Option<(Rank, Placed)> {
        let mut pulled = std::mem::take(&mut placed.left);
        self.pull(&mut placed, &mut pulled);
        self.line_up(&mut pulled);
        let mut board = Board::new(self.snapshot, self.built, placed);
        let left = self.put_back(&mut board, pulled, work);
        board.right_size(&self.shelves);
        let (placed, _) = board.finish(left);
        let seats = placed.new_nodes.len() + self.built.rest.nodes.len();
        work.spend(units(seats + self.snapshot.pods.len() + self.snapshot.offerings.len()));
        if rank(self.built, &placed) > *worst {
            return None;
        }
        let (placed, _) = settle(self.snapshot, self.built, placed);
        Some((rank(self.built, &placed), placed))
    }

    /// Takes pods off nodes.
    fn pull(&mut self, placed: &mut Placed, pulled: &mut Vec<PodIndex>) {
        // Nodes that are there are in an order that does not depend on their names.
        placed.existing.sort_by_key(|fill| self.place_of[fill.node.get()]);
        let sites = self.sites(placed);
        let (nodes, parents) = (sites.len(), self.built.parents.len());
        if nodes == 0 {
            return;
        }
        let mut of_nodes = vec![false; nodes];
        let mut of_parents = vec![false; parents];
        // Pods of both, rather than of either.
        let mut is_narrow = false;
        match self.lots.below(10) {
            0..=4 => {
                for _ in 0..=self.lots.below(3) {
                    of_nodes[self.lots.below(nodes)] = true;
                }
            }
            5 | 6 => {
                let parent = self.lots.below(parents);
                of_parents[parent] = true;
                if self.lots.below(2) == 0 {
                    for kin in &self.kin[parent] {
                        of_parents[*kin] = true;
                    }
                }
            }
            7 => {
                is_narrow = true;
                for node in &mut of_nodes {
                    *node = self.lots.below(2) == 0;
                }
                for _ in 0..=self.lots.below(3) {
                    of_parents[self.lots.below(parents)] = true;
                }
            }
            8 => {
                let site = sites[self.lots.below(nodes)];
                for (node, at) in of_nodes.iter_mut().zip(&sites) {
                    *node = *at == site;
                }
            }
            _ => of_nodes.fill(true),
        }
        let built = self.built;
        let bought = placed.new_nodes.iter_mut().map(|node| &mut node.pods);
        let bins = bought.chain(placed.existing.iter_mut().map(|fill| &mut fill.pods));
        for (pods, of_node) in bins.zip(of_nodes) {
            pods.retain(|pod| {
                let of_parent = of_parents[built.parent_of[pod.get()]];
                let goes = if is_narrow { of_node && of_parent } else { of_node || of_parent };
                if goes {
                    pulled.push(*pod);
                }
                !goes
            });
        }
        placed.new_nodes.retain(|node| !node.pods.is_empty());
        placed.existing.retain(|fill| !fill.pods.is_empty());
    }

    /// The sites of new nodes, then of those that are there and get pods.
    fn sites(&self, placed: &Placed) -> Vec<usize> {
        let sites = &self.built.rules.sites;
        let bought = placed.new_nodes.iter().map(|node| sites.of_offering[node.offering.get()]);
        let there = placed.existing.iter().map(|fill| sites.of_node[fill.node.get()]);
        bought.chain(there).collect()
    }

    /// Orders pods as they are put back: by descending priority, mostly those before that others go with,
    /// then by what this round's lot says. Those of one parent follow each other.
    fn line_up(&mut self, pulled: &mut [PodIndex]) {
        let built = self.built;
        let (lot, leaders_first) = (self.lots.below(4), self.lots.below(4) > 0);
        let mut keys = Vec::with_capacity(built.parents.len());
        for (parent, class) in built.parents.iter().enumerate() {
            let set = &built.rules.sets[built.sets[parent]];
            let follows = !set.ties.together.is_empty() || !set.node_ties.together.is_empty();
            let drawn = count(self.lots.below(1 << 10));
            let size = self.sizes[parent];
            let merit = match lot {
                0 => -size,
                1 => count(self.ways[parent]),
                2 => drawn,
                _ => -size.saturating_mul((1 << 9) + drawn),
            };
            keys.push((Reverse(class.priority), leaders_first && follows, merit, parent));
        }
        let key = |pod: &PodIndex| (keys[built.parent_of[pod.get()]], built.order_of[pod.get()]);
        pulled.sort_unstable_by_key(key);
    }

    /// Puts `pulled` back, one after another; those that go nowhere.
    fn put_back(
        &mut self,
        board: &mut Board<'a>,
        mut pulled: Vec<PodIndex>,
        work: &mut Work<'_>,
    ) -> Vec<PodIndex> {
        let blinks = [0, 0, 20, 6][self.lots.below(4)];
        let mut manner = Manner { blinks, is_tight: self.lots.below(2) == 0 };
        loop {
            let before = pulled.len();
            work.spend(units(before * (board.seats.len() + self.built.rest.kinds.len())));
            let (shelves, lots) = (&self.shelves, &mut self.lots);
            pulled.retain(|pod| !board.insert(shelves, *pod, (&manner, &mut *lots)));
            // Some may go where others have come since.
            if pulled.is_empty() || pulled.len() == before && manner.blinks == 0 {
                return pulled;
            }
            manner.blinks = 0;
        }
    }
}

/// Units of work for so many looks.
fn units(looks: usize) -> u64 {
    u64::try_from(looks / LOOKS + 1).unwrap_or(u64::MAX)
}

/// For each parent those that share a spread, a term or a quota with it.
fn kin(built: &Built) -> Vec<Vec<usize>> {
    let mut known: BTreeMap<(u8, usize), Vec<usize>> = BTreeMap::new();
    for (parent, class) in built.parents.iter().enumerate() {
        let set = &built.rules.sets[built.sets[parent]];
        let terms = set.ties.terms().chain(set.node_ties.terms()).map(|term| (0, term));
        let topics = set.groups.iter().map(|group| (1, built.rules.groups[*group].topic));
        let quotas = class.quotas.iter().map(|quota| (2, quota.group));
        for rule in terms.chain(topics).chain(quotas) {
            known.entry(rule).or_default().push(parent);
        }
    }
    let mut kin: Vec<BTreeSet<usize>> =
        (0..built.parents.len()).map(|parent| BTreeSet::from([parent])).collect();
    for parents in known.values() {
        for parent in parents {
            kin[*parent].extend(parents);
        }
    }
    kin.into_iter().map(|kin| kin.into_iter().collect()).collect()
}

/// For each parent the sum of shares that a pod takes of the most of each resource that a node has.
fn sizes(built: &Built) -> Vec<i64> {
    let rest = &built.rest;
    let rooms = rest.kinds.iter().map(|kind| &kind.room);
    let mut most: Vec<i64> = Vec::new();
    for room in rooms.chain(rest.nodes.iter().map(|node| &node.room)) {
        most.resize(room.len(), 1);
        most.iter_mut().zip(room).for_each(|(most, room)| *most = (*most).max(*room));
    }
    let share = |(need, most): (&i64, &i64)| {
        i64::try_from(i128::from(*need) * 10_000 / i128::from(*most)).unwrap_or(i64::MAX)
    };
    let size =
        |class: &Class| class.requests.iter().zip(&most).map(share).fold(0, i64::saturating_add);
    built.parents.iter().map(size).collect()
}
