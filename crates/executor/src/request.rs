//! What a driver is asked to do.

use std::collections::BTreeMap;
use std::time::Duration;

use cloud::LaunchRequest;
use model::{InstanceId, NodeClaimName};
use serde_json::Value;

/// One thing to do. The driver performs it and chooses nothing.
#[derive(Clone, Debug, PartialEq)]
pub enum Request {
    /// Creates an object; that it is there already is success.
    Create {
        /// What it is.
        target: ObjectRef,
        /// The whole object.
        body: Value,
    },
    /// Merges a JSON patch into an object. A `metadata.resourceVersion` in it is a precondition; a
    /// conflict, or an object that is gone, is no failure: the next look decides again.
    Patch {
        /// What is changed.
        target: ObjectRef,
        /// Whether its `status` is.
        status: bool,
        /// The patch (RFC 7386).
        body: Value,
    },
    /// Deletes an object; that it is gone is success.
    Delete {
        /// What is deleted.
        target: ObjectRef,
        /// Only the object with this UID.
        uid: String,
        /// Seconds that a pod has left; `None`: as its spec says.
        grace_seconds: Option<i64>,
        /// Why: a word from a closed list, for the metric.
        reason: &'static str,
    },
    /// Asks for a pod's eviction; that it is gone is success, 429 is an answer.
    Evict {
        /// The pod.
        target: ObjectRef,
        /// Only the pod with this UID.
        uid: String,
    },
    /// Says that a pending pod will run on a node, or takes that back (`None`).
    Nominate {
        /// The pod.
        target: ObjectRef,
        /// Only the pod with this UID.
        uid: String,
        /// The node.
        node: Option<String>,
    },
    /// Asks the cloud for something.
    Cloud(CloudRequest),
    /// Tells people something.
    Note(Note),
}

/// A request to the cloud; its answer goes to the claim's memory.
#[derive(Clone, Debug, PartialEq)]
pub enum CloudRequest {
    /// Launches.
    Launch(Box<LaunchRequest>),
    /// Looks for instances by the claim's tag, in a list that is complete and not cached.
    FindInstances(NodeClaimName),
    /// Looks at the claim's instance.
    GetInstance(NodeClaimName, InstanceId),
    /// Terminates the claim's instance.
    Terminate(NodeClaimName, InstanceId),
    /// Adds tags to the claim's instance.
    Tag(NodeClaimName, InstanceId, BTreeMap<String, String>),
    /// Makes what machines of a node class need, such as an instance profile.
    Prepare(Box<api::Ec2NodeClass>),
    /// Deletes what was made for launches and was unused for so long; these are all classes.
    Tidy(Vec<api::Ec2NodeClass>, Duration),
    /// Gives back what was made for a node class.
    Release(Box<api::Ec2NodeClass>),
}

/// The kinds that are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// `v1` `Pod`.
    Pod,
    /// `v1` `Node`.
    Node,
    /// `karpenter.sh/v1` `NodeClaim`.
    NodeClaim,
    /// `karpenter.sh/v1` `NodePool`.
    NodePool,
    /// `karpenter.k8s.aws/v1` `EC2NodeClass`.
    Ec2NodeClass,
}

impl Kind {
    /// Its name in the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pod => "Pod",
            Self::Node => "Node",
            Self::NodeClaim => "NodeClaim",
            Self::NodePool => "NodePool",
            Self::Ec2NodeClass => "EC2NodeClass",
        }
    }
}

/// An object by name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ObjectRef {
    /// Its kind.
    pub kind: Kind,
    /// Its namespace; `None` for cluster-scoped kinds.
    pub namespace: Option<String>,
    /// Its name.
    pub name: String,
}

impl ObjectRef {
    /// A cluster-scoped object.
    pub fn cluster(kind: Kind, name: impl Into<String>) -> Self {
        Self { kind, namespace: None, name: name.into() }
    }

    /// A pod.
    pub fn pod(pod: &api::Pod) -> Self {
        Self {
            kind: Kind::Pod,
            namespace: Some(pod.metadata.namespace.clone().unwrap_or_else(|| "default".to_owned())),
            name: pod.metadata.name.clone(),
        }
    }
}

/// Whether an event is news or a warning.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum EventKind {
    /// News.
    Normal,
    /// A warning.
    Warning,
}

/// A Kubernetes event to be published, deduplicated by the driver.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// What it is about.
    pub about: ObjectRef,
    /// The object's UID.
    pub uid: String,
    /// News or warning.
    pub kind: EventKind,
    /// A word that users search for, such as `InsufficientCapacityError`.
    pub reason: &'static str,
    /// A sentence, with the remedy where there is one.
    pub message: String,
}

/// The UID of an object, empty where it has none.
pub(crate) fn uid(metadata: &api::ObjectMeta) -> String {
    metadata.uid.as_deref().unwrap_or_default().to_owned()
}
