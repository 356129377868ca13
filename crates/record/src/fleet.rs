//! What is recorded of passes over what runs.

use disruption::{Decision, Waiting};
use model::fleet::Cluster;
use model::{Finding, Snapshot, Timestamp};
use planner::{Pass, Question};

use crate::error::Place;
use crate::hash::Hash;
use crate::planning::Shown;

/// What goes with nothing in its place: the question and the answer.
#[derive(Clone, Copy, Debug)]
pub struct Ending<'a> {
    /// The time.
    pub now: Timestamp,
    /// What was decided on.
    pub cluster: &'a Cluster,
    /// What the decision before left waiting.
    pub waiting: &'a Waiting,
    /// What goes, and why each other node stays.
    pub decision: &'a Decision,
}

/// Moves: the question and the answer.
#[derive(Clone, Debug)]
pub struct Passing<'a> {
    /// What was asked.
    pub question: &'a Question,
    /// What runs.
    pub snapshot: &'a Snapshot,
    /// The nodes that are answered for.
    pub cluster: &'a Cluster,
    /// Moves and answers.
    pub pass: &'a Pass,
    /// What lowering found; shown with moves, and no part of them.
    pub findings: &'a [Finding],
    /// What else is shown with them.
    pub shown: Shown,
}

/// An ending that was read from a record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordedEnding {
    /// Where its decision stands.
    pub place: Place,
    /// What it is known by.
    pub hash: Hash,
    /// The version of Stowage that wrote it.
    pub version: String,
    /// See [`Ending`], as all that follows.
    pub now: Timestamp,
    /// What was decided on.
    pub cluster: Cluster,
    /// What the decision before left waiting.
    pub waiting: Waiting,
    /// What goes, and why each other node stays.
    pub decision: Decision,
}

/// A pass that was read from a record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordedPass {
    /// Where its decision stands.
    pub place: Place,
    /// What it is known by.
    pub hash: Hash,
    /// The version of Stowage that wrote it.
    pub version: String,
    /// See [`Passing`], as all that follows.
    pub question: Question,
    /// What runs.
    pub snapshot: Snapshot,
    /// The nodes that are answered for.
    pub cluster: Cluster,
    /// Moves and answers.
    pub pass: Pass,
    /// What lowering found.
    pub findings: Vec<Finding>,
    /// What else is shown with them.
    pub shown: Shown,
}
