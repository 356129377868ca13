//! What a checked plan costs, and what no plan for the same pods can go below.
//!
//! Bounds are the checker's: a certificate is what someone claims pods are worth, and counts for
//! nothing until [`checker::prove`] has derived a bound from it. All in integers.

use checker::{CheckedPlan, Preferences, Totals};
use model::{Candidate, MicroUsdPerHour, NanoUsdPerHour, Objective, Snapshot};

/// Units of work that the checker may spend on one bound: about 3 s on one core of 2026. It is spent
/// only where pods have many sizes; a smaller limit gives a lower bound, and as true.
const PROOF_WORK_MAX: u64 = 30_000_000;

/// Costs as the checker added them up, and bounds as it proved them.
#[derive(Clone)]
pub(crate) struct Bill {
    /// What the plan minimises beside list prices.
    pub(crate) minimised: Objective,
    /// List prices of the new nodes.
    pub(crate) cost: MicroUsdPerHour,
    /// List prices of the nodes that are already there.
    pub(crate) existing: MicroUsdPerHour,
    /// How many of them have no known price and are not in that sum.
    pub(crate) existing_unpriced: usize,
    /// Cost, interruption terms of the pods on new nodes, and what preferences are given up.
    pub(crate) objective: NanoUsdPerHour,
    /// What pods prefer, and what of it they have.
    pub(crate) preferences: Preferences,
    /// What no plan for the same pods goes below in objective.
    pub(crate) objective_bound: NanoUsdPerHour,
    /// The candidate that proves it, by position.
    pub(crate) objective_proof: usize,
    /// The same for cost alone.
    pub(crate) cost_bound: NanoUsdPerHour,
    /// The candidate that proves it, by position.
    pub(crate) cost_proof: usize,
}

impl Bill {
    /// The bill of `checked`, with the best bounds that `candidates` prove; or why they prove none.
    pub(crate) fn new(
        snapshot: &Snapshot,
        checked: &CheckedPlan,
        candidates: &[Candidate],
        minimised: Objective,
    ) -> Result<Self, checker::BoundError> {
        let prove = |objective| {
            checker::prove_best(snapshot, checked.plan(), candidates, objective, PROOF_WORK_MAX)
                .map(|(position, bound)| (position, bound.lower))
        };
        let by_objective = prove(minimised)?;
        // The bound knows no preferences: they only add.
        let by_cost =
            if minimised.restart_cost == 0 { by_objective } else { prove(Objective::LIST_PRICES)? };
        let preferences = checked.preferences().clone();
        let Totals { cost_per_hour, existing_cost_per_hour, existing_unpriced, .. } =
            checked.totals();
        Ok(Self {
            minimised,
            cost: cost_per_hour,
            existing: existing_cost_per_hour,
            existing_unpriced,
            objective: objective(snapshot, checked, minimised),
            preferences,
            objective_bound: by_objective.1,
            objective_proof: by_objective.0,
            cost_bound: by_cost.1,
            cost_proof: by_cost.0,
        })
    }

    /// How far the objective is above its bound, in millionths of the bound, rounded up; zero where
    /// both are zero, `None` where only the bound is.
    pub(crate) fn gap(&self) -> Option<i128> {
        gap(self.objective, self.objective_bound)
    }
}

/// What is minimised beside the cost, in words; `None` where that is nothing.
pub(crate) fn beside_cost(bill: &Bill) -> Option<&'static str> {
    let Objective { restart_cost, preference_price } = bill.minimised;
    match (restart_cost != 0, !preference_price.is_nothing() && bill.preferences.weight > 0) {
        (false, false) => None,
        (true, false) => Some("interruptions"),
        (false, true) => Some("preferences given up"),
        (true, true) => Some("interruptions and preferences given up"),
    }
}

/// Cost, interruption terms and what preferences are given up, saturating.
fn objective(snapshot: &Snapshot, checked: &CheckedPlan, minimised: Objective) -> NanoUsdPerHour {
    let terms = checked.plan().new_nodes.iter().map(|node| {
        let listing = snapshot.listing_of(snapshot.offering(node.offering));
        let pods = i64::try_from(node.pods.len()).unwrap_or(i64::MAX);
        minimised.term(listing).get().saturating_mul(pods)
    });
    let cost = checked.totals().cost_per_hour.get().saturating_mul(1000);
    let given_up = checked.preferences().price(minimised).get();
    NanoUsdPerHour::new(terms.fold(cost.saturating_add(given_up), i64::saturating_add))
}

fn gap(objective: NanoUsdPerHour, bound: NanoUsdPerHour) -> Option<i128> {
    let (objective, bound) = (i128::from(objective.get()), i128::from(bound.get()));
    if bound <= 0 {
        return (objective == 0).then_some(0);
    }
    Some(((objective - bound).max(0) * 1_000_000 + bound - 1) / bound)
}

#[cfg(test)]
mod tests {
    use super::gap;
    use model::NanoUsdPerHour;

    #[test]
    fn gap_is_relative_to_the_bound_and_rounded_up() {
        for (objective, bound, millionths) in [
            (0, 0, Some(0)),
            (1, 0, None),
            (110, 110, Some(0)),
            (110, 100, Some(100_000)),
            (4, 3, Some(333_334)),
            (i64::MAX, 1, Some((i128::from(i64::MAX) - 1) * 1_000_000)),
        ] {
            let gap = gap(NanoUsdPerHour::new(objective), NanoUsdPerHour::new(bound));
            assert_eq!(gap, millionths, "{objective} over {bound}");
        }
    }
}
