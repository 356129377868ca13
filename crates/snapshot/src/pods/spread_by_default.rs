//! Pods without spreads of their own get those of the cluster.
//!
//! In: objects, and constraints without selectors. Out: the same, every pod and template that has no
//! `topologySpreadConstraints` spread as the cluster says, over the pods that kube-scheduler would deduce: those with
//! the labels of all Services that select the pod, and of the selector of the ReplicaSet or StatefulSet which makes
//! it. A pod that has neither is left as it is. A template has the selector of its workload, without the hash that
//! its ReplicaSet will add; where a workload names none, which no API server admits, its template's labels.

use std::collections::BTreeMap;

use api::{LabelSelector, NodeSelectorRequirement, ObjectMeta, Pod, PodTemplate};
use model::{Finding, FindingCode, Timestamp};

use super::name_of;
use super::owners::namespace;
use super::selectors::requirements;
use super::tally::Tally;
use crate::Objects;
use crate::fleet::moment;
use crate::lower::DefaultSpreads;

/// A pod waits so long for its maker: far longer than watches are apart, and not long for one whose maker is gone.
const MAKER_SECONDS: i64 = 5;

/// The label by which a Deployment tells its ReplicaSets' pods apart.
const HASH: &str = "pod-template-hash";

/// Gives them to `objects`; also gives who makes pods and is not there.
pub(crate) fn apply(objects: &mut Objects, defaults: &DefaultSpreads) -> Vec<Finding> {
    let mut tally = Tally::default();
    if defaults.is_empty() {
        return tally.into_findings();
    }
    let makers = Makers::new(objects);
    for pod in objects.pods.iter_mut().filter(|pod| pod.spec.topology_spread_constraints.is_empty())
    {
        let own = makers.of_pod(pod, &mut tally);
        let selector = makers.selector(namespace(&pod.metadata), &pod.metadata.labels, own);
        pod.spec.topology_spread_constraints = given(defaults, selector);
    }
    let spread = |metadata: &ObjectMeta, template: &mut PodTemplate, own: Option<LabelSelector>| {
        if template.spec.topology_spread_constraints.is_empty() {
            let selector = makers.selector(namespace(metadata), &template.metadata.labels, own);
            template.spec.topology_spread_constraints = given(defaults, selector);
        }
    };
    for one in &mut objects.deployments {
        let own = of_workload(one.spec.selector.as_ref(), &one.spec.template);
        spread(&one.metadata, &mut one.spec.template, Some(own));
    }
    for one in &mut objects.replica_sets {
        let own = of_workload(one.spec.selector.as_ref(), &one.spec.template);
        spread(&one.metadata, &mut one.spec.template, Some(own));
    }
    for one in &mut objects.stateful_sets {
        let own = of_workload(one.spec.selector.as_ref(), &one.spec.template);
        spread(&one.metadata, &mut one.spec.template, Some(own));
    }
    for one in &mut objects.jobs {
        spread(&one.metadata, &mut one.spec.template, None);
    }
    for one in &mut objects.cron_jobs {
        spread(&one.metadata, &mut one.spec.job_template.spec.template, None);
    }
    tally.into_findings()
}

/// Takes out pods that wait for a node and whose ReplicaSet or StatefulSet is not there, where they were made so
/// lately that it may still come: watches do not keep to the order in which objects were made. Gives their names.
pub(crate) fn take_unexplained(objects: &mut Objects, now: Timestamp) -> Vec<String> {
    let makers = Makers::new(objects);
    let is_young = |pod: &Pod| {
        let made = pod.metadata.creation_timestamp.as_deref().and_then(moment);
        made.is_some_and(|made| now.0 < made.0 + MAKER_SECONDS)
    };
    let is_unexplained = |pod: &Pod| {
        let owner = pod.metadata.controller().map(|owner| &*owner.kind);
        pod.spec.node_name.is_none()
            && pod.spec.topology_spread_constraints.is_empty()
            && matches!(owner, Some("ReplicaSet" | "StatefulSet"))
            && is_young(pod)
            && makers.of_pod(pod, &mut Tally::default()).is_none()
    };
    let taken = objects.pods.extract_if(.., |pod| is_unexplained(pod));
    taken.map(|pod| name_of("Pod", &pod.metadata)).collect()
}

/// The constraints with their selector; none without one, which would count every pod of the namespace.
fn given(
    defaults: &DefaultSpreads,
    selector: Option<LabelSelector>,
) -> Vec<api::TopologySpreadConstraint> {
    let Some(selector) = selector else { return Vec::new() };
    let with = |constraint: &api::TopologySpreadConstraint| api::TopologySpreadConstraint {
        label_selector: Some(selector.clone()),
        ..constraint.clone()
    };
    defaults.constraints().iter().map(with).collect()
}

fn of_workload(selector: Option<&LabelSelector>, template: &PodTemplate) -> LabelSelector {
    let labels = || LabelSelector {
        match_labels: template.metadata.labels.clone(),
        ..LabelSelector::default()
    };
    selector.cloned().unwrap_or_else(labels)
}

/// Kind, namespace and name.
type Key = (&'static str, String, String);

/// Whoever selects pods.
struct Makers {
    /// Labels that each Service selects by, by namespace and name.
    services: BTreeMap<(String, String), BTreeMap<String, String>>,
    selectors: BTreeMap<Key, LabelSelector>,
}

impl Makers {
    fn new(objects: &Objects) -> Self {
        let place = |metadata: &ObjectMeta| (namespace(metadata).to_owned(), metadata.name.clone());
        let services = objects.services.iter();
        let services =
            services.filter_map(|one| Some((place(&one.metadata), one.spec.selector.clone()?)));
        let mut selectors: BTreeMap<Key, LabelSelector> = BTreeMap::new();
        let mut add = |kind, metadata: &ObjectMeta, selector: Option<&LabelSelector>, template| {
            let (namespace, name) = place(metadata);
            selectors.insert((kind, namespace, name), of_workload(selector, template));
        };
        for one in &objects.deployments {
            add("Deployment", &one.metadata, one.spec.selector.as_ref(), &one.spec.template);
        }
        for one in &objects.replica_sets {
            add("ReplicaSet", &one.metadata, one.spec.selector.as_ref(), &one.spec.template);
        }
        for one in &objects.stateful_sets {
            add("StatefulSet", &one.metadata, one.spec.selector.as_ref(), &one.spec.template);
        }
        Self { services: services.collect(), selectors }
    }

    /// The selector of the pod's ReplicaSet or StatefulSet; others make pods that are not of one service.
    fn of_pod(&self, pod: &Pod, tally: &mut Tally) -> Option<LabelSelector> {
        let owner = pod.metadata.controller()?;
        let place = |kind, name: &str| (kind, namespace(&pod.metadata).to_owned(), name.to_owned());
        let found = match &*owner.kind {
            "StatefulSet" => self.selectors.get(&place("StatefulSet", &owner.name)).cloned(),
            "ReplicaSet" => {
                let own = self.selectors.get(&place("ReplicaSet", &owner.name)).cloned();
                own.or_else(|| {
                    let hash = pod.metadata.labels.get(HASH)?;
                    let name = owner.name.strip_suffix(hash.as_str())?.strip_suffix('-')?;
                    let mut of_all = self.selectors.get(&place("Deployment", name))?.clone();
                    of_all.match_labels.insert(HASH.to_owned(), hash.clone());
                    Some(of_all)
                })
            }
            _ => return None,
        };
        if found.is_none() {
            tally.add(Finding {
                code: FindingCode::MissingReference,
                object: name_of("Pod", &pod.metadata),
                field: "metadata.ownerReferences".to_owned(),
                message: format!(
                    "{} {}/{} is not in the input: the cluster's default spreads do not count its pods by its \
                     selector",
                    owner.kind,
                    namespace(&pod.metadata),
                    owner.name
                ),
                remedy: format!("add the {} to the input", owner.kind),
                count: 1,
            });
        }
        found
    }

    /// What kube-scheduler deduces for a pod of these labels whose maker has the selector `own`.
    fn selector(
        &self,
        namespace: &str,
        labels: &BTreeMap<String, String>,
        own: Option<LabelSelector>,
    ) -> Option<LabelSelector> {
        let selects = |of: &BTreeMap<String, String>| {
            of.iter().all(|(key, value)| labels.get(key) == Some(value))
        };
        let mut deduced = LabelSelector::default();
        let of_namespace = self.services.range((namespace.to_owned(), String::new())..);
        let of_namespace = of_namespace.take_while(|((one, _), _)| one == namespace);
        for (_, selector) in of_namespace.filter(|(_, selector)| selects(selector)) {
            deduced.match_labels.extend(selector.clone());
        }
        // What cannot be read is no selector; the API server admits none.
        let own = own.filter(|own| requirements(own, "").is_ok()).unwrap_or_default();
        for (key, value) in own.match_labels {
            let known = deduced.match_labels.entry(key.clone()).or_insert_with(|| value.clone());
            if *known != value {
                let operator = "In".to_owned();
                let both = NodeSelectorRequirement { key, operator, values: vec![value] };
                deduced.match_expressions.push(both);
            }
        }
        deduced.match_expressions.extend(own.match_expressions);
        let is_empty = deduced.match_labels.is_empty() && deduced.match_expressions.is_empty();
        (!is_empty).then_some(deduced)
    }
}
