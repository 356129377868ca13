//! Emptiness: a node goes when nothing is on it that would have to run elsewhere, and nothing has
//! come or gone for as long as its pool says. It holds under every consolidation policy.

use model::Timestamp;

use super::{Finds, Rule};
use crate::kept::Kept;
use crate::quiet::{Quiet, quiet};
use model::fleet::{Node, Pool, Reason};

pub(super) const RULE: Rule =
    Rule { name: "empty", reason: Reason::Empty, wants, finds: Finds::Alone };

fn wants(node: &Node, pool: &Pool, now: Timestamp) -> Result<(), Kept> {
    if pool.is_static {
        return Err(Kept::StaticPool);
    }
    let Some(after) = pool.consolidate_after else { return Err(Kept::ConsolidationDisabled) };
    let pods = node.pods.iter().filter(|pod| pod.counts()).count();
    if pods > 0 {
        return Err(Kept::NotEmpty { pods });
    }
    match quiet(node, pool, now) {
        Quiet::Yes => Ok(()),
        Quiet::NotYet { until } => Err(Kept::NotQuiet { after, until }),
        Quiet::Off => Err(Kept::NotQuiet { after, until: None }),
    }
}
