//! Pods that keep apart on nodes: required anti-affinity over hostnames that matches its own pods.
//!
//! Input: pod specs with their labels and namespaces. Output: the groups that some pod carries, which
//! of them a pod carries, and which of them a pod matches, be it that it carries none. A group is one
//! selector in one set of namespaces. Terms over other topologies are spreads of at most one pod
//! ([`super::spreads`]); terms that do not match the pod that carries them are not honoured yet.

use std::collections::BTreeSet;

use api::{PodAffinityTerm, PodSpec};
use model::{LabelKey, Operator, Rivals, RivalsIndex, RivalsName, well_known};

use super::Problem;
use super::selectors::{Index, Looks, Scope, Selector, add_keys, requirements};
use crate::lower::label_keys::stable;

/// The required anti-affinity of one pod.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Terms {
    /// What keeps it apart from its like.
    groups: BTreeSet<Selector>,
    /// What keeps it apart from its like over other labels than the hostname.
    pub(super) apart: BTreeSet<(LabelKey, Selector)>,
    /// Whether there is anything else that it asks for.
    pub(super) others: bool,
}

impl Terms {
    /// The terms of a pod that looks so, or the field that is wrong.
    pub(super) fn read(spec: &PodSpec, looks: Looks<'_>, path: &str) -> Result<Self, Problem> {
        let affinity = spec.affinity.as_deref();
        let Some(terms) = affinity.and_then(|affinity| affinity.pod_anti_affinity.as_ref()) else {
            return Ok(Self::default());
        };
        let path = format!(
            "{path}.affinity.podAntiAffinity.requiredDuringSchedulingIgnoredDuringExecution"
        );
        let mut read = Self::default();
        for (index, term) in
            terms.required_during_scheduling_ignored_during_execution.iter().enumerate()
        {
            read.add(term, looks, &format!("{path}[{index}]"))?;
        }
        Ok(read)
    }

    fn add(&mut self, term: &PodAffinityTerm, looks: Looks<'_>, path: &str) -> Result<(), Problem> {
        let Some(selector) = &term.label_selector else {
            self.others = true;
            return Ok(());
        };
        let mut labels = requirements(selector, &format!("{path}.labelSelector"))?;
        add_keys(&mut labels, &term.match_label_keys, Operator::In, looks);
        add_keys(&mut labels, &term.mismatch_label_keys, Operator::NotIn, looks);
        let (scope, is_whole) = scope(term, looks.namespace);
        let group = Selector { scope, labels };
        let is_own = !term.topology_key.is_empty() && group.matches(looks);
        self.others |= !is_own || !is_whole;
        if is_own && term.topology_key == well_known::HOSTNAME {
            self.groups.insert(group);
        } else if is_own {
            self.apart.insert((stable(&term.topology_key), group));
        }
        Ok(())
    }
}

/// Where a term looks for pods, and whether it is known whether that is all.
fn scope(term: &PodAffinityTerm, own: &str) -> (Scope, bool) {
    let listed = || term.namespaces.iter().cloned().collect();
    match &term.namespace_selector {
        Some(all) if all.match_labels.is_empty() && all.match_expressions.is_empty() => {
            (Scope::All, true)
        }
        // Labels of namespaces are not read.
        Some(_) => (Scope::Namespaces(listed()), false),
        None if term.namespaces.is_empty() => {
            (Scope::Namespaces(BTreeSet::from([own.to_owned()])), true)
        }
        None => (Scope::Namespaces(listed()), true),
    }
}

/// Every group that some pod carries.
#[derive(Debug, Default)]
pub(super) struct Groups(Index);

impl Groups {
    /// Those of all `terms`.
    pub(super) fn new(terms: impl Iterator<Item = Terms>) -> Self {
        Self(Index::new(terms.flat_map(|terms| terms.groups).collect()))
    }

    /// As the snapshot lists them.
    pub(super) fn rivals(&self) -> Vec<Rivals> {
        self.0.names().map(|name| Rivals { name: RivalsName::new(name) }).collect()
    }

    /// Those that `terms` carry, ascending.
    pub(super) fn carried(&self, terms: &Terms) -> Vec<RivalsIndex> {
        let mut carried: Vec<RivalsIndex> = (terms.groups.iter())
            .filter_map(|group| self.0.place(group).map(RivalsIndex::new))
            .collect();
        carried.sort_unstable();
        carried
    }

    /// Those that a pod that looks so matches, whether or not it carries them; ascending.
    pub(super) fn matched(&self, looks: Looks<'_>) -> Vec<RivalsIndex> {
        self.0.matched(looks).into_iter().map(RivalsIndex::new).collect()
    }
}
