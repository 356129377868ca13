//! From a registered Node to one that pods may run on (`lifecycle.md` section 1.3).

use api::{Node, NodeClaim, Taint, names};
use model::{Quantity, Timestamp};
use serde_json::json;

use crate::conditions::Wanted;
use crate::launch::status;
use crate::request::{Kind, ObjectRef, Request};
use crate::time;
use crate::view::ClaimView;

/// What to do next until the claim's Node is initialized.
pub fn initialize(view: &ClaimView<'_>, now: Timestamp) -> Vec<Request> {
    let claim = view.claim;
    if claim.is_deleting() || !claim.is_true(names::REGISTERED) || claim.is_true(names::INITIALIZED)
    {
        return Vec::new();
    }
    let [node] = view.nodes else {
        let message = "the claim's Node is not there";
        return status(claim, Wanted::unknown(names::INITIALIZED, "NodeNotFound", message), now);
    };
    if let Some((reason, message)) = waiting(claim, node) {
        return status(claim, Wanted::unknown(names::INITIALIZED, reason, &message), now);
    }
    let label = node.metadata.labels.get(names::INITIALIZED_LABEL);
    if label.is_none_or(|value| value != "true") {
        return vec![Request::Patch {
            target: ObjectRef::cluster(Kind::Node, node.metadata.name.clone()),
            status: false,
            body: json!({ "metadata": { "labels": { names::INITIALIZED_LABEL: "true" } } }),
        }];
    }
    status(claim, Wanted::yes(names::INITIALIZED), now)
}

/// Since when the claim's Node is initialized; `None` where it is not, or nobody knows.
pub fn initialized_since(claim: &NodeClaim) -> Option<Timestamp> {
    let condition = claim.condition(names::INITIALIZED).filter(|one| one.status == "True")?;
    time::parse(condition.last_transition_time.as_deref()?)
}

/// What is still waited for, with the reason.
fn waiting(claim: &NodeClaim, node: &Node) -> Option<(&'static str, String)> {
    let ready = node.status.conditions.iter().find(|condition| condition.kind == names::READY);
    if ready.is_none_or(|ready| ready.status != "True") {
        return Some(("NodeNotReady", "the Node is not Ready".to_owned()));
    }
    let is_startup = |taint: &Taint| {
        (claim.spec.startup_taints.iter())
            .any(|one| one.key == taint.key && one.effect == taint.effect)
    };
    if let Some(taint) = node.spec.taints.iter().find(|taint| is_startup(taint)) {
        let message = format!("startup taint {}:{} is still there", taint.key, taint.effect);
        return Some(("StartupTaintsExist", message));
    }
    if let Some(taint) = node.spec.taints.iter().find(|taint| is_ephemeral(taint)) {
        let message = format!("taint {}:{} is still there", taint.key, taint.effect);
        return Some(("KnownEphemeralTaintsExist", message));
    }
    let missing = claim.spec.resources.requests.iter().find(|(name, quantity)| {
        is_some(quantity.as_str())
            && !node.status.allocatable.get(*name).is_some_and(|there| is_some(there.as_str()))
    });
    missing.map(|(name, _)| {
        ("ResourceNotRegistered", format!("the Node does not report resource {name} yet"))
    })
}

fn is_some(quantity: &str) -> bool {
    quantity.parse::<Quantity>().is_ok_and(|quantity| quantity.milli_value() > 0)
}

/// Taints of Kubernetes' own start-up (`api.md` section 7).
fn is_ephemeral(taint: &Taint) -> bool {
    match (taint.key.as_str(), taint.effect.as_str()) {
        ("node.kubernetes.io/not-ready", "NoSchedule" | "NoExecute")
        | ("node.kubernetes.io/unreachable", "NoSchedule")
        | (names::UNREGISTERED_TAINT, "NoExecute") => true,
        ("node.cloudprovider.kubernetes.io/uninitialized", "NoSchedule") => taint.value == "true",
        (key, _) => key.starts_with("readiness.k8s.io/"),
    }
}
