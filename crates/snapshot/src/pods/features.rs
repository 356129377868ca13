//! What pods ask for and planning does not honour yet.
//!
//! Input: a pod spec. Output: the features it asks for. One list of all of them; a feature that
//! becomes honoured leaves it.

use api::{Affinity, PodAffinity, PodSpec};

/// A feature that is not honoured.
#[derive(Debug)]
pub(super) struct Feature {
    /// The field below `spec`.
    pub(super) field: &'static str,
    /// What becomes of pods that ask for it.
    pub(super) message: &'static str,
    is_asked: fn(&Asker<'_>) -> bool,
}

impl Feature {
    /// Whether it is a wish, which nothing is refused for.
    pub(super) fn is_wish(&self) -> bool {
        self.message.starts_with("preferred ")
    }
}

/// Who may ask.
#[derive(Debug)]
pub(super) struct Asker<'a> {
    /// The pod.
    pub(super) spec: &'a PodSpec,
    /// Whether admission has already added what a `RuntimeClass` adds.
    pub(super) admitted: bool,
    /// Whether it has required terms between pods of which not all is known.
    pub(super) has_other_terms: bool,
    /// Whether it has claims of which nothing is known, such as those that its workload makes.
    pub(super) has_unknown_claims: bool,
}

/// Those of [`ALL`] that are asked for.
pub(super) fn asked<'a>(asker: &'a Asker<'a>) -> impl Iterator<Item = &'static Feature> + 'a {
    ALL.iter().filter(|feature| (feature.is_asked)(asker))
}

const ALL: [Feature; 9] = [
    Feature {
        field: "topologySpreadConstraints",
        message: "preferred topology spread is not honoured yet: pods are placed without it",
        is_asked: prefers_spread,
    },
    Feature {
        field: "affinity.podAffinity.preferredDuringSchedulingIgnoredDuringExecution",
        message: "preferred pod affinity is not honoured yet: pods are placed without it",
        is_asked: |asker| pod_wishes(asker, |affinity| &affinity.pod_affinity),
    },
    Feature {
        field: "affinity",
        message: "no Namespace is in the input: a required term between pods that selects namespaces \
                  by their labels looks only into those that it lists",
        is_asked: |asker| asker.has_other_terms,
    },
    Feature {
        field: "affinity.podAntiAffinity.preferredDuringSchedulingIgnoredDuringExecution",
        message: "preferred pod anti-affinity is not honoured yet: pods are placed without it",
        is_asked: |asker| pod_wishes(asker, |affinity| &affinity.pod_anti_affinity),
    },
    Feature {
        field: "volumes",
        message: "claims that are not in the input, or are still to be made, are taken to be usable \
                  from everywhere",
        is_asked: |asker| asker.has_unknown_claims,
    },
    Feature {
        field: "workloadRef",
        message: "gangs are not honoured yet: pods are placed one by one",
        is_asked: |asker| asker.spec.workload_ref.is_some(),
    },
    Feature {
        field: "schedulingGroup",
        message: "scheduling groups are not honoured yet: pods are placed one by one",
        is_asked: |asker| asker.spec.scheduling_group.is_some(),
    },
    Feature {
        field: "runtimeClassName",
        message: "RuntimeClass objects are not read: their overhead and node selector are missing \
                  from the pod",
        is_asked: |asker| {
            !asker.admitted
                && asker.spec.overhead.is_empty()
                && asker.spec.runtime_class_name.is_some()
        },
    },
    Feature {
        field: "nodeName",
        message: "a node named in advance is not honoured yet: the pod is planned afresh",
        is_asked: |asker| !asker.admitted && asker.spec.node_name.is_some(),
    },
];

fn prefers_spread(asker: &Asker<'_>) -> bool {
    let mut constraints = asker.spec.topology_spread_constraints.iter();
    constraints.any(|constraint| constraint.when_unsatisfiable == "ScheduleAnyway")
}

/// Whether there are preferred terms.
fn pod_wishes(asker: &Asker<'_>, of: fn(&Affinity) -> &Option<PodAffinity>) -> bool {
    let affinity = asker.spec.affinity.as_deref();
    affinity
        .and_then(|affinity| of(affinity).as_ref())
        .is_some_and(|terms| !terms.preferred_during_scheduling_ignored_during_execution.is_empty())
}
