//! Behaviour of the disruption rules.

#![expect(clippy::unwrap_used, reason = "tests stop at the first surprise")]

mod budgets;
mod drift;
mod emptiness;
mod moves;
mod price;
mod rest;
mod schedules;
mod stationary;
mod support;
