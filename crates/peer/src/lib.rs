//! Karpenter's scheduler beside ours.
//!
//! - [`exchange`]: the file that the program in `benches/karpenter` reads, from a snapshot;
//!   [`beside`]: the same from Kubernetes objects, with what is in the cluster already.
//! - [`program`]: builds that program and runs it; [`answer`]: what it says, as a plan of ours.
//! - [`kinds`], [`cluster`]: random small clusters, each with several kinds of rule.
//! - [`compare`]: both plans of one cluster, judged by the checker; [`shrink`]: the least cluster on
//!   which they still differ; [`sabotage`]: rules broken on purpose; [`differential`]: many seeds.
//! - [`shapes`]: the pods and types of Karpenter's own benchmark; [`measured`]: one size of them given
//!   to both; [`page`] and [`chart`]: what is written of it.

pub mod answer;
pub mod beside;
pub mod chart;
pub mod cluster;
pub mod compare;
pub mod differential;
pub mod exchange;
mod granted;
pub mod kinds;
mod lots;
pub mod measured;
pub mod page;
pub mod program;
mod rules;
pub mod sabotage;
pub mod shapes;
pub mod shrink;
mod spec;
