//! Behaviour of the simulated cloud.

#![expect(clippy::unwrap_used, clippy::panic, reason = "tests stop at the first surprise")]

mod conforms;
mod faults;
mod queue;
mod support;
