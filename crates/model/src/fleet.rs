//! The nodes that are there, as disruption looks at them: who owns them, what runs on them, what
//! keeps them there, and how many of them may go.

mod budget;
mod cluster;
mod schedule;

pub use budget::{Budget, BudgetError, Limit};
pub use cluster::{Cluster, Node, Place, Pod, PodBudget, Policy, Pool, Protection, Reason};
pub use schedule::{Schedule, ScheduleError};
