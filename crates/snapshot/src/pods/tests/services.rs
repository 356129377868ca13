//! Services are those of which every pod is planned, and two at least.

use super::{containers, object, set_of};
use crate::PodSelection;

/// A pod of the default namespace that a controller of this kind and name owns, on a node where one is given.
fn owned(name: &str, (kind, owner): (&str, &str), node: &str) -> String {
    let reference = format!(
        "{{apiVersion: apps/v1, kind: {kind}, name: {owner}, uid: \"{owner}\", controller: true}}"
    );
    let node = if node.is_empty() { String::new() } else { format!("nodeName: {node}, ") };
    let metadata = format!("name: {name}, ownerReferences: [{reference}]");
    object("v1", "Pod", &metadata, &format!("{node}{}", containers("{requests: {cpu: 1}}")))
}

/// A workload without pods.
fn workload(kind: &str, name: &str, replicas: u32) -> String {
    let template = format!("template: {{spec: {{{}}}}}", containers("{requests: {cpu: 1}}"));
    object("apps/v1", kind, &format!("name: {name}"), &format!("replicas: {replicas}, {template}"))
}

/// Services with how many pods they have, and the places of these.
fn services(text: &str) -> Vec<String> {
    let services = set_of(text, PodSelection::Pending).services.whole();
    let places = |pods: &[model::PodIndex]| -> Vec<String> {
        pods.iter().map(|pod| pod.get().to_string()).collect()
    };
    services.iter().map(|one| format!("{}: {}", one.name, places(&one.pods).join(" "))).collect()
}

#[test]
fn what_workloads_stand_for_and_what_they_own_are_services() {
    let text = [
        workload("Deployment", "web", 2),
        workload("StatefulSet", "db", 3),
        workload("Deployment", "one", 1),
        owned("a", ("ReplicaSet", "api-1"), ""),
        object("v1", "Pod", "name: alone", &containers("{}")),
        owned("b", ("ReplicaSet", "api-1"), ""),
    ];
    let expected = [
        "Deployment default/web: 3 4",
        "ReplicaSet default/api-1: 0 2",
        "StatefulSet default/db: 6 7 8",
    ];
    assert_eq!(services(&text.concat()), expected);
}

#[test]
fn a_workload_with_a_pod_that_has_a_node_and_one_that_is_no_service_are_none() {
    let node = "---\napiVersion: v1\nkind: Node\nmetadata: {name: node-1}\n";
    for text in [
        [owned("a", ("ReplicaSet", "api"), ""), owned("b", ("ReplicaSet", "api"), "node-1")]
            .concat()
            + &owned("c", ("ReplicaSet", "api"), ""),
        [owned("a", ("Job", "batch"), ""), owned("b", ("Job", "batch"), "")].concat(),
    ] {
        assert_eq!(services(&(node.to_owned() + &text)), [""; 0], "{text}");
    }
}
