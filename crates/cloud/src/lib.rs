//! The port to the cloud: a narrow trait, what passes through it, and classes of failure.
//!
//! In: launch and termination requests, node classes to resolve. Out: instances, resolved classes,
//! the market, errors with a class that says what the caller may do. It decides nothing: what to
//! launch is ranked by the plan. Adapters are leaves (`cloud-aws`, `cloud-sim`); every one passes
//! the same conformance suite.

#[cfg(feature = "conformance")]
pub mod conformance;
mod error;
mod instance;
mod launch;
mod node_class;
mod port;
mod queue;

pub use error::{CloudError, ErrorClass};
pub use instance::{Instance, InstanceState, tags};
pub use launch::{
    CHOICES_MAX, Choice, ClaimIdentity, ClientToken, Launch, LaunchError, LaunchRequest, Refusal,
};
pub use node_class::{ClassProblem, Image, ResolvedNodeClass, SecurityGroup, Subnet, Tidied};
pub use port::Cloud;
pub use queue::{InterruptionQueue, MESSAGES_MAX, Message, Receipt, WAIT_MAX};
