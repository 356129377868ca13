//! Pods on nodes: whether they would run elsewhere, whether they may be evicted, and what covers them.

use std::collections::BTreeMap;

use api::names;
use model::fleet::{Place, Pod, PodBudget, Protection};
use model::{PodName, Timestamp};

use super::time;

const COST: &str = "karpenter.sh/disruption-cost";
const DELETION_COST: &str = "controller.kubernetes.io/pod-deletion-cost";

/// Disruption budgets by namespace.
pub(super) struct Budgets<'a>(BTreeMap<&'a str, Vec<&'a api::PodDisruptionBudget>>);

impl<'a> Budgets<'a> {
    pub(super) fn new(all: &'a [api::PodDisruptionBudget]) -> Self {
        let mut budgets: BTreeMap<&str, Vec<&api::PodDisruptionBudget>> = BTreeMap::new();
        for budget in all {
            budgets.entry(namespace(&budget.metadata)).or_default().push(budget);
        }
        Self(budgets)
    }

    fn of(&self, pod: &api::Pod) -> PodBudget {
        let namespace = namespace(&pod.metadata);
        let budgets = self.0.get(namespace).map_or(&[][..], Vec::as_slice);
        let covering: Vec<_> = budgets.iter().filter(|budget| covers(budget, pod)).collect();
        let [budget] = covering.as_slice() else {
            return match covering.len() {
                0 => PodBudget::Allows,
                several => PodBudget::Several(several),
            };
        };
        let name = format!("{namespace}/{}", budget.metadata.name);
        match u32::try_from(budget.status.disruptions_allowed).unwrap_or(0) {
            0 if always_allows(budget, pod) => PodBudget::Allows,
            0 => PodBudget::Forbids(name),
            allowed => PodBudget::Covers { budget: name, allowed },
        }
    }
}

/// A pod that is not ready may go where the budget says so.
fn always_allows(budget: &api::PodDisruptionBudget, pod: &api::Pod) -> bool {
    let policy = budget.spec.unhealthy_pod_eviction_policy.as_deref();
    let mut conditions = pod.status.conditions.iter();
    policy == Some("AlwaysAllow")
        && conditions.any(|one| one.kind == names::READY && one.status == "False")
}

fn namespace(metadata: &api::ObjectMeta) -> &str {
    metadata.namespace.as_deref().filter(|name| !name.is_empty()).unwrap_or("default")
}

/// Whether the selector matches; absent it matches none, empty all. What a term means that is not
/// known, the pod is covered rather than not.
fn covers(budget: &api::PodDisruptionBudget, pod: &api::Pod) -> bool {
    let Some(selector) = &budget.spec.selector else { return false };
    let labels = &pod.metadata.labels;
    let holds = |term: &api::NodeSelectorRequirement| {
        let value = labels.get(&term.key);
        let listed = value.is_some_and(|value| term.values.contains(value));
        match term.operator.as_str() {
            "In" => listed,
            "NotIn" => !listed,
            "Exists" => value.is_some(),
            "DoesNotExist" => value.is_none(),
            _ => true,
        }
    };
    selector.match_labels.iter().all(|(key, value)| labels.get(key) == Some(value))
        && selector.match_expressions.iter().all(holds)
}

/// The pod as disruption looks at it.
pub(super) fn read(pod: &api::Pod, budgets: &Budgets<'_>) -> Pod {
    let owner = pod.metadata.controller().map(|owner| &*owner.kind);
    let mirror = pod.metadata.annotations.contains_key("kubernetes.io/config.mirror");
    let is_mirror = owner == Some("Node") || mirror;
    let is_over = matches!(&*pod.status.phase, "Succeeded" | "Failed");
    let active = !is_over && pod.metadata.deletion_timestamp.is_none();
    let comes_back = owner == Some("StatefulSet") && !is_over;
    let namespace = namespace(&pod.metadata);
    let cost = |key: &str| pod.metadata.annotations.get(key);
    let cost = cost(COST).or_else(|| cost(DELETION_COST));
    Pod {
        name: PodName::from(format!("{namespace}/{}", pod.metadata.name)),
        active,
        reschedulable: (active || comes_back) && owner != Some("DaemonSet") && !is_mirror,
        evictable: !is_mirror && !tolerates_disruption(pod),
        protection: protection(pod),
        budget: budgets.of(pod),
        deletion_cost: cost.and_then(|cost| cost.parse().ok()).unwrap_or(0),
        priority: pod.spec.priority.unwrap_or(0),
        place: Place::Unknown,
    }
}

fn protection(pod: &api::Pod) -> Protection {
    let Some(value) = pod.metadata.annotations.get(names::DO_NOT_DISRUPT_ANNOTATION) else {
        return Protection::None;
    };
    if value == "true" {
        return Protection::Always;
    }
    let Some(seconds) = time::seconds(value).filter(|seconds| *seconds > 0) else {
        return Protection::None;
    };
    let started = pod.status.start_time.as_deref().and_then(time::moment);
    started.map_or(Protection::Always, |started| {
        Protection::Until(Timestamp(started.0.saturating_add(seconds)))
    })
}

fn tolerates_disruption(pod: &api::Pod) -> bool {
    pod.spec.tolerations.iter().any(|one| {
        let key = one.key.as_deref().unwrap_or_default();
        let exists = one.operator.as_deref() == Some("Exists");
        let effect = one.effect.as_deref().unwrap_or_default();
        let is_its_key = key == names::DISRUPTED_TAINT || (key.is_empty() && exists);
        let is_its_effect = effect.is_empty() || effect == "NoSchedule";
        let is_its_value = exists || one.value.as_deref().unwrap_or_default().is_empty();
        is_its_key && is_its_effect && is_its_value
    })
}
