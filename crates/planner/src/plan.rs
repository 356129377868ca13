//! Runs the steps of a plan in order.

use model::{Objective, Plan, Profile, Snapshot, Timestamp};
use solver::{Progress, Solution, Weights};

use crate::compat;
use crate::report::{self, Report};

/// Seed of whatever may be drawn by lot; nothing is, so far, and plans do not depend on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Seed(pub u64);

/// What the caller chooses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Also solve with all weights equal, to report what the weights cost. Doubles the work where
    /// pools differ in weight, and is free where they do not.
    pub price_weights: bool,
    /// What is minimised beside list prices.
    pub objective: Objective,
    /// Units of work to spend on improving the first answer; see [`solver::Settings`].
    pub work_limit: u64,
}

/// Plans `snapshot`: every pod is placed or left out with reasons.
///
/// `now` and `seed` are part of the record that replays the plan.
pub fn plan(
    snapshot: &Snapshot,
    settings: &Settings,
    now: Timestamp,
    seed: Seed,
) -> (Plan, Report) {
    plan_watched(snapshot, settings, now, seed, &mut |_| false)
}

/// As [`plan`]; `watch` is told at counted steps how things stand, and may end the improvement by
/// answering true. The report then says how much work was done, and a plan with that limit is the
/// same plan.
pub fn plan_watched(
    snapshot: &Snapshot,
    settings: &Settings,
    now: Timestamp,
    seed: Seed,
    watch: &mut dyn FnMut(&Progress) -> bool,
) -> (Plan, Report) {
    let solver_settings = |weights| solver::Settings {
        weights,
        objective: settings.objective,
        work_limit: settings.work_limit,
    };
    let solution = solve(snapshot, &solver_settings(Weights::Honoured), watch);
    let weights_differ = snapshot.pools.windows(2).any(|pair| pair[0].weight != pair[1].weight);
    let unweighted = (settings.price_weights && weights_differ).then(|| {
        let mut settings = solver_settings(Weights::Ignored);
        settings.work_limit = solution.work_used;
        solve(snapshot, &settings, &mut |_| false).plan
    });
    let report = report::report(snapshot, &solution, unweighted.as_ref(), now, seed);
    (solution.plan, report)
}

fn solve(
    snapshot: &Snapshot,
    settings: &solver::Settings,
    watch: &mut dyn FnMut(&Progress) -> bool,
) -> Solution {
    match snapshot.profile {
        Profile::Cost => solver::solve(snapshot, settings, watch),
        Profile::Compat => compat::solve(snapshot, settings, watch),
    }
}
