//! Plans again what was planned, and compares.

use model::Plan;
use planner::{Report, Settings};

use crate::difference::{self, Difference};
use crate::planning::Recorded;

/// What came of planning again.
#[derive(Clone, Debug)]
pub struct Replay {
    /// The plan.
    pub plan: Plan,
    /// What it amounts to.
    pub report: Report,
    /// Where it is not, byte for byte, what was recorded.
    pub difference: Option<Difference>,
}

/// Makes the same call that the record was made of. A search that was cut is given the work that it
/// had done as its limit, which gives the same.
pub fn replay(recorded: &Recorded) -> Replay {
    let work_limit =
        if recorded.cut { recorded.report.work_used } else { recorded.settings.work_limit };
    let settings = Settings { work_limit, ..recorded.settings };
    let (plan, report) = planner::plan(&recorded.snapshot, &settings, recorded.now, recorded.seed);
    let difference = difference::first((&recorded.plan, &recorded.report), (&plan, &report));
    Replay { plan, report, difference }
}
