//! The checker accepts sound plans and refuses each kind of unsound one, by name.

mod bound;
mod left_out;
mod refused;
mod sound;
mod support;
