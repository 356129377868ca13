//! Fixtures for the pure crates' tests.
//!
//! - [`world()`] and [`parse`]: a [`model::Snapshot`] from a short readable text.
//! - [`fleet()`]: the same with a [`model::fleet::Cluster`] in which its pods run.
//! - [`worlds`]: a proptest strategy of such texts.
//! - [`shuffle_lines`], [`shuffle_pods`], [`rename`]: the same world in another order or under
//!   other names.
//! - [`with_wishes`]: the same world with preferences of its pods, by lot.
//! - [`small_worlds`] and [`optimum`]: worlds small enough to be solved exactly, and their least cost.
//! - [`apply()`]: the snapshot after a plan; [`carry_out()`]: the fleet after moves.
//! - [`assert_sound`]: what every plan must satisfy; solver and checker come in as closures.

mod apply;
mod carry_out;
mod fold;
mod generate;
mod oracle;
mod shuffle;
mod sound;
mod wish;
mod world;

pub use apply::apply;
pub use carry_out::carry_out;
pub use generate::worlds;
pub use oracle::{Optimum, optimum, small_worlds};
pub use shuffle::{rename, shuffle_lines, shuffle_pods};
pub use sound::{assert_sound, left_out};
pub use wish::with_wishes;
pub use world::{WorldError, fleet, parse, world};
