//! What is stamped on objects, and what people are told.

use std::collections::BTreeMap;

use api::{drift, names};
use cloud::{CloudError, ErrorClass, Launch, LaunchError};
use executor::{
    ClaimMemory, ClaimView, NodeClassView, PoolView, Request, Starts, capacity_notes, launch,
    node_class, pool, restamp,
};
use serde_json::{Value, json};

use crate::support::{at, claim, claim_value, class, instance, merge, pod};

fn metadata(requests: &[Request]) -> Value {
    match requests {
        [Request::Patch { status: false, body, .. }] => body["metadata"].clone(),
        _ => Value::Null,
    }
}

#[test]
fn pools_and_classes_carry_their_hash_and_follow_changes() {
    let (resources, starts) = (BTreeMap::new(), Starts::default());
    let mut value = json!({ "metadata": { "name": "p", "resourceVersion": "7" } });
    let step = |value: &Value| {
        let read: api::NodePool = serde_json::from_value(value.clone()).unwrap();
        let view = PoolView {
            pool: &read,
            node_class: None,
            problems: &[],
            resources: &resources,
            starts: &starts,
        };
        (metadata(&pool(&view, at(0))), drift::pool_annotations(&read))
    };
    let (stamped, hash) = step(&value);
    assert_eq!(stamped, json!({ "annotations": hash, "resourceVersion": "7" }));
    merge(&mut value["metadata"], &stamped);
    assert_eq!(step(&value).0, Value::Null, "it has it");
    value["spec"] =
        json!({ "template": { "spec": { "taints": [{ "key": "a", "effect": "NoSchedule" }] } } });
    let (again, changed) = step(&value);
    assert_ne!(changed, hash);
    assert_eq!(again["annotations"], json!(changed));

    let mut one = class();
    one.metadata.finalizers = vec![names::NODE_CLASS_FINALIZER.to_owned()];
    let step = |class: &api::Ec2NodeClass, ca_bundle| {
        let view = NodeClassView { class, resolved: None, claims: 0, released: false, ca_bundle };
        metadata(&node_class(&view, at(0)))["annotations"].clone()
    };
    let hash = drift::class_annotations(&one, "ca");
    assert_eq!(step(&one, "ca"), json!(hash));
    one.metadata.annotations.extend(hash);
    assert_eq!(step(&one, "ca"), Value::Null);
    assert_eq!(step(&one, "other"), json!(drift::class_annotations(&one, "other")));
}

#[test]
fn a_claim_of_another_hash_version_is_stamped_anew_and_stays_drifted() {
    let current = drift::annotations(&api::NodePool::default(), &class(), "ca");
    let with = |annotations: Value, conditions: Value| {
        let mut value = claim_value("a");
        merge(&mut value["metadata"]["annotations"], &annotations);
        value["status"]["conditions"] = conditions;
        claim(&value)
    };
    let peers = json!({
        names::POOL_HASH_ANNOTATION: "1", names::POOL_HASH_VERSION_ANNOTATION: "v3",
        names::CLASS_HASH_ANNOTATION: "2", names::CLASS_HASH_VERSION_ANNOTATION: "v6",
    });
    let stamped = |claim: &api::NodeClaim| {
        let request: Vec<Request> = restamp(claim, &current).into_iter().collect();
        metadata(&request)["annotations"].clone()
    };
    assert_eq!(stamped(&with(peers.clone(), json!([]))), json!(current));
    assert_eq!(stamped(&with(json!({}), json!([]))), json!(current), "it had none");
    let drifted = with(peers, json!([{ "type": "Drifted", "status": "True" }]));
    let versions = json!({
        names::POOL_HASH_VERSION_ANNOTATION: drift::POOL_HASH_VERSION,
        names::CLASS_HASH_VERSION_ANNOTATION: drift::CLASS_HASH_VERSION,
    });
    assert_eq!(stamped(&drifted), versions);
    // Of the same version: another hash is drift, and stays.
    let mut old = json!(current);
    old[names::POOL_HASH_ANNOTATION] = json!("another");
    assert_eq!(stamped(&with(old, json!([]))), Value::Null);
}

#[test]
fn pods_that_wait_for_a_claim_are_told_that_there_is_no_capacity() {
    let claim = claim(&claim_value("a"));
    let class = class();
    let view = ClaimView {
        claim: &claim,
        node_class: Some(&class),
        nodes: &[],
        machine: &|_| None,
        hold: true,
    };
    let mut memory = ClaimMemory::default();
    // Both groups of choices are refused, one after the other.
    memory.launch.group = 1;
    let code = "InsufficientInstanceCapacity";
    let error = CloudError::new("CreateFleet", ErrorClass::Capacity, code, "none left");
    memory.launched(Err(LaunchError { claim: "a".into(), refused: Vec::new(), error }));
    let requests = launch(&view, &mut memory, at(0));
    let pods = [pod("web", &json!({})), pod("other", &json!({}))];
    let notes = capacity_notes(&claim, &requests, pods.iter());
    let told: Vec<(&str, &str)> = (requests.iter().chain(&notes))
        .filter_map(|request| match request {
            Request::Note(note) => Some((note.about.kind.as_str(), note.about.name.as_str())),
            _ => None,
        })
        .collect();
    assert_eq!(told, [("NodeClaim", "a"), ("Pod", "web")]);
    let [Request::Note(note)] = notes.as_slice() else { panic!("{notes:?}") };
    assert_eq!(note.reason, "InsufficientCapacityError");
    assert!(note.message.starts_with("NodeClaim a: none of the"), "{}", note.message);
    assert_eq!(capacity_notes(&claim, &[], pods.iter()), []);
}

#[test]
fn a_claim_whose_machine_is_not_known_says_what_it_waits_for() {
    let claim = claim(&claim_value("a"));
    let class = class();
    let view = ClaimView {
        claim: &claim,
        node_class: Some(&class),
        nodes: &[],
        machine: &|_| None,
        hold: true,
    };
    let mut memory = ClaimMemory::default();
    let instance = instance("i-1", Some("a"), 0);
    memory.launched(Ok(Launch { instance, refused: Vec::new() }));
    let requests = launch(&view, &mut memory, at(0));
    let [Request::Patch { status: true, body, .. }] = requests.as_slice() else {
        panic!("{requests:?}")
    };
    let launched = &body["status"]["conditions"][0];
    assert_eq!((&launched["type"], &launched["status"]), (&json!("Launched"), &json!("Unknown")));
    assert_eq!(launched["reason"], "MachineUnknown");
    assert!(launched["message"].as_str().unwrap().contains("instance i-1 runs"), "{launched}");
    assert_eq!(body["status"]["providerID"], Value::Null);
}
