//! The one planning entry: `plan(&Snapshot, &Settings, now, seed) -> (Plan, Report)`; where the pods of
//! nodes that go run then; and `pass`, which says which nodes go.
//!
//! Pure functions: the same arguments give the same bytes on any machine.

mod alternatives;
mod compat;
mod move_alternatives;
mod moving;
mod one_node;
mod pass;
mod plan;
mod remains;
mod report;
mod wishes;

pub use alternatives::{ALTERNATIVES_MAX, Alternative, alternatives};
pub use model::Timestamp;
pub use move_alternatives::move_alternatives;
pub use moving::{Arguments, Begun, Moving, NoPlace, Replacement, launches, replace_first};
pub use one_node::on_one_node;
pub use pass::{Pass, Question, pass};
pub use plan::{Seed, Settings, plan, plan_watched};
pub use report::{LimitUse, PoolReport, Report, SupplyUse};
pub use solver::{Progress, Small};
