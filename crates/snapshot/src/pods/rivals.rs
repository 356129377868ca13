//! Required affinity and anti-affinity between pods, as they are written; and pods that keep apart on nodes:
//! anti-affinity over hostnames that matches its own pods.
//!
//! Input: pod specs with their labels and namespaces. Output: the terms of a pod, the groups that some pod
//! carries, which of them a pod carries, and which of them a pod matches, be it that it carries none. A
//! group is one selector in one set of namespaces. Terms over other topologies that match their own pods
//! are spreads of at most one pod ([`super::spreads`]); what else terms say is in [`super::terms`].

use std::collections::BTreeSet;

use api::{PodAffinity, PodAffinityTerm, PodSpec};
use model::{LabelKey, Operator, Rivals, RivalsIndex, RivalsName, well_known};

use super::selectors::{Index, Looks, Scope, Selector, add_keys, requirements};
use super::{Problem, namespaces};
use crate::lower::label_keys::stable;

const REQUIRED: &str = "requiredDuringSchedulingIgnoredDuringExecution";

/// Pods of a selector over the values of a label.
pub(super) type Tie = (LabelKey, Selector);

/// The required affinity and anti-affinity of one pod.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Terms {
    /// What keeps it apart from its like.
    groups: BTreeSet<Selector>,
    /// What keeps it apart from its like over other labels than the hostname.
    pub(super) apart: BTreeSet<Tie>,
    /// All that it keeps away from, its like included.
    pub(super) averse: BTreeSet<Tie>,
    /// All that it keeps away from and is not of itself.
    pub(super) strangers: BTreeSet<Tie>,
    /// What it goes with, label by label: pods that match all its terms, as kube-scheduler asks.
    pub(super) together: BTreeSet<Tie>,
    /// Whether there is anything else that it asks for.
    pub(super) others: bool,
}

impl Terms {
    /// The terms of a pod that looks so, or the field that is wrong.
    pub(super) fn read(spec: &PodSpec, looks: Looks<'_>, path: &str) -> Result<Self, Problem> {
        let mut read = Self::default();
        let Some(affinity) = spec.affinity.as_deref() else { return Ok(read) };
        for (index, term) in required(affinity.pod_anti_affinity.as_ref()).iter().enumerate() {
            let path = format!("{path}.affinity.podAntiAffinity.{REQUIRED}[{index}]");
            read.keep_away(term, looks, &path)?;
        }
        let mut keys = BTreeSet::new();
        let mut friends: Option<Selector> = None;
        for (index, term) in required(affinity.pod_affinity.as_ref()).iter().enumerate() {
            let path = format!("{path}.affinity.podAffinity.{REQUIRED}[{index}]");
            keys.insert(key(term, &path)?);
            let one = read.selector(term, looks, &path)?.unwrap_or_else(Selector::none);
            friends = Some(friends.map_or(one.clone(), |others| others.and(&one)));
        }
        let friends = friends.unwrap_or_else(Selector::none);
        read.together = keys.into_iter().map(|key| (key, friends.clone())).collect();
        Ok(read)
    }

    fn keep_away(
        &mut self,
        term: &PodAffinityTerm,
        looks: Looks<'_>,
        path: &str,
    ) -> Result<(), Problem> {
        let key = key(term, path)?;
        // No selector: no pod matches.
        let Some(group) = self.selector(term, looks, path)? else { return Ok(()) };
        self.averse.insert((key.clone(), group.clone()));
        let is_own = group.matches(looks);
        if is_own && key.as_str() == well_known::HOSTNAME {
            self.groups.insert(group);
        } else if is_own {
            self.apart.insert((key, group));
        } else {
            self.strangers.insert((key, group));
        }
        Ok(())
    }

    /// The pods that `term` is about; `None` where it selects none.
    fn selector(
        &mut self,
        term: &PodAffinityTerm,
        looks: Looks<'_>,
        path: &str,
    ) -> Result<Option<Selector>, Problem> {
        let selected = selected(term, looks, path)?;
        self.others |= selected.as_ref().is_some_and(|(_, is_whole)| !is_whole);
        Ok(selected.map(|(selector, _)| selector))
    }
}

/// The pods that `term` is about, and whether it is known whether these are all; `None` where it selects none.
pub(super) fn selected(
    term: &PodAffinityTerm,
    looks: Looks<'_>,
    path: &str,
) -> Result<Option<(Selector, bool)>, Problem> {
    let Some(selector) = &term.label_selector else { return Ok(None) };
    let mut labels = requirements(selector, &format!("{path}.labelSelector"))?;
    add_keys(&mut labels, &term.match_label_keys, Operator::In, looks);
    add_keys(&mut labels, &term.mismatch_label_keys, Operator::NotIn, looks);
    let (scope, is_whole) = scope(term, looks.namespace);
    Ok(Some((Selector { scope, labels }, is_whole)))
}

fn required(affinity: Option<&PodAffinity>) -> &[PodAffinityTerm] {
    affinity.map_or(&[], |terms| &terms.required_during_scheduling_ignored_during_execution)
}

/// The label that `term` is over.
pub(super) fn key(term: &PodAffinityTerm, path: &str) -> Result<LabelKey, Problem> {
    if term.topology_key.is_empty() {
        return Err(Problem {
            field: format!("{path}.topologyKey"),
            message: "is missing".to_owned(),
            remedy: "name a node label such as topology.kubernetes.io/zone".to_owned(),
        });
    }
    Ok(stable(&term.topology_key))
}

/// Where a term looks for pods, and whether it is known whether that is all.
fn scope(term: &PodAffinityTerm, own: &str) -> (Scope, bool) {
    let listed = || {
        let names = term.namespaces.iter().filter(|name| name.as_str() != namespaces::NONE);
        names.cloned().collect()
    };
    match &term.namespace_selector {
        Some(all) if all.match_labels.is_empty() && all.match_expressions.is_empty() => {
            (Scope::All, true)
        }
        // Labels of namespaces are not known.
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
