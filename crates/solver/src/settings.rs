//! What a caller may choose.

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
}
