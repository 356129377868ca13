//! The controller on a real control plane, with a simulated cloud and simulated kubelets.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test stops at the first surprise")]
#![expect(clippy::print_stdout, reason = "figures are shown beside the results")]

mod closed_loop;
mod consolidation;
mod default_spreads;
mod drift;
mod election;
mod faults;
mod interruptions;
mod lifecycle;
mod machines;
mod namespaces;
mod passes;
mod restarts;
mod scale;
mod volumes;
mod world;
