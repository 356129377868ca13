//! Which nodes may and should go, by which rule, within which budget.
//!
//! In: a [`Cluster`] (nodes with what is on them, pools with their budgets), what was proposed
//! before, and `now`. Out: what goes, and for each node that is kept a typed reason with its numbers.
//! [`decide()`] says which claims go with nothing in their place; [`consolidate()`], which also looks at
//! a snapshot, which nodes go together, what is launched for them, and where their pods run then;
//! [`Emptied`], the second from where the first ends.
//! Rules are a list, one file each. Nothing is done here, no wire format is known, and forceful ends
//! (expiry, interruption, garbage) are not its business.

mod answers;
mod balanced;
mod budget;
mod choose;
mod consolidate;
mod decide;
mod eligibility;
mod emptied;
mod kept;
mod price;
mod quiet;
mod rules;
mod search;

pub use budget::Allowance;
pub use consolidate::{Answer, Consolidation, Rotation, Settings, consolidate};
pub use decide::{Decision, Deletion, VALIDATION, Waiting, decide};
pub use emptied::Emptied;
pub use kept::Kept;
pub use model::fleet::{
    Budget, BudgetError, Cluster, Limit, Node, Place, Pod, PodBudget, Policy, Pool, Protection,
    Reason, Schedule, ScheduleError,
};
pub use price::eviction_price;
pub use quiet::{Quiet, quiet};
pub use rules::{ALL, Drift, Drifted, Finds, Rule, drift};
pub use search::Search;
