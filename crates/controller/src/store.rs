//! What the API server last said, by kind: one store that watches write and the loop reads.
//!
//! A kind is *synced* once it was listed whole. While a watch lists again, the old objects stay until the
//! new list is complete, so that a broken connection never looks like deleted objects.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use executor::Trials;
use tokio::sync::watch;
use tokio::time::Instant;

use crate::clock;
use crate::watch::{Kind, Watched};

/// Namespace, empty for cluster-scoped objects, and name.
pub(crate) type Key = (Box<str>, Box<str>);

/// Objects of one kind.
pub(crate) type Objects<T> = BTreeMap<Key, Arc<T>>;

/// One kind as it was last seen.
#[derive(Clone, Debug)]
pub(crate) struct Table<T> {
    /// Readable objects. One that was readable once and is not now stays as it was.
    pub(crate) objects: Objects<T>,
    /// Whether the kind was listed whole.
    pub(crate) synced: bool,
    /// Why objects cannot be read.
    pub(crate) unreadable: BTreeMap<Key, Arc<str>>,
}

impl<T> Default for Table<T> {
    fn default() -> Self {
        Self { objects: BTreeMap::new(), synced: false, unreadable: BTreeMap::new() }
    }
}

impl<T> Table<T> {
    fn put(&mut self, key: Key, read: Result<T, Arc<str>>) {
        match read {
            Ok(object) => {
                self.unreadable.remove(&key);
                self.objects.insert(key, Arc::new(object));
            }
            Err(why) => {
                self.unreadable.insert(key, why);
            }
        }
    }

    fn remove(&mut self, key: &Key) {
        self.objects.remove(key);
        self.unreadable.remove(key);
    }

    /// Takes a whole list; what cannot be read any more stays as it was.
    fn replace(&mut self, mut listed: Self) {
        for key in listed.unreadable.keys() {
            if let Some(before) = self.objects.remove(key) {
                listed.objects.insert(key.clone(), before);
            }
        }
        *self = Self { synced: true, ..listed };
    }
}

macro_rules! tables {
    ($($field:ident: $type:ty;)*) => {
        /// All kinds. Cloning copies pointers, not objects.
        #[derive(Clone, Debug, Default)]
        pub(crate) struct Tables {
            $(
                #[doc = concat!("Objects of [`", stringify!($type), "`].")]
                pub(crate) $field: Table<$type>,
            )*
            /// Pods without a node, with the moment at which we first heard of it.
            pub(crate) pending: BTreeMap<Key, Pending>,
            /// What was seen of the scheduler's work.
            pub(crate) trials: Trials,
        }

        $(
            impl InTables for $type {
                fn table(tables: &mut Tables) -> &mut Table<Self> {
                    &mut tables.$field
                }
            }
        )*

        impl Tables {
            /// Kinds that were not listed whole yet.
            pub(crate) fn unsynced(&self) -> Vec<&'static str> {
                let mut kinds = Vec::new();
                $(
                    if !self.$field.synced {
                        kinds.push(<$type as Kind>::KIND);
                    }
                )*
                kinds
            }

            /// Objects that cannot be read: kind, namespace and name, why.
            pub(crate) fn unreadable(&self) -> Vec<(&'static str, &Key, &str)> {
                let mut found = Vec::new();
                $(
                    let kind = <$type as Kind>::KIND;
                    let of_kind = self.$field.unreadable.iter();
                    found.extend(of_kind.map(|(key, why)| (kind, key, &**why)));
                )*
                found
            }
        }
    };
}

tables! {
    pods: api::Pod;
    nodes: api::Node;
    node_claims: api::NodeClaim;
    daemon_sets: api::DaemonSet;
    disruption_budgets: api::PodDisruptionBudget;
    limit_ranges: api::LimitRange;
    namespaces: api::Namespace;
    priority_classes: api::PriorityClass;
    volume_claims: api::PersistentVolumeClaim;
    volumes: api::PersistentVolume;
    storage_classes: api::StorageClass;
    csi_nodes: api::CsiNode;
    services: api::Service;
    replica_sets: api::ReplicaSet;
    stateful_sets: api::StatefulSet;
    volume_attachments: api::VolumeAttachment;
    node_pools: api::NodePool;
    node_classes: api::Ec2NodeClass;
}

/// A pod without a node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Pending {
    /// Its UID.
    pub(crate) uid: Box<str>,
    /// When we first heard of it.
    pub(crate) since: Instant,
    /// `metadata.resourceVersion` as which it was first seen; 0 where it is no number.
    pub(crate) first: u64,
    /// The same of the last write in which the scheduler was seen to say why the pod has no node.
    pub(crate) tried: u64,
}

impl Tables {
    /// The NodeClaim of that name.
    pub(crate) fn claim(&self, name: &str) -> Option<&Arc<api::NodeClaim>> {
        self.node_claims.objects.get(&(Box::default(), name.into()))
    }

    /// The Node of that name.
    pub(crate) fn node(&self, name: &str) -> Option<&Arc<api::Node>> {
        self.nodes.objects.get(&(Box::default(), name.into()))
    }

    /// The NodePool of that name.
    pub(crate) fn pool(&self, name: &str) -> Option<&Arc<api::NodePool>> {
        self.node_pools.objects.get(&(Box::default(), name.into()))
    }

    /// The EC2NodeClass of that name.
    pub(crate) fn class(&self, name: &str) -> Option<&Arc<api::Ec2NodeClass>> {
        self.node_classes.objects.get(&(Box::default(), name.into()))
    }

    /// Brings `pending` up to date with the pod of that key.
    fn note_pod(&mut self, key: &Key, now: Instant) {
        let pod = self.pods.objects.get(key).filter(|pod| wants_node(pod));
        let Some(pod) = pod else {
            self.pending.remove(key);
            return;
        };
        let uid = pod.metadata.uid.clone().unwrap_or_default();
        if self.pending.get(key).is_none_or(|known| known.uid != uid) {
            let first = revision(pod);
            // A nomination is written after the trial.
            let tried = if nomination(pod).is_empty() { first } else { 0 };
            self.pending.insert(key.clone(), Pending { uid, since: now, first, tried });
        }
    }

    /// Notes whether the pod of that key was tried by the scheduler since it was as `before`.
    fn note_trial(&mut self, key: &Key, before: Option<&api::Pod>, now: Instant) {
        let (Some(before), Some(after)) = (before, self.pods.objects.get(key)) else { return };
        if wants_node(before) && was_tried(before, after) {
            self.trials.seen(now.into_std());
            // Where all that is new is that a nomination is taken away, others were tried unseen.
            let pending = self.pending.get_mut(key).filter(|_| why_not(before) != why_not(after));
            if let Some(pending) = pending {
                pending.tried = revision(after);
            }
        }
    }

    /// As [`Self::note_pod`], for all.
    fn note_pods(&mut self, now: Instant) {
        let gone: Vec<Key> = (self.pending.keys())
            .filter(|key| !self.pods.objects.contains_key(*key))
            .cloned()
            .collect();
        for key in gone {
            self.pending.remove(&key);
        }
        let keys: Vec<Key> = self.pods.objects.keys().cloned().collect();
        for key in keys {
            self.note_pod(&key, now);
        }
    }
}

fn nomination(pod: &api::Pod) -> &str {
    pod.status.nominated_node_name.as_deref().unwrap_or_default()
}

/// What the scheduler says of a pod without a node.
fn why_not(pod: &api::Pod) -> Option<&str> {
    let mut conditions = pod.status.conditions.iter();
    Some(&*conditions.find(|one| one.kind == "PodScheduled")?.message)
}

fn revision(pod: &api::Pod) -> u64 {
    let revision = pod.metadata.resource_version.as_deref();
    revision.and_then(|revision| revision.parse().ok()).unwrap_or(0)
}

/// Whether a change of a pod tells that the scheduler tried it: it was bound, lost its nomination, or has
/// other news; a nomination that is new is the news of whoever nominates.
fn was_tried(before: &api::Pod, after: &api::Pod) -> bool {
    let news = before.metadata.resource_version != after.metadata.resource_version;
    let same = nomination(before) == nomination(after);
    let bound = after.spec.node_name.as_deref().is_some_and(|node| !node.is_empty());
    news && (bound || same || nomination(after).is_empty())
}

/// Whether the pod may be one to plan for. `snapshot::lower` decides; this only says when to look.
fn wants_node(pod: &api::Pod) -> bool {
    let unbound = pod.spec.node_name.as_deref().unwrap_or_default().is_empty();
    let owner = pod.metadata.controller().map(|owner| &*owner.kind);
    unbound
        && pod.spec.scheduling_gates.is_empty()
        && pod.metadata.deletion_timestamp.is_none()
        && !matches!(&*pod.status.phase, "Succeeded" | "Failed")
        && !matches!(owner, Some("DaemonSet" | "Node"))
}

/// A kind that has a table.
pub(crate) trait InTables: Sized {
    /// The table of the kind.
    fn table(tables: &mut Tables) -> &mut Table<Self>;
}

/// What is shared between the watches and the loop.
#[derive(Debug)]
pub(crate) struct Store {
    tables: Mutex<Tables>,
    version: watch::Sender<u64>,
}

impl Store {
    /// Nothing is known yet.
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self { tables: Mutex::default(), version: watch::Sender::new(0) })
    }

    /// Told of every change, by a number that grows.
    pub(crate) fn changes(&self) -> watch::Receiver<u64> {
        self.version.subscribe()
    }

    /// The pods without a node now.
    pub(crate) fn pending(&self) -> BTreeMap<Key, Pending> {
        self.lock().pending.clone()
    }

    /// Kinds that were not listed whole yet.
    pub(crate) fn unsynced(&self) -> Vec<&'static str> {
        self.lock().unsynced()
    }

    /// Looks at how things are now; watches wait meanwhile.
    pub(crate) fn read<R>(&self, look: impl FnOnce(&Tables) -> R) -> R {
        look(&self.lock())
    }

    /// How things are now.
    pub(crate) fn tables(&self) -> Tables {
        self.lock().clone()
    }

    /// An object is there, or has changed.
    pub(crate) fn apply<T: Kind + InTables>(&self, watched: Watched<T>) {
        let key = watched.key();
        self.change(|tables| {
            let is_pod = T::KIND == api::Pod::KIND;
            let before = tables.pods.objects.get(&key).filter(|_| is_pod).cloned();
            T::table(tables).put(key.clone(), watched.into_object());
            if is_pod {
                let now = clock::instant();
                tables.note_pod(&key, now);
                tables.note_trial(&key, before.as_deref(), now);
            }
        });
    }

    /// An object is gone.
    pub(crate) fn remove<T: Kind + InTables>(&self, key: &Key) {
        self.change(|tables| {
            T::table(tables).remove(key);
            if T::KIND == api::Pod::KIND {
                tables.pending.remove(key);
            }
        });
    }

    /// The kind was listed whole.
    pub(crate) fn replace<T: Kind + InTables>(&self, listed: Vec<Watched<T>>) {
        let mut table = Table::default();
        for watched in listed {
            table.put(watched.key(), watched.into_object());
        }
        self.change(|tables| {
            T::table(tables).replace(table);
            if T::KIND == api::Pod::KIND {
                tables.note_pods(clock::instant());
            }
        });
    }

    fn change(&self, change: impl FnOnce(&mut Tables)) {
        change(&mut self.lock());
        self.version.send_modify(|version| *version += 1);
    }

    /// A change is one call, so a panic leaves no half of one.
    fn lock(&self) -> MutexGuard<'_, Tables> {
        self.tables.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn pool(name: &str, weight: &Value) -> Watched<api::NodePool> {
        let pool = json!({"metadata": {"name": name}, "spec": {"weight": weight}});
        serde_json::from_value(pool).unwrap()
    }

    fn names(store: &Store) -> Vec<String> {
        store.tables().node_pools.objects.keys().map(|key| key.1.to_string()).collect()
    }

    #[test]
    fn a_list_replaces_what_was_there_and_syncs_the_kind() {
        let store = Store::new();
        store.apply(pool("a", &json!(1)));
        assert!(store.tables().unsynced().contains(&"NodePool"));
        store.replace(vec![pool("b", &json!(1)), pool("c", &json!(2))]);
        assert_eq!(names(&store), ["b", "c"]);
        assert!(!store.tables().unsynced().contains(&"NodePool"));
        store.remove::<api::NodePool>(&("".into(), "b".into()));
        assert_eq!(names(&store), ["c"]);
    }

    fn pod(name: &str, uid: &str, spec: &Value) -> Watched<api::Pod> {
        let metadata = json!({"name": name, "namespace": "default", "uid": uid});
        serde_json::from_value(json!({"metadata": metadata, "spec": spec})).unwrap()
    }

    #[test]
    fn a_pod_waits_from_its_first_event_until_it_has_a_node_or_is_gone() {
        let store = Store::new();
        store.apply(pod("a", "1", &json!({})));
        store.apply(pod("b", "2", &json!({"schedulingGates": [{"name": "x"}]})));
        let first = store.pending();
        let key: Key = ("default".into(), "a".into());
        assert_eq!(first.keys().collect::<Vec<_>>(), [&key]);
        store.apply(pod("a", "1", &json!({"priority": 1})));
        store.replace(vec![pod("a", "1", &json!({})), pod("b", "2", &json!({}))]);
        assert_eq!(store.pending()[&key], first[&key]);
        assert_eq!(store.pending().len(), 2);
        store.apply(pod("a", "3", &json!({})));
        assert_eq!(&*store.pending()[&key].uid, "3");
        store.apply(pod("a", "3", &json!({"nodeName": "n"})));
        store.replace::<api::Pod>(vec![]);
        assert!(store.pending().is_empty());
    }

    #[test]
    fn the_scheduler_is_seen_to_try_a_pod_by_what_becomes_of_it() {
        let pod = |version: &str, spec: Value, status: Value| {
            let metadata = json!({
                "name": "a", "namespace": "default", "uid": "1", "resourceVersion": version,
            });
            let pod = json!({"metadata": metadata, "spec": spec, "status": status});
            serde_json::from_value::<Watched<api::Pod>>(pod).unwrap()
        };
        let nominated = |node: &str| json!({"nominatedNodeName": node});
        for (before, after, spec, tried) in [
            (json!({}), nominated("n"), json!({}), false),
            (nominated("n"), nominated("m"), json!({}), false),
            (nominated("n"), json!({}), json!({}), true),
            (nominated("n"), nominated("n"), json!({}), true),
            (json!({}), json!({}), json!({}), true),
            (nominated("n"), nominated("n"), json!({"nodeName": "n"}), true),
        ] {
            let store = Store::new();
            store.apply(pod("1", json!({}), before.clone()));
            assert_eq!(store.tables().trials.idle_from(1), None);
            store.apply(pod("2", spec, after.clone()));
            assert_eq!(store.tables().trials.idle_from(1).is_some(), tried, "{before} {after}");
        }
    }

    #[test]
    fn an_object_that_cannot_be_read_stays_as_it_was_and_stops_no_other() {
        let store = Store::new();
        store.replace(vec![pool("a", &json!(1)), pool("b", &json!("heavy"))]);
        assert_eq!(names(&store), ["a"]);
        store.apply(pool("a", &json!("heavy")));
        store.replace(vec![pool("a", &json!("heavy")), pool("c", &json!(3))]);
        assert_eq!(names(&store), ["a", "c"]);
        let tables = store.tables();
        let unreadable = tables.unreadable();
        assert_eq!(unreadable.len(), 1);
        assert_eq!(unreadable[0].0, "NodePool");
        assert!(unreadable[0].2.contains("heavy"), "{}", unreadable[0].2);
        store.apply(pool("a", &json!(2)));
        assert!(store.tables().unreadable().is_empty());
    }
}
