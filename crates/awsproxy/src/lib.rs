//! A loopback proxy before a simulated AWS, for tests.
//!
//! In: the address of the simulation (moto). Out: an address for the AWS SDK, and a handle with which a
//! test empties pools, sets prices and parameters, and makes calls fail. The simulation keeps the state;
//! what it does not do is done here: which choice of a fleet is taken, that there is no capacity, that a
//! client token launches once, public parameters, prices, throttling, replies that get lost. An action
//! that the simulation does not know becomes an error that names it.

mod fleet;
mod moto;
mod query;
mod reply;
mod serve;
mod state;

pub use moto::Moto;
pub use serve::Proxy;
pub use state::{Fault, Pool, Rule};
