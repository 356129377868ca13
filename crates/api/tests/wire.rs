//! What is written is what would be read, field by field.

use std::collections::BTreeSet;
use std::fmt::Debug;

use api::{Ec2NodeClass, NodeClaim, NodePool, PodDisruptionBudget};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::trace::filled;

fn paths(value: &Value, path: &str, into: &mut BTreeSet<String>) {
    let mut below = |value: &Value, step: &str| {
        let path = format!("{path}{step}");
        into.insert(path.clone());
        paths(value, &path, into);
    };
    match value {
        Value::Array(items) => items.iter().for_each(|item| below(item, "[]")),
        Value::Object(fields) => {
            for (key, value) in fields {
                // The tracer's one key of a map is empty.
                below(value, &if key.is_empty() { "{}".to_owned() } else { format!(".{key}") });
            }
        }
        _ => {}
    }
}

fn every_field_is_written<T: Serialize + DeserializeOwned + PartialEq + Debug>() {
    let (value, expected) = filled::<T>();
    let written = serde_json::to_value(&value).expect("plain JSON");
    let mut found = BTreeSet::new();
    paths(&written, "", &mut found);
    // The API server's own notes on who wrote what are read alone.
    let expected = expected.into_iter().filter(|path| !path.starts_with(".metadata.managedFields"));
    assert_eq!(found, expected.collect());
    let read = serde_json::from_value::<T>(written.clone()).expect("reads what it wrote");
    assert_eq!(serde_json::to_value(&read).expect("plain JSON"), written);
}

#[test]
fn every_field_that_is_read_is_written_under_its_name() {
    every_field_is_written::<NodePool>();
    every_field_is_written::<NodeClaim>();
    every_field_is_written::<Ec2NodeClass>();
}

#[test]
fn what_is_empty_is_left_out() {
    fn written<T: Serialize + Default>() -> Value {
        serde_json::to_value(T::default()).expect("plain JSON")
    }
    let reference = json!({ "group": "", "kind": "", "name": "" });
    assert_eq!(
        written::<NodeClaim>(),
        json!({
            "metadata": {},
            "spec": { "nodeClassRef": reference, "requirements": [], "resources": {} },
            "status": {},
        })
    );
    assert_eq!(
        written::<NodePool>(),
        json!({
            "metadata": {},
            "spec": { "template": {
                "metadata": {},
                "spec": { "nodeClassRef": reference, "requirements": [] },
            } },
            "status": {},
        })
    );
    assert_eq!(
        written::<Ec2NodeClass>(),
        json!({
            "metadata": {},
            "spec": {
                "amiSelectorTerms": [], "securityGroupSelectorTerms": [], "subnetSelectorTerms": [],
            },
            "status": {},
        })
    );
}

#[test]
fn budgets_give_counts_and_shares() {
    let read = |spec: Value| -> PodDisruptionBudget {
        serde_json::from_value(json!({
            "metadata": { "name": "web", "namespace": "shop" },
            "spec": spec,
            "status": { "disruptionsAllowed": 1, "expectedPods": 3 },
        }))
        .expect("a budget")
    };
    let counted =
        read(json!({ "minAvailable": 2, "selector": { "matchLabels": { "app": "web" } } }));
    assert_eq!(counted.spec.min_available.as_deref(), Some("2"));
    assert_eq!(counted.spec.max_unavailable, None);
    assert_eq!(counted.status.disruptions_allowed, 1);
    assert_eq!(counted.spec.selector.expect("given").match_labels["app"], "web");
    let shared = read(json!({ "maxUnavailable": "50%" }));
    assert_eq!(shared.spec.max_unavailable.as_deref(), Some("50%"));
    assert_eq!(shared.spec.selector, None);
}
