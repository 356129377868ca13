//! The rules, in the order in which they are asked.

mod emptiness;

use model::Timestamp;

use crate::cluster::{Node, Pool, Reason};
use crate::kept::Kept;

/// One reason for nodes to go.
#[derive(Clone, Copy, Debug)]
pub struct Rule {
    /// Its name, as in the label `consolidation_type` of Karpenter's metrics.
    pub name: &'static str,
    /// What budgets know it as.
    pub reason: Reason,
    /// Whether it wants a node that nothing bars; why not, where it does not.
    pub wants: fn(&Node, &Pool, Timestamp) -> Result<(), Kept>,
}

/// All rules; the first that takes a node has it.
pub const ALL: &[Rule] = &[emptiness::RULE];
