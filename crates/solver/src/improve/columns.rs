//! Columns: one node of one kind, or one existing node, with a mix of pods.

use std::collections::BTreeSet;

use crate::packing::{Group, Mix, Packing};
use crate::problem::Problem;

/// What a column fills.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Bin {
    /// A node to buy, of this kind.
    Kind(usize),
    /// The existing node at this position.
    Node(usize),
}

impl Bin {
    /// The existing node, where it is one.
    pub(super) const fn node(self) -> Option<usize> {
        match self {
            Self::Kind(_) => None,
            Self::Node(node) => Some(node),
        }
    }
}

/// One way to fill one node.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Column {
    pub(super) bin: Bin,
    pub(super) mix: Mix,
}

impl Column {
    /// The objective of the node, nano-USD per hour; existing ones that stay cost nothing
    /// more than what their pods are charged for preferences.
    pub(super) fn price(&self, problem: &Problem) -> i64 {
        match self.bin {
            Bin::Kind(kind) => problem.objective(kind, &self.mix),
            Bin::Node(node) => {
                let price = problem.nodes[node].price;
                price.saturating_add(problem.forgone_on_node(node, &self.mix))
            }
        }
    }

    /// What the mix is worth, nano-USD per hour, given what each class is worth.
    pub(super) fn worth(&self, values: &[i64]) -> i64 {
        self.mix.iter().map(|&(class, pods)| values[class].saturating_mul(pods)).sum()
    }
}

/// Distinct columns in order of arrival.
#[derive(Clone, Debug, Default)]
pub(super) struct Columns {
    all: Vec<Column>,
    known: BTreeSet<Column>,
}

impl Columns {
    /// Adds `column`; false where it is known already.
    pub(super) fn add(&mut self, column: Column) -> bool {
        let fresh = self.known.insert(column.clone());
        if fresh {
            self.all.push(column);
        }
        fresh
    }

    /// Adds every node of `packing`.
    pub(super) fn add_packing(&mut self, packing: &Packing) {
        for Group { kind, mix, .. } in &packing.groups {
            self.add(Column { bin: Bin::Kind(*kind), mix: mix.clone() });
        }
        for (node, mix) in packing.existing.iter().enumerate().filter(|(_, mix)| !mix.is_empty()) {
            self.add(Column { bin: Bin::Node(node), mix: mix.clone() });
        }
    }

    /// Keeps the columns that `keep` accepts.
    pub(super) fn retain(&mut self, keep: impl Fn(&Column) -> bool) {
        self.all.retain(|column| keep(column));
        self.known = self.all.iter().cloned().collect();
    }

    /// All columns.
    pub(super) fn all(&self) -> &[Column] {
        &self.all
    }
}
