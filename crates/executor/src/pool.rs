//! A pool's status: whether it may open nodes, and what its nodes come to (`api.md` section 1.4).

use api::{Ec2NodeClass, NodePool, ResourceList, names};
use model::Timestamp;
use serde_json::json;

use crate::conditions::{self, Wanted};
use crate::request::{Kind, ObjectRef, Request};

const CLASS_READY: &str = "NodeClassReady";
const VALID: &str = "ValidationSucceeded";
/// Conditions that the root depends on.
const REQUIRED: [&str; 2] = [VALID, CLASS_READY];

/// A pool with what belongs to it.
#[derive(Clone, Copy, Debug)]
pub struct PoolView<'a> {
    /// The pool.
    pub pool: &'a NodePool,
    /// Its node class, where there is one.
    pub node_class: Option<&'a Ec2NodeClass>,
    /// What is wrong with its spec, if anything, as told by lowering.
    pub problems: &'a [String],
    /// Capacity of its nodes together, `nodes` counting them.
    pub resources: &'a ResourceList,
}

/// What to do next about a pool.
pub fn pool(view: &PoolView<'_>, now: Timestamp) -> Vec<Request> {
    let pool = view.pool;
    if pool.metadata.deletion_timestamp.is_some() {
        return Vec::new();
    }
    let problems = view.problems.join("; ");
    let valid = if view.problems.is_empty() {
        Wanted::yes(VALID)
    } else {
        Wanted::no(VALID, "NodePoolValidationFailed", &problems)
    };
    let (class_status, reason, message) = class_ready(view);
    let class =
        Wanted { kind: CLASS_READY, status: class_status, reason: &reason, message: &message };
    let changed = conditions::set(
        &pool.status.conditions,
        &[valid, class],
        &REQUIRED,
        pool.metadata.generation,
        now,
    );
    if changed.is_none() && pool.status.resources == *view.resources {
        return Vec::new();
    }
    let nodes: i64 = (view.resources.get("nodes"))
        .and_then(|quantity| quantity.as_str().parse().ok())
        .unwrap_or_default();
    // A merge patch keeps keys that it does not name: those that are gone are named as null.
    let mut resources = json!(view.resources);
    for key in pool.status.resources.keys().filter(|key| !view.resources.contains_key(*key)) {
        resources[key.as_str()] = serde_json::Value::Null;
    }
    vec![Request::Patch {
        target: ObjectRef::cluster(Kind::NodePool, pool.metadata.name.clone()),
        status: true,
        body: json!({
            "metadata": { "resourceVersion": pool.metadata.resource_version },
            "status": {
                "resources": resources,
                "nodes": nodes,
                "conditions": changed.unwrap_or_else(|| pool.status.conditions.clone()),
            },
        }),
    }]
}

/// The class's own root condition, or what keeps it from having one.
fn class_ready(view: &PoolView<'_>) -> (&'static str, String, String) {
    let name = &view.pool.spec.template.spec.node_class_ref.name;
    let Some(class) = view.node_class else {
        let message = format!("EC2NodeClass {name:?} does not exist");
        return ("False", "NodeClassNotFound".to_owned(), message);
    };
    if class.metadata.deletion_timestamp.is_some() {
        let message = format!("EC2NodeClass {name:?} is being deleted");
        return ("False", "NodeClassTerminating".to_owned(), message);
    }
    let ready = class.status.conditions.iter().find(|condition| condition.kind == names::READY);
    match ready {
        Some(ready) if ready.status == "True" => ("True", CLASS_READY.to_owned(), String::new()),
        Some(ready) if ready.status == "False" => {
            ("False", ready.reason.clone(), ready.message.clone())
        }
        _ => {
            let message = format!("EC2NodeClass {name:?} is not resolved yet");
            ("Unknown", "NodeClassReadinessUnknown".to_owned(), message)
        }
    }
}
