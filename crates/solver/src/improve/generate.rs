//! Column generation.

use super::columns::{Column, Columns};
use super::exchange::{self, Exchange};
use super::pricing::{self, Fillable, Pricing, Worths};
use super::work::Work;
use super::worths::{Load, Proposal, Proposals};
use super::{Improved, master};
use crate::first::{self, anchors, anchors::Anchors};
use crate::packing::Packing;
use crate::problem::Problem;

/// Budgets of the exact search for one bin, in tree nodes: raised when a round finds nothing. The
/// last one is for the sharpest linear program, and when it finds nothing column generation ends.
const BUDGETS: [u64; 4] = [500, 20_000, 400_000, 8_000_000];

/// Tolerances of the linear program: blunt at first, as worths from the middle of the optimal face
/// price better than those of a corner, and always this part of the gap that is still to be closed.
const BLUNTEST: f64 = 1e-2;
const SHARPEST: f64 = 1e-8;
const SHARPER: f64 = 0.1;

/// From this many columns on, those whose price exceeds their worth by more than a thirtieth go.
const MANY: usize = 900;
const FAR: i64 = 30;

/// Rounds between roundings with the worths of the moment.
const ROUNDING_EVERY: usize = 4;

/// The state of an improvement.
pub(super) struct Search<'a> {
    pub(super) problem: &'a Problem,
    /// Pods of each class that the first answer placed.
    pub(super) demand: Vec<i64>,
    /// What is left of limits and supplies before the plan.
    pub(super) scarce: Vec<i64>,
    /// Which classes justify a node of which pool, whatever the plan leaves of limits.
    pub(super) anchors: Anchors,
    pub(super) fillables: Vec<Fillable>,
    exchanges: Vec<Exchange>,
    pub(super) columns: Columns,
    pub(super) best: Packing,
    pub(super) worths: Worths,
    /// Worths of masters over all demand that may prove a bound.
    proposals: Proposals,
    /// What everything was worth when no column was missing.
    pub(super) converged: Option<Worths>,
    /// What ended this search, once it has.
    ended: Option<Step>,
    round: usize,
    level: usize,
    tolerance: f64,
}

/// What a round came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// There may be more columns.
    Going,
    /// No column is worth more than it costs, as far as the exact search goes.
    Converged,
    /// The linear program has no answer.
    Stuck,
}

impl Step {
    /// What two searches came to together.
    pub(super) const fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::Going, _) | (_, Self::Going) => Self::Going,
            (Self::Stuck, _) | (_, Self::Stuck) => Self::Stuck,
            (Self::Converged, Self::Converged) => Self::Converged,
        }
    }
}

impl<'a> Search<'a> {
    pub(super) fn new(problem: &'a Problem, first: Packing) -> Self {
        let all = problem.classes.iter().map(|class| crate::packing::count(class.pods.len()));
        let demand: Vec<i64> = all.zip(&first.left).map(|(all, left)| all - left).collect();
        let mut columns = Columns::default();
        columns.add_packing(&first);
        let scarce = problem.scarce.clone();
        let worths = Worths {
            pods: first::standalone_values(problem),
            nodes: vec![0; problem.nodes.len()],
            scarce: vec![0; scarce.len()],
        };
        let anchors = anchors::anchors(problem, &scarce);
        Self {
            problem,
            demand,
            exchanges: exchange::exchanges(problem, &anchors),
            anchors,
            scarce,
            fillables: pricing::fillables(problem),
            columns,
            best: first,
            proposals: Proposals::new(worths.pods.clone()),
            converged: None,
            ended: None,
            worths,
            round: 0,
            level: 0,
            tolerance: BLUNTEST,
        }
    }

    /// Whether work ends here.
    pub(super) fn is_over(&self, work: &mut Work<'_>) -> bool {
        let pods = self.worths.pods.iter().zip(&self.demand);
        let estimate =
            pods.map(|(worth, pods)| worth.saturating_mul(*pods)).fold(0, i64::saturating_add);
        work.is_over(self.best.cost(self.problem), estimate)
    }

    /// Whether limits, weights or preferences keep this search from what could be had without them.
    pub(super) fn is_restricted(&self) -> bool {
        let of_limits = &self.worths.scarce[..self.problem.first_supply];
        of_limits.iter().any(|worth| *worth > 0)
            || self.anchors.iter().any(Option::is_some)
            || self.problem.has_wishes()
            || !anchors::all_within_limits(self.problem, &self.scarce)
    }

    /// One round, unless the search has ended: solve the master, price every bin at its worths.
    pub(super) fn step(&mut self, work: &mut Work<'_>) -> Step {
        if let Some(ended) = self.ended {
            return ended;
        }
        let step = self.round(work);
        if step != Step::Going {
            self.ended = Some(step);
        }
        step
    }

    fn round(&mut self, work: &mut Work<'_>) -> Step {
        if !self.solve_master(work) {
            return Step::Stuck;
        }
        self.prune();
        self.round += 1;
        if self.round % ROUNDING_EVERY == 1 {
            self.try_greedy();
        }
        let (found, load) = self.price_all(self.round, BUDGETS[self.level], work);
        if !self.is_over(work) {
            self.proposals.consider(&self.worths.pods, load, &self.demand);
        }
        let gap = self.proposals.gap(&self.worths.pods, &self.demand);
        self.tolerance = self.tolerance.min(gap * SHARPER).max(SHARPEST);
        if found > 0 {
            return Step::Going;
        }
        if self.level + 2 < BUDGETS.len() {
            self.level += 1;
            return Step::Going;
        }
        if self.tolerance > SHARPEST {
            self.tolerance = (self.tolerance / 10.0).max(SHARPEST);
            return Step::Going;
        }
        self.level += 1;
        if self.level < BUDGETS.len() {
            return Step::Going;
        }
        self.proposals.add(&self.worths.pods, load);
        self.converged = Some(self.worths.clone());
        Step::Converged
    }

    /// Forgets columns that cost far more than they are worth, once there are many: the linear
    /// program's time grows faster than their number.
    fn prune(&mut self) {
        if self.columns.all().len() <= MANY {
            return;
        }
        let (problem, worths) = (self.problem, &self.worths);
        self.columns.retain(|column| {
            let price = column.price(problem);
            price - column.worth(&worths.pods) <= price / FAR
        });
        self.columns.add_packing(&self.best);
    }

    fn solve_master(&mut self, work: &mut Work<'_>) -> bool {
        let columns = std::mem::take(&mut self.columns);
        let exchanges = std::mem::take(&mut self.exchanges);
        let solved = self.solve_over(columns.all(), &exchanges, work).is_some();
        self.exchanges = exchanges;
        self.columns = columns;
        solved
    }

    /// Solves the master over `columns` for the demand of the moment, and takes its worths; `None`
    /// where it has no answer.
    pub(super) fn solve_over(
        &mut self,
        columns: &[Column],
        exchanges: &[Exchange],
        work: &mut Work<'_>,
    ) -> Option<Vec<f64>> {
        let rows = self.demand.len();
        let units = 20 * (columns.len() + exchanges.len() + rows) + rows * rows / 2;
        work.spend(u64::try_from(units).unwrap_or(u64::MAX));
        let optimum = master::solve(
            self.problem,
            columns,
            exchanges,
            &self.demand,
            &self.scarce,
            self.tolerance,
        )
        .ok()?;
        self.worths = Worths {
            pods: optimum.worths,
            nodes: optimum.node_worths,
            scarce: optimum.scarce_worths,
        };
        Some(optimum.uses)
    }

    /// Adds the columns that pricing finds at the current worths; returns how many are new, and the
    /// node that is furthest over its price.
    pub(super) fn price_all(
        &mut self,
        round: usize,
        budget: u64,
        work: &mut Work<'_>,
    ) -> (usize, Load) {
        let mut fresh: Vec<Column> = Vec::new();
        let mut worst = Load::NONE;
        for (position, fillable) in self.fillables.iter().enumerate() {
            if self.is_over(work) {
                break;
            }
            let priced = Pricing::new(self, fillable).columns(budget, round + position, work);
            worst = worst.worse(priced.load);
            fresh.extend(priced.columns);
        }
        let found = fresh.into_iter().filter(|column| self.columns.add(column.clone())).count();
        (found, worst)
    }

    /// Packs everything greedily by the worths of the moment, and keeps it if it is better.
    fn try_greedy(&mut self) {
        let packing = first::pack(self.problem, &self.worths.pods, &self.demand);
        self.offer(packing);
    }

    /// Keeps `packing` if it leaves out no more and costs less than the best.
    pub(super) fn offer(&mut self, packing: Packing) {
        let placed = packing.left.iter().zip(&self.best.left).all(|(new, old)| new <= old);
        let cheaper = packing.cost(self.problem) < self.best.cost(self.problem);
        if placed && cheaper && anchors::all_justified(self.problem, &packing) {
            self.columns.add_packing(&packing);
            self.best = packing;
        }
    }

    /// The best packing, and the worths that this search and the one for the `bound` propose, which has
    /// other classes where the problem `is_split`.
    pub(super) fn finish(
        self,
        bound: Option<Search<'_>>,
        is_split: bool,
        (complete, cheapest): (bool, bool),
    ) -> Improved {
        let mut proposals = self.proposals.into_kept();
        if bound.is_some() && self.problem.has_wishes() {
            // The bound knows no preferences, and what pods are worth with them is too much for it.
            proposals.clear();
        }
        let mut of_bound: Vec<Proposal> =
            bound.into_iter().flat_map(|bound| bound.proposals.into_kept()).collect();
        if !is_split {
            proposals.append(&mut of_bound);
        }
        Improved {
            of_bound,
            classes: self.problem.classes.len(),
            packing: self.best,
            proposals,
            complete,
            cheapest,
        }
    }
}
