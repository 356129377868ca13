//! Pods that keep apart on nodes: required anti-affinity over hostnames that matches its own pods.
//!
//! Input: pod specs with their labels and namespaces. Output: the groups that some pod carries, which
//! of them a pod carries, and which of them a pod matches, be it that it carries none. A group is one
//! selector in one set of namespaces. Terms over other topologies, and terms that do not match the
//! pod that carries them, are not honoured yet.

use std::collections::{BTreeMap, BTreeSet};

use api::{LabelSelector, PodAffinityTerm, PodSpec};
use model::{
    LabelKey, LabelValue, Operator, Requirement, Requirements, Rivals, RivalsIndex, RivalsName,
    well_known,
};

use super::Problem;

/// Labels of a pod and the namespace that it is in.
#[derive(Clone, Copy, Debug)]
pub(super) struct Looks<'a> {
    /// Its labels.
    pub(super) labels: &'a BTreeMap<String, String>,
    /// Its namespace.
    pub(super) namespace: &'a str,
}

/// The required anti-affinity of one pod.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Terms {
    /// What keeps it apart from its like.
    groups: BTreeSet<Group>,
    /// Whether there is anything else that it asks for.
    pub(super) others: bool,
}

/// Pods that may not share a node.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Group {
    scope: Scope,
    selector: Requirements,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Scope {
    Namespaces(BTreeSet<String>),
    All,
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
        let mut selector = requirements(selector, &format!("{path}.labelSelector"))?;
        for (keys, operator) in
            [(&term.match_label_keys, Operator::In), (&term.mismatch_label_keys, Operator::NotIn)]
        {
            for (key, value) in keys.iter().filter_map(|key| looks.labels.get_key_value(key)) {
                let values = std::slice::from_ref(value);
                let requirement = Requirement::new(operator, values).expect("takes any values");
                selector.require(LabelKey::from(key.as_str()), requirement);
            }
        }
        let (scope, is_whole) = scope(term, looks.namespace);
        let group = Group { scope, selector };
        let is_own = term.topology_key == well_known::HOSTNAME && group.matches(looks);
        self.others |= !is_own || !is_whole;
        if is_own {
            self.groups.insert(group);
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

/// A selector of pods; the API server refuses what is refused here.
fn requirements(selector: &LabelSelector, path: &str) -> Result<Requirements, Problem> {
    let exact = |(key, value): (&String, &String)| {
        (LabelKey::from(key.as_str()), Requirement::is(LabelValue::from(value.as_str())))
    };
    let mut requirements: Requirements = selector.match_labels.iter().map(exact).collect();
    for (index, expression) in selector.match_expressions.iter().enumerate() {
        let wrong = |field: &str, message: String, remedy: &str| Problem {
            field: format!("{path}.matchExpressions[{index}].{field}"),
            message,
            remedy: remedy.to_owned(),
        };
        let known = [Operator::In, Operator::NotIn, Operator::Exists, Operator::DoesNotExist];
        let operator = Operator::parse(&expression.operator).filter(|one| known.contains(one));
        let operator = operator.ok_or_else(|| {
            let message = format!("{:?} is no operator of a label selector", expression.operator);
            wrong("operator", message, "use In, NotIn, Exists or DoesNotExist")
        })?;
        let takes_values = matches!(operator, Operator::In | Operator::NotIn);
        if takes_values == expression.values.is_empty() {
            let message = format!("{} does not go with these values", expression.operator);
            return Err(wrong("values", message, "list values for In and NotIn, and for no other"));
        }
        let requirement = Requirement::new(operator, &expression.values).map_err(|error| {
            wrong("values", error.to_string(), "list values for In and NotIn, and for no other")
        })?;
        requirements.require(LabelKey::from(expression.key.as_str()), requirement);
    }
    Ok(requirements)
}

impl Group {
    fn matches(&self, looks: Looks<'_>) -> bool {
        let is_in_scope = match &self.scope {
            Scope::All => true,
            Scope::Namespaces(names) => names.contains(looks.namespace),
        };
        let value_of = |key: &LabelKey| looks.labels.get(key.as_str()).map(String::as_str);
        is_in_scope && self.selector.first_refused(value_of).is_none()
    }

    /// Namespaces and selector, such as `default: app In [web]`.
    fn name(&self) -> RivalsName {
        let scope = match &self.scope {
            Scope::All => "all namespaces".to_owned(),
            Scope::Namespaces(names) => {
                names.iter().map(String::as_str).collect::<Vec<_>>().join(", ")
            }
        };
        let terms = self.selector.iter().map(|(key, requirement)| format!("{key} {requirement}"));
        let terms: Vec<String> = terms.collect();
        let selector = if terms.is_empty() { "all pods".to_owned() } else { terms.join(", ") };
        RivalsName::new(format!("{scope}: {selector}"))
    }
}

/// Every group that some pod carries.
#[derive(Debug, Default)]
pub(super) struct Groups {
    /// By name.
    all: Vec<Group>,
    places: BTreeMap<Group, RivalsIndex>,
    /// Groups that ask for one of listed values of a label, by key and value.
    by_label: BTreeMap<String, BTreeMap<String, Vec<usize>>>,
    /// The others.
    by_none: Vec<usize>,
}

impl Groups {
    /// Those of all `terms`.
    pub(super) fn new(terms: impl Iterator<Item = Terms>) -> Self {
        let distinct: BTreeSet<Group> = terms.flat_map(|terms| terms.groups).collect();
        let mut groups: Vec<Group> = distinct.into_iter().collect();
        groups.sort_by_cached_key(Group::name);
        let mut read = Self::default();
        for (position, group) in groups.iter().enumerate() {
            read.places.insert(group.clone(), RivalsIndex::new(position));
            let mut listed = group.selector.iter().filter_map(|(key, requirement)| {
                requirement.listed().map(|values| (key.as_str(), values))
            });
            let Some((key, values)) = listed.next() else {
                read.by_none.push(position);
                continue;
            };
            let of_key = read.by_label.entry(key.to_owned()).or_default();
            for value in values {
                of_key.entry(value.as_str().to_owned()).or_default().push(position);
            }
        }
        read.all = groups;
        read
    }

    /// As the snapshot lists them.
    pub(super) fn rivals(&self) -> Vec<Rivals> {
        self.all.iter().map(|group| Rivals { name: group.name() }).collect()
    }

    /// Those that `terms` carry, ascending.
    pub(super) fn carried(&self, terms: &Terms) -> Vec<RivalsIndex> {
        let mut carried: Vec<RivalsIndex> =
            terms.groups.iter().filter_map(|group| self.places.get(group).copied()).collect();
        carried.sort_unstable();
        carried
    }

    /// Those that a pod that looks so matches, whether or not it carries them; ascending.
    pub(super) fn matched(&self, looks: Looks<'_>) -> Vec<RivalsIndex> {
        if self.all.is_empty() {
            return Vec::new();
        }
        let by_label = looks
            .labels
            .iter()
            .filter_map(|(key, value)| self.by_label.get(key.as_str())?.get(value.as_str()));
        let mut matched: Vec<RivalsIndex> = by_label
            .flatten()
            .chain(&self.by_none)
            .filter(|position| self.all[**position].matches(looks))
            .map(|position| RivalsIndex::new(*position))
            .collect();
        matched.sort_unstable();
        matched
    }
}
