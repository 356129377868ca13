//! Several nodes at once: windows over the yard, one after another, each put together anew.
//!
//! Whose pods are worth least for what keeping it costs comes first. Windows are runs of that order, and
//! combs of it; a trade of before is taken apart with the nodes that it touched.

use std::cmp::Reverse;

use super::Yard;
use super::window::Window;
use crate::first;
use crate::improve::{self, Work};
use crate::problem::Problem;

/// Units of work for one window.
const WINDOW_WORK: u64 = 1_500_000;

/// Nodes of a wide window: some hundreds of pods, for which column generation comes near its end within
/// [`WIDE_WORK`].
const WIDE: usize = 128;

/// Units of work for one wide window.
const WIDE_WORK: u64 = 8_000_000;

impl Yard {
    /// Learns what pods are worth where everything is bought anew, within `budget` units of work.
    pub fn appraise(&mut self, budget: u64) {
        let anew = self.anew();
        let first = first::answer(&anew);
        let mut never = |_: &crate::Progress| false;
        let mut work = Work::new(budget, &mut never);
        let proposals = improve::appraise(&anew, first, &mut work);
        self.work_used += work.used();
        if let Some(last) = proposals.last() {
            self.values.clone_from(&last.worths);
        }
        self.proposals = proposals;
    }

    /// Everything that may have to move, with no node there.
    fn anew(&self) -> Problem {
        Problem { nodes: Vec::new(), ..self.problem.clone() }
    }

    /// Puts windows of many nodes and then windows of at most `size` together anew, by trades that take out
    /// `size` nodes at most, until no window of a round is cheaper or `work_limit` units are used in all.
    pub fn try_several(&mut self, size: usize, work_limit: u64) {
        self.try_wide(size, work_limit);
        let mut round = 0;
        loop {
            let windows = self.windows(size, round);
            let mut any = false;
            for seed in windows {
                if self.work_used >= work_limit {
                    return;
                }
                let budget = WINDOW_WORK.min(work_limit - self.work_used);
                if let Some(window) = self.window(&seed, size) {
                    any |= self.reseat(&window, size, budget);
                }
            }
            round += 1;
            if !any && round > 3 {
                return;
            }
        }
    }

    /// Windows of as many nodes as are looked at together: what comes of them falls into small trades, as
    /// far as it is cheap by filling nodes that stay.
    fn try_wide(&mut self, size: usize, work_limit: u64) {
        let wide = WIDE.max(size);
        let half = self.work_used + work_limit.saturating_sub(self.work_used) / 2;
        let all = (0..self.bins.len()).filter(|bin| self.bins[*bin].may_go);
        let order = self.by_excess(all.collect());
        let apart = self.apart(order);
        let windows: Vec<&[usize]> = apart.iter().flat_map(|order| order.chunks(wide)).collect();
        let count = u64::try_from(windows.len()).unwrap_or(u64::MAX).max(1);
        let share = half.saturating_sub(self.work_used) / count;
        for bins in windows {
            if self.work_used >= half || bins.len() < 2 {
                return;
            }
            let within = |trade: &usize| {
                self.trades.get(*trade).removed.iter().all(|bin| bins.contains(bin))
            };
            let trades: Vec<usize> = (0..self.trades.len()).filter(within).collect();
            let start = self.undo(&trades);
            // One that takes pods of others stays: they would have no place.
            let is_free = |bin: &usize| !self.bins[*bin].gone && self.trades_on(*bin).is_empty();
            let bins = bins.iter().copied().filter(is_free).collect();
            let window = Window { bins, start, ..Window::default() };
            let budget = share.clamp(WINDOW_WORK, WIDE_WORK).min(half - self.work_used);
            if !self.reseat(&window, size, budget) {
                for trade in window.start {
                    self.take_up(trade);
                }
            }
        }
    }

    /// What keeping a bin costs beyond what its pods are worth.
    fn excess(&self, bin: usize) -> i64 {
        let surplus = self.surplus(bin);
        let bin = &self.bins[bin];
        let worth = bin.own.iter().map(|&(class, pods)| self.values[class].saturating_mul(pods));
        surplus.saturating_sub(worth.fold(0, i64::saturating_add))
    }

    fn by_excess(&self, mut bins: Vec<usize>) -> Vec<usize> {
        bins.sort_by_cached_key(|&bin| (Reverse(self.excess(bin)), bin));
        bins
    }

    /// Bins in the order in which a round takes them up.
    fn windows(&self, size: usize, round: usize) -> Vec<Vec<usize>> {
        let open = |bin: &usize| self.bins[*bin].may_go && !self.bins[*bin].gone;
        let order = self.by_excess((0..self.bins.len()).filter(open).collect());
        let apart = self.apart(order).into_iter();
        apart.flat_map(|order| runs(order, size, round)).collect()
    }

    /// The window of the bins of `seed` that are there, as many as may go together with what was traded
    /// on them before.
    fn window(&self, seed: &[usize], size: usize) -> Option<Window> {
        let mut window = Window::default();
        for &bin in seed.iter().filter(|bin| !self.bins[**bin].gone) {
            let mut wider = window.clone();
            wider.bins.push(bin);
            for trade in self.trades_on(bin) {
                if !wider.trades.contains(&trade) {
                    wider.trades.push(trade);
                }
            }
            let mut going: Vec<usize> = wider.bins.clone();
            for trade in &wider.trades {
                going.extend(&self.trades.get(*trade).removed);
            }
            if going.len() <= size && self.may_go_together(&going) {
                window = wider;
            }
        }
        (!window.bins.is_empty()).then_some(window)
    }

    /// Trades that moved pods to a bin.
    fn trades_on(&self, bin: usize) -> Vec<usize> {
        let Some(seat) = self.bins[bin].seat else { return Vec::new() };
        let touches = |trade: &usize| self.trades.get(*trade).on(seat).is_some();
        (0..self.trades.len()).filter(touches).collect()
    }
}

/// Runs of `order`, and combs of it in every other round.
fn runs(mut order: Vec<usize>, size: usize, round: usize) -> Vec<Vec<usize>> {
    let count = order.len().div_ceil(size.max(1)).max(1);
    if round.is_multiple_of(2) {
        let shift = (round / 2 * size / 2).checked_rem(order.len()).unwrap_or(0);
        order.rotate_left(shift);
        return order.chunks(size.max(1)).map(<[usize]>::to_vec).collect();
    }
    let shift = round / 2;
    let comb =
        |tooth: usize| order.iter().skip((tooth + shift) % count).step_by(count).copied().collect();
    (0..count).map(comb).collect()
}
