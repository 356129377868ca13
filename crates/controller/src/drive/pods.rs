//! Pods on nodes as disruption looks at them, and the budgets that cover them.

use std::collections::BTreeMap;
use std::sync::Arc;

use ::disruption::{Place, PodBudget};
use api::names;
use model::PodName;

use super::disruption::protection;
use crate::store::Tables;

/// Disruption budgets by namespace.
pub(super) struct Budgets<'a>(BTreeMap<&'a str, Vec<&'a api::PodDisruptionBudget>>);

impl<'a> Budgets<'a> {
    pub(super) fn new(tables: &'a Tables) -> Self {
        let mut budgets: BTreeMap<&str, Vec<&api::PodDisruptionBudget>> = BTreeMap::new();
        for ((namespace, _), budget) in &tables.disruption_budgets.objects {
            budgets.entry(namespace).or_default().push(Arc::as_ref(budget));
        }
        Self(budgets)
    }

    fn of(&self, pod: &api::Pod) -> PodBudget {
        let namespace = pod.metadata.namespace.as_deref().unwrap_or("default");
        let budgets = self.0.get(namespace).map_or(&[][..], Vec::as_slice);
        let covering: Vec<_> = budgets.iter().filter(|one| covers(one, pod)).collect();
        match covering.as_slice() {
            [] => PodBudget::Allows,
            [one] => {
                let budget = format!("{namespace}/{}", one.metadata.name);
                match u32::try_from(one.status.disruptions_allowed).unwrap_or(0) {
                    0 => PodBudget::Forbids(budget),
                    allowed => PodBudget::Covers { budget, allowed },
                }
            }
            several => PodBudget::Several(several.len()),
        }
    }
}

fn covers(budget: &api::PodDisruptionBudget, pod: &api::Pod) -> bool {
    let Some(selector) = &budget.spec.selector else { return false };
    let labels = &pod.metadata.labels;
    let equal = selector.match_labels.iter().all(|(key, value)| labels.get(key) == Some(value));
    equal
        && selector.match_expressions.iter().all(|one| {
            let value = labels.get(&one.key);
            let among = || value.is_some_and(|value| one.values.contains(value));
            match one.operator.as_str() {
                "In" => among(),
                "NotIn" => !among(),
                "Exists" => value.is_some(),
                "DoesNotExist" => value.is_none(),
                // Whatever it means, the pod is covered rather than not.
                _ => true,
            }
        })
}

/// The pod as disruption looks at it.
pub(super) fn pod(pod: &api::Pod, budgets: &Budgets<'_>) -> ::disruption::Pod {
    let namespace = pod.metadata.namespace.as_deref().unwrap_or("default");
    let name = &pod.metadata.name;
    let cost = pod.metadata.annotations.get("controller.kubernetes.io/pod-deletion-cost");
    ::disruption::Pod {
        name: PodName::from(format!("{namespace}/{name}")),
        active: is_active(pod),
        reschedulable: is_reschedulable(pod),
        evictable: !is_mirror(pod) && !tolerates_disruption(pod),
        protection: protection(pod),
        budget: budgets.of(pod),
        deletion_cost: cost.and_then(|cost| cost.parse().ok()).unwrap_or(0),
        priority: pod.spec.priority.unwrap_or(0),
        place: Place::Unknown,
    }
}

/// Neither over nor ending.
fn is_active(pod: &api::Pod) -> bool {
    !is_over(pod) && pod.metadata.deletion_timestamp.is_none()
}

fn is_over(pod: &api::Pod) -> bool {
    matches!(&*pod.status.phase, "Succeeded" | "Failed")
}

/// Would have to run elsewhere if its node went.
pub(super) fn is_reschedulable(pod: &api::Pod) -> bool {
    let owner = pod.metadata.controller().map(|owner| &*owner.kind);
    let comes_back = owner == Some("StatefulSet") && !is_over(pod);
    (is_active(pod) || comes_back) && owner != Some("DaemonSet") && !is_mirror(pod)
}

fn is_mirror(pod: &api::Pod) -> bool {
    let owner = pod.metadata.controller().map(|owner| &*owner.kind);
    owner == Some("Node") || pod.metadata.annotations.contains_key("kubernetes.io/config.mirror")
}

fn tolerates_disruption(pod: &api::Pod) -> bool {
    pod.spec.tolerations.iter().any(|one| {
        let key = one.key.as_deref().unwrap_or_default();
        let exists = one.operator.as_deref() == Some("Exists");
        let effect = one.effect.as_deref().unwrap_or_default();
        let keyed = key == names::DISRUPTED_TAINT || (key.is_empty() && exists);
        keyed
            && (effect.is_empty() || effect == "NoSchedule")
            && (exists || one.value.as_deref().unwrap_or_default().is_empty())
    })
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn read(value: &Value) -> api::Pod {
        serde_json::from_value(value.clone()).unwrap()
    }

    #[test]
    fn a_budget_covers_what_its_selector_matches_and_nothing_without_one() {
        let pod = read(&json!({"metadata": {"labels": {"app": "web", "tier": "front"}}}));
        for (selector, expected) in [
            (json!(null), false),
            (json!({}), true),
            (json!({"matchLabels": {"app": "web"}}), true),
            (json!({"matchLabels": {"app": "db"}}), false),
            (
                json!({"matchExpressions": [{"key": "tier", "operator": "In", "values": ["front"]}]}),
                true,
            ),
            (
                json!({"matchExpressions": [{"key": "tier", "operator": "NotIn", "values": ["front"]}]}),
                false,
            ),
            (json!({"matchExpressions": [{"key": "zone", "operator": "DoesNotExist"}]}), true),
        ] {
            let budget = json!({"spec": {"selector": selector}});
            let budget: api::PodDisruptionBudget = serde_json::from_value(budget).unwrap();
            assert_eq!(covers(&budget, &pod), expected, "{selector}");
        }
    }

    #[test]
    fn a_daemon_pod_a_mirror_and_a_finished_one_need_no_other_node() {
        let owned = |kind: &str, phase: &str| {
            let owner = json!({"kind": kind, "name": "x", "controller": true});
            read(&json!({"metadata": {"ownerReferences": [owner]}, "status": {"phase": phase}}))
        };
        assert!(is_reschedulable(&owned("ReplicaSet", "Running")));
        assert!(!is_reschedulable(&owned("ReplicaSet", "Succeeded")));
        assert!(!is_reschedulable(&owned("DaemonSet", "Running")));
        assert!(!is_reschedulable(&owned("Node", "Running")));
    }
}
