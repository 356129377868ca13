//! A loopback proxy before a simulated AWS, for tests.
//!
//! In: the address of the simulation (moto). Out: an address for the AWS SDK, and a handle with which a
//! test empties pools, sets prices and parameters, and makes calls fail. The simulation keeps the state;
//! what it does not do is done here:
//!
//! - which choice of a fleet is taken: the first by priority whose pool is not refused by
//!   [`Proxy::empty`] or [`Proxy::refuse`]; an error for each that was passed over;
//! - a client token launches once: the same call gives the same reply, another one with the same token
//!   `IdempotentParameterMismatch`;
//! - machines of a fleet have the security groups of their template;
//! - a machine is seen late, stays `pending` and `shutting-down` for a while: [`Proxy::set_delays`];
//! - which types are sold, where a test wants few: [`Proxy::sell_only`];
//! - public parameters of EKS and Bottlerocket, list prices and spot prices, in pages;
//! - status checks that fail and events that are planned: [`Proxy::set_status`];
//! - throttling, errors, replies that get lost, are cut off or made up, silence: [`Rule`].
//!
//! An action that the simulation does not know becomes an error that names it, and is listed by
//! [`Proxy::unknown`]. Every call is on the log with its parameters and the fault that hit it.
//!
//! With no simulation behind it, every call must meet a rule with a reply; that is how single replies
//! are tested over the wire.

mod answer;
mod fleet;
mod groups;
mod instances;
mod query;
mod reply;
mod serve;
mod sold;
mod state;
mod status;
mod xml;

pub use serve::Proxy;
pub use state::{Call, Delays, Fault, Pool, Rule, Status};
