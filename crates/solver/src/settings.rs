//! What a caller may choose, and what it learns on the way.

use model::{NanoUsdPerHour, Objective};

/// Whether pool weights govern which nodes may be opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Weights {
    /// A node is opened only for a pod that no pool of greater weight can hold.
    Honoured,
    /// All pools are equal; what weights cost is the difference.
    Ignored,
}

/// Settings of a solve.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Whether pool weights count.
    pub weights: Weights,
    /// What is minimised.
    pub objective: Objective,
    /// Units of work to spend on improving the first answer; 0 leaves it as it is. A unit is about
    /// one node of a search tree, some 100 ns on a machine of 2026. More work never makes a dearer
    /// plan nor a lower bound. Tree searches end at the limit; a linear program or a table of dynamic
    /// programming that was begun before it is finished, and what is done beyond the limit is at most one
    /// of these: 20 units for each class and column and half a unit for each pair of
    /// classes (20,000 for a hundred classes, 13 million for the most there are, 5,000), or three
    /// tables of some 10,000.
    pub work_limit: u64,
}

/// Where a solve stands, told at counted steps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Units of work done.
    pub work_used: u64,
    /// The objective of the best packing so far.
    pub objective: NanoUsdPerHour,
    /// What the linear program over the columns so far says the pods placed are worth; near the
    /// lower bound in the end, above it before, and no proof of anything.
    pub estimate: NanoUsdPerHour,
}
