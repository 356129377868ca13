//! How preferences are taken.

/// What becomes of what pods prefer and do not require.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Profile {
    /// A preference has a price, see [`crate::Objective::preference`]: it is kept where that costs no more.
    #[default]
    Cost,
    /// As Karpenter takes them: required, at any price, and given up one after another by pods that cannot be
    /// placed. A pool of lesser weight may then be opened for what a pod prefers.
    Compat,
}
