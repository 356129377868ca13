//! From what people have to what the planner takes: Kubernetes objects, recorded lists and the EC2
//! catalog become a [`model::Snapshot`] with findings.
//!
//! Broken input is data: a bad object or row is a [`model::Finding`] and the rest goes on. The
//! order of work is the order of the modules: [`source`] reads bytes, `objects` and `recorded` make
//! typed objects and rows of them, `pods` decides which pods are planned, `fold` and `lower` join
//! them with the catalog.

mod claims;
mod going;
mod objects;
mod pods;
mod recorded;
mod source;

mod fleet;
mod fold;
mod lower;

pub use claims::{has_room, promised};
pub use fleet::{LoweredFleet, latest_moment, lower_fleet, moment, moment_text};
pub use fold::expected_daemons;
pub use going::Going;
pub use lower::{
    DefaultSpreads, LowerError, LowerOptions, Lowered, MinValuesPolicy, Policies, PreferencePolicy,
    SchedulerConfigError, Summary, Unavailable, lower,
};
pub use objects::Objects;
pub use pods::Service;
pub use source::{
    Comparison, Filter, FilterError, Format, Inputs, PodSelection, ReadError, ReadOptions,
    RecordedPods, Source, Window, read,
};
