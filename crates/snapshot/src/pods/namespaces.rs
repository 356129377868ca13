//! Namespaces that terms between pods select by labels, found out.
//!
//! In: objects, the `Namespace`s among them. Out: the same with every term's `namespaceSelector`
//! replaced by the names of what it selects, where that is known: with any `Namespace` in the input, or
//! where it asks for nothing but the name. Others stay as they are.

use std::collections::{BTreeMap, BTreeSet};

use api::{LabelSelector, PodAffinityTerm, PodSpec};
use model::{LabelKey, Requirements};

use super::owners::namespace;
use super::selectors::requirements;
use crate::Objects;

/// The label that the API server gives every namespace.
const NAME: &str = "kubernetes.io/metadata.name";

/// What a term that selects namespaces and finds none names: no namespace is called so.
pub(super) const NONE: &str = "";

/// Replaces the selectors of `objects` that can be.
pub(crate) fn resolve(objects: &mut Objects) {
    let pods = objects.pods.iter().map(|pod| &pod.spec);
    let deployments = objects.deployments.iter().map(|one| &one.spec.template.spec);
    let stateful_sets = objects.stateful_sets.iter().map(|one| &one.spec.template.spec);
    let replica_sets = objects.replica_sets.iter().map(|one| &one.spec.template.spec);
    let jobs = objects.jobs.iter().map(|one| &one.spec.template.spec);
    let cron_jobs = objects.cron_jobs.iter().map(|one| &one.spec.job_template.spec.template.spec);
    let all = pods.chain(deployments).chain(stateful_sets).chain(replica_sets);
    if !all.chain(jobs).chain(cron_jobs).any(selects) {
        return;
    }
    let namespaces = Namespaces::new(objects);
    let pods = objects.pods.iter_mut().map(|pod| &mut pod.spec);
    let deployments = objects.deployments.iter_mut().map(|one| &mut one.spec.template.spec);
    let stateful_sets = objects.stateful_sets.iter_mut().map(|one| &mut one.spec.template.spec);
    let replica_sets = objects.replica_sets.iter_mut().map(|one| &mut one.spec.template.spec);
    let jobs = objects.jobs.iter_mut().map(|one| &mut one.spec.template.spec);
    let cron_jobs = objects.cron_jobs.iter_mut();
    let cron_jobs = cron_jobs.map(|one| &mut one.spec.job_template.spec.template.spec);
    let all = pods.chain(deployments).chain(stateful_sets).chain(replica_sets);
    for spec in all.chain(jobs).chain(cron_jobs) {
        for term in terms(spec) {
            namespaces.resolve(term);
        }
    }
}

/// Whether a term of a spec selects namespaces by labels.
fn selects(spec: &PodSpec) -> bool {
    let affinity = spec.affinity.as_deref().into_iter();
    let both = affinity.flat_map(|one| [one.pod_affinity.as_ref(), one.pod_anti_affinity.as_ref()]);
    both.flatten().any(|terms| {
        let required = &terms.required_during_scheduling_ignored_during_execution;
        let preferred = &terms.preferred_during_scheduling_ignored_during_execution;
        let preferred = preferred.iter().map(|one| &one.pod_affinity_term);
        required.iter().chain(preferred).any(|term| term.namespace_selector.is_some())
    })
}

/// Terms of a spec.
fn terms(spec: &mut PodSpec) -> impl Iterator<Item = &mut PodAffinityTerm> {
    let affinity = spec.affinity.as_deref_mut().into_iter();
    let both = affinity.flat_map(|one| [one.pod_affinity.as_mut(), one.pod_anti_affinity.as_mut()]);
    both.flatten().flat_map(|terms| {
        let required = terms.required_during_scheduling_ignored_during_execution.iter_mut();
        let preferred = terms.preferred_during_scheduling_ignored_during_execution.iter_mut();
        required.chain(preferred.map(|one| &mut one.pod_affinity_term))
    })
}

/// Labels of namespaces by name.
struct Namespaces {
    labels: BTreeMap<String, BTreeMap<String, String>>,
    /// Whether labels beside the name are known.
    are_read: bool,
}

impl Namespaces {
    fn new(objects: &Objects) -> Self {
        let mut labels: BTreeMap<String, BTreeMap<String, String>> = BTreeMap::new();
        for object in &objects.namespaces {
            labels.insert(object.metadata.name.clone(), object.metadata.labels.clone());
        }
        let owners = objects.pods.iter().map(|one| &one.metadata);
        let owners = owners.chain(objects.deployments.iter().map(|one| &one.metadata));
        let owners = owners.chain(objects.stateful_sets.iter().map(|one| &one.metadata));
        let owners = owners.chain(objects.replica_sets.iter().map(|one| &one.metadata));
        let owners = owners.chain(objects.jobs.iter().map(|one| &one.metadata));
        let owners = owners.chain(objects.cron_jobs.iter().map(|one| &one.metadata));
        let owners = owners.chain(objects.daemon_sets.iter().map(|one| &one.metadata));
        for name in owners.map(namespace).collect::<BTreeSet<&str>>() {
            labels.entry(name.to_owned()).or_default();
        }
        for (name, labels) in &mut labels {
            labels.insert(NAME.to_owned(), name.clone());
        }
        Self { labels, are_read: !objects.namespaces.is_empty() }
    }

    fn resolve(&self, term: &mut PodAffinityTerm) {
        let Some(selector) = &term.namespace_selector else { return };
        // What is wrong with it is told when the pod is read.
        let Ok(asked) = requirements(selector, "") else { return };
        let is_of_names = asked.iter().all(|(key, _)| key.as_str() == NAME);
        if selects_all(selector) || !self.are_read && !is_of_names {
            return;
        }
        term.namespaces.extend(self.selected(&asked));
        if term.namespaces.is_empty() {
            term.namespaces.push(NONE.to_owned());
        }
        term.namespace_selector = None;
    }

    fn selected(&self, asked: &Requirements) -> impl Iterator<Item = String> {
        let matches = |labels: &BTreeMap<String, String>| {
            asked.first_refused(|key: &LabelKey| labels.get(key.as_str()).map(String::as_str))
        };
        let selected = self.labels.iter().filter(move |(_, labels)| matches(labels).is_none());
        selected.map(|(name, _)| name.clone())
    }
}

/// Whether it matches every namespace, known or not.
fn selects_all(selector: &LabelSelector) -> bool {
    selector.match_labels.is_empty() && selector.match_expressions.is_empty()
}
