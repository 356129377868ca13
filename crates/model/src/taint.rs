//! Taints and tolerations, as kube-scheduler matches them.

use std::fmt;

/// What an untolerated taint does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Effect {
    /// Keeps new pods away.
    NoSchedule,
    /// Asks new pods to stay away; never refuses one.
    PreferNoSchedule,
    /// Keeps new pods away and evicts running ones.
    NoExecute,
}

impl Effect {
    /// The name in the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NoSchedule => "NoSchedule",
            Self::PreferNoSchedule => "PreferNoSchedule",
            Self::NoExecute => "NoExecute",
        }
    }
}

/// A node's taint.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Taint {
    /// Its key.
    pub key: String,
    /// Its value, empty where none.
    pub value: String,
    /// Its effect.
    pub effect: Effect,
}

impl fmt::Display for Taint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let equals = if self.value.is_empty() { "" } else { "=" };
        write!(f, "{}{equals}{}:{}", self.key, self.value, self.effect.as_str())
    }
}

/// How a toleration compares values.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TolerationOperator {
    /// The taint's value must be the same.
    Equal,
    /// Any value.
    Exists,
}

/// A pod's toleration.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Toleration {
    /// `None` with `Exists` matches every key.
    pub key: Option<String>,
    /// How values are compared.
    pub operator: TolerationOperator,
    /// The value for `Equal`.
    pub value: String,
    /// `None` matches every effect.
    pub effect: Option<Effect>,
}

impl Toleration {
    /// Whether this toleration covers `taint`.
    pub fn covers(&self, taint: &Taint) -> bool {
        let effect = self.effect.is_none_or(|effect| effect == taint.effect);
        let key = self.key.as_deref().is_none_or(|key| key == taint.key);
        let value = match self.operator {
            TolerationOperator::Exists => true,
            TolerationOperator::Equal => self.key.is_some() && self.value == taint.value,
        };
        effect && key && value
    }
}

/// Whether a pod with these tolerations would rather not be on a node with these taints: one is of effect
/// `PreferNoSchedule`, and nothing covers it.
pub fn is_disliked(taints: &[Taint], tolerations: &[Toleration]) -> bool {
    let mut soft = taints.iter().filter(|taint| taint.effect == Effect::PreferNoSchedule);
    soft.any(|taint| !tolerations.iter().any(|toleration| toleration.covers(taint)))
}

/// The first taint that keeps a pod with these tolerations away, in the order given.
///
/// `PreferNoSchedule` never does.
pub fn untolerated<'a>(taints: &'a [Taint], tolerations: &[Toleration]) -> Option<&'a Taint> {
    taints
        .iter()
        .filter(|taint| taint.effect != Effect::PreferNoSchedule)
        .find(|taint| !tolerations.iter().any(|toleration| toleration.covers(taint)))
}
