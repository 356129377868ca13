//! The seats that are given out: who sits where, whose seat was taken, and what claims promise because of it.
//!
//! In: seats as [`super::seats`] gives them out, the store. Out: where each pod has its seat, and whether a
//! nomination is still of use. What is remembered may be lost: nominations of ours tell of most of it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use executor::{Target, Waves};
use tokio::time::Instant;

use crate::store::Tables;

/// Nominations for one seat after its Node was let go. The first may be taken away by a trial that
/// began before; when a later one is, the room is gone.
const AFTER_RELEASE_MAX: u32 = 2;

/// Between two looks for room that is left.
const LEFT_EVERY: Duration = Duration::from_secs(1);

/// Seats given out.
#[derive(Debug, Default)]
pub(super) struct Seating {
    pub(super) waves: Waves,
    /// `DaemonSet`s whose pods a held Node waits for, as `namespace/name`, by Node.
    pub(super) daemons: BTreeMap<String, BTreeSet<String>>,
    /// Nodes that are let go.
    pub(super) going: BTreeSet<String>,
    /// By claim.
    seated: BTreeMap<String, Seated>,
    /// Pods whose seats were taken by others, by claim, as UIDs.
    lost: BTreeMap<String, BTreeSet<String>>,
    /// When the next wave is due, though nothing changes.
    pub(super) due: Option<Instant>,
    /// When room that is left was looked for last.
    pub(super) looked: Option<Instant>,
    /// Whether seats from before a restart were taken over.
    adopted: bool,
}

#[derive(Debug)]
pub(super) struct Seated {
    pub(super) node: String,
    /// UIDs.
    pub(super) pods: BTreeSet<String>,
    /// How often pods were nominated after the Node was let go, by UID.
    pub(super) after: BTreeMap<String, u32>,
}

impl Seated {
    /// Pods that are on the Node, and those that have a seat there and wait.
    fn with_bound<'a>(&'a self, tables: &'a Tables) -> impl Iterator<Item = &'a api::Pod> {
        let pods = tables.pods.objects.values().map(Arc::as_ref);
        pods.filter(|pod| {
            let done = matches!(&*pod.status.phase, "Succeeded" | "Failed");
            let uid = pod.metadata.uid.as_deref();
            !done
                && match pod.spec.node_name.as_deref().filter(|node| !node.is_empty()) {
                    Some(node) => node == self.node,
                    None => uid.is_some_and(|uid| self.pods.contains(uid)),
                }
        })
    }
}

impl Seating {
    /// Forgets claims that are not `kept`.
    pub(super) fn forget(&mut self, kept: impl Fn(&str) -> bool) {
        self.seated.retain(|claim, _| kept(claim));
        self.lost.retain(|claim, _| kept(claim));
    }

    /// Whether the pod's seat on the claim's Node was taken by others.
    pub(super) fn is_lost(&self, claim: &str, uid: &str) -> bool {
        self.lost.get(claim).is_some_and(|lost| lost.contains(uid))
    }

    /// Claims with what they promise now: without what others made void, and with those that sit there. A pod that
    /// sits on another Node than the one that it was bought for leaves its room to others.
    pub(super) fn promise(&self, tables: &mut Tables) {
        let seats: BTreeMap<&str, &str> = self
            .seated
            .iter()
            .flat_map(|(claim, seated)| seated.pods.iter().map(move |uid| (&**uid, &**claim)))
            .collect();
        let mut moved: BTreeMap<&str, Vec<String>> = BTreeMap::new();
        for claim in tables.node_claims.objects.values_mut() {
            let name = claim.metadata.name.as_str();
            let promised = claim.planned_pods();
            let mut pods = promised.clone();
            pods.retain(|uid| match seats.get(uid.as_str()) {
                _ if self.is_lost(name, uid) => false,
                Some(seat) if *seat != name => {
                    moved.entry(*seat).or_default().push(uid.clone());
                    false
                }
                _ => true,
            });
            if pods.len() < promised.len() {
                *claim = Arc::new(executor::with_planned_pods(claim, &pods));
            }
        }
        for (claim, uids) in moved {
            let key = (Box::default(), claim.into());
            if let Some(claim) = tables.node_claims.objects.get_mut(&key) {
                let pods: Vec<String> = claim.planned_pods().into_iter().chain(uids).collect();
                *claim = Arc::new(executor::with_planned_pods(claim, &pods));
            }
        }
    }

    /// Takes over the seats that nominations of ours tell of, given out before a restart.
    pub(super) fn adopt(&mut self, tables: &Tables) {
        if std::mem::replace(&mut self.adopted, true) {
            return;
        }
        let claims = tables.node_claims.objects.values().filter(|claim| !claim.is_deleting());
        let claims: BTreeMap<&str, &str> = claims
            .filter_map(|claim| Some((claim.status.node_name.as_deref()?, &*claim.metadata.name)))
            .collect();
        for pod in tables.pending.keys().filter_map(|key| tables.pods.objects.get(key)) {
            let uid = pod.metadata.uid.as_ref();
            let node = pod.nominated_by(api::names::FIELD_MANAGER);
            if let (Some(uid), Some(node)) = (uid, node)
                && let Some(claim) = claims.get(node)
            {
                self.give_more(claim, node, BTreeSet::from([uid.to_string()]));
            }
        }
    }

    /// A nomination for a Node that is not held is about to be written; whether it is of use. Where the Node has no
    /// room for the pod beside those that are there or have a seat, another has taken it.
    pub(super) fn is_worth(&mut self, uid: &str, node: &api::Node, tables: &Tables) -> bool {
        let name = node.metadata.name.as_str();
        let mut seated = self.seated.iter_mut();
        let Some((claim, seated)) = seated.find(|(_, one)| one.node == name) else { return true };
        if !seated.pods.contains(uid) {
            return true;
        }
        let count = seated.after.entry(uid.to_owned()).or_default();
        *count += 1;
        if *count <= AFTER_RELEASE_MAX && snapshot::has_room(node, seated.with_bound(tables)) {
            return true;
        }
        tracing::info!(
            controller = "placement",
            node = name,
            uid,
            "a seat was taken by another pod"
        );
        seated.pods.remove(uid);
        self.lost.entry(claim.clone()).or_default().insert(uid.to_owned());
        // Whoever has a seat in place of it keeps that.
        let claims = tables.node_claims.objects.values();
        let claims = claims.filter(|claim| claim.planned_pods().iter().any(|one| one == uid));
        for claim in claims {
            let lost = self.lost.entry(claim.metadata.name.clone()).or_default();
            lost.insert(uid.to_owned());
        }
        false
    }

    /// The first turn of the pods that have a seat on the claim's Node.
    pub(super) fn first_turn(&self, claim: &str, turns: &BTreeMap<&str, usize>) -> usize {
        let pods = self.seated.get(claim).into_iter().flat_map(|seated| &seated.pods);
        pods.filter_map(|uid| turns.get(uid.as_str()).copied()).min().unwrap_or(usize::MAX)
    }

    /// Where pods have a seat, by UID.
    pub(super) fn targets(&self) -> impl Iterator<Item = (String, Target)> + '_ {
        self.seated.values().flat_map(|seated| {
            let target = Target::Node(seated.node.clone());
            seated.pods.iter().map(move |uid| (uid.clone(), target.clone()))
        })
    }

    /// Ceases to wait for pods of `DaemonSet`s that are on their Nodes.
    pub(super) fn meet_daemons(&mut self, tables: &Tables) {
        if self.daemons.values().all(BTreeSet::is_empty) {
            return;
        }
        for ((namespace, _), pod) in &tables.pods.objects {
            let node = pod.spec.node_name.as_deref().unwrap_or_default();
            let owner = pod.metadata.controller().filter(|owner| &*owner.kind == "DaemonSet");
            if let (Some(missing), Some(owner)) = (self.daemons.get_mut(node), owner) {
                missing.remove(&format!("{namespace}/{}", owner.name));
            }
        }
    }

    /// Pods that wait, have a seat on the Node and are not nominated for it, nor by somebody else.
    pub(super) fn open_seats(&self, node: &str, waiting: &BTreeMap<&str, &api::Pod>) -> usize {
        let seated = self.seated.values().filter(|seated| seated.node == node);
        let pods = seated.flat_map(|seated| &seated.pods);
        let open = pods.filter(|uid| {
            let Some(pod) = waiting.get(uid.as_str()) else { return false };
            let nominated = pod.status.nominated_node_name.as_deref().unwrap_or_default();
            let others =
                !nominated.is_empty() && pod.nominated_by(api::names::FIELD_MANAGER).is_none();
            nominated != node && !others
        });
        open.count()
    }

    /// A pod has one seat, the last that it was given.
    pub(super) fn give(&mut self, claim: &str, seated: Seated) {
        self.withdraw(&seated.pods);
        self.seated.insert(claim.to_owned(), seated);
    }

    /// As [`Self::give`], beside the seats on the Node that were given out before.
    pub(super) fn give_more(&mut self, claim: &str, node: &str, pods: BTreeSet<String>) {
        self.withdraw(&pods);
        let nobody =
            || Seated { node: node.to_owned(), pods: BTreeSet::new(), after: BTreeMap::new() };
        self.seated.entry(claim.to_owned()).or_insert_with(nobody).pods.extend(pods);
    }

    fn withdraw(&mut self, pods: &BTreeSet<String>) {
        for other in self.seated.values_mut() {
            other.pods.retain(|uid| !pods.contains(uid));
        }
    }

    /// Whether it is time to look for room that is left.
    pub(super) fn may_look(&self, now: Instant) -> bool {
        !self.waves.has_open() && self.looked.is_none_or(|at| now >= at + LEFT_EVERY)
    }
}
