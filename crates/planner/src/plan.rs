//! Runs the steps of a plan in order.

use model::{Plan, Snapshot};
use solver::Weights;

use crate::report::{self, Report};

/// Seconds since the Unix epoch; the planner never reads a clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Timestamp(pub i64);

/// Seed of whatever may be drawn by lot; nothing is, so far, and plans do not depend on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Seed(pub u64);

/// What the caller chooses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Also solve with all weights equal, to report what the weights cost. Doubles the work where
    /// pools differ in weight, and is free where they do not.
    pub price_weights: bool,
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
    let plan = solver::solve(
        snapshot,
        &solver::Settings {
            weights: Weights::Honoured,
        },
    );
    let weights_differ = snapshot
        .pools
        .windows(2)
        .any(|pair| pair[0].weight != pair[1].weight);
    let unweighted = (settings.price_weights && weights_differ).then(|| {
        solver::solve(
            snapshot,
            &solver::Settings {
                weights: Weights::Ignored,
            },
        )
    });
    let report = report::report(snapshot, &plan, unweighted.as_ref(), now, seed);
    (plan, report)
}
