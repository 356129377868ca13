//! An upper bound of a knapsack from a table, and a search that the table guides.
//!
//! One or two resources are counted on a grid, the others are priced. The table says, for the
//! items from any position on and any rest of the counted resources, what can be gained at most:
//! requests are rounded down to the grid, so it never says too little. The search visits every
//! filling that the table gives a chance to beat a threshold, with its true requests.

use super::branch::{DEPTH_MAX, Outcome};
use super::knapsack::{Item, Knapsack, most, put, take};
use super::prices::Shares;

/// A counted resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Axis {
    /// Its position in the room.
    pub(super) resource: usize,
    /// The grid's unit is 2^`shift`.
    pub(super) shift: u32,
}

/// What a table counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Layout {
    /// The finer axis.
    pub(super) steps: Axis,
    /// The coarser axis, where two resources are counted.
    pub(super) rows: Option<Axis>,
}

/// The table of a knapsack.
#[derive(Clone, Debug)]
pub(super) struct Table<'a> {
    items: Vec<Entry<'a>>,
    room: &'a [i64],
    layout: Layout,
    /// Cells of a row.
    width: usize,
    /// Cells for one position.
    size: usize,
    /// What the room of the priced resources costs.
    priced: i64,
    /// For each position, what the items from there on gain at most, by rest of the room.
    gains: Vec<i64>,
}

#[derive(Clone, Debug)]
struct Entry<'a> {
    item: &'a Item,
    /// The worth less what the priced resources cost.
    gain: i64,
    count: i64,
}

impl Layout {
    /// How many cells there are for each item.
    pub(super) fn cells(&self, room: &[i64]) -> usize {
        let rows = self.rows.map_or(1, |axis| axis.position(room) + 1);
        rows.saturating_mul(self.steps.position(room) + 1)
    }

    /// How many cells a table writes that looks at `counts` of each item.
    pub(super) fn updates(&self, room: &[i64], counts: &[i64]) -> u64 {
        let bundles = counts.iter().filter_map(|count| count.checked_ilog2());
        let passes: u64 = bundles.map(|bundles| u64::from(bundles) + 2).sum();
        passes.saturating_mul(u64::try_from(self.cells(room)).unwrap_or(u64::MAX))
    }

    /// The cell of the rest `room`.
    fn cell(&self, room: &[i64], width: usize) -> usize {
        self.rows.map_or(0, |axis| axis.position(room)) * width + self.steps.position(room)
    }
}

impl Axis {
    /// The position of `amounts` on this axis, rounded down.
    fn position(self, amounts: &[i64]) -> usize {
        usize::try_from(amounts[self.resource] >> self.shift).unwrap_or(0)
    }

    /// Where `pods` times `requests` are on this axis, rounded down.
    fn weight(self, requests: &[i64], pods: i64) -> usize {
        usize::try_from((requests[self.resource] * pods) >> self.shift).unwrap_or(0)
    }
}

impl<'a> Table<'a> {
    /// Fills the table. `of_room` prices the resources that `layout` does not count; of each item
    /// as many are looked at as `counts` says.
    pub(super) fn new(
        knapsack: &'a Knapsack,
        shares: &Shares,
        of_room: &[i64],
        counts: &[i64],
        layout: Layout,
    ) -> Self {
        let rows = layout.rows.map(|axis| axis.resource);
        let priced: Vec<i64> = of_room
            .iter()
            .enumerate()
            .map(
                |(k, price)| if k == layout.steps.resource || Some(k) == rows { 0 } else { *price },
            )
            .collect();
        let entry = |(position, (item, &count)): (usize, (&'a Item, &i64))| {
            let gain = item.worth - shares.cost(position, &priced);
            (count > 0).then_some(Entry { item, gain, count })
        };
        let mut items: Vec<Entry<'a>> =
            knapsack.items.iter().zip(counts).enumerate().filter_map(entry).collect();
        sort(&mut items, layout);
        let size = layout.cells(&knapsack.room);
        let mut table = Self {
            gains: vec![0; size * (items.len() + 1)],
            items,
            room: &knapsack.room,
            layout,
            width: layout.steps.position(&knapsack.room) + 1,
            size,
            priced: priced.iter().sum(),
        };
        table.fill();
        table
    }

    /// No filling is worth more.
    pub(super) fn bound(&self) -> i64 {
        self.priced + self.gains[self.size - 1]
    }

    /// Searches for fillings worth more than `threshold`.
    pub(super) fn search(&self, threshold: i64, budget: u64) -> Outcome {
        let mut search = Search { table: self, best: threshold, left: budget, depth: 0 };
        let mut room = self.room.to_vec();
        let complete = search.visit(0, self.priced, 0, &mut room);
        Outcome { best: search.best, complete, nodes: budget - search.left }
    }

    fn fill(&mut self) {
        let mut before = vec![0; self.size];
        for (position, entry) in self.items.iter().enumerate().rev() {
            let (now, later) = self.gains[position * self.size..].split_at_mut(self.size);
            now.copy_from_slice(&later[..self.size]);
            // What costs more than it is worth gains most by being left out.
            let mut left = if entry.gain > 0 { entry.count } else { 0 };
            let mut bundle = 1;
            while left > 0 {
                let pods = bundle.min(left);
                left -= pods;
                bundle *= 2;
                before.copy_from_slice(now);
                let requests = &entry.item.requests;
                let rows = self.layout.rows.map_or(0, |axis| axis.weight(requests, pods));
                let steps = self.layout.steps.weight(requests, pods);
                improve(now, &before, self.width, (rows, steps), entry.gain * pods);
            }
        }
    }

    /// What the items from `position` on gain at most in the rest `room`.
    fn gain(&self, position: usize, room: &[i64]) -> i64 {
        self.gains[position * self.size + self.layout.cell(room, self.width)]
    }
}

/// Large items first: they decide most, and few of them fit.
fn sort(items: &mut [Entry<'_>], layout: Layout) {
    let size = |entry: &Entry<'_>| {
        let requests = &entry.item.requests;
        (layout.rows.map_or(0, |axis| requests[axis.resource]), requests[layout.steps.resource])
    };
    items.sort_by(|a, b| size(b).cmp(&size(a)).then_with(|| b.item.cmp(a.item)));
}

/// In each cell, takes a bundle of weight `(rows, steps)` or leaves it, whichever gains more.
fn improve(
    now: &mut [i64],
    before: &[i64],
    width: usize,
    (rows, steps): (usize, usize),
    gain: i64,
) {
    if steps >= width {
        return;
    }
    let rest = before.chunks_exact(width);
    for (now, rest) in now.chunks_exact_mut(width).skip(rows).zip(rest) {
        for (cell, rest) in now[steps..].iter_mut().zip(rest) {
            // Sums are at most `TOTAL_MAX`, far from the end of the range.
            *cell = (*cell).max(rest.wrapping_add(gain));
        }
    }
}

struct Search<'a> {
    table: &'a Table<'a>,
    best: i64,
    left: u64,
    /// How many items are taken.
    depth: usize,
}

impl Search<'_> {
    /// Decides how many of the items from `from` on; `gained` is the gain so far and the price of
    /// the priced resources. False where the budget ends.
    fn visit(&mut self, from: usize, gained: i64, worth: i64, room: &mut [i64]) -> bool {
        self.best = self.best.max(worth);
        // Each turn decides how many of one item to take, then goes on as if none was taken.
        for position in from..self.table.items.len() {
            if self.left == 0 || self.depth == DEPTH_MAX {
                return false;
            }
            self.left -= 1;
            if gained.saturating_add(self.table.gain(position, room)) <= self.best {
                return true;
            }
            let Entry { item, gain, count } = self.table.items[position];
            for taken in (1..=most(item, room, count)).rev() {
                let gained = gained.saturating_add(gain.saturating_mul(taken));
                take(room, item, taken);
                self.depth += 1;
                let done = self.visit(position + 1, gained, worth + item.worth * taken, room);
                put(room, item, taken);
                self.depth -= 1;
                if !done {
                    return false;
                }
            }
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Axis, Layout, Table};
    use crate::bound::exhaustive::{instances, optimum_of};
    use crate::bound::knapsack::Knapsack;
    use crate::bound::prices::{self, Shares};
    use crate::bound::work::Work;

    proptest! {
        #[test]
        fn tables_never_bound_too_low_and_guide_to_the_optimum(
            (items, room) in instances(),
            axes in any::<[prop::sample::Index; 2]>(),
            shifts in any::<[bool; 2]>(),
            threshold in 0..2000_i64,
            budget in 0..100_u64,
        ) {
            let mut knapsack = Knapsack::new(items.into_iter(), &room);
            knapsack.free = 0;
            if knapsack.room.is_empty() {
                return Ok(());
            }
            let [steps, rows] = axes.map(|axis| axis.index(knapsack.room.len()));
            let [fine, coarse] = shifts.map(|coarse| if coarse { 2 } else { 0 });
            let rows = (rows != steps).then_some(Axis { resource: rows, shift: coarse });
            let layout = Layout { steps: Axis { resource: steps, shift: fine }, rows };
            let shares = Shares::new(&knapsack);
            let prices = prices::search(&knapsack, &shares, 0, &mut Work::new(100));
            let counts: Vec<i64> = knapsack.items.iter().map(|item| item.count).collect();
            let table = Table::new(&knapsack, &shares, &prices.of_room, &counts, layout);
            let optimum = optimum_of(&knapsack);
            prop_assert!(table.bound() >= optimum);
            if knapsack.room.len() == 1 && fine == 0 {
                prop_assert_eq!(table.bound(), optimum);
            }
            for budget in [budget, 1_000_000] {
                let outcome = table.search(threshold, budget);
                prop_assert!(outcome.best <= optimum.max(threshold) && outcome.nodes <= budget);
                if outcome.complete {
                    prop_assert_eq!(outcome.best, optimum.max(threshold));
                }
                prop_assert!(outcome.complete || budget < 1_000_000);
            }
        }
    }
}
