//! What the caller decides about rules that may be taken strictly or not, and what the cluster adds to pods.

use model::Profile;

use super::DefaultSpreads;

/// Policies; the default is Karpenter's.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Policies {
    /// What becomes of `minValues` that cannot be met.
    pub min_values: MinValuesPolicy,
    /// What becomes of what pods prefer.
    pub preferences: PreferencePolicy,
    /// How what pods prefer is taken where it is not ignored.
    pub profile: Profile,
    /// Spreads of pods that have none of their own.
    pub default_spreads: DefaultSpreads,
}

/// What becomes of what pods prefer and do not require, `--preference-policy` of Karpenter.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PreferencePolicy {
    /// It is to be honoured where it can be; what is not yet is found.
    #[default]
    Respect,
    /// It is not looked at, and nothing is said of it.
    Ignore,
}

/// What becomes of a pool's `minValues`, `--min-values-policy` of Karpenter.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MinValuesPolicy {
    /// No node is opened to which fewer values are open.
    #[default]
    Strict,
    /// As many values are listed for a node as there are.
    BestEffort,
}
