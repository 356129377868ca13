//! A pool's hash, and its status: whether it may open nodes, and what its nodes come to (`api.md`
//! sections 1.4 and 10).

use api::{Condition, Ec2NodeClass, NodePool, ResourceList, names};
use model::Timestamp;
use serde_json::json;

use crate::conditions::{self, Wanted};
use crate::hashes::stamp;
use crate::health::Starts;
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
    /// How the last starts of its nodes went, with the pool and the class as they are now.
    pub starts: &'a Starts,
}

/// What to do next about a pool.
pub fn pool(view: &PoolView<'_>, now: Timestamp) -> Vec<Request> {
    let pool = view.pool;
    if pool.metadata.deletion_timestamp.is_some() {
        return Vec::new();
    }
    if let Some(mut change) = stamp(&pool.metadata, &api::drift::pool_annotations(pool)) {
        change["resourceVersion"] = json!(pool.metadata.resource_version);
        let target = ObjectRef::cluster(Kind::NodePool, pool.metadata.name.clone());
        return vec![Request::Patch { target, status: false, body: json!({ "metadata": change }) }];
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
    let observed = view.node_class.and_then(|class| class.metadata.generation);
    let changed = conditions::set(
        &pool.status.conditions,
        &[valid, class, health(view, observed)],
        &REQUIRED,
        pool.metadata.generation,
        now,
    );
    let same = observed.is_none() || pool.status.node_class_observed_generation == observed;
    if changed.is_none() && same && pool.status.resources == *view.resources {
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
                "nodeClassObservedGeneration": observed.or(pool.status.node_class_observed_generation),
                "conditions": changed.unwrap_or_else(|| pool.status.conditions.clone()),
            },
        }),
    }]
}

/// Whether nodes of the pool join; not known after a change of the pool or of its class.
fn health<'a>(view: &PoolView<'a>, observed: Option<i64>) -> Wanted<'a> {
    let kind = names::NODE_REGISTRATION_HEALTHY;
    if let Some(verdict) = view.starts.verdict() {
        return verdict;
    }
    let pool = view.pool;
    let before = pool.status.conditions.iter().find(|condition| condition.kind == kind);
    let same = |one: &&Condition| {
        one.observed_generation == pool.metadata.generation
            && (observed.is_none() || pool.status.node_class_observed_generation == observed)
    };
    match before.filter(same) {
        Some(Condition { status, reason, message, .. }) => Wanted { kind, status, reason, message },
        None => Wanted::unknown(kind, "AwaitingReconciliation", "no node was started since"),
    }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::health::Start;

    /// What is written of a pool as it stands.
    fn written(pool: &NodePool, class: &Ec2NodeClass, starts: &Starts) -> Option<NodePool> {
        let mut pool = pool.clone();
        pool.metadata.annotations.extend(api::drift::pool_annotations(&pool));
        let view = PoolView {
            pool: &pool,
            node_class: Some(class),
            problems: &[],
            resources: &ResourceList::new(),
            starts,
        };
        let request = super::pool(&view, Timestamp(0)).pop()?;
        let Request::Patch { body, .. } = request else { return None };
        let mut after = pool;
        after.status = serde_json::from_value(body["status"].clone()).unwrap();
        Some(after)
    }

    fn health_of(pool: &NodePool) -> (&str, &str) {
        let mut conditions = pool.status.conditions.iter();
        let health = conditions.find(|one| one.kind == names::NODE_REGISTRATION_HEALTHY).unwrap();
        (&health.status, &health.reason)
    }

    #[test]
    fn health_is_kept_until_the_pool_or_its_class_changes() {
        let (mut pool, mut class) = (NodePool::default(), Ec2NodeClass::default());
        pool.metadata.generation = Some(1);
        class.metadata.generation = Some(1);
        let none = Starts::default();
        let mut pool = written(&pool, &class, &none).unwrap();
        assert_eq!(health_of(&pool), ("Unknown", "AwaitingReconciliation"));
        let mut failing = none.clone();
        for _ in 0..2 {
            let (reason, message) = ("RegistrationFailed".to_owned(), String::new());
            failing.add(Start::Failed { reason, message });
        }
        pool = written(&pool, &class, &failing).unwrap();
        assert_eq!(health_of(&pool), ("False", "RegistrationFailed"));
        let ready = pool.status.conditions.iter().find(|one| one.kind == names::READY).unwrap();
        assert_ne!(ready.message, "NodeRegistrationHealthy=False", "it only informs");
        // Nothing is written again, whether the starts are remembered or lost.
        assert!(written(&pool, &class, &failing).is_none());
        assert!(written(&pool, &class, &none).is_none());
        class.metadata.generation = Some(2);
        pool = written(&pool, &class, &none).unwrap();
        assert_eq!(health_of(&pool), ("Unknown", "AwaitingReconciliation"));
        assert_eq!(pool.status.node_class_observed_generation, Some(2));
    }
}
