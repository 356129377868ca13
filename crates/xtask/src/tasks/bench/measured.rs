//! What consolidation of one start state came to, as it is printed and read again; money in USD per hour.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// One start state.
#[derive(Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Measured {
    pub(crate) seed: u64,
    /// The commit that was measured.
    pub(crate) commit: String,
    /// Pods that stayed.
    pub(crate) pods: usize,
    /// The fleet when the others had left.
    pub(crate) start: Point,
    /// What no fleet for the pods that stayed costs less than; `None`: not asked for, or not proved.
    pub(crate) bound: Option<f64>,
    /// Ours, one for each price of an eviction.
    pub(crate) runs: Vec<Run>,
    /// Karpenter's, where it was asked for.
    pub(crate) peer: Option<Run>,
}

/// What one side made of it.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Run {
    /// What an eviction cost, millionths of a dollar; Karpenter has no such price.
    pub(crate) eviction: Option<i64>,
    /// After the first pass, or the first command.
    pub(crate) one_pass: Point,
    /// When nothing more was found.
    pub(crate) rest: Point,
    /// Passes or commands that did something.
    pub(crate) passes: usize,
    /// How long the first pass or command took to find.
    pub(crate) first_seconds: f64,
    /// How long all took to find, with finding that there are no more.
    pub(crate) seconds: f64,
    /// Whether it came to rest.
    pub(crate) at_rest: bool,
    /// What became of the nodes in the first pass: moved, or the reason for which they stayed.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) answers: BTreeMap<String, usize>,
    /// The fleet after each move or command, in their order.
    pub(crate) curve: Vec<Point>,
}

/// A fleet on its way.
#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Point {
    pub(crate) cost: f64,
    pub(crate) nodes: usize,
    /// Evictions so far.
    pub(crate) evictions: usize,
}

impl Run {
    /// Evictions until the fleet cost `cost` or less.
    pub(crate) fn evictions_to(&self, cost: f64) -> Option<usize> {
        self.curve.iter().find(|point| point.cost <= cost + 1e-9).map(|point| point.evictions)
    }
}
