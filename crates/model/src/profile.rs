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

impl Profile {
    /// The name on command lines and in records.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Cost => "cost",
            Self::Compat => "compat",
        }
    }

    /// The profile of that name.
    pub fn parse(name: &str) -> Option<Self> {
        [Self::Cost, Self::Compat].into_iter().find(|profile| profile.as_str() == name)
    }
}
