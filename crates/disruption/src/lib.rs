//! Which nodes may and should go, by which rule, within which budget.
//!
//! In: a [`Cluster`] (nodes with what is on them, pools with their budgets), what was proposed
//! before, and `now`. Out: the claims to delete, and for each node that is kept a typed reason with
//! its numbers. Rules are a list, one file each. It deletes nothing itself, knows no wire format, and
//! forceful ends (expiry, interruption, garbage) are not its business.

mod budget;
mod cluster;
mod decide;
mod eligibility;
mod kept;
mod quiet;
mod rules;
mod schedule;

pub use budget::{Allowance, Budget, BudgetError, Limit};
pub use cluster::{Cluster, Node, Pod, PodBudget, Policy, Pool, Protection, Reason};
pub use decide::{Decision, Deletion, VALIDATION, Waiting, decide};
pub use kept::Kept;
pub use quiet::{Quiet, quiet};
pub use rules::{ALL, Rule};
pub use schedule::{Schedule, ScheduleError};
