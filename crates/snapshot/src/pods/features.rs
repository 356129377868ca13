//! What pods ask for and planning does not honour yet.
//!
//! Input: a pod spec. Output: the features it asks for. One list of all of them; a feature that
//! becomes honoured leaves it.

use api::PodSpec;

/// A feature that is not honoured.
#[derive(Debug)]
pub(super) struct Feature {
    /// The field below `spec`.
    pub(super) field: &'static str,
    /// What becomes of pods that ask for it.
    pub(super) message: &'static str,
    /// Whether it is a wish, which nothing is refused for.
    pub(super) is_wish: bool,
    is_asked: fn(&Asker<'_>) -> bool,
}

/// Who may ask.
#[derive(Debug)]
pub(super) struct Asker<'a> {
    /// The pod.
    pub(super) spec: &'a PodSpec,
    /// Whether admission has already added what a `RuntimeClass` adds.
    pub(super) admitted: bool,
    /// Terms between pods of which not all is known.
    pub(super) others: Others,
    /// Whether it has claims of which nothing is known, such as those that its workload makes.
    pub(super) has_unknown_claims: bool,
}

/// Whether some terms between pods select namespaces of which not all is known.
#[derive(Clone, Copy, Debug)]
pub(super) struct Others {
    /// Among required ones.
    pub(super) required: bool,
    /// Among preferred ones.
    pub(super) preferred: bool,
}

/// Those of [`ALL`] that are asked for.
pub(super) fn asked<'a>(asker: &'a Asker<'a>) -> impl Iterator<Item = &'static Feature> + 'a {
    ALL.iter().filter(|feature| (feature.is_asked)(asker))
}

const ALL: [Feature; 7] = [
    Feature {
        field: "affinity",
        message: "no Namespace is in the input: a required term between pods that selects namespaces \
                  by their labels looks only into those that it lists",
        is_wish: false,
        is_asked: |asker| asker.others.required,
    },
    Feature {
        field: "affinity",
        message: "no Namespace is in the input: a preferred term between pods that selects namespaces by \
                  their labels looks only into those that it lists",
        is_wish: true,
        is_asked: |asker| asker.others.preferred,
    },
    Feature {
        field: "volumes",
        message: "claims that are not in the input, or are still to be made, are taken to be usable \
                  from everywhere",
        is_wish: false,
        is_asked: |asker| asker.has_unknown_claims,
    },
    Feature {
        field: "workloadRef",
        message: "gangs are not honoured yet: pods are placed one by one",
        is_wish: false,
        is_asked: |asker| asker.spec.workload_ref.is_some(),
    },
    Feature {
        field: "schedulingGroup",
        message: "scheduling groups are not honoured yet: pods are placed one by one",
        is_wish: false,
        is_asked: |asker| asker.spec.scheduling_group.is_some(),
    },
    Feature {
        field: "runtimeClassName",
        message: "RuntimeClass objects are not read: their overhead and node selector are missing \
                  from the pod",
        is_wish: false,
        is_asked: |asker| {
            !asker.admitted
                && asker.spec.overhead.is_empty()
                && asker.spec.runtime_class_name.is_some()
        },
    },
    Feature {
        field: "nodeName",
        message: "a node named in advance is not honoured yet: the pod is planned afresh",
        is_wish: false,
        is_asked: |asker| !asker.admitted && asker.spec.node_name.is_some(),
    },
];
