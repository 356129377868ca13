//! Mixes for one node by a table over two resources that guides an exact search.
//!
//! Branch and bound by prices is lost where a resource comes in few whole pieces, as GPUs do: the
//! relaxation splits pods over them freely. Here that resource is counted piece by piece and the
//! dearest other one on a grid, requests rounded down, while the remaining ones are priced; so the
//! table never says too little of what can still be gained from the items up to any position in any
//! rest of the room. Descents along it with true requests give varied mixes, and a counted search
//! visits all that may be worth more than a threshold.

use std::cmp::Reverse;

use super::knapsack::Item;
use crate::packing::Mix;
use crate::problem::Problem;

/// Grid steps of the dearest resource, and of the second dearest where none comes in pieces.
const STEPS: i64 = 512;
const ROWS: i64 = 64;
/// A resource with at most this many pieces is counted piece by piece.
const PIECES: i64 = 16;
/// Tables made for one node, each with better prices of what is not counted.
const TRIES: usize = 3;
/// Mixes kept of one search, and how often an item may be in them if that is all they have.
const KEPT: usize = 60;
const SEEN_MAX: usize = 1;
/// Cells written in one unit of work, and items looked at.
const CELLS_PER_UNIT: usize = 400;
const LOOKS_PER_UNIT: u64 = 32;

/// Positions of items with how many of each.
type Counts = Vec<(usize, i64)>;

/// What a search came to.
pub(super) struct Found {
    /// Mixes worth more than the threshold, best first.
    pub(super) mixes: Vec<Mix>,
    /// Units of work done.
    pub(super) work: u64,
}

/// Whether pods are split over a few whole pieces, so that this search is the one to use.
pub(super) fn counts_pieces(items: &[Item], room: &[i64]) -> bool {
    let asked = |resource: usize| items.iter().any(|item| item.requests[resource] > 0);
    (0..room.len()).any(|r| room[r] > 1 && room[r] <= PIECES && asked(r))
}

/// Mixes worth more than `threshold`, visiting at most `budget` nodes of a search tree where the
/// first descents find none. `prices` are those of the relaxation.
pub(super) fn search(
    items: &[Item],
    room: &[i64],
    prices: &[i64],
    threshold: i64,
    budget: u64,
) -> Found {
    let mut found = Found { mixes: Vec::new(), work: 0 };
    let Some(axes) = Axes::choose(items, room, prices) else { return found };
    let Some(table) = best_table(items, room, prices, &axes, threshold, &mut found.work) else {
        return found;
    };
    let mut kept: Vec<(Reverse<i64>, Counts)> = Vec::new();
    let mut descents = vec![table.descend(None)];
    descents.extend((0..items.len()).map(|item| table.descend(Some(item))));
    let looks = u64::try_from(descents.len() * items.len()).unwrap_or(u64::MAX);
    found.work += looks / LOOKS_PER_UNIT;
    for counts in descents {
        let worth = worth(items, &counts);
        if worth > threshold {
            kept.push((Reverse(worth), counts));
        }
    }
    if kept.is_empty() {
        let mut search = Search { table: &table, best: threshold, kept, visited: 0, budget };
        search.visit(items.len(), &mut room.to_vec(), &mut Vec::new(), (0, 0));
        found.work += search.visited;
        kept = search.kept;
    }
    kept.sort();
    kept.dedup();
    let named = |counts: Counts| -> Mix {
        let mut mix: Mix = counts.into_iter().map(|(i, n)| (items[i].class, n)).collect();
        mix.sort_unstable();
        mix
    };
    found.mixes = varied(kept, items.len()).into_iter().map(named).collect();
    found
}

/// The table with the least bound among some prices; `None` where a bound is not above `threshold`.
fn best_table<'a>(
    items: &'a [Item],
    room: &'a [i64],
    prices: &[i64],
    axes: &Axes,
    threshold: i64,
    work: &mut u64,
) -> Option<Table<'a>> {
    let mut prices = prices.to_vec();
    let mut best: Option<Table<'a>> = None;
    for _ in 0..TRIES {
        let table = Table::new(items, room, &prices, axes);
        *work += table.work;
        if table.bound() <= threshold {
            return None;
        }
        let first = table.trace();
        for resource in axes.priced(room.len()) {
            let price = prices[resource];
            let used: i64 = first.iter().map(|&(i, n)| items[i].requests[resource] * n).sum();
            prices[resource] = if used > room[resource] {
                price + price / 5 + prices[axes.steps.resource] / 20
            } else {
                price - price / 10
            };
        }
        if best.as_ref().is_none_or(|best| table.bound() < best.bound()) {
            best = Some(table);
        }
    }
    best
}

fn worth(items: &[Item], counts: &Counts) -> i64 {
    counts.iter().map(|&(item, pods)| items[item].worth * pods).sum()
}

/// The best mixes that are not all of items that better ones have often enough.
fn varied(best: Vec<(Reverse<i64>, Counts)>, items: usize) -> Vec<Counts> {
    let mut seen = vec![0; items];
    let mut kept = Vec::new();
    for (_, counts) in best {
        if kept.len() == KEPT {
            break;
        }
        if counts.iter().any(|&(item, _)| seen[item] < SEEN_MAX) {
            for &(item, _) in &counts {
                seen[item] += 1;
            }
            kept.push(counts);
        }
    }
    kept
}

/// A counted resource and its unit.
#[derive(Clone, Copy)]
struct Axis {
    resource: usize,
    unit: i64,
}

/// The resources that are counted.
struct Axes {
    /// The one of few whole pieces, or else the second dearest.
    rows: Option<Axis>,
    /// The dearest of the others.
    steps: Axis,
}

impl Axes {
    fn choose(items: &[Item], room: &[i64], prices: &[i64]) -> Option<Self> {
        let asked = |resource: usize| items.iter().any(|item| item.requests[resource] > 0);
        let open = |r: &usize| room[*r] > 0 && asked(*r);
        let pieces = (0..room.len()).find(|&r| open(&r) && room[r] <= PIECES);
        let mut dear: Vec<usize> = (0..room.len()).filter(open).collect();
        dear.retain(|&r| Some(r) != pieces);
        dear.sort_by_key(|&r| (Reverse(prices[r]), r));
        let steps = *dear.first()?;
        let second = dear.get(1).filter(|&&r| prices[r] > 0);
        let rows = match (pieces, second) {
            (Some(resource), _) => Some(Axis { resource, unit: 1 }),
            (None, Some(&second)) => Some(axis(items, room, second, ROWS)),
            (None, None) => None,
        };
        Some(Self { rows, steps: axis(items, room, steps, STEPS) })
    }

    /// The resources that are priced instead.
    fn priced(&self, resources: usize) -> impl Iterator<Item = usize> {
        let rows = self.rows.map(|axis| axis.resource);
        (0..resources).filter(move |r| *r != self.steps.resource && Some(*r) != rows)
    }
}

/// A grid of at most about `steps`: exact where the requests have a common measure.
fn axis(items: &[Item], room: &[i64], resource: usize, steps: i64) -> Axis {
    let measure = items.iter().fold(0, |measure, item| gcd(measure, item.requests[resource]));
    Axis { resource, unit: measure.max(room[resource] / steps).max(1) }
}

fn gcd(mut a: i64, mut b: i64) -> i64 {
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a
}

/// What can be gained at most, by items up to a position and rest of the counted resources.
struct Table<'a> {
    items: &'a [Item],
    room: &'a [i64],
    rows_axis: Option<Axis>,
    steps_axis: Axis,
    /// Grid steps + 1.
    width: usize,
    /// Cells of a row.
    size: usize,
    /// Positions of items in the order of the rows.
    order: Vec<usize>,
    /// Gain of one pod by row, in the table's unit: its worth less what it takes of priced resources.
    gains: Vec<i32>,
    /// Row k: of the first k items in order.
    rows: Vec<i32>,
    scale: Scale,
    /// What the priced room costs, nano-USD.
    priced: i64,
    work: u64,
}

impl<'a> Table<'a> {
    fn new(items: &'a [Item], room: &'a [i64], prices: &[i64], axes: &Axes) -> Self {
        let count = |axis: Axis| usize::try_from(room[axis.resource] / axis.unit).unwrap_or(0) + 1;
        let width = count(axes.steps);
        let layers = axes.rows.map_or(1, count);
        let gains: Vec<i64> = items.iter().map(|item| gain(item, room, prices, axes)).collect();
        let scale = Scale::new(items, &gains);
        // What asks for pieces comes last, and is decided first.
        let mut order: Vec<usize> = (0..items.len()).collect();
        order.sort_by_key(|&i| {
            (axes.rows.map_or(0, |axis| items[i].requests[axis.resource]), gains[i], i)
        });
        let size = width * layers;
        let mut table = Self {
            items,
            room,
            rows_axis: axes.rows,
            steps_axis: axes.steps,
            width,
            size,
            gains: order.iter().map(|&i| scale.apply(gains[i])).collect(),
            rows: vec![0; size * (items.len() + 1)],
            order,
            scale,
            priced: axes.priced(room.len()).map(|r| prices[r]).sum(),
            work: 0,
        };
        table.fill();
        table
    }

    fn fill(&mut self) {
        let mut passes = 0;
        let mut spare = vec![0; self.size];
        for position in 0..self.order.len() {
            let item = &self.items[self.order[position]];
            let gain = self.gains[position];
            let (before, after) = self.rows.split_at_mut((position + 1) * self.size);
            let (before, after) = (&before[position * self.size..], &mut after[..self.size]);
            after.copy_from_slice(before);
            passes += 1;
            if gain <= 0 || item.cap <= 0 {
                continue;
            }
            let mut rest = item.cap;
            let mut pods = 1;
            while rest > 0 {
                let bundle = pods.min(rest);
                let weight = weight(self.rows_axis, self.steps_axis, item, bundle);
                let worth = gain.saturating_mul(i32::try_from(bundle).unwrap_or(i32::MAX));
                spare.copy_from_slice(after);
                take(&spare, after, self.width, weight, worth);
                passes += 1;
                rest -= bundle;
                pods *= 2;
            }
        }
        self.work = u64::try_from(passes * self.size / CELLS_PER_UNIT).unwrap_or(u64::MAX);
    }

    /// The cell of the rest `room`.
    fn cell(&self, room: &[i64]) -> usize {
        let at = |axis: Axis| usize::try_from(room[axis.resource] / axis.unit).unwrap_or(0);
        self.rows_axis.map_or(0, at) * self.width + at(self.steps_axis)
    }

    /// No mix is worth more, nano-USD.
    fn bound(&self) -> i64 {
        let all = self.rows[self.order.len() * self.size + self.cell(self.room)];
        self.priced.saturating_add(self.scale.back(i64::from(all)))
    }

    /// What the first `position` items can gain in `room`, in the table's unit.
    fn most(&self, position: usize, cell: usize) -> i64 {
        i64::from(self.rows[position * self.size + cell])
    }

    /// The mix behind the bound, by rounded requests.
    fn trace(&self) -> Counts {
        let mut cell = self.cell(self.room);
        let mut counts = Counts::new();
        for position in (0..self.order.len()).rev() {
            let item = &self.items[self.order[position]];
            let (layers, steps) = weight(self.rows_axis, self.steps_axis, item, 1);
            let weight = layers * self.width + steps;
            let mut pods = 0;
            while pods < item.cap
                && self.most(position + 1, cell) > self.most(position, cell)
                && cell >= weight
                && cell % self.width >= steps
            {
                pods += 1;
                cell -= weight;
            }
            if pods > 0 {
                counts.push((self.order[position], pods));
            }
        }
        counts
    }

    /// A mix that fits: item by item as many as leave most to be gained, beginning with one pod of
    /// `forced`.
    fn descend(&self, forced: Option<usize>) -> Counts {
        let mut room = self.room.to_vec();
        let mut counts = Counts::new();
        if let Some(item) = forced {
            shift(&mut room, &self.items[item], -1);
            if room
                .iter()
                .zip(&self.items[item].requests)
                .any(|(rest, need)| *need > 0 && *rest < 0)
            {
                return counts;
            }
            counts.push((item, 1));
        }
        for position in (0..self.order.len()).rev() {
            let index = self.order[position];
            let item = &self.items[index];
            let cap = item.cap - i64::from(forced == Some(index));
            let fits = Problem::fit_count(&item.requests, &room).min(cap);
            let mut best = (self.most(position, self.cell(&room)), 0);
            for pods in 1..=fits {
                shift(&mut room, item, -1);
                let gained = i64::from(self.gains[position]) * pods;
                best = best.max((gained + self.most(position, self.cell(&room)), pods));
            }
            shift(&mut room, item, fits.max(0) - best.1);
            if best.1 > 0 {
                counts.push((index, best.1));
            }
        }
        counts.sort_unstable();
        joined(counts)
    }
}

/// Rows and steps of `pods` of `item`, rounded down.
fn weight(rows: Option<Axis>, steps: Axis, item: &Item, pods: i64) -> (usize, usize) {
    let along = |axis: Axis| {
        usize::try_from(item.requests[axis.resource] * pods / axis.unit).unwrap_or(usize::MAX)
    };
    (rows.map_or(0, along), along(steps))
}

/// Entries of the same item as one.
fn joined(counts: Counts) -> Counts {
    let mut joined = Counts::with_capacity(counts.len());
    for (item, pods) in counts {
        match joined.last_mut() {
            Some(last) if last.0 == item => last.1 += pods,
            Some(_) | None => joined.push((item, pods)),
        }
    }
    joined
}

fn shift(room: &mut [i64], item: &Item, pods: i64) {
    for (room, need) in room.iter_mut().zip(&item.requests) {
        *room += need * pods;
    }
}

/// Raises each state of `after` to what taking (layers, steps) for `worth` makes of `before`.
fn take(before: &[i32], after: &mut [i32], width: usize, weight: (usize, usize), worth: i32) {
    let (layers, steps) = weight;
    if steps >= width {
        return;
    }
    let rows = before.chunks(width).zip(after.chunks_mut(width).skip(layers));
    for (source, target) in rows {
        for (source, target) in source.iter().zip(&mut target[steps..]) {
            *target = (*target).max(source + worth);
        }
    }
}

/// The worth of one pod less what it takes of the priced resources, rounded up.
fn gain(item: &Item, room: &[i64], prices: &[i64], axes: &Axes) -> i64 {
    let need = &item.requests;
    let cost: i128 = axes
        .priced(room.len())
        .filter(|&r| need[r] > 0)
        .map(|r| i128::from(prices[r]) * i128::from(need[r]) / i128::from(room[r].max(1)))
        .sum();
    item.worth - i64::try_from(cost).unwrap_or(i64::MAX)
}

/// From nano-USD to units of the table, in which all pods together stay below 2^30.
struct Scale(u32);

impl Scale {
    fn new(items: &[Item], gains: &[i64]) -> Self {
        let all = items.iter().zip(gains);
        let gain =
            |(item, gain): (&Item, &i64)| i128::from((*gain).max(0) + 1) * i128::from(item.cap);
        let sum: i128 = all.map(gain).sum();
        Self((128 - sum.leading_zeros()).saturating_sub(29).min(62))
    }

    /// Rounded up, so that the table never says too little.
    fn apply(&self, gain: i64) -> i32 {
        i32::try_from((gain >> self.0) + 1).unwrap_or(i32::MAX >> 1)
    }

    fn back(&self, units: i64) -> i64 {
        units << self.0
    }
}

/// A search for mixes worth more than the best so far.
struct Search<'a> {
    table: &'a Table<'a>,
    best: i64,
    kept: Vec<(Reverse<i64>, Counts)>,
    visited: u64,
    budget: u64,
}

impl Search<'_> {
    /// Decides how many of the first `items` in order; `so_far` is what was gained, in the table's
    /// unit, and what it is worth.
    fn visit(&mut self, items: usize, room: &mut [i64], taken: &mut Counts, so_far: (i64, i64)) {
        let (gained, worth) = so_far;
        if worth > self.best {
            self.best = worth;
            let mut counts = taken.clone();
            counts.sort_unstable();
            self.kept.push((Reverse(worth), counts));
        }
        let cell = self.table.cell(room);
        for position in (0..items).rev() {
            self.visited += 1;
            if self.visited >= self.budget || !self.may_beat(gained, position + 1, cell) {
                return;
            }
            let item = &self.table.items[self.table.order[position]];
            let fits = Problem::fit_count(&item.requests, room).min(item.cap);
            let gain = i64::from(self.table.gains[position]);
            for pods in (1..=fits).rev() {
                shift(room, item, -pods);
                if self.may_beat(gained + gain * pods, position, self.table.cell(room)) {
                    taken.push((self.table.order[position], pods));
                    let then = (gained + gain * pods, worth + item.worth * pods);
                    self.visit(position, room, taken, then);
                    taken.pop();
                }
                shift(room, item, pods);
            }
        }
    }

    fn may_beat(&self, gained: i64, position: usize, cell: usize) -> bool {
        let units = gained + self.table.most(position, cell);
        self.table.priced.saturating_add(self.table.scale.back(units)) > self.best
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::knapsack::{self, Item, relax};
    use super::search;

    proptest! {
        #[test]
        fn finds_a_mix_above_the_threshold_where_there_is_one(
            raw in prop::collection::vec((1..900_i64, 1..2000_i64, 0..2000_i64, 0..3_i64, 1..5_i64), 1..7),
            room in (500..6000_i64, 500..6000_i64, 1..6_i64),
            part in 0..110_i64,
        ) {
            let item = |(class, &(worth, a, b, pieces, cap))| Item {
                class,
                worth: worth * 1_000_003,
                requests: vec![a, b, pieces],
                quotas: Vec::new(),
                ties: Default::default(),
                cap,
            };
            let items: Vec<Item> = raw.iter().enumerate().map(item).collect();
            let room = [room.0, room.1, room.2];
            let fits = |item: &Item| item.requests.iter().zip(&room).all(|(need, room)| need <= room);
            let items: Vec<Item> = items.into_iter().filter(fits).collect();
            let prices = relax(&items, &room).prices;
            let best = knapsack::search(&items, &room, &prices, 0, 10_000_000).best;
            let optimum = best.map_or(0, |(_, worth)| worth);
            let threshold = optimum / 100 * part;
            let found = search(&items, &room, &prices, threshold, 10_000_000);
            prop_assert_eq!(found.mixes.is_empty(), optimum <= threshold);
            for mix in found.mixes {
                let of = |class: usize| items.iter().find(|item| item.class == class).expect("known");
                let worth: i64 = mix.iter().map(|&(class, pods)| of(class).worth * pods).sum();
                prop_assert!(worth > threshold && worth <= optimum);
                for (resource, room) in room.iter().enumerate() {
                    let used: i64 =
                        mix.iter().map(|&(class, pods)| of(class).requests[resource] * pods).sum();
                    prop_assert!(used <= *room);
                }
                prop_assert!(mix.iter().all(|&(class, pods)| pods <= of(class).cap));
            }
        }
    }
}
