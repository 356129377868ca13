//! The checker accepts sound plans and refuses each kind of unsound one, by name.

mod again;
mod bound;
mod left_out;
mod moves;
mod refused;
mod rest;
mod scarce;
mod soft;
mod sound;
mod spreads;
mod support;
mod ties;
