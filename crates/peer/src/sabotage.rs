//! Rules that our side forgets on purpose, to see that the comparison would find it.

use std::str::FromStr;

use model::{NodeState, Plan, Requirements, Snapshot};

use crate::compare::ours;

/// A rule that is forgotten.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sabotage {
    /// Topology spread.
    Spreads,
    /// Anti-affinity over nodes, and host ports.
    Rivals,
    /// Taints of pools.
    Taints,
    /// All that a pod asks of labels.
    Labels,
    /// Nodes that are there.
    Nodes,
    /// All but the first of several required terms.
    Terms,
    /// Required anti-affinity to others.
    Apart,
    /// Required affinity.
    Together,
}

/// Every rule, by name.
pub const ALL: [(&str, Sabotage); 8] = [
    ("spreads", Sabotage::Spreads),
    ("rivals", Sabotage::Rivals),
    ("taints", Sabotage::Taints),
    ("labels", Sabotage::Labels),
    ("nodes", Sabotage::Nodes),
    ("terms", Sabotage::Terms),
    ("apart", Sabotage::Apart),
    ("together", Sabotage::Together),
];

impl FromStr for Sabotage {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        let found = ALL.iter().find(|(known, _)| *known == name);
        found.map(|(_, sabotage)| *sabotage).ok_or_else(|| {
            let names: Vec<_> = ALL.iter().map(|(name, _)| *name).collect();
            format!("no rule {name:?} can be broken; there are {}", names.join(", "))
        })
    }
}

impl Sabotage {
    /// Our plan for a snapshot in which the rule is missing.
    pub fn plan(self, snapshot: &Snapshot) -> Plan {
        let mut broken = snapshot.clone();
        match self {
            Self::Spreads => broken.shapes.iter_mut().for_each(|one| one.rules.spreads.clear()),
            Self::Rivals => broken.shapes.iter_mut().for_each(|one| one.rivals.clear()),
            Self::Taints => broken.pools.iter_mut().for_each(|one| one.taints.clear()),
            Self::Labels => {
                let anywhere = || vec![Requirements::new()];
                broken.shapes.iter_mut().for_each(|one| one.alternatives = anywhere());
            }
            Self::Nodes => {
                broken.nodes.iter_mut().for_each(|one| one.state = NodeState::Unschedulable);
            }
            Self::Apart => broken.shapes.iter_mut().for_each(|one| one.rules.apart.clear()),
            Self::Together => broken.shapes.iter_mut().for_each(|one| one.rules.together.clear()),
            Self::Terms => broken.shapes.iter_mut().for_each(|one| one.alternatives.truncate(1)),
        }
        ours(&broken)
    }
}
