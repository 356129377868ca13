//! What placing given pods costs at least, exactly, for small worlds.
//!
//! Input: a snapshot and how many pods of each shape to place. Output: the least sum of list prices
//! of nodes to buy, and what to buy. It knows admission, room, rivals, limits and supplies, and neither
//! weights nor interruptions, so no plan over the snapshot that places these pods costs less. It shares no code
//! with solver and checker, except for the model, and takes rooms as folded.
//!
//! Method: only fillings that leave no wanted pod that would still fit are looked at, as pods can be
//! moved over from other nodes at no cost. First each existing node in turn is filled in every such
//! way. Then each unit of each supply is left or bought from any offering that draws on it, in every
//! such way. Then the first shape still wanted goes to a node of each other offering, filled in every such way:
//! a table over what is still wanted gives the least cost without limits, and with this as its
//! estimate a best-first search finds the least cost within them.

mod bins;
mod instances;

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap};

use model::{MicroUsdPerHour, OfferingIndex, ShapeIndex, Snapshot};

use bins::{Bin, Columns, Counts, Limits, Seller};

pub use instances::small_worlds;

/// The least there is to pay.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Optimum {
    /// The sum of list prices of the nodes to buy.
    pub cost: MicroUsdPerHour,
    /// One of the purchases that cost this much, ascending. Of offerings that are alike, the first.
    pub bought: Vec<OfferingIndex>,
}

/// The least cost of placing at least `placed` pods of each shape; `None` where they cannot be
/// placed. Time and memory grow with the product of the counts: meant for up to some 40 pods in
/// four shapes.
pub fn optimum(snapshot: &Snapshot, placed: &BTreeMap<ShapeIndex, usize>) -> Option<Optimum> {
    let columns = Columns::new(snapshot, placed);
    let limits = Limits::new(snapshot);
    let (capped, sellers): (Vec<Seller>, Vec<Seller>) =
        bins::sellers(snapshot, &columns, &limits).into_iter().partition(|s| s.supply.is_some());
    let wanted = after_nodes(&bins::of_nodes(snapshot, &columns), columns.wanted());
    let start = |wanted| Start { wanted, left: limits.left(), paid: 0, bought: Vec::new() };
    let mut starts: Vec<Start> = wanted.into_iter().map(start).collect();
    for (position, supply) in snapshot.supplies.iter().enumerate() {
        let drawing = capped.iter().filter(|one| one.supply.is_some_and(|s| s.get() == position));
        let drawing: Vec<&Seller> = drawing.collect();
        for _ in 0..supply.cap {
            starts = after_unit(&drawing, &starts);
        }
    }
    let mut table = Table { sellers: &sellers, known: BTreeMap::new() };
    search(&mut table, starts)
}

/// Where the search begins: what is wanted and left of limits once existing nodes are filled and
/// supplies drawn on.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Start {
    paid: i64,
    wanted: Counts,
    left: Vec<i64>,
    bought: Vec<OfferingIndex>,
}

/// What `starts` lead to when one more unit is bought from one of `drawing`, or is not.
fn after_unit(drawing: &[&Seller], starts: &[Start]) -> Vec<Start> {
    let mut next = starts.to_vec();
    for start in starts {
        for seller in drawing {
            let Some(left) = seller.within(&start.left) else { continue };
            for filling in seller.bin.fillings(&start.wanted) {
                let mut bought = start.bought.clone();
                bought.push(seller.offering);
                let wanted = less(&start.wanted, &filling);
                let paid = start.paid + seller.price;
                next.push(Start { paid, wanted, left: left.clone(), bought });
            }
        }
    }
    next.sort();
    let mut kept: Vec<Start> = Vec::new();
    for start in next {
        let no_worse = |one: &Start| {
            let pays = one.paid <= start.paid;
            let wants = one.wanted.iter().zip(&start.wanted).all(|(one, other)| one <= other);
            pays && wants && one.left.iter().zip(&start.left).all(|(one, other)| one >= other)
        };
        if !kept.iter().any(no_worse) {
            kept.push(start);
        }
    }
    kept
}

/// What may still be wanted once existing nodes are filled; only the least such counts.
fn after_nodes(nodes: &[Bin], wanted: Counts) -> BTreeSet<Counts> {
    let mut open = BTreeSet::from([wanted]);
    for node in nodes {
        let rests: BTreeSet<Counts> = (open.iter())
            .flat_map(|wanted| {
                node.fillings(wanted).into_iter().map(|filling| less(wanted, &filling))
            })
            .collect();
        let covered = |counts: &Counts| {
            let mut others = rests.iter().filter(|other| *other != counts);
            others.any(|other| other.iter().zip(counts).all(|(other, count)| other <= count))
        };
        open = rests.iter().filter(|counts| !covered(counts)).cloned().collect();
    }
    open
}

fn less(wanted: &Counts, filling: &Counts) -> Counts {
    wanted.iter().zip(filling).map(|(wanted, taken)| wanted - taken).collect()
}

/// The least cost without limits, by what is wanted; filled as it is asked.
struct Table<'a> {
    sellers: &'a [Seller],
    known: BTreeMap<Counts, Option<i64>>,
}

impl Table<'_> {
    fn cost(&mut self, wanted: &Counts) -> Option<i64> {
        if wanted.iter().all(|count| *count == 0) {
            return Some(0);
        }
        if let Some(known) = self.known.get(wanted) {
            return *known;
        }
        let mut least: Option<i64> = None;
        for (seller, rest) in ways(self.sellers, wanted) {
            let cost = self.cost(&rest).map(|cost| cost + seller.price);
            least = [least, cost].into_iter().flatten().min();
        }
        self.known.insert(wanted.clone(), least);
        least
    }
}

/// Each way to place the first shape still wanted: on whose node, and what is wanted then.
fn ways<'a>(sellers: &'a [Seller], wanted: &Counts) -> Vec<(&'a Seller, Counts)> {
    let first = wanted.iter().position(|count| *count > 0);
    let of_seller = |seller: &'a Seller| {
        let fillings = seller.bin.fillings(wanted).into_iter();
        fillings
            .filter(|filling| first.is_some_and(|first| filling[first] > 0))
            .map(|filling| (seller, less(wanted, &filling)))
            .collect::<Vec<_>>()
    };
    sellers.iter().flat_map(of_seller).collect()
}

/// A point of the search; the greatest is the most promising, and among equals the nearest the end.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Point {
    estimate: Reverse<i64>,
    paid: i64,
    wanted: Counts,
    left: Vec<i64>,
    bought: Vec<OfferingIndex>,
}

fn search(table: &mut Table<'_>, starts: Vec<Start>) -> Option<Optimum> {
    let mut queue = BinaryHeap::new();
    for Start { paid, wanted, left, bought } in starts {
        if let Some(cost) = table.cost(&wanted) {
            queue.push(Point { estimate: Reverse(paid + cost), paid, wanted, left, bought });
        }
    }
    let mut seen = BTreeSet::new();
    while let Some(Point { paid, wanted, left, mut bought, .. }) = queue.pop() {
        if wanted.iter().all(|count| *count == 0) {
            bought.sort();
            return Some(Optimum { cost: MicroUsdPerHour::new(paid), bought });
        }
        if !seen.insert((wanted.clone(), left.clone())) {
            continue;
        }
        for (seller, rest) in ways(table.sellers, &wanted) {
            let Some((left, cost)) = seller.within(&left).zip(table.cost(&rest)) else {
                continue;
            };
            let paid = paid + seller.price;
            let mut bought = bought.clone();
            bought.push(seller.offering);
            let estimate = Reverse(paid + cost);
            queue.push(Point { estimate, paid, wanted: rest, left, bought });
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::optimum;
    use crate::world;

    /// What placing all pods costs, micro-USD per hour.
    fn cost(text: &str) -> Option<i64> {
        let snapshot = world(text);
        let mut placed = BTreeMap::new();
        for pod in &snapshot.pods {
            *placed.entry(pod.shape).or_insert(0) += 1;
        }
        optimum(&snapshot, &placed).map(|optimum| optimum.cost.get())
    }

    /// Two of `a` and two of `b` fill a `big`; a `small` holds one of either.
    const BASE: &str = "
        type big cpu=8 mem=16Gi price=0.5
        type small cpu=3 mem=8Gi price=0.2
        pod a x4 cpu=3 mem=1Gi
        pod b x4 cpu=1 mem=7Gi
    ";

    #[test]
    fn the_least_cost_is_the_one_counted_by_hand() {
        for (words, expected) in [
            ("pool p", Some(1_000_000)),
            ("pool p require type=small", Some(1_600_000)),
            ("pool p require type=big limits=nodes=1", None),
            ("pool p taint k:NoSchedule", None),
            ("pool p limits=cpu=8\n pool q require type=small", Some(1_300_000)),
            ("pool p limits=cpu=8\n pool q require type=small limits=nodes=3", None),
            ("pool p\n node n cpu=4 mem=8Gi pods=9", Some(900_000)),
            ("pool p\n node n cpu=4 mem=8Gi pods=9 state=unschedulable", Some(1_000_000)),
            ("pool p\n node n cpu=4 mem=8Gi pods=9 taint k:NoSchedule", Some(1_000_000)),
            ("pool p\n daemonset d cpu=10m", Some(1_400_000)),
            ("pool p\n supply r type=big", Some(500_000)),
            ("pool p\n supply r cap=2 type=big price=0.3", Some(600_000)),
            ("pool p\n supply r cap=1 type=big price=0.3\n supply r type=small", Some(800_000)),
            ("pool p limits=nodes=1\n supply r cap=2 type=big", None),
            ("pool p\n pod c x3 cpu=0 rivals=c", Some(1_200_000)),
            ("pool p\n pod c cpu=0 rivals=c\n pod d x2 cpu=0 rivals=c", Some(1_200_000)),
            (
                "pool p\n node n cpu=4 mem=8Gi pods=9 rivals=c\n pod c x2 cpu=0 rivals=c",
                Some(900_000),
            ),
        ] {
            assert_eq!(cost(&format!("{BASE}{words}")), expected, "{words}");
        }
    }
}
