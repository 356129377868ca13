//! Pods whose nodes are going: what the plan has for them, and whether it was asked for.
//!
//! In: the store, where pods are planned. Out: nodes whose drain waits for machines that are still to be
//! launched; claims and Nodes that wait for pods which are still to be evicted. Which pods these are is
//! said by [`snapshot::Going`], here as in lowering.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use api::names;
use executor::Target;
use snapshot::Going;

use super::provision::key;
use super::steps::Work;
use crate::planning::Planned;
use crate::store::{Key, Tables};

/// What was planned for pods whose nodes are going.
#[derive(Debug, Default)]
pub(super) struct Displaced {
    /// Nodes that were going when it was last planned.
    seen: BTreeSet<String>,
    /// Whether that plan has no place for some pod that runs on one of them.
    left_out: bool,
}

impl Displaced {
    /// Takes in a plan made from `tables`.
    pub(super) fn take_in(&mut self, planned: &Planned, tables: &Tables) {
        self.seen = by_node(tables).into_values().map(str::to_owned).collect();
        let groups = planned.checked.plan().unschedulable.iter();
        let mut pods = groups.flat_map(|group| &group.pods);
        self.left_out = pods.any(|pod| {
            let pod = tables.pods.objects.get(&key(planned, *pod));
            pod.is_some_and(|pod| {
                pod.spec.node_name.as_deref().is_some_and(|node| !node.is_empty())
            })
        });
    }

    /// Whether it is to be planned again after a while, even if no pod waits.
    pub(super) const fn left_out(&self) -> bool {
        self.left_out
    }
}

fn going(tables: &Tables) -> Going {
    Going::new(
        tables.nodes.objects.values().map(Arc::as_ref),
        tables.node_claims.objects.values().map(Arc::as_ref),
    )
}

/// The node that is going, by the UID of each pod that it displaces.
pub(super) fn by_node(tables: &Tables) -> BTreeMap<&str, &str> {
    let going = going(tables);
    if going.is_empty() {
        return BTreeMap::new();
    }
    let pods = tables.pods.objects.values();
    pods.filter_map(|pod| Some((pod.metadata.uid.as_deref()?, going.displaces(pod)?))).collect()
}

/// Pods that are displaced, or will be by a move, and have a seat on a Node that is there, as if they were on
/// it already.
pub(super) fn seated(tables: &Tables, planned: &BTreeMap<String, Target>) -> Vec<(Key, api::Pod)> {
    let going = going(tables);
    if going.moves_nothing() {
        return Vec::new();
    }
    let node_of = |target: &Target| match target {
        Target::Node(node) => Some(node.clone()),
        Target::Claim(claim) => {
            let key = (Box::default(), claim.as_str().into());
            tables.node_claims.objects.get(&key)?.status.node_name.clone()
        }
    };
    let pods = tables.pods.objects.iter().filter_map(|(key, pod)| {
        let leaves = going.may_displace(pod) || going.displaces(pod).is_some();
        let uid = pod.metadata.uid.as_deref().filter(|_| leaves)?;
        let mut pod = api::Pod::clone(pod);
        pod.spec.node_name = Some(node_of(planned.get(uid)?)?);
        Some((key.clone(), pod))
    });
    pods.collect()
}

impl Work {
    /// Nodes that are going and whose pods need machines that were not launched yet, or that no plan has
    /// seen.
    pub(super) fn unreplaced<'a>(
        &self,
        displaced: &BTreeMap<&str, &'a str>,
        planned: &BTreeMap<String, Target>,
        tables: &Tables,
    ) -> BTreeSet<&'a str> {
        let is_launched = |claim: &str| {
            let claim = tables.claim(claim);
            claim.is_none_or(|claim| claim.is_true(names::LAUNCHED))
        };
        let waits = displaced.iter().filter(|(uid, node)| {
            !self.displaced.seen.contains(**node)
                || self.expects_claims()
                || matches!(planned.get(**uid), Some(Target::Claim(claim)) if !is_launched(claim))
        });
        waits.map(|(_, node)| *node).collect()
    }
}
