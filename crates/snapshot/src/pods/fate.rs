//! What becomes of one pod.
//!
//! Input: a pod, which pods are planned, and the nodes there are. Output: whether it is planned,
//! takes room on a node, or counts for nothing.

use std::collections::BTreeSet;

use api::{Pod, names};

use crate::{Going, PodSelection};

/// What fates of pods depend on.
#[derive(Clone, Copy, Debug)]
pub(super) struct Places<'a> {
    /// Which pods are planned.
    pub(super) selection: PodSelection,
    /// Names of the nodes that there are.
    pub(super) nodes: &'a BTreeSet<&'a str>,
    /// Those that are going.
    pub(super) going: &'a Going,
}

/// What becomes of a pod.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate<'a> {
    /// It wants a node.
    Planned,
    /// It waits for something else first.
    Gated,
    /// It takes room on this node.
    Bound(&'a str),
    /// It takes room on this node, as a pod of a `DaemonSet`.
    Daemon(&'a str),
    /// It takes room on this node, which is going, and wants another.
    Displaced(&'a str),
    /// Somebody else keeps room for it on this node.
    Promised(&'a str),
    /// It is over, going, or somebody else's to place.
    Dropped,
}

/// Decides on one pod. Finished pods take no room; terminating ones do until they are gone, and
/// are not planned unless a `StatefulSet` makes them again under the same name.
pub(super) fn fate<'a>(pod: &'a Pod, places: Places<'_>) -> Fate<'a> {
    let Places { selection, nodes, going } = places;
    if matches!(&*pod.status.phase, "Succeeded" | "Failed") {
        return Fate::Dropped;
    }
    let owner = pod.metadata.controller().map(|owner| &*owner.kind);
    let is_daemon = owner == Some("DaemonSet");
    let is_mirror = owner == Some("Node")
        || pod.metadata.annotations.contains_key("kubernetes.io/config.mirror");
    let is_going = pod.metadata.deletion_timestamp.is_some();
    let is_gated = !pod.spec.scheduling_gates.is_empty();
    let comes_back = owner == Some("StatefulSet");
    let fate_without_node = || match (is_daemon || is_mirror || is_going, is_gated) {
        (true, _) => Fate::Dropped,
        (false, true) => Fate::Gated,
        (false, false) => Fate::Planned,
    };
    match selection {
        PodSelection::All if is_going && comes_back => Fate::Planned,
        PodSelection::All => fate_without_node(),
        PodSelection::Pending => {
            let node = name(pod.spec.node_name.as_deref());
            // What we nominated ourselves is our plan, which a later one may change.
            let ours = pod.nominated_by(names::FIELD_MANAGER).is_some();
            let nominated = name(pod.status.nominated_node_name.as_deref()).filter(|_| !ours);
            match (node, nominated, fate_without_node()) {
                (Some(node), _, _) if going.displaces(pod).is_some() => Fate::Displaced(node),
                (Some(node), _, _) if is_daemon => Fate::Daemon(node),
                (Some(node), _, _) => Fate::Bound(node),
                (None, Some(node), Fate::Planned) if nodes.contains(node) => Fate::Promised(node),
                (None, _, fate) => fate,
            }
        }
    }
}

fn name(name: Option<&str>) -> Option<&str> {
    name.filter(|name| !name.is_empty())
}
