//! The controller on a real control plane, with a simulated cloud and simulated kubelets.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test stops at the first surprise")]

mod election;
mod lifecycle;
mod machines;
mod restarts;
mod world;
