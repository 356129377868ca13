//! A node class's profile: made once it is known to be missing, and never by looking.

use cloud::{ClassProblem, ResolvedNodeClass};
use executor::{CloudRequest, NodeClassView, Request, node_class};
use serde_json::json;

use crate::support::at;

fn class(spec: &serde_json::Value) -> api::Ec2NodeClass {
    let finalizers = ["karpenter.k8s.aws/termination"];
    let metadata = json!({ "name": "default", "generation": 1, "finalizers": finalizers });
    let class = json!({ "metadata": metadata, "spec": spec });
    let mut class: api::Ec2NodeClass = serde_json::from_value(class).unwrap();
    class.metadata.annotations = api::drift::class_annotations(&class, "");
    class
}

fn next(class: &api::Ec2NodeClass, resolved: Option<&ResolvedNodeClass>) -> Vec<Request> {
    node_class(&NodeClassView { class, resolved, claims: 0, released: false, ca_bundle: "" }, at(0))
}

fn is_prepare(request: &Request) -> bool {
    matches!(request, Request::Cloud(CloudRequest::Prepare(_)))
}

fn missing() -> ResolvedNodeClass {
    let problem = ClassProblem {
        condition: "InstanceProfileReady",
        reason: "InstanceProfileNotFound",
        message: "m".to_owned(),
    };
    ResolvedNodeClass { problems: vec![problem], ..ResolvedNodeClass::default() }
}

#[test]
fn a_missing_profile_is_made_after_the_class_says_so() {
    let class = class(&json!({ "role": "node" }));
    assert!(next(&class, None).is_empty());
    let requests = next(&class, Some(&missing()));
    let [Request::Patch { status: true, body, .. }, prepare] = requests.as_slice() else {
        panic!("{requests:?}")
    };
    assert!(is_prepare(prepare));
    let conditions = body["status"]["conditions"].as_array().unwrap();
    let is_it = |one: &&serde_json::Value| one["type"] == "InstanceProfileReady";
    // Not false: claims that wait for the class would be deleted.
    assert_eq!(conditions.iter().find(is_it).unwrap()["status"], "Unknown");
    assert!(conditions.iter().all(|one| one["status"] != "False"), "{conditions:?}");
    let message = conditions.iter().find(is_it).unwrap()["message"].as_str();
    assert_eq!(message, Some("m"));
}

#[test]
fn what_else_is_missing_is_false_all_the_same() {
    let mut resolved = missing();
    resolved.problems.push(ClassProblem {
        condition: "SubnetsReady",
        reason: "SubnetsNotFound",
        message: "m".to_owned(),
    });
    let requests = next(&class(&json!({ "role": "node" })), Some(&resolved));
    let [Request::Patch { body, .. }, _] = requests.as_slice() else { panic!("{requests:?}") };
    let conditions = body["status"]["conditions"].as_array().unwrap();
    let status = |kind: &str| {
        let is_it = |one: &&serde_json::Value| one["type"] == kind;
        conditions.iter().find(is_it).unwrap()["status"].as_str().unwrap()
    };
    let kinds = ["SubnetsReady", "InstanceProfileReady", "ValidationSucceeded", "Ready"];
    assert_eq!(kinds.map(status), ["False", "Unknown", "False", "False"]);
}

#[test]
fn a_profile_that_is_there_makes_the_class_ready() {
    let class = class(&json!({ "role": "node" }));
    let resolved = ResolvedNodeClass {
        instance_profile: Some("test_1".to_owned()),
        ..ResolvedNodeClass::default()
    };
    let requests = next(&class, Some(&resolved));
    let [Request::Patch { body, .. }] = requests.as_slice() else { panic!("{requests:?}") };
    assert_eq!(body["status"]["instanceProfile"], "test_1");
    let conditions = body["status"]["conditions"].as_array().unwrap();
    assert!(conditions.iter().all(|one| one["status"] == "True"), "{conditions:?}");
}

#[test]
fn a_class_that_names_no_role_has_none_made() {
    let class = class(&json!({}));
    assert!(!next(&class, Some(&missing())).iter().any(is_prepare));
}
