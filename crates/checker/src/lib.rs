//! Proves a plan against its snapshot.
//!
//! In: a [`model::Snapshot`] and a [`model::Plan`]. Out: a [`CheckedPlan`], or every
//! [`Violation`] found. It recomputes everything from raw facts (capacity, overhead, DaemonSets,
//! labels, prices, limits), in exact integers, and shares no code with the solver. [`check()`]
//! does not judge whether the plan is cheap; [`prove`] derives from a certificate what any plan for
//! the same pods costs at least. [`check_moves`] does for moves what [`check()`] does for plans, and [`check_again`] once what they
//! launch is there.

mod bound;
mod check;
mod facts;
mod found;
mod moves;
mod preferences;
mod rules;
mod violation;

pub use bound::{Bound, BoundError, Scale, Worst, prove, prove_best};
pub use check::{CheckedPlan, Totals, check};
pub use moves::{
    CheckedMoves, HeldMove, MoveTotals, MoveViolation, RestBound, check_again, check_moves,
    prove_rest,
};
pub use preferences::{GivenUp, Preferences, Preferred};
pub use violation::{Place, Violation};
