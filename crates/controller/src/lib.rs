//! The driver on Kubernetes: it watches, plans at its own pace, and performs what the executor
//! decides.
//!
//! In: a [`kube::Client`], a [`cloud::Cloud`] and a [`Config`]. Out: requests to both, events, metrics
//! and log lines. It decides nothing about nodes or pods: `planner` plans, `checker` proves, `executor`
//! says which requests are next. Watch events only update the store; one loop reads it.

mod backoff;
mod batch;
mod clock;
mod config;
mod connection;
mod drive;
mod leader;
mod listen;
mod metrics;
mod perform;
mod planning;
mod records;
mod report;
mod run;
mod serve;
mod store;
mod unavailable;
mod watch;

pub use config::{Config, Election, Ports};
pub use connection::{Cluster, ConnectError, Connection};
pub use executor::StartLimits;
pub use model::{MicroUsdPerHour, PreferencePrice, Profile};
pub use perform::{Crash, CrashEnd, CrashPoint};
pub use records::{RecordTo, Recording};
pub use run::{Controller, StartError};
pub use serve::ListenError;
pub use snapshot::{DefaultSpreads, MinValuesPolicy, Policies, PreferencePolicy};
