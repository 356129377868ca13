//! What has lost its other half: instances without a claim, claims without an instance.
//!
//! In: two complete lists of instances, taken one after the other, and all claims. Out: what to end.
//! Guards, as a list may lie: both lists must agree; at most [`SHARE`] of the instances a pass, and
//! at least one; never while there is no claim at all and there are instances, as then the API server's
//! list is the likelier one to be wrong.

use std::collections::BTreeSet;

use api::{NodeClaim, names};
use cloud::Instance;
use model::{InstanceId, Timestamp};

use crate::launch::delete;
use crate::request::Request;
use crate::time;

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
    /// Instances without a claim.
    pub instances: Vec<InstanceId>,
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
                "{held} instances without a NodeClaim wait: one pass ends at most 5 % of all"
            ),
        }
    }
}

/// Decides what is garbage.
pub fn collect(view: &GarbageView<'_>, now: Timestamp) -> Collection {
    let mut collection = Collection::default();
    let ids: BTreeSet<&str> = (view.claims.iter())
        .filter_map(|claim| claim.status.provider_id.as_deref())
        .filter_map(|id| id.rsplit('/').next())
        .collect();
    let names: BTreeSet<&str> = view.claims.iter().map(|c| c.metadata.name.as_str()).collect();
    let earlier: BTreeSet<&InstanceId> = view.before.iter().map(|instance| &instance.id).collect();
    let orphans: Vec<&Instance> = (view.after.iter())
        .filter(|instance| !instance.state.is_ending() && earlier.contains(&instance.id))
        .filter(|instance| now >= time::after(instance.launched_at, YOUNG))
        .filter(|instance| !ids.contains(instance.id.as_str()))
        .filter(|instance| instance.claim().is_none_or(|claim| !names.contains(claim)))
        .collect();
    if view.claims.is_empty() && !orphans.is_empty() {
        collection.guard = Some(CollectionGuard::NoClaims { held: orphans.len() });
        return collection;
    }
    let most = (view.after.len() / SHARE).max(1);
    collection.instances = orphans.iter().take(most).map(|instance| instance.id.clone()).collect();
    collection.instances.sort_unstable();
    let held = orphans.len().saturating_sub(most);
    collection.guard = (held > 0).then_some(CollectionGuard::Share { held });
    collection.claims = lost_claims(view);
    collection
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
