//! Pods by namespaces and labels, as rules between pods select them.
//!
//! Input: label selectors and where they look. Output: which of them a pod matches, found by its labels
//! rather than by trying all.

use std::collections::{BTreeMap, BTreeSet};

use api::LabelSelector;
use model::{LabelKey, LabelValue, Operator, Requirement, Requirements};

use super::Problem;

/// Labels of a pod and the namespace that it is in.
#[derive(Clone, Copy, Debug)]
pub(super) struct Looks<'a> {
    /// Its labels.
    pub(super) labels: &'a BTreeMap<String, String>,
    /// Its namespace.
    pub(super) namespace: &'a str,
}

/// Pods of some namespaces with certain labels.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Selector {
    pub(super) scope: Scope,
    pub(super) labels: Requirements,
}

/// Where pods are looked for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Scope {
    /// In these namespaces.
    Namespaces(BTreeSet<String>),
    /// Everywhere.
    All,
}

/// A selector of pods; the API server refuses what is refused here.
pub(super) fn requirements(selector: &LabelSelector, path: &str) -> Result<Requirements, Problem> {
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

/// Adds what `keys` say: counted pods have the value that the pod has (`In`), or another (`NotIn`).
pub(super) fn add_keys(
    labels: &mut Requirements,
    keys: &[String],
    operator: Operator,
    looks: Looks<'_>,
) {
    for (key, value) in keys.iter().filter_map(|key| looks.labels.get_key_value(key)) {
        let values = std::slice::from_ref(value);
        let requirement = Requirement::new(operator, values).expect("takes any values");
        labels.require(LabelKey::from(key.as_str()), requirement);
    }
}

impl Selector {
    /// What no pod matches.
    pub(super) fn none() -> Self {
        Self { scope: Scope::Namespaces(BTreeSet::new()), labels: Requirements::new() }
    }

    /// Pods that match both.
    pub(super) fn and(self, other: &Self) -> Self {
        let scope = match (self.scope, &other.scope) {
            (Scope::All, scope) => scope.clone(),
            (scope, Scope::All) => scope,
            (Scope::Namespaces(mine), Scope::Namespaces(theirs)) => {
                Scope::Namespaces(mine.intersection(theirs).cloned().collect())
            }
        };
        let mut labels = self.labels;
        for (key, requirement) in other.labels.iter() {
            labels.require(key.clone(), requirement.clone());
        }
        Self { scope, labels }
    }

    /// Whether a pod that looks so is one of them.
    pub(super) fn matches(&self, looks: Looks<'_>) -> bool {
        let is_in_scope = match &self.scope {
            Scope::All => true,
            Scope::Namespaces(names) => names.contains(looks.namespace),
        };
        let value_of = |key: &LabelKey| looks.labels.get(key.as_str()).map(String::as_str);
        is_in_scope && self.labels.first_refused(value_of).is_none()
    }

    /// Namespaces and selector, such as `default: app In [web]`.
    pub(super) fn name(&self) -> String {
        let scope = match &self.scope {
            Scope::All => "all namespaces".to_owned(),
            Scope::Namespaces(names) if names.is_empty() => "no namespace".to_owned(),
            Scope::Namespaces(names) => {
                names.iter().map(String::as_str).collect::<Vec<_>>().join(", ")
            }
        };
        let terms = self.labels.iter().map(|(key, requirement)| format!("{key} {requirement}"));
        let terms: Vec<String> = terms.collect();
        let selector = if terms.is_empty() { "all pods".to_owned() } else { terms.join(", ") };
        format!("{scope}: {selector}")
    }
}

/// Selectors that can be asked which of them a pod matches.
#[derive(Debug, Default)]
pub(super) struct Index {
    /// By name.
    all: Vec<Selector>,
    places: BTreeMap<Selector, usize>,
    /// Selectors that ask for one of listed values of a label, by key and value.
    by_label: BTreeMap<String, BTreeMap<String, Vec<usize>>>,
    /// The others.
    by_none: Vec<usize>,
}

impl Index {
    /// An index of `distinct` selectors.
    pub(super) fn new(distinct: BTreeSet<Selector>) -> Self {
        let mut selectors: Vec<Selector> = distinct.into_iter().collect();
        selectors.sort_by_cached_key(Selector::name);
        let mut read = Self::default();
        for (position, selector) in selectors.iter().enumerate() {
            read.places.insert(selector.clone(), position);
            let mut listed = selector.labels.iter().filter_map(|(key, requirement)| {
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
        read.all = selectors;
        read
    }

    /// The selector at `place`.
    pub(super) fn get(&self, place: usize) -> &Selector {
        &self.all[place]
    }

    /// Their names, in order.
    pub(super) fn names(&self) -> impl Iterator<Item = String> {
        self.all.iter().map(Selector::name)
    }

    /// The place of `selector`, where it is one of them.
    pub(super) fn place(&self, selector: &Selector) -> Option<usize> {
        self.places.get(selector).copied()
    }

    /// Places of those that a pod that looks so matches, ascending.
    pub(super) fn matched(&self, looks: Looks<'_>) -> Vec<usize> {
        if self.all.is_empty() {
            return Vec::new();
        }
        let by_label = looks
            .labels
            .iter()
            .filter_map(|(key, value)| self.by_label.get(key.as_str())?.get(value.as_str()));
        let mut matched: Vec<usize> = by_label
            .flatten()
            .chain(&self.by_none)
            .copied()
            .filter(|position| self.all[*position].matches(looks))
            .collect();
        matched.sort_unstable();
        matched
    }
}
