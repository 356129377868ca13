//! Rules that our side forgets on purpose, to see that the comparison would find it.

use std::str::FromStr;

use model::{NodeState, Objective, Plan, Requirements, ShapeIndex, Snapshot};

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
    /// That terms select pods in other namespaces than `default`.
    Namespaces,
    /// `minValues` of pools.
    MinValues,
}

/// Every rule, by name.
pub const ALL: [(&str, Sabotage); 10] = [
    ("spreads", Sabotage::Spreads),
    ("rivals", Sabotage::Rivals),
    ("taints", Sabotage::Taints),
    ("labels", Sabotage::Labels),
    ("nodes", Sabotage::Nodes),
    ("terms", Sabotage::Terms),
    ("apart", Sabotage::Apart),
    ("together", Sabotage::Together),
    ("namespaces", Sabotage::Namespaces),
    ("min-values", Sabotage::MinValues),
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
    pub fn plan(self, snapshot: &Snapshot, objective: Objective) -> Plan {
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
            Self::Namespaces => forget_others(&mut broken),
            Self::MinValues => broken.pools.iter_mut().for_each(|one| one.min_values.clear()),
            Self::Terms => broken.shapes.iter_mut().for_each(|one| one.alternatives.truncate(1)),
        }
        ours(&broken, objective)
    }
}

/// Pods outside `default` are of no selection and no rivals of anybody.
fn forget_others(snapshot: &mut Snapshot) {
    let mut shapes = snapshot.shapes.clone();
    for pod in snapshot.pods.iter_mut().filter(|pod| !pod.name.as_str().starts_with("default/")) {
        let mut shape = snapshot.shapes[pod.shape.get()].clone();
        shape.rules.matches.clear();
        shape.rivals.clear();
        pod.shape = ShapeIndex::new(shapes.len());
        shapes.push(shape);
    }
    snapshot.shapes = shapes;
}
