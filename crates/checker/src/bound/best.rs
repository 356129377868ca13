//! The best bound that any of several certificates proves.
//!
//! In: candidates, each with how far it is known to overrate pods. Out: the highest bound, and which
//! candidate proves it. The most promising is proved first; one whose hope is no higher than what is
//! proved already is passed over. So more candidates never lower the bound.

use std::cmp::Reverse;

use model::{Candidate, Objective, Plan, Snapshot};

use super::demand::Demand;
use super::{Bound, BoundError, prove_above};

/// Candidates that are proved at most; their hopes are near the truth, so that few are needed.
const PROOFS_MAX: usize = 64;

/// The highest bound of `candidates`, and the position of the first one that proves it; as
/// [`super::prove`], with `work_limit` for each proof. With more candidates the bound is no lower.
///
/// # Errors
/// Where there is no candidate to prove, or one does not go together with plan and snapshot.
pub fn prove_best(
    snapshot: &Snapshot,
    plan: &Plan,
    candidates: &[Candidate],
    objective: Objective,
    work_limit: u64,
) -> Result<(usize, Bound), BoundError> {
    prove_best_kept(snapshot, plan, candidates, objective, &[], work_limit)
}

/// The same where keeping a node that is there costs something, nano-USD per hour by node: no plan,
/// whichever of them it keeps, costs less with what it keeps.
pub(crate) fn prove_best_kept(
    snapshot: &Snapshot,
    plan: &Plan,
    candidates: &[Candidate],
    objective: Objective,
    kept: &[i64],
    work_limit: u64,
) -> Result<(usize, Bound), BoundError> {
    let mut hopes = Vec::with_capacity(candidates.len());
    for (position, candidate) in candidates.iter().enumerate() {
        let worth = Demand::new(snapshot, plan, &candidate.certificate)?.worth();
        hopes.push((Reverse(candidate.hope(worth)), position));
    }
    hopes.sort_unstable();
    let mut best: Option<(usize, Bound)> = None;
    for (Reverse(hope), position) in hopes.into_iter().take(PROOFS_MAX) {
        let floor = best.as_ref().map(|(_, bound)| bound.lower);
        if floor.is_some_and(|floor| hope <= i128::from(floor.get())) {
            break;
        }
        let certificate = &candidates[position].certificate;
        let proved =
            prove_above(snapshot, plan, certificate, objective, kept, (work_limit, floor))?;
        best = proved.map(|bound| (position, bound)).or(best);
    }
    best.ok_or(BoundError::NoCandidate)
}
