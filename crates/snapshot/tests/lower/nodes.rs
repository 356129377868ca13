//! Nodes that are there, what is bound to them, and what pools have used.

use std::collections::BTreeMap;

use model::{MicroUsdPerHour, Node, NodeState};
use snapshot::{LowerOptions, PodSelection};

use crate::{class, daemon_set, found, lowered, lowered_with, options, pod, pool};

const INITIALIZED: &str = "karpenter.sh/initialized: \"true\", ";

/// A node of pool `p` with the labels of an m7i.xlarge on demand in us-east-1a.
fn node(name: &str, labels: &str, spec: &str, status: &str) -> String {
    format!(
        "apiVersion: v1\nkind: Node\nmetadata: {{name: {name}, labels: {{{labels}\
         karpenter.sh/nodepool: p, karpenter.sh/capacity-type: on-demand, \
         node.kubernetes.io/instance-type: m7i.xlarge, topology.kubernetes.io/zone: us-east-1a}}}}\n\
         spec: {{{spec}}}\nstatus: {{{status}}}\n---\n"
    )
}

fn status(allocatable: &str) -> String {
    format!("capacity: {{cpu: 4, memory: 16Gi, pods: 58}}, allocatable: {{{allocatable}}}")
}

fn full() -> String {
    status("cpu: 3900m, memory: 15Gi, pods: 58")
}

fn bound(name: &str, node: &str, owner: &str, requests: &str) -> String {
    pod(name, &format!("nodeName: {node}, "), requests)
        .replace("metadata: {", &format!("metadata: {{namespace: kube-system, {owner}"))
}

const OF_DAEMON_SET: &str =
    "ownerReferences: [{apiVersion: apps/v1, kind: DaemonSet, name: agent, controller: true}], ";

fn base() -> String {
    let startup = "      startupTaints: [{key: boot, effect: NoSchedule}]\n      requirements:";
    class("default", "") + &pool("p", "", &[]).replacen("      requirements:", startup, 1)
}

fn only(yaml: &str) -> Node {
    let lowered = lowered(&(base() + yaml));
    assert_eq!(lowered.snapshot.nodes.len(), 1);
    lowered.snapshot.nodes[0].clone()
}

#[test]
fn room_is_what_pods_and_expected_daemons_leave() {
    let daemons = daemon_set("agent", "", "cpu: 500m, memory: 1Gi");
    let fresh = node("n1", INITIALIZED, "", &full());
    let web = bound("web", "n1", "", "cpu: 1");
    let agent = bound("agent-1", "n1", OF_DAEMON_SET, "cpu: 200m, memory: 3Gi");
    for (yaml, cpu, memory_gib, pods) in [
        (vec![&fresh], 3900, 15, 58),
        (vec![&fresh, &daemons], 3400, 14, 57),
        (vec![&fresh, &daemons, &web], 2400, 14, 56),
        // The bound agent asks for less CPU and more memory than its set does now.
        (vec![&fresh, &daemons, &web, &agent], 2400, 12, 56),
    ] {
        let yaml: String = yaml.into_iter().map(String::as_str).collect();
        let room = only(&yaml).room;
        let found = ["cpu", "memory", "pods"].map(|name| room.get(name).get());
        assert_eq!(found, [cpu, memory_gib << 30, pods], "{yaml}");
    }
}

#[test]
fn a_node_takes_pods_unless_it_is_leaving() {
    let taints = |taints: &str| format!("taints: [{taints}], ");
    let not_ready = "{key: node.kubernetes.io/not-ready, effect: NoSchedule}";
    let rebooting = "{key: karpenter.sh/rebooting, effect: NoSchedule}";
    let boot = "{key: boot, effect: NoSchedule}";
    let own = "{key: own, value: v, effect: NoExecute}";
    for (labels, spec, state, kept) in [
        (INITIALIZED, String::new(), NodeState::Ready, vec![]),
        ("", String::new(), NodeState::InFlight, vec![]),
        (INITIALIZED, "unschedulable: true, ".to_owned(), NodeState::Unschedulable, vec![]),
        (
            INITIALIZED,
            taints("{key: karpenter.sh/disrupted, effect: NoSchedule}"),
            NodeState::Unschedulable,
            vec!["karpenter.sh/disrupted:NoSchedule"],
        ),
        (
            INITIALIZED,
            taints(&[not_ready, boot, own].join(", ")),
            NodeState::Ready,
            vec!["node.kubernetes.io/not-ready:NoSchedule", "boot:NoSchedule", "own=v:NoExecute"],
        ),
        (
            "",
            taints(&[not_ready, boot, own].join(", ")),
            NodeState::InFlight,
            vec!["own=v:NoExecute"],
        ),
        (INITIALIZED, taints(&[rebooting, not_ready].join(", ")), NodeState::InFlight, vec![]),
    ] {
        let node = only(&node("n1", labels, &spec, &full()));
        let taints: Vec<String> = node.taints.iter().map(ToString::to_string).collect();
        assert_eq!((node.state, taints), (state, kept.iter().map(ToString::to_string).collect()));
    }
    let deleted = node("n1", INITIALIZED, "", &full())
        .replace("name: n1,", "name: n1, deletionTimestamp: \"2026-01-01T00:00:00Z\",");
    assert_eq!(only(&deleted).state, NodeState::Unschedulable);
}

#[test]
fn a_starting_node_has_what_its_type_will_report() {
    let node = |labels, status: &str| only(&node("n1", labels, "", status));
    let silent = node("", "");
    assert_eq!(silent.allocatable.get("cpu").get(), 3920);
    assert_eq!(silent.allocatable.get("pods").get(), 58);
    let partly = node("", &status("cpu: 3, memory: 0"));
    assert_eq!(partly.allocatable.get("cpu").get(), 3000);
    assert!(partly.allocatable.get("memory").get() > 13 << 30);
    assert!(node(INITIALIZED, "").allocatable.is_empty());

    let yaml = base() + &super::nodes::node("n1", INITIALIZED, "", "");
    assert_eq!(found(&lowered(&yaml)), ["bad-field Node n1 status.allocatable"]);
}

#[test]
fn a_node_has_the_price_that_its_labels_name() {
    let price = |from: &str, to: &str| {
        let yaml = node("n1", INITIALIZED, "", &full()).replacen(from, to, 1);
        only(&yaml).price
    };
    let on_demand = price("", "").expect("a price");
    let lowered = lowered(&base());
    let snapshot = &lowered.snapshot;
    let listed = snapshot
        .listings
        .iter()
        .find(|one| snapshot.instance_type(one.instance_type).name.as_str() == "m7i.xlarge")
        .and_then(|listing| listing.price)
        .expect("the catalog has the price");
    assert_eq!(on_demand, listed.rate);
    let spot = price("capacity-type: on-demand", "capacity-type: spot").expect("an estimate");
    assert!(MicroUsdPerHour::ZERO < spot && spot < on_demand);
    for (from, to) in [
        ("karpenter.sh/capacity-type: on-demand", "x: other"),
        ("m7i.xlarge", "m0.none"),
        ("us-east-1a", "mars-1a"),
        ("capacity-type: on-demand", "capacity-type: reserved"),
    ] {
        assert_eq!(price(from, to), None, "{to}");
    }
    let group =
        price("karpenter.sh/capacity-type: on-demand", "eks.amazonaws.com/capacityType: ON_DEMAND");
    assert_eq!(group, Some(on_demand));
}

#[test]
fn pools_count_the_capacity_of_their_nodes_and_selections_decide_what_is_planned() {
    let other = node("z", INITIALIZED, "", &full()).replace("nodepool: p", "nodepool: gone");
    let yaml = base()
        + &node("b", INITIALIZED, "unschedulable: true", &full())
        + &node("a", INITIALIZED, "", &full())
        + &other
        + &bound("web", "a", "", "cpu: 1")
        + &bound("agent-1", "a", OF_DAEMON_SET, "cpu: 1")
        + &daemon_set("agent", "", "cpu: 1")
        + &pod("new", "", "cpu: 2");
    let pending = lowered(&yaml);
    let snapshot = &pending.snapshot;
    let names: Vec<&str> = snapshot.nodes.iter().map(|node| node.name.as_str()).collect();
    assert_eq!(names, ["a", "b", "z"]);
    let used: BTreeMap<&str, i64> = (snapshot.pools[0].used.iter())
        .map(|(name, amount)| (name.as_str(), amount.get()))
        .collect();
    let expected = [("cpu", 8000), ("memory", 32 << 30), ("nodes", 2), ("pods", 116)];
    assert_eq!(used, BTreeMap::from(expected));
    let summary = &pending.summary;
    assert_eq!(summary.selection, PodSelection::Pending);
    assert_eq!((summary.planned, summary.bound, summary.daemon), (1, 2, 1));

    let all = lowered_with(&yaml, &LowerOptions { pods: Some(PodSelection::All), ..options() });
    assert!(all.snapshot.nodes.is_empty() && all.snapshot.pools[0].used.is_empty());
    assert_eq!((all.summary.selection, all.summary.planned), (PodSelection::All, 2));
}

#[test]
fn the_order_of_documents_does_not_matter() {
    let documents = [
        class("default", ""),
        pool("a", "", &["key: example.com/team, operator: In, values: [left, right]"]),
        pool("b", "  weight: 5\n", &[]),
        node("n1", INITIALIZED, "", &full()),
        node("n2", "", "", ""),
        daemon_set("d1", "", "cpu: 1"),
        daemon_set("d2", "", "cpu: 2"),
        pod("p1", "nodeSelector: {example.com/team: right}, ", "cpu: 1"),
        pod("p2", "", "memory: 1Gi"),
    ];
    let forwards = lowered(&documents.concat()).snapshot;
    let backwards: String = documents.iter().rev().map(String::as_str).collect();
    let mut backwards = lowered(&backwards).snapshot;
    backwards.pods.reverse();
    assert_eq!(forwards, backwards);
}
