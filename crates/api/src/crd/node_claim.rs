//! `NodeClaim`: one node that was asked for (`karpenter.sh/v1`).

use super::schema::Schema;
use super::shared::{
    Whose, conditions, expire_after, kind, node_class_ref, requirements, resources, taints,
    termination_grace_period,
};

/// The schema of the kind.
pub(super) fn schema() -> Schema {
    kind("A node that was asked for; its spec never changes.", spec(), status())
}

fn spec() -> Schema {
    Schema::object()
        .field("expireAfter", "How old the node may get.", expire_after())
        .required("nodeClassRef", "How the machine is made.", node_class_ref(false))
        .required("requirements", "What the node must be.", requirements(Whose::Claim))
        .field(
            "resources",
            "What the pods that it was asked for need.",
            Schema::object().field("requests", "DaemonSets included.", resources()),
        )
        .field("startupTaints", "Taints that something removes once it has started.", taints())
        .field("taints", "Taints that stay.", taints())
        .field(
            "terminationGracePeriod",
            "How long pods may hold up the node's end; absent: for ever.",
            termination_grace_period(),
        )
        .rule("the spec of a NodeClaim cannot be changed", "self == oldSelf")
}

fn status() -> Schema {
    let estimate = "as estimated from the instance type.";
    Schema::object()
        .field("allocatable", &format!("What pods may ask for, {estimate}"), resources())
        .field("capacity", &format!("What the machine has, {estimate}"), resources())
        .field("conditions", "How far it got.", conditions())
        .field("imageID", "The image that the machine was started from.", Schema::string())
        .field("lastPodEventTime", "When a pod last came or went.", Schema::time())
        .field("nodeName", "Its Node.", Schema::string())
        .field("providerID", "Its machine.", Schema::string())
}
