//! The binary itself: its flags, its log, its signals, on a real control plane and over real wire bytes.

#![expect(clippy::unwrap_used, clippy::panic, reason = "tests stop at the first surprise")]

mod chart;
mod crashes;
mod demo;
mod faults;
mod interruptions;
mod joins;
mod lifecycle;
mod process;
mod records;
mod rights;
mod start;
mod world;
