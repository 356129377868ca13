//! The port to the cloud, in memory.
//!
//! In: pools with units, networks, images, delays, rules about faults, a seed and a clock. Out: a
//! [`cloud::Cloud`](::cloud::Cloud) that behaves as EC2 does where it hurts: capacity runs out,
//! machines just launched are missing from lists, replies get lost, calls are throttled, spot is taken
//! back. The same setup, seed and calls give the same answers. Time is what the clock says: virtual in
//! simulations, real in end-to-end tests. It decides nothing and has no network.

mod clock;
mod cloud;
mod launch;
mod queue;
mod resolve;
mod rule;
mod seed;
mod setup;
mod state;

pub use clock::{Clock, VirtualClock};
pub use cloud::{Leftovers, SimCloud};
pub use rule::{Action, Fault, Rule, Verdict};
pub use setup::{Delays, Image, Pool, QueueHabits, SecurityGroup, Setup, Subnet};
