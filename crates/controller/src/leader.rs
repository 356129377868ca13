//! Who may write: the holder of Karpenter's Lease, while no other Lease of that name is alive.
//!
//! `lease` is the state machine, which reads no clock and sends nothing; `elect` performs it; `gate` is
//! what every writer asks before every write.

mod elect;
mod gate;
mod lease;

pub(crate) use elect::Elector;
pub(crate) use gate::{Gate, Role};
