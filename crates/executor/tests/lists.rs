//! Decisions over lists: garbage and nominations.

use std::collections::{BTreeMap, BTreeSet};

use cloud::{Instance, InstanceState};
use executor::{CollectionGuard, GarbageView, Request, Target, collect, place};
use serde_json::json;

use crate::support::{at, claim, claim_value, instance, pod};

fn collected(
    claims: &[api::NodeClaim],
    before: &[Instance],
    after: &[Instance],
) -> (Vec<String>, usize, Option<CollectionGuard>) {
    let claims: Vec<&api::NodeClaim> = claims.iter().collect();
    let ready = BTreeSet::new();
    let view = GarbageView { claims: &claims, before, after, nodes: &[], node_ready: &ready };
    let found = collect(&view, at(1000));
    let ids = found.instances.iter().map(|(id, _)| id.to_string()).collect();
    (ids, found.claims.len(), found.guard)
}

fn registered(name: &str, id: &str) -> api::NodeClaim {
    let mut value = claim_value(name);
    value["status"] = json!({
        "providerID": format!("aws:///us-east-1a/{id}"),
        "conditions": [{ "type": "Registered", "status": "True" }],
    });
    claim(&value)
}

#[test]
fn an_instance_goes_only_when_two_lists_and_the_claims_agree() {
    let claims = [registered("a", "i-a"), claim(&claim_value("b"))];
    let own = [instance("i-a", Some("a"), 0), instance("i-b", Some("b"), 0)];
    let with = |more: Instance| [own.to_vec(), vec![more]].concat();
    let lost = || instance("i-x", Some("x"), 0);
    // In both lists.
    assert_eq!(collected(&claims, &with(lost()), &with(lost())), (vec!["i-x".to_owned()], 0, None));
    // In one of them; young; of a claim that has no provider id yet.
    assert_eq!(collected(&claims, &own, &with(lost())), (vec![], 0, None));
    let young = || instance("i-x", Some("x"), 980);
    assert_eq!(collected(&claims, &with(young()), &with(young())), (vec![], 0, None));
    let launching = || instance("i-y", Some("b"), 0);
    assert_eq!(collected(&claims, &with(launching()), &with(launching())), (vec![], 0, None));
}

#[test]
fn the_node_of_an_instance_that_goes_is_let_go_and_deleted_after_it() {
    let claim = registered("a", "i-a");
    let all = [instance("i-a", Some("a"), 0), instance("i-x", Some("x"), 0)];
    let node = |id: &str, finalizers: &[&str], ends: Option<&str>| -> api::Node {
        let metadata = json!({ "name": id, "finalizers": finalizers, "deletionTimestamp": ends });
        let spec = json!({ "providerID": format!("aws:///us-east-1a/{id}") });
        serde_json::from_value(json!({ "metadata": metadata, "spec": spec })).unwrap()
    };
    let (ours, ends) = (&["karpenter.sh/termination"][..], Some("2026-01-01T00:00:00Z"));
    for (id, finalizers, ends, expected) in [
        ("i-x", ours, None, &["patch", "delete"][..]),
        ("i-x", &[], None, &["delete"]),
        ("i-x", ours, ends, &["patch"]),
        ("i-a", ours, None, &[]),
    ] {
        let node = node(id, finalizers, ends);
        let (claims, nodes, ready) = ([&claim], [&node], BTreeSet::new());
        let (before, after) = (&all[..], &all[..]);
        let view =
            GarbageView { claims: &claims, before, after, nodes: &nodes, node_ready: &ready };
        let found = collect(&view, at(1000)).instances;
        let [(instance, requests)] = found.as_slice() else { panic!("{found:?}") };
        let words = requests.iter().map(|request| match request {
            Request::Patch { target, .. } if target.name == id => "patch",
            Request::Delete { target, .. } if target.name == id => "delete",
            other => panic!("{other:?}"),
        });
        assert_eq!((instance.as_str(), words.collect::<Vec<_>>()), ("i-x", expected.to_vec()));
    }
}

/// A launch whose reply was lost, then another: the tag of both is the claim's, whose status names one.
#[test]
fn a_claims_second_instance_goes_while_the_first_is_there() {
    let claims = [registered("a", "i-2"), claim(&claim_value("b"))];
    let [first, second] = ["i-1", "i-2"].map(|id| instance(id, Some("a"), 0));
    let other = instance("i-b", Some("b"), 0);
    let both = [first.clone(), second.clone(), other.clone()];
    assert_eq!(collected(&claims, &both, &both), (vec!["i-1".to_owned()], 0, None));
    // In one list alone; young; the one that the claim names is in one list alone, ending, or gone.
    assert_eq!(collected(&claims, &both[1..], &both), (vec![], 0, None));
    let young = [instance("i-1", Some("a"), 980), second.clone()];
    assert_eq!(collected(&claims, &young, &young), (vec![], 0, None));
    let missing = [first.clone(), other];
    assert_eq!(collected(&claims, &missing, &both), (vec![], 0, None));
    let ending = Instance { state: InstanceState::ShuttingDown, ..second };
    let ending = [first, ending];
    assert_eq!(collected(&claims, &ending, &ending), (vec![], 0, None));
    // A twentieth a pass, as for others.
    let many: Vec<Instance> =
        (0..60).map(|n| instance(&format!("i-{n:02}"), Some("a"), 0)).collect();
    let (ids, _, guard) = collected(&[registered("a", "i-00")], &many, &many);
    assert_eq!(ids, ["i-01", "i-02", "i-03"]);
    assert_eq!(guard, Some(CollectionGuard::Share { held: 56 }));
}

#[test]
fn without_any_claim_no_instance_goes_and_without_any_instance_no_claim() {
    let fleet: Vec<Instance> = (0..40).map(|n| instance(&format!("i-{n}"), Some("x"), 0)).collect();
    let (ids, _, guard) = collected(&[], &fleet, &fleet);
    assert!(ids.is_empty());
    assert_eq!(guard, Some(CollectionGuard::NoClaims { held: 40 }));
    let claims: Vec<_> =
        (0..40).map(|n| registered(&format!("c{n}"), &format!("i-c{n}"))).collect();
    assert_eq!(collected(&claims, &[], &[]), (vec![], 0, None));
    // One pass ends at most a twentieth.
    let (ids, _, guard) = collected(&claims[..1], &fleet, &fleet);
    assert_eq!((ids.len(), guard), (2, Some(CollectionGuard::Share { held: 38 })));
}

#[test]
fn a_registered_claim_goes_when_both_lists_lack_its_instance() {
    let claims = [registered("a", "i-a"), registered("b", "i-b")];
    let both = [instance("i-a", Some("a"), 0), instance("i-b", Some("b"), 0)];
    assert_eq!(collected(&claims, &both[..1], &both[..1]), (vec![], 1, None));
    assert_eq!(collected(&claims, &both, &both[..1]), (vec![], 0, None));
}

#[test]
fn nominations_follow_the_plan_and_spare_those_of_others() {
    let planned = |target: Target| BTreeMap::from([("uid-web".to_owned(), target)]);
    let node_of = |claim: &str| (claim == "there").then(|| "node-1".to_owned());
    let by = |managers: &[&str], node: &str| {
        let managers = managers.iter().map(|manager| {
            json!({ "manager": manager, "fieldsV1": { "f:status": { "f:nominatedNodeName": {} } } })
        });
        json!({
            "metadata": { "managedFields": managers.collect::<Vec<_>>() },
            "status": { "nominatedNodeName": node },
        })
    };
    let ours = |node: &str| by(&["stowage"], node);
    let others = |node: &str| by(&["kube-scheduler"], node);
    let there = || planned(Target::Claim("there".to_owned()));
    let none = json!({});
    let cases = [
        ("its Node is there", none.clone(), there(), Some(Some("node-1"))),
        ("its Node is not", none.clone(), planned(Target::Claim("not yet".to_owned())), None),
        ("an old Node", none.clone(), planned(Target::Node("old".to_owned())), Some(Some("old"))),
        ("it is so already", ours("node-1"), there(), None),
        ("ours, and the plan has changed", ours("node-0"), there(), Some(Some("node-1"))),
        ("another's", others("node-9"), there(), None),
        ("another's too", by(&["stowage", "other"], "node-9"), there(), None),
        ("nobody knows whose", by(&[], "node-9"), there(), None),
        ("ours, and planned no more", ours("node-0"), BTreeMap::new(), Some(None)),
        ("another's, and not planned", others("node-9"), BTreeMap::new(), None),
        ("bound", json!({ "spec": { "nodeName": "node-1" } }), there(), None),
    ];
    for (case, more, planned, expected) in cases {
        let pods = [pod("web", &more)];
        let requests = place(pods.iter(), &planned, &node_of);
        let nodes: Vec<Option<String>> = (requests.into_iter())
            .map(|request| match request {
                Request::Nominate { node, .. } => node,
                other => panic!("{other:?}"),
            })
            .collect();
        let expected: Vec<Option<String>> =
            expected.into_iter().map(|node| node.map(str::to_owned)).collect();
        assert_eq!(nodes, expected, "{case}");
    }
}
