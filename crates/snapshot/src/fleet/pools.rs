//! A pool's settings on disruption.

use model::fleet::{Budget, Policy, Pool};

use super::time;

/// Reads them; a budget that cannot be read allows none.
pub(super) fn read(pool: &api::NodePool) -> Pool {
    let disruption = pool.spec.disruption.clone().unwrap_or_default();
    let budget = |one: &api::Budget| {
        // A duration that cannot be read leaves a schedule without one, which allows nothing.
        let duration = one.duration.as_deref().and_then(time::seconds);
        let (nodes, schedule) = (one.nodes.as_deref(), one.schedule.as_deref());
        Budget::read(nodes, schedule, duration, one.reasons.as_deref())
    };
    Pool {
        name: pool.metadata.name.as_str().into(),
        is_static: pool.spec.replicas.is_some(),
        consolidate_after: time::seconds(disruption.consolidate_after.as_deref().unwrap_or("0s")),
        policy: match disruption.consolidation_policy.as_deref() {
            Some("WhenEmpty") => Policy::WhenEmpty,
            Some("Balanced") => Policy::Balanced,
            _ => Policy::WhenEmptyOrUnderutilized,
        },
        budgets: match &disruption.budgets {
            None => vec![Budget::read(None, None, None, None)],
            Some(budgets) => budgets.iter().map(budget).collect(),
        },
    }
}
