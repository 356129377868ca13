//! The kinds that are watched.

use std::fmt::Debug;
use std::sync::Arc;

use kube::Client;
use serde::de::DeserializeOwned;
use tokio::task::JoinSet;

use super::watch_one;
use crate::store::Store;

/// A kind that can be watched.
pub(crate) trait Kind: DeserializeOwned + Clone + Debug + Send + Sync + 'static {
    /// Such as `Pod`.
    const KIND: &'static str;
    /// Empty for the core group.
    const GROUP: &'static str;
    /// Such as `v1`.
    const VERSION: &'static str;
    /// As in paths, such as `pods`.
    const PLURAL: &'static str;
}

macro_rules! kinds {
    ($name:ident; $($type:ty: $group:literal $version:literal $kind:literal $plural:literal;)*) => {
        $(
            impl Kind for $type {
                const KIND: &'static str = $kind;
                const GROUP: &'static str = $group;
                const VERSION: &'static str = $version;
                const PLURAL: &'static str = $plural;
            }
        )*

        fn $name(client: &Client, store: &Arc<Store>, tasks: &mut JoinSet<()>) {
            $(tasks.spawn(watch_one::<$type>(client.clone(), Arc::clone(store)));)*
        }
    };
}

/// Watches all kinds until the set is dropped; those that make or select pods only where they are asked for, as
/// nothing else needs them, nor the right to list them.
pub(crate) fn watch_all(client: &Client, store: &Arc<Store>, makers: bool) -> JoinSet<()> {
    let mut tasks = JoinSet::new();
    watch_always(client, store, &mut tasks);
    if makers {
        watch_makers(client, store, &mut tasks);
    } else {
        store.replace::<api::Service>(Vec::new());
        store.replace::<api::ReplicaSet>(Vec::new());
        store.replace::<api::StatefulSet>(Vec::new());
    }
    tasks
}

kinds! {
    watch_makers;
    api::Service: "" "v1" "Service" "services";
    api::ReplicaSet: "apps" "v1" "ReplicaSet" "replicasets";
    api::StatefulSet: "apps" "v1" "StatefulSet" "statefulsets";
}

kinds! {
    watch_always;
    api::Pod: "" "v1" "Pod" "pods";
    api::Node: "" "v1" "Node" "nodes";
    api::NodeClaim: "karpenter.sh" "v1" "NodeClaim" "nodeclaims";
    api::DaemonSet: "apps" "v1" "DaemonSet" "daemonsets";
    api::PodDisruptionBudget: "policy" "v1" "PodDisruptionBudget" "poddisruptionbudgets";
    api::LimitRange: "" "v1" "LimitRange" "limitranges";
    api::Namespace: "" "v1" "Namespace" "namespaces";
    api::PriorityClass: "scheduling.k8s.io" "v1" "PriorityClass" "priorityclasses";
    api::PersistentVolumeClaim: "" "v1" "PersistentVolumeClaim" "persistentvolumeclaims";
    api::PersistentVolume: "" "v1" "PersistentVolume" "persistentvolumes";
    api::StorageClass: "storage.k8s.io" "v1" "StorageClass" "storageclasses";
    api::CsiNode: "storage.k8s.io" "v1" "CSINode" "csinodes";
    api::VolumeAttachment: "storage.k8s.io" "v1" "VolumeAttachment" "volumeattachments";
    api::NodePool: "karpenter.sh" "v1" "NodePool" "nodepools";
    api::Ec2NodeClass: "karpenter.k8s.aws" "v1" "EC2NodeClass" "ec2nodeclasses";
}
