//! Objects and instances in short.

use std::collections::BTreeMap;

use api::names;
use cloud::{Instance, InstanceState, tags};
use model::{CapacityType, Timestamp};
use serde_json::{Value, json};

/// The moment at which worlds begin: 2026-11-26T00:00:00Z.
pub(crate) const START: Timestamp = Timestamp(1_795_651_200);

pub(crate) fn at(seconds: i64) -> Timestamp {
    Timestamp(START.0 + seconds)
}

pub(crate) fn text(seconds: i64) -> String {
    executor::time::format(at(seconds))
}

/// The claim `a`, whose end began at 0, with the moment at which its pods are deleted.
pub(crate) fn ending_claim(deadline: Option<i64>) -> Value {
    let mut value = claim_value("a");
    value["metadata"]["deletionTimestamp"] = json!(text(0));
    value["status"]["providerID"] = json!("aws:///us-east-1a/i-1");
    if let Some(deadline) = deadline {
        value["metadata"]["annotations"][names::TERMINATION_TIMESTAMP_ANNOTATION] =
            json!(text(deadline));
    }
    value
}

pub(crate) fn claim_value(name: &str) -> Value {
    let launch = json!({ "groups": [
        { "capacityType": "spot", "choices": [["m7i.large", "us-east-1a", 40_000]] },
        { "capacityType": "on-demand", "choices": [["m7i.large", "us-east-1b", 100_000]] },
    ]});
    json!({
        "metadata": {
            "name": name, "uid": format!("uid-{name}"), "generation": 1,
            "creationTimestamp": text(0),
            "labels": { "karpenter.sh/nodepool": "default" },
            "annotations": {
                "stowage.sh/launch": launch.to_string(), "stowage.sh/planned-pods": "[\"uid-web\"]",
            },
            "finalizers": ["karpenter.sh/termination"],
        },
        "spec": {
            "nodeClassRef": {
                "group": "karpenter.k8s.aws", "kind": "EC2NodeClass", "name": "default",
            },
            "resources": { "requests": { "cpu": "500m" } },
        },
        "status": {},
    })
}

pub(crate) fn claim(value: &Value) -> api::NodeClaim {
    serde_json::from_value(value.clone()).unwrap()
}

pub(crate) fn class() -> api::Ec2NodeClass {
    serde_json::from_value(json!({
        "metadata": { "name": "default", "generation": 1 },
        "status": { "conditions": [{ "type": "Ready", "status": "True", "observedGeneration": 1 }] },
    }))
    .unwrap()
}

pub(crate) fn pod(name: &str, more: &Value) -> api::Pod {
    let mut pod = json!({
        "metadata": { "name": name, "namespace": "default", "uid": format!("uid-{name}") },
        "status": { "phase": "Running" },
    });
    merge(&mut pod, more);
    serde_json::from_value(pod).unwrap()
}

pub(crate) fn instance(id: &str, claim: Option<&str>, launched: i64) -> Instance {
    let claim = claim.map(|claim| (tags::NODE_CLAIM.to_owned(), claim.to_owned()));
    Instance {
        id: id.into(),
        state: InstanceState::Running,
        state_reason: None,
        instance_type: "m7i.large".into(),
        zone: "us-east-1a".into(),
        capacity_type: CapacityType::Spot,
        image_id: "ami-1".to_owned(),
        subnet_id: None,
        security_group_ids: Vec::new(),
        private_dns_name: None,
        launched_at: at(launched),
        tags: claim.into_iter().collect::<BTreeMap<_, _>>(),
    }
}

/// RFC 7386.
pub(crate) fn merge(target: &mut Value, patch: &Value) {
    let Value::Object(patch) = patch else {
        *target = patch.clone();
        return;
    };
    if !target.is_object() {
        *target = json!({});
    }
    let map = target.as_object_mut().unwrap();
    for (key, value) in patch {
        if value.is_null() {
            map.remove(key);
        } else {
            merge(map.entry(key.clone()).or_insert(Value::Null), value);
        }
    }
}
