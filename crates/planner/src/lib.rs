//! The one planning entry: `plan(&Snapshot, &Settings, now, seed) -> (Plan, Report)`; and where the pods of
//! nodes that go run then.
//!
//! Pure functions: the same arguments give the same bytes on any machine.

mod alternatives;
mod move_alternatives;
mod moving;
mod plan;
mod report;

pub use alternatives::{ALTERNATIVES_MAX, Alternative, alternatives};
pub use model::Timestamp;
pub use move_alternatives::move_alternatives;
pub use moving::{Arguments, Begun, Moving, NoPlace, launches, replace_first};
pub use plan::{Seed, Settings, plan, plan_watched};
pub use report::{LimitUse, PoolReport, Report, SupplyUse};
pub use solver::{Progress, Small};
