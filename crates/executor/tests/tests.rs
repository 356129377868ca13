//! Behaviour of the steps, over values and over a small world that can be stopped anywhere.

#![expect(clippy::unwrap_used, clippy::panic, reason = "tests stop at the first surprise")]

mod again;
mod classes;
mod crash;
mod drift;
mod evictions;
mod lists;
mod moves;
mod news;
mod support;
mod volumes;
mod world;
