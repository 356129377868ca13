//! The rules, in the order in which they are asked.

mod delete;
mod drift;
mod emptiness;
mod replace;
mod several;
mod underused;

pub use drift::{Drift, Drifted, drift};
use model::Timestamp;
use model::fleet::{Node, Pool, Reason};

use crate::kept::Kept;
use crate::search::Search;

/// One reason for nodes to go.
#[derive(Clone, Copy, Debug)]
pub struct Rule {
    /// Its name; that of emptiness is also the label `consolidation_type` of Karpenter's metrics.
    pub name: &'static str,
    /// What budgets know it as.
    pub reason: Reason,
    /// Whether it may take a node that nothing bars; why not, where it may not.
    pub wants: fn(&Node, &Pool, Timestamp) -> Result<(), Kept>,
    /// How it finds moves.
    pub finds: Finds,
}

/// How a rule finds moves.
#[derive(Clone, Copy)]
pub enum Finds {
    /// Whatever it wants goes, and nothing has to run elsewhere.
    Alone,
    /// It trades nodes for others.
    Trades(fn(&mut Search)),
}

impl std::fmt::Debug for Finds {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Alone => "Alone",
            Self::Trades(_) => "Trades",
        })
    }
}

/// All rules; the first that takes a node has it.
pub const ALL: &[Rule] = &[emptiness::RULE, several::RULE, delete::RULE, replace::RULE];

/// The rules that trade.
pub(crate) fn trading() -> impl Iterator<Item = (&'static Rule, fn(&mut Search))> {
    ALL.iter().filter_map(|rule| match rule.finds {
        Finds::Alone => None,
        Finds::Trades(trade) => Some((rule, trade)),
    })
}

/// The rules that do not.
pub(crate) fn alone() -> impl Iterator<Item = &'static Rule> {
    ALL.iter().filter(|rule| matches!(rule.finds, Finds::Alone))
}
