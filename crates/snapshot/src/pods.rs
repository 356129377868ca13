//! Which pods are planned, which are bound, and which run on every node: from objects to shapes.
//!
//! Input: [`Objects`] and a [`PodSelection`]. Output: a [`PodSet`]; what is left out or not
//! honoured is in its findings. The steps: policies of namespaces, owners, pods, workloads without
//! pods, `DaemonSets`.

mod affinity;
mod amounts;
mod between;
mod collector;
mod fate;
mod features;
mod limit_ranges;
mod namespaces;
mod owners;
mod ports;
mod priority;
mod requests;
mod rivals;
mod selectors;
mod services;
mod soft;
mod spread_by_default;
mod spreads;
mod tally;
mod terms;
mod tolerations;
mod volumes;
mod workloads;

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use api::ObjectMeta;
use model::{
    DaemonSet, Finding, NodeName, PodName, PodShape, Resources, Rivals, RivalsIndex, Selection,
    SelectionIndex, SoftRule, Spread, Term, TermIndex,
};

use crate::claims::Promises;
use crate::{Going, Objects, PodSelection, PreferencePolicy};
use collector::Collector;
use limit_ranges::LimitRanges;
pub(crate) use namespaces::resolve as resolve_namespaces;
use owners::{Owners, namespace};
pub use services::Service;
use services::Services;
pub(crate) use spread_by_default::{apply as spread_by_default, take_unexplained};
use tally::Tally;

/// The pods of a set of objects.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct PodSet {
    /// Distinct shapes of the pods to plan, in the order first met.
    pub shapes: Vec<PodShape>,
    /// Pods to plan, in input order, then those of workloads without pods, with the index of their
    /// shape; names are unique.
    pub pods: Vec<(PodName, u32)>,
    /// Groups of pods that keep apart; shapes and nodes refer to them.
    pub rivals: Vec<Rivals>,
    /// Pods that rules between pods count, by name.
    pub selections: Vec<Selection>,
    /// Distinct spreads that pods carry, sorted.
    pub spreads: Vec<Spread>,
    /// Distinct terms between pods that pods carry, sorted.
    pub terms: Vec<Term>,
    /// Distinct soft rules between pods that pods carry, sorted; none where preferences are ignored.
    pub soft_rules: Vec<SoftRule>,
    /// `DaemonSets` by name.
    pub daemon_sets: Vec<DaemonSet>,
    /// What is already taken, by node, nodes that are not in the input included; empty for
    /// [`PodSelection::All`].
    pub bound: BTreeMap<NodeName, Bound>,
    /// Pods that run and are no DaemonSet's nor their node's, in input order; empty unless asked for.
    pub running: Vec<Running>,
    /// What pods are of one service.
    pub services: Services,
    /// What was left out, not honoured or worth knowing.
    pub findings: Vec<Finding>,
}

/// A pod that runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Running {
    /// Its name with its namespace.
    pub name: PodName,
    /// The index of its shape, or the field by which it asks for what no plan honours.
    pub shape: Result<u32, String>,
}

/// What the pods of one node ask for, `pods` counting them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Bound {
    /// All of them, those that room is promised to included.
    pub all: Resources,
    /// Those of `DaemonSets`.
    pub daemons: Resources,
    /// Volumes that are attached for them, until they are counted among `all`.
    pub attached: BTreeSet<volumes::Attachment>,
    /// Groups of rivals that one of them matches.
    pub rivals: BTreeSet<RivalsIndex>,
    /// How many of them are of each selection, those that are going away left out.
    pub matched: BTreeMap<SelectionIndex, i64>,
    /// How many of them carry each term apart.
    pub apart: BTreeMap<TermIndex, i64>,
}

/// What a pod that is in a cluster asks for, unless it cannot be read.
pub(crate) fn admitted_requests(pod: &api::Pod) -> Option<Resources> {
    requests::effective(&pod.spec, "spec", None).ok()
}

/// A field that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Problem {
    /// Its path.
    pub field: String,
    /// What is the matter, with the value.
    pub message: String,
    /// What to do about it.
    pub remedy: String,
}

/// Decides what becomes of every pod and workload. `runs`: whether shapes of running pods are wanted;
/// `preferences`: whether they are looked at.
pub(crate) fn collect(
    objects: &Objects,
    selection: PodSelection,
    (promises, going): (&Promises, &Going),
    (runs, preferences): (bool, PreferencePolicy),
) -> PodSet {
    let mut tally = Tally::default();
    let limit_ranges = LimitRanges::new(&objects.limit_ranges, &mut tally);
    let owners = Owners::new(objects);
    let workloads = workloads::without_pods(objects, &owners, &mut tally);
    let chosen = (selection, (promises, going), (runs, preferences));
    let mut collector = Collector::new(objects, &workloads, chosen, limit_ranges, tally);
    for pod in &objects.pods {
        collector.add_pod(pod);
    }
    for workload in &workloads {
        collector.add_workload(workload);
    }
    for daemon_set in &objects.daemon_sets {
        collector.add_daemon_set(daemon_set);
    }
    collector.finish()
}

/// Kind, namespace and name, for findings.
fn name_of(kind: &str, metadata: &ObjectMeta) -> String {
    format!("{kind} {}", full_name(metadata))
}

fn full_name(metadata: &ObjectMeta) -> String {
    format!("{}/{}", namespace(metadata), metadata.name)
}
