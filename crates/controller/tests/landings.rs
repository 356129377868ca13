//! Where pods land, seen from beside the controller: watches of its own on all pods and nodes.

use std::collections::BTreeMap;
use std::fmt;
use std::pin::pin;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures::StreamExt as _;
use k8s_openapi::api::core::v1::{Node, Pod};
use kube::runtime::{WatchStreamExt as _, watcher};
use kube::{Api, Client};
use tokio::task::JoinHandle;
use tokio::time::Instant;

/// What was seen of one pod.
#[derive(Clone, Debug, Default)]
pub(crate) struct Landing {
    pub(crate) name: String,
    uid: String,
    /// Whether a DaemonSet made it for its node.
    of_node: bool,
    /// When it was nominated to which node, and when that was taken away, in order.
    nominations: Vec<(Duration, Option<String>)>,
    /// The node that it is bound to, and since when.
    bound: Option<(Duration, String)>,
}

impl Landing {
    /// The node that it was last nominated to before it was bound.
    pub(crate) fn meant(&self) -> Option<&str> {
        self.nominations.iter().rev().find_map(|(_, node)| node.as_deref())
    }

    pub(crate) fn as_meant(&self) -> bool {
        let bound = self.bound.as_ref().map(|(_, node)| node.as_str());
        bound.is_some() && self.meant() == bound
    }

    /// Whether it is bound to `node` and was not meant for it.
    fn took(&self, node: &str) -> bool {
        !self.of_node
            && !self.as_meant()
            && self.bound.as_ref().is_some_and(|(_, bound)| bound == node)
    }

    /// When it lost a nomination to `node` that it had before `until`.
    fn lost(&self, node: &str, until: Duration) -> Option<Duration> {
        let pairs = self.nominations.windows(2).rev();
        let lost = pairs.filter(|pair| pair[0].1.as_deref() == Some(node) && pair[1].1.is_none());
        lost.map(|pair| pair[1].0).find(|at| *at <= until)
    }
}

/// Watches on all pods and nodes; dropping it ends them.
pub(crate) struct Landings {
    seen: Arc<Mutex<Seen>>,
    tasks: [JoinHandle<()>; 2],
}

#[derive(Default)]
struct Seen {
    /// By UID.
    pods: BTreeMap<String, Landing>,
    /// When a node was first seen to be initialized.
    initialized: BTreeMap<String, Duration>,
    /// When a node was first seen to take pods.
    open: BTreeMap<String, Duration>,
}

/// Why a pod is not where it was meant to be.
pub(crate) struct Miss {
    landing: Landing,
    why: Why,
}

enum Why {
    /// It was tried with no nomination at all.
    NoSeat,
    /// Its node was held, or was let go that moment, so it was tried on others; and this pod had lost its
    /// nomination there.
    RoomOf { pod: String, lost: Duration },
    /// The same, and the other node had room without any pod having lost it.
    RoomLeft,
    /// Its node took pods, and one that was not meant for it was there before.
    SeatTakenBy(String),
    /// It was not bound.
    NotBound,
}

impl Miss {
    pub(crate) fn name(&self) -> &str {
        &self.landing.name
    }

    pub(crate) fn uid(&self) -> &str {
        &self.landing.uid
    }
}

impl fmt::Display for Miss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.landing.name)?;
        match &self.why {
            Why::NoSeat => write!(f, "tried without a seat"),
            Why::RoomOf { pod, lost } => {
                write!(f, "its node was held; took the room of {pod}, lost at {lost:.2?}")
            }
            Why::RoomLeft => write!(f, "its node was held; took room that was left"),
            Why::SeatTakenBy(pod) => write!(f, "its seat was taken by {pod}"),
            Why::NotBound => write!(f, "not bound"),
        }?;
        write!(f, "; {:?}, bound {:?}", self.landing.nominations, self.landing.bound)
    }
}

impl Landings {
    pub(crate) fn watch(client: &Client) -> Self {
        let seen = Arc::<Mutex<Seen>>::default();
        let start = Instant::now();
        let pods = tokio::spawn(look_at_pods(client.clone(), Arc::clone(&seen), start));
        let nodes = tokio::spawn(look_at_nodes(client.clone(), Arc::clone(&seen), start));
        Self { seen, tasks: [pods, nodes] }
    }

    /// How many pods were seen whose names begin with one of `apps` and a dash, and which of them are
    /// not where they were meant to be.
    pub(crate) fn misses(&self, apps: &[String]) -> (usize, Vec<Miss>) {
        let seen = self.seen.lock().unwrap();
        let is_of = |name: &str| apps.iter().any(|app| name.starts_with(&format!("{app}-")));
        let pods = seen.pods.values().filter(|landing| is_of(&landing.name));
        let missed = pods.clone().filter(|landing| !landing.as_meant());
        let misses = missed.map(|landing| seen.explain(landing)).collect();
        (pods.count(), misses)
    }

    /// Nominations that were taken away by the scheduler, a line each.
    pub(crate) fn losses(&self) -> Vec<String> {
        self.seen.lock().unwrap().losses()
    }

    /// What was seen of each node, a line each.
    pub(crate) fn nodes(&self) -> Vec<String> {
        self.seen.lock().unwrap().nodes()
    }
}

impl Seen {
    /// For each node when it was initialized, when it was let go, and how many pods it has that were not made for it,
    /// with the times of the first and the last.
    fn nodes(&self) -> Vec<String> {
        let mut bound: BTreeMap<&str, Vec<Duration>> = BTreeMap::new();
        for landing in self.pods.values().filter(|landing| !landing.of_node) {
            if let Some((at, node)) = &landing.bound {
                bound.entry(node).or_default().push(*at);
            }
        }
        let mut nodes: Vec<_> = self.initialized.iter().collect();
        nodes.sort_by_key(|(_, at)| **at);
        let line = |(name, at): (&String, &Duration)| {
            let bound = bound.get(name.as_str()).map_or(&[][..], Vec::as_slice);
            let (first, last) = (bound.iter().min(), bound.iter().max());
            let open = self.open.get(name);
            format!(
                "{name}: initialized {at:.1?}, let go {open:.1?}, {} pods from {first:.1?} to {last:.1?}",
                bound.len()
            )
        };
        nodes.into_iter().map(line).collect()
    }

    /// Nominations that were taken away before the pod was bound: when, and how long after its node was let go.
    fn losses(&self) -> Vec<String> {
        let mut losses = Vec::new();
        for landing in self.pods.values() {
            let pairs = landing.nominations.windows(2);
            for pair in pairs.filter(|pair| pair[1].1.is_none()) {
                let (Some(node), at) = (&pair[0].1, pair[1].0) else { continue };
                let open = self.open.get(node).copied().unwrap_or_default();
                let after = at.as_secs_f64() - open.as_secs_f64();
                losses.push((at, format!("{at:.3?} {after:+.3} s {} {node}", landing.name)));
            }
        }
        losses.sort();
        losses.into_iter().map(|(_, line)| line).collect()
    }

    fn explain(&self, landing: &Landing) -> Miss {
        let why = self.why(landing);
        Miss { landing: landing.clone(), why }
    }

    fn why(&self, landing: &Landing) -> Why {
        let Some((at, node)) = &landing.bound else { return Why::NotBound };
        let Some(meant) = landing.meant() else { return Why::NoSeat };
        if self.open.get(meant).is_some_and(|open| open < at) {
            let mut takers = self.pods.values().filter(|other| other.took(meant));
            if let Some(taker) = takers.next() {
                return Why::SeatTakenBy(taker.name.clone());
            }
        }
        // Both watches are late by some milliseconds.
        let until = *at + Duration::from_millis(200);
        let losers = self.pods.values().filter_map(|other| {
            let lost = other.lost(node, until)?;
            Some((lost, other.name.clone()))
        });
        let last = losers.max_by_key(|(lost, _)| *lost);
        last.map_or(Why::RoomLeft, |(lost, pod)| Why::RoomOf { pod, lost })
    }
}

impl Drop for Landings {
    fn drop(&mut self) {
        self.tasks.iter().for_each(JoinHandle::abort);
    }
}

async fn look_at_pods(client: Client, seen: Arc<Mutex<Seen>>, start: Instant) {
    let pods = watcher(Api::<Pod>::all(client), watcher::Config::default());
    let mut pods = pin!(pods.default_backoff().applied_objects());
    while let Some(pod) = pods.next().await {
        let Ok(pod) = pod else { continue };
        let mut seen = seen.lock().unwrap();
        let uid = pod.metadata.uid.unwrap_or_default();
        let landing = seen.pods.entry(uid.clone()).or_default();
        landing.uid = uid;
        landing.name = pod.metadata.name.unwrap_or_default();
        let owners = pod.metadata.owner_references.unwrap_or_default();
        landing.of_node = owners.iter().any(|owner| owner.kind == "DaemonSet");
        if let Some(node) = pod.spec.and_then(|spec| spec.node_name) {
            landing.bound.get_or_insert_with(|| (start.elapsed(), node));
            continue;
        }
        let nominated = pod.status.and_then(|status| status.nominated_node_name);
        let before = landing.nominations.last().and_then(|(_, node)| node.clone());
        if nominated != before {
            landing.nominations.push((start.elapsed(), nominated));
        }
    }
}

async fn look_at_nodes(client: Client, seen: Arc<Mutex<Seen>>, start: Instant) {
    let nodes = watcher(Api::<Node>::all(client), watcher::Config::default());
    let mut nodes = pin!(nodes.default_backoff().applied_objects());
    while let Some(node) = nodes.next().await {
        let Ok(node) = node else { continue };
        let labels = node.metadata.labels.unwrap_or_default();
        let unschedulable = node.spec.and_then(|spec| spec.unschedulable).unwrap_or_default();
        let name = node.metadata.name.unwrap_or_default();
        if labels.contains_key("karpenter.sh/initialized") {
            let mut seen = seen.lock().unwrap();
            seen.initialized.entry(name.clone()).or_insert_with(|| start.elapsed());
            if !unschedulable {
                seen.open.entry(name).or_insert_with(|| start.elapsed());
            }
        }
    }
}
