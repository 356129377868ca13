//! What rules between pods there are in the input: who keeps apart, how pods are spread, with whom they go.
//!
//! Input: pods and workloads with their fates. Output: groups of rivals, host ports, spreads and terms, that
//! pods are read against afterwards.

use std::collections::BTreeSet;

use super::fate::{Fate, Places, fate};
use super::owners::namespace;
use super::ports::HostPorts;
use super::rivals::{Groups, Terms, Tie};
use super::selectors::Looks;
use super::soft::{Wish, Wishes};
use super::spreads::{Constraints, Spreads};
use super::terms::Listed;
use super::workloads::Workload;
use crate::{Objects, PreferencePolicy};

/// Whether a pod of that fate is there, or will be.
const fn is_live(fate: &Fate<'_>) -> bool {
    match fate {
        Fate::Dropped | Fate::Gated => false,
        Fate::Planned
        | Fate::Bound(_)
        | Fate::Daemon(_)
        | Fate::Displaced(_)
        | Fate::Promised(_) => true,
    }
}

/// Whatever keeps pods of the input apart that are not over.
pub(super) fn groups(objects: &Objects, workloads: &[Workload<'_>], places: Places<'_>) -> Groups {
    let pods = objects.pods.iter().filter(|pod| pod.spec.affinity.is_some());
    let pods = pods.filter(|pod| is_live(&fate(pod, places)));
    let of_pods = pods.map(|pod| (&pod.spec, looks(&pod.metadata, &pod.metadata)));
    let of_workloads = workloads.iter().map(|workload| {
        (&workload.template.spec, looks(workload.metadata, &workload.template.metadata))
    });
    // What is wrong with a term is told when its pod is read.
    let terms =
        of_pods.chain(of_workloads).filter_map(|(spec, looks)| Terms::read(spec, looks, "").ok());
    Groups::new(terms)
}

/// The terms between pods that are listed.
fn listed(
    objects: &Objects,
    workloads: &[Workload<'_>],
    places: Places<'_>,
    runs: bool,
) -> BTreeSet<Tie> {
    let of_pod = |pod: &api::Pod| {
        let looks = looks(&pod.metadata, &pod.metadata);
        pod.spec.affinity.as_ref().and_then(|_| Terms::read(&pod.spec, looks, "").ok())
    };
    let of_workload = |workload: &Workload<'_>| {
        let looks = looks(workload.metadata, &workload.template.metadata);
        Terms::read(&workload.template.spec, looks, "").ok()
    };
    let mut listed = Listed::default();
    let live = || objects.pods.iter().filter(|pod| is_live(&fate(pod, places)));
    for pod in live().filter(|pod| pod.spec.affinity.is_some()) {
        if let Some(terms) = of_pod(pod) {
            listed.carry(&terms, is_shaped(fate(pod, places), runs));
        }
    }
    for terms in workloads.iter().filter_map(of_workload) {
        listed.carry(&terms, true);
    }
    let pods = live().map(|pod| (looks(&pod.metadata, &pod.metadata), of_pod(pod)));
    let workloads = workloads.iter().map(|workload| {
        (looks(workload.metadata, &workload.template.metadata), of_workload(workload))
    });
    listed.finish(pods.chain(workloads))
}

/// However pods are spread that are to be planned, and with `runs` those that run; what they prefer where that
/// is looked at.
pub(super) fn spreads(
    objects: &Objects,
    workloads: &[Workload<'_>],
    places: Places<'_>,
    (runs, preferences): (bool, PreferencePolicy),
) -> Spreads {
    let asks = |pod: &&api::Pod| {
        !pod.spec.topology_spread_constraints.is_empty() || pod.spec.affinity.is_some()
    };
    let pods = objects.pods.iter().filter(asks);
    let planned = pods.filter(|pod| is_shaped(fate(pod, places), runs));
    let of_pods = planned.map(|pod| (&pod.spec, looks(&pod.metadata, &pod.metadata)));
    let of_workloads = workloads.iter().map(|workload| {
        (&workload.template.spec, looks(workload.metadata, &workload.template.metadata))
    });
    let wishes: BTreeSet<Wish> = match preferences {
        PreferencePolicy::Respect => {
            let all = of_pods.clone().chain(of_workloads.clone());
            all.filter_map(|(spec, looks)| Wishes::read(spec, looks, "").ok())
                .flat_map(|wishes| wishes.all)
                .collect()
        }
        PreferencePolicy::Ignore => BTreeSet::new(),
    };
    // What is wrong with one is told when its pod is read.
    let all = of_pods.chain(of_workloads);
    let constraints = all.filter_map(|(spec, looks)| {
        let terms = Terms::read(spec, looks, "").ok()?;
        Constraints::read(spec, looks, &terms, "").ok()
    });
    Spreads::new(constraints, &listed(objects, workloads, places, runs), &wishes)
}

/// Whether a pod of that fate gets a shape.
fn is_shaped(fate: Fate<'_>, runs: bool) -> bool {
    matches!(fate, Fate::Planned | Fate::Displaced(_)) || runs && matches!(fate, Fate::Bound(_))
}

/// Host ports of pods that are to be planned, and with `runs` of those that run, as groups behind those
/// of `rivals`.
pub(super) fn ports(
    objects: &Objects,
    workloads: &[Workload<'_>],
    (places, runs): (Places<'_>, bool),
    rivals: &Groups,
) -> HostPorts {
    let shaped = |pod: &&api::Pod| is_shaped(fate(pod, places), runs);
    let planned = objects.pods.iter().filter(shaped);
    let of_pods = planned.map(|pod| &pod.spec);
    let of_workloads = workloads.iter().map(|workload| &workload.template.spec);
    HostPorts::new(of_pods.chain(of_workloads), rivals.rivals().len())
}

/// How pods of `owner` look that are made with `metadata`.
pub(super) fn looks<'a>(owner: &'a api::ObjectMeta, metadata: &'a api::ObjectMeta) -> Looks<'a> {
    Looks { labels: &metadata.labels, namespace: namespace(owner) }
}
