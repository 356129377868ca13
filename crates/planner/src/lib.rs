//! The one planning entry: `plan(&Snapshot, &Settings, now, seed) -> (Plan, Report)`.
//!
//! A pure function: the same arguments give the same bytes on any machine. Today it provisions;
//! disruption and lifecycle steps will follow provisioning in the same call.

mod alternatives;
mod move_alternatives;
mod plan;
mod report;

pub use alternatives::{ALTERNATIVES_MAX, Alternative, alternatives};
pub use model::Timestamp;
pub use move_alternatives::move_alternatives;
pub use plan::{Seed, Settings, plan, plan_watched};
pub use report::{LimitUse, PoolReport, Report, SupplyUse};
pub use solver::{Progress, Small};
