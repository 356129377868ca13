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

    /// Puts windows of at most `size` nodes together anew, until no window of a round is cheaper or
    /// `work_limit` units are used in all.
    pub fn try_several(&mut self, size: usize, work_limit: u64) {
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
                    any |= self.reseat(&window, budget);
                }
            }
            round += 1;
            if !any && round > 3 {
                return;
            }
        }
    }

    /// What keeping a bin costs beyond what its pods are worth.
    fn excess(&self, bin: usize) -> i64 {
        let bin = &self.bins[bin];
        let worth = bin.own.iter().map(|&(class, pods)| self.values[class].saturating_mul(pods));
        bin.worth.saturating_sub(worth.fold(0, i64::saturating_add))
    }

    /// Bins in the order in which a round takes them up.
    fn windows(&self, size: usize, round: usize) -> Vec<Vec<usize>> {
        let open = |bin: &usize| self.bins[*bin].may_go && !self.bins[*bin].gone;
        let mut order: Vec<usize> = (0..self.bins.len()).filter(open).collect();
        order.sort_by_key(|&bin| (Reverse(self.excess(bin)), bin));
        let count = order.len().div_ceil(size.max(1)).max(1);
        if round.is_multiple_of(2) {
            let shift = (round / 2 * size / 2).checked_rem(order.len()).unwrap_or(0);
            order.rotate_left(shift);
            return order.chunks(size.max(1)).map(<[usize]>::to_vec).collect();
        }
        let shift = round / 2;
        let comb = |tooth: usize| {
            order.iter().skip((tooth + shift) % count).step_by(count).copied().collect()
        };
        (0..count).map(comb).collect()
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
