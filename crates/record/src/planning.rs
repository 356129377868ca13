//! What is recorded of a planning.

use model::{Finding, Plan, Snapshot, Timestamp};
use planner::{Report, Seed, Settings};
use serde::{Deserialize, Serialize};

use crate::error::Place;
use crate::hash::Hash;

/// The version of Stowage, as records name it.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

/// Why a plan was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Why {
    /// The first plan of its process.
    First,
    /// Pods came.
    Pods,
    /// Pools, node classes or claims changed.
    Changed,
    /// Pods waited since the last plan.
    Waiting,
    /// New nodes came, whose seats are given out; nothing is bought.
    Seats,
    /// Somebody asked for it, as by `stowage plan`.
    Asked,
}

impl Why {
    /// In words.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::First => "first plan",
            Self::Pods => "pods came",
            Self::Changed => "pools changed",
            Self::Waiting => "pods wait",
            Self::Seats => "nodes came",
            Self::Asked => "asked for",
        }
    }
}

/// A planning: the question, the circumstances, and the answer.
#[derive(Clone, Debug)]
pub struct Planning<'a> {
    /// Why it was made.
    pub why: Why,
    /// The planning time.
    pub now: Timestamp,
    /// The seed.
    pub seed: Seed,
    /// What the caller chose.
    pub settings: Settings,
    /// Whether its watcher ended the search; the work done is then the limit that gives it again.
    pub cut: bool,
    /// What was planned.
    pub snapshot: &'a Snapshot,
    /// The plan.
    pub plan: &'a Plan,
    /// What it amounts to.
    pub report: &'a Report,
    /// What lowering found; shown with a plan, and no part of it.
    pub findings: &'a [Finding],
    /// What else is shown with it.
    pub shown: Shown,
}

/// What is shown with a plan, and no part of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Shown {
    /// Which pods were planned.
    pub pods: Selection,
    /// What pools are, where none was given; empty where some were.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub default_pools: String,
    /// Where the pods are from, if somebody wants to be named; else empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub attribution: String,
    /// The date of the catalog's newest source, `YYYY-MM-DD`.
    pub catalog_date: String,
    /// Of the region's on-demand prices.
    pub prices: Vec<PriceDate>,
}

/// Which pods were planned.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Selection {
    /// Those without a node.
    Pending,
    /// All, as if there were no node.
    All,
}

/// On-demand prices of one date, source and quality.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct PriceDate {
    /// `YYYY-MM` or `YYYY-MM-DD`.
    pub as_of: String,
    /// The source's name in the catalog.
    pub source: String,
    /// How it held up against other sources.
    pub quality: String,
    /// How many types have such a price.
    pub types: u64,
}

/// A planning that was read from a record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordedPlanning {
    /// Where its decision stands.
    pub place: Place,
    /// What it is known by.
    pub hash: Hash,
    /// The version of Stowage that wrote it.
    pub version: String,
    /// See [`Planning`], as all that follows.
    pub why: Why,
    /// The planning time.
    pub now: Timestamp,
    /// The seed.
    pub seed: Seed,
    /// What the caller chose.
    pub settings: Settings,
    /// Whether its watcher ended the search.
    pub cut: bool,
    /// What was planned.
    pub snapshot: Snapshot,
    /// The plan.
    pub plan: Plan,
    /// What it amounts to.
    pub report: Report,
    /// What lowering found.
    pub findings: Vec<Finding>,
    /// What else is shown with it.
    pub shown: Shown,
}
