//! Packs pods onto offerings.
//!
//! In: a [`model::Snapshot`]. Out: a [`model::Plan`] in which every pod is placed on an existing
//! node, placed on a node to buy, or left out for stated reasons. [`Yard`] does it for what runs
//! already: which nodes are better taken out, and where their pods run then. Pure and deterministic: search is
//! bounded by counted work, decisions are made in integers.

mod bits;
mod first;
mod improve;
mod materialise;
mod packing;
mod problem;
mod reasons;
mod settings;
mod settle;
mod soft;
mod solve;
mod yard;

pub use settings::{Progress, Settings, Weights};
pub use solve::{Small, Solution, solve};
pub use yard::{Look, SPOT_TYPES_MIN, Tenant, Withheld, Yard, YardSettings};
