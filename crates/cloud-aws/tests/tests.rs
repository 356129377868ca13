//! The real SDK over the wire: to the fault proxy with made-up replies, or with a simulated AWS behind.

#![expect(clippy::unwrap_used, reason = "tests stop at the first surprise")]

mod calls;
mod clusters;
mod conformance;
mod faults;
mod policy;
mod profiles;
mod replies;
mod support;
mod tidying;
