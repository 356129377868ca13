//! Decides again what was decided, and compares.

use disruption::Decision;
use model::Plan;
use planner::{Pass, Report, Settings};

use crate::decode::Recorded;
use crate::difference::{self, Difference};
use crate::fleet::{RecordedEnding, RecordedPass};
use crate::planning::RecordedPlanning;

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
pub fn replay(recorded: &RecordedPlanning) -> Replay {
    let work_limit =
        if recorded.cut { recorded.report.work_used } else { recorded.settings.work_limit };
    let settings = Settings { work_limit, ..recorded.settings };
    let (plan, report) = planner::plan(&recorded.snapshot, &settings, recorded.now, recorded.seed);
    let difference = difference::first((&recorded.plan, &recorded.report), (&plan, &report));
    Replay { plan, report, difference }
}

/// Decides again what goes with nothing in its place.
pub fn replay_ending(recorded: &RecordedEnding) -> (Decision, Option<Difference>) {
    let decision = disruption::decide(&recorded.cluster, &recorded.waiting, recorded.now);
    let difference = difference::of_endings(&recorded.decision, &decision);
    (decision, difference)
}

/// Makes the same pass again.
pub fn replay_pass(recorded: &RecordedPass) -> (Pass, Option<Difference>) {
    let pass = planner::pass(&recorded.snapshot, &recorded.cluster, &recorded.question);
    let difference = difference::of_passes(&recorded.pass, &pass);
    (pass, difference)
}

/// Where deciding again what `recorded` holds comes to something else.
pub fn replay_any(recorded: &Recorded) -> Option<Difference> {
    match recorded {
        Recorded::Planning(planning) => replay(planning).difference,
        Recorded::Ending(ending) => replay_ending(ending).1,
        Recorded::Pass(pass) => replay_pass(pass).1,
    }
}
