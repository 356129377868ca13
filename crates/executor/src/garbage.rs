//! What has lost its other half: instances without a claim, a claim's second instance, claims without
//! an instance.
//!
//! In: two complete lists of instances, taken one after the other, and all claims. Out: what to end.
//! Guards, as a list may lie: both lists must agree; at most [`SHARE`] of the instances a pass, and
//! at least one; never while there is no claim at all and there are instances, as then the API server's
//! list is the likelier one to be wrong; and a second instance only beside the first, which the claim
//! names and both lists have.

use std::collections::{BTreeMap, BTreeSet};

use api::{Node, NodeClaim, names};
use cloud::Instance;
use model::{InstanceId, Timestamp};

use crate::launch::delete;
use crate::request::Request;
use crate::{termination, time};

/// Seconds from its launch before which an instance is left alone: its claim may not carry its id yet.
const YOUNG: i64 = 30;
/// Instances ended in one pass: one of so many, and at least one.
const SHARE: usize = 20;

/// What garbage collection looks at.
#[derive(Clone, Copy, Debug)]
pub struct GarbageView<'a> {
    /// All claims, from a list that is complete.
    pub claims: &'a [&'a NodeClaim],
    /// All instances, from a complete list that was not cached.
    pub before: &'a [Instance],
    /// The same, from a later one.
    pub after: &'a [Instance],
    /// All Nodes that are known.
    pub nodes: &'a [&'a Node],
    /// Whether the Node of a claim is there and Ready, by the claim's name.
    pub node_ready: &'a dyn NodeReady,
}

/// Says whether a claim's Node is there and Ready.
pub trait NodeReady: std::fmt::Debug {
    /// For the claim of that name.
    fn is_ready(&self, claim: &str) -> bool;
}

impl NodeReady for BTreeSet<String> {
    fn is_ready(&self, claim: &str) -> bool {
        self.contains(claim)
    }
}

/// What to end, and what was held back.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Collection {
    /// Instances that no claim names, each with what is to follow its end: its Node is let go and deleted,
    /// as nobody else would do it.
    pub instances: Vec<(InstanceId, Vec<Request>)>,
    /// Deletions of claims whose instance is gone.
    pub claims: Vec<Request>,
    /// Why instances are kept that look like garbage.
    pub guard: Option<CollectionGuard>,
}

/// Why garbage was not collected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CollectionGuard {
    /// There are instances and not one claim. Remedy: if the claims are really gone, terminate the
    /// instances by their tag; if not, look at the API server.
    NoClaims {
        /// How many instances are held.
        held: usize,
    },
    /// More than a pass may end; the rest waits for the next.
    Share {
        /// How many wait.
        held: usize,
    },
}

impl CollectionGuard {
    /// What people are told, with the remedy.
    pub fn message(self) -> String {
        match self {
            Self::NoClaims { held } => format!(
                "{held} instances carry this cluster's tags and there is not one NodeClaim: nothing \
                 is terminated. If the claims were deleted on purpose, terminate the instances with \
                 the tags karpenter.sh/nodepool and eks:eks-cluster-name by hand; if not, restore \
                 the claims"
            ),
            Self::Share { held } => format!(
                "{held} instances that no NodeClaim names wait: one pass ends at most 5 % of all"
            ),
        }
    }
}

/// Decides what is garbage.
pub fn collect(view: &GarbageView<'_>, now: Timestamp) -> Collection {
    let mut collection = Collection::default();
    let owners = Owners::new(view);
    let earlier: BTreeSet<&InstanceId> = view.before.iter().map(|instance| &instance.id).collect();
    let mut orphans: Vec<&Instance> = (view.after.iter())
        .filter(|instance| !instance.state.is_ending() && earlier.contains(&instance.id))
        .filter(|instance| now >= time::after(instance.launched_at, YOUNG))
        .filter(|instance| owners.has_no_use_for(instance))
        .collect();
    if view.claims.is_empty() && !orphans.is_empty() {
        collection.guard = Some(CollectionGuard::NoClaims { held: orphans.len() });
        return collection;
    }
    orphans.sort_unstable_by_key(|instance| &instance.id);
    let most = (view.after.len() / SHARE).max(1);
    let ended = orphans.iter().take(most).map(|instance| &instance.id);
    collection.instances = ended.map(|id| (id.clone(), end_of_node(view, id))).collect();
    let held = orphans.len().saturating_sub(most);
    collection.guard = (held > 0).then_some(CollectionGuard::Share { held });
    collection.claims = lost_claims(view);
    collection
}

/// Lets the instance's Node go and deletes it, where there is one.
fn end_of_node(view: &GarbageView<'_>, id: &InstanceId) -> Vec<Request> {
    let is_its = |node: &&&Node| {
        node.spec.provider_id.as_deref().and_then(Instance::id_of).as_ref() == Some(id)
    };
    let Some(node) = view.nodes.iter().find(is_its) else { return Vec::new() };
    let ending = node.metadata.deletion_timestamp.is_some();
    let finalized = termination::is_finalized(node);
    // In this order: a deletion makes another version, and the first is the precondition of the second.
    let requests = [
        finalized.then(|| termination::release_node(node)),
        (!ending).then(|| termination::delete_node(node, "garbage_collected")),
    ];
    requests.into_iter().flatten().collect()
}

/// Which instance each claim names.
struct Owners<'a> {
    /// The id that a claim's status names, by the claim's name.
    named: BTreeMap<&'a str, Option<InstanceId>>,
    /// All ids that claims name.
    ids: BTreeSet<&'a str>,
    /// Instances that both lists have, and that are not on their way out.
    there: BTreeSet<&'a InstanceId>,
}

impl<'a> Owners<'a> {
    fn new(view: &GarbageView<'a>) -> Self {
        let id_of = |claim: &NodeClaim| Instance::id_of(claim.status.provider_id.as_deref()?);
        let named: BTreeMap<_, _> = (view.claims.iter())
            .map(|claim| (claim.metadata.name.as_str(), id_of(claim)))
            .collect();
        // Whatever ends in the id keeps the instance, also where it is no provider id of ours.
        let texts = view.claims.iter().filter_map(|claim| claim.status.provider_id.as_deref());
        let ids: BTreeSet<&str> = texts.filter_map(|id| id.rsplit('/').next()).collect();
        let living = |list: &'a [Instance]| -> BTreeSet<&'a InstanceId> {
            let living = list.iter().filter(|instance| !instance.state.is_ending());
            living.map(|instance| &instance.id).collect()
        };
        let (before, after) = (living(view.before), living(view.after));
        let there = before.intersection(&after).copied().collect();
        Self { named, ids, there }
    }

    /// Whether no claim has the instance, or may come to have it.
    fn has_no_use_for(&self, instance: &Instance) -> bool {
        if self.ids.contains(instance.id.as_str()) {
            return false;
        }
        match instance.claim().and_then(|claim| self.named.get(claim)) {
            None => true,
            // It may be the one whose id is not written down yet.
            Some(None) => false,
            // A launch whose reply was lost, and another after it: the claim has the other one.
            Some(Some(other)) => self.there.contains(other),
        }
    }
}

/// Registered claims whose instance both lists lack and whose Node is not Ready; within the share of
/// all claims.
fn lost_claims(view: &GarbageView<'_>) -> Vec<Request> {
    let seen: BTreeSet<&str> = (view.before.iter().chain(view.after))
        .filter(|instance| instance.state.exists())
        .map(|instance| instance.id.as_str())
        .collect();
    // Two empty lists beside claims are more likely a wrong filter or account than a lost fleet.
    if seen.is_empty() {
        return Vec::new();
    }
    let most = (view.claims.len() / SHARE).max(1);
    let lost = view.claims.iter().filter(|claim| {
        let id = claim.status.provider_id.as_deref().and_then(Instance::id_of);
        id.is_some_and(|id| !seen.contains(id.as_str()))
            && claim.is_true(names::REGISTERED)
            && !claim.is_deleting()
            && !view.node_ready.is_ready(&claim.metadata.name)
    });
    lost.take(most).map(|claim| delete(claim, "garbage_collected")).collect()
}
