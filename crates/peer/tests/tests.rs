//! Tests of the comparison with Karpenter's scheduler.

mod differential;
mod scheduler;
