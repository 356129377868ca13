//! What all rules on underused nodes have in common: the pool wants it, and pods have been quiet.

use model::Timestamp;
use model::fleet::{Node, Policy, Pool};

use crate::kept::Kept;
use crate::quiet::{Quiet, quiet};

/// Whether `node` may be traded; empty ones are left to the rule about them.
pub(super) fn wants(node: &Node, pool: &Pool, now: Timestamp) -> Result<(), Kept> {
    if pool.is_static {
        return Err(Kept::StaticPool);
    }
    let Some(after) = pool.consolidate_after else { return Err(Kept::ConsolidationDisabled) };
    let pods = node.pods.iter().filter(|pod| pod.counts()).count();
    if pods == 0 {
        return Err(Kept::Empty);
    }
    match pool.policy {
        Policy::WhenEmpty => return Err(Kept::NotEmpty { pods }),
        Policy::WhenEmptyOrUnderutilized | Policy::Balanced => {}
    }
    match quiet(node, pool, now) {
        Quiet::Yes => Ok(()),
        Quiet::NotYet { until } => Err(Kept::NotQuiet { after, until }),
        Quiet::Off => Err(Kept::NotQuiet { after, until: None }),
    }
}
