//! Which pods are of one service.
//!
//! In: pods that are planned, seated or left where they are, and the workloads that pods are of. Out: services of
//! which every pod is planned. A service is a workload whose pods do the same at the same time: a Deployment, a
//! ReplicaSet or a StatefulSet.

use std::collections::BTreeMap;
use std::ops::Range;

use api::Pod;
use model::PodIndex;

use super::owners::namespace;

/// A workload whose pods do the same at the same time, and of which every pod is planned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Service {
    /// Kind, namespace and name, such as `Deployment default/web`.
    pub name: String,
    /// Its pods, ascending; at least two.
    pub pods: Vec<PodIndex>,
}

/// Services as far as they are known.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Services(BTreeMap<String, Known>);

#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Known {
    /// Places of its pods among those to plan.
    planned: Vec<usize>,
    has_others: bool,
}

impl Services {
    /// A pod that is planned, at this place among all.
    pub(super) fn plan(&mut self, pod: &Pod, place: usize) {
        if let Some(service) = service_of(pod) {
            self.0.entry(service).or_default().planned.push(place);
        }
    }

    /// A pod that has a node, or is promised one.
    pub(super) fn seat(&mut self, pod: &Pod) {
        if let Some(service) = service_of(pod) {
            self.0.entry(service).or_default().has_others = true;
        }
    }

    /// Pods that a workload of this kind and name stands for.
    pub(super) fn expand(&mut self, kind: &str, name: &str, places: Range<usize>) {
        if is_service(kind) {
            self.0.entry(name.to_owned()).or_default().planned.extend(places);
        }
    }

    /// Those of two pods or more that have no others, by name.
    pub(crate) fn whole(self) -> Vec<Service> {
        let whole = self.0.into_iter().filter(|(_, of)| of.planned.len() > 1 && !of.has_others);
        let service = |(name, of): (String, Known)| {
            let pods = of.planned.into_iter().map(PodIndex::new).collect();
            Service { name, pods }
        };
        whole.map(service).collect()
    }
}

/// The service that a pod is of.
fn service_of(pod: &Pod) -> Option<String> {
    let owner = pod.metadata.controller().filter(|owner| is_service(&owner.kind))?;
    Some(format!("{} {}/{}", owner.kind, namespace(&pod.metadata), owner.name))
}

fn is_service(kind: &str) -> bool {
    matches!(kind, "Deployment" | "ReplicaSet" | "StatefulSet")
}
