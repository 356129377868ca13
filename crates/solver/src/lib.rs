//! Packs pods onto offerings.
//!
//! In: a [`model::Snapshot`]. Out: a [`model::Plan`] in which every pod is placed on an existing
//! node, placed on a node to buy, or left out for stated reasons. Pure and deterministic: search is
//! bounded by counted work, decisions are made in integers.

mod bits;
mod first;
mod improve;
mod materialise;
mod packing;
mod problem;
mod reasons;
mod settings;
mod solve;

pub use settings::{Progress, Settings, Weights};
pub use solve::{Small, Solution, solve};
