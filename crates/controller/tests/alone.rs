//! Where pods land: beside other tests on the same cores it would be their load that is measured, so that these are
//! a program of their own.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test stops at the first surprise")]
#![expect(clippy::print_stdout, reason = "figures are shown beside the results")]

mod landings;
mod machines;
mod placement;
#[expect(dead_code, reason = "other tests use more of it")]
mod world;
