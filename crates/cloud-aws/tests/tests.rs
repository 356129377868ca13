//! The real SDK over the wire: to the fault proxy, and behind it a simulated AWS.

#![expect(clippy::unwrap_used, reason = "tests stop at the first surprise")]

mod conformance;
mod faults;
mod support;
