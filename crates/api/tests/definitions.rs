//! The definitions have the fields that the types have, no more and no fewer.

use std::collections::BTreeSet;

use api::crd::definitions;
use api::{Ec2NodeClass, NodeClaim, NodePool};
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::trace::filled;

fn schema_of(file: &str) -> Value {
    let all = definitions();
    let found = all.iter().find(|one| one.file == file).expect("defined");
    found.body["spec"]["versions"][0]["schema"]["openAPIV3Schema"].clone()
}

fn paths(schema: &Value, path: &str, into: &mut BTreeSet<String>) {
    let mut below = |schema: &Value, step: &str| {
        let path = format!("{path}{step}");
        into.insert(path.clone());
        paths(schema, &path, into);
    };
    for (name, field) in schema["properties"].as_object().into_iter().flatten() {
        below(field, &format!(".{name}"));
    }
    if schema["items"].is_object() {
        below(&schema["items"], "[]");
    }
    let open = &schema["x-kubernetes-preserve-unknown-fields"];
    if schema["additionalProperties"].is_object() || *open == Value::Bool(true) {
        below(&schema["additionalProperties"], "{}");
    }
}

fn same_fields<T: DeserializeOwned>(file: &str) {
    let mut defined = BTreeSet::new();
    paths(&schema_of(file), "", &mut defined);
    let (_, mut typed) = filled::<T>();
    for set in [&mut defined, &mut typed] {
        set.retain(|path| path.starts_with(".spec") || path.starts_with(".status"));
    }
    assert_eq!(defined, typed, "{file}");
}

#[test]
fn definitions_have_the_fields_of_the_types() {
    same_fields::<NodePool>("karpenter.sh_nodepools");
    same_fields::<NodeClaim>("karpenter.sh_nodeclaims");
    same_fields::<Ec2NodeClass>("karpenter.k8s.aws_ec2nodeclasses");
}

#[test]
fn every_field_is_described_and_every_rule_has_a_message() {
    fn walk(schema: &Value, path: &str) {
        for (name, field) in schema["properties"].as_object().into_iter().flatten() {
            assert!(field["description"].is_string() || name == "metadata", "{path}.{name}");
            walk(field, &format!("{path}.{name}"));
        }
        for key in ["items", "additionalProperties"] {
            if schema[key].is_object() {
                walk(&schema[key], path);
            }
        }
        for rule in schema["x-kubernetes-validations"].as_array().into_iter().flatten() {
            assert!(rule["message"].as_str().is_some_and(|text| !text.is_empty()), "{path}");
        }
    }
    for definition in definitions() {
        walk(&schema_of(&definition.file), &definition.file);
    }
}
