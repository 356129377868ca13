//! Claims as nodes to come, promises to pods, and the market as the cloud tells it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use model::{CapacityType, LiveMarket, LiveType, MicroUsdPerHour, NodeState, Timestamp};
use snapshot::{LowerOptions, PodSelection};

use crate::{class, lowered_with, options, pod, pool};

const LABELS: &str = "karpenter.sh/nodepool: p, karpenter.sh/capacity-type: on-demand, \
     node.kubernetes.io/instance-type: m7i.xlarge, topology.kubernetes.io/zone: us-east-1a";

fn claim(labels: &str, metadata: &str, spec: &str, status: &str) -> String {
    format!(
        "apiVersion: karpenter.sh/v1\nkind: NodeClaim\nmetadata: {{name: p-1, {metadata}labels: \
         {{{labels}}}, annotations: {{stowage.sh/planned-pods: '[\"u-web\"]'}}}}\nspec: {{{spec}\
         nodeClassRef: {{group: karpenter.k8s.aws, kind: EC2NodeClass, name: default}}}}\n\
         status: {{{status}}}\n---\n"
    )
}

fn launched(conditions: &str) -> String {
    format!(
        "providerID: \"aws:///us-east-1a/i-1\", conditions: [{{type: Launched, status: \"True\"}}\
         {conditions}]"
    )
}

fn initialized(at: &str) -> String {
    launched(&format!(", {{type: Initialized, status: \"True\", lastTransitionTime: \"{at}\"}}"))
}

fn node(labels: &str, taints: &str) -> String {
    format!(
        "apiVersion: v1\nkind: Node\nmetadata: {{name: n1, labels: {{{labels}}}}}\nspec: \
         {{providerID: \"aws:///us-east-1a/i-1\", taints: [{taints}]}}\n---\n"
    )
}

fn web() -> String {
    pod("web", "", "cpu: 1").replace("metadata: {", "metadata: {uid: u-web, ")
}

fn at(seconds: i64) -> LowerOptions {
    let pods = Some(PodSelection::Pending);
    LowerOptions { now: Timestamp(1_767_225_600 + seconds), pods, ..options() }
}

/// Name, state, CPU that is left and pods to plan.
fn seen(yaml: &str, now: i64) -> (Vec<(String, NodeState, i64)>, usize) {
    let yaml = class("default", "") + &pool("p", "", &[]) + &web() + yaml;
    let lowered = lowered_with(&yaml, &at(now));
    let nodes = lowered
        .snapshot
        .nodes
        .iter()
        .map(|node| (node.name.to_string(), node.state, node.room.get("cpu").get()));
    (nodes.collect(), lowered.snapshot.pods.len())
}

#[test]
fn a_claim_is_a_node_to_come_and_keeps_its_promises() {
    let name = |name: &str| name.to_owned();
    let flight = NodeState::InFlight;
    // The type's 3,920 less the promised pod's 1,000.
    let told = claim(LABELS, "", "", &launched(""));
    assert_eq!(seen(&told, 0), (vec![(name("p-1"), flight, 2920)], 0));
    // Its Node is there: once, under the claim's labels, start-up taints not held against it.
    let unregistered = "{key: karpenter.sh/unregistered, effect: NoExecute}";
    let both = told.clone() + &node("", unregistered);
    assert_eq!(seen(&both, 0), (vec![(name("n1"), flight, 2920)], 0));
    // A claim that is being deleted takes no pods and keeps no promise.
    let going = claim(LABELS, "deletionTimestamp: \"2026-01-01T00:00:00Z\", ", "", &launched(""));
    assert_eq!(seen(&going, 0), (vec![(name("p-1"), NodeState::Unschedulable, 3920)], 1));
}

/// The room that a move launched for a pod which still runs is not given to another in the meantime.
#[test]
fn a_seat_for_a_pod_whose_node_a_move_marked_is_taken() {
    let old = |annotation: &str| {
        let claim = claim(LABELS, "", "", &launched(""));
        let claim = claim.replace("i-1", "i-0").replace("name: p-1", "name: p-0");
        let claim = claim.replace("stowage.sh/planned-pods: '[\"u-web\"]'", annotation);
        claim + &node("", "").replace("i-1", "i-0").replace("n1", "n0")
    };
    let running = web().replace("spec: {", "spec: {nodeName: n0, ");
    for (annotation, left) in [("stowage.sh/move: '{}'", 2920), ("other: x", 3920)] {
        let yaml = old(annotation) + &claim(LABELS, "", "", &launched(""));
        let yaml = class("default", "") + &pool("p", "", &[]) + &running + &yaml;
        let lowered = lowered_with(&yaml, &at(0));
        let rooms = lowered.snapshot.nodes.iter();
        let rooms: Vec<(&str, i64)> =
            rooms.map(|node| (node.name.as_str(), node.room.get("cpu").get())).collect();
        assert_eq!(rooms, [("n0", 2920), ("p-1", left)], "{annotation}");
    }
}

/// Whatever the claims' names: the promise of the older one was given up when the pod was planned again.
#[test]
fn a_pod_that_two_claims_promise_room_has_that_of_the_newer() {
    let created = |at: &str| {
        let created = format!("creationTimestamp: \"2026-01-01T00:00:0{at}Z\", ");
        claim(LABELS, &created, "", &launched(""))
    };
    let (older, newer) = (created("1"), created("2").replace("p-1", "p-0"));
    let flight = |name: &str, room| (name.to_owned(), NodeState::InFlight, room);
    assert_eq!(seen(&(older + &newer), 0).0, [flight("p-0", 2920), flight("p-1", 3920)]);
}

#[test]
fn a_claim_of_open_type_holds_the_least_of_what_it_may_become() {
    let requirement = |types: &str| {
        format!(
            "requirements: [{{key: node.kubernetes.io/instance-type, operator: In, values: \
             [{types}]}}], "
        )
    };
    let cpu = |types: &str| {
        let yaml = claim("karpenter.sh/nodepool: p", "", &requirement(types), "");
        seen(&yaml, 0).0[0].2
    };
    let (small, large) = (cpu("m7i.xlarge"), cpu("m7i.2xlarge"));
    assert_eq!(small, 2920);
    assert!(large > small);
    assert_eq!(cpu("m7i.2xlarge, m7i.xlarge"), small);
}

/// Two types may be bought, and a limit must hold whichever comes.
#[test]
fn a_claim_of_open_type_uses_the_most_of_what_it_may_become() {
    let used = |types: &str| {
        let spec = format!(
            "requirements: [{{key: node.kubernetes.io/instance-type, operator: In, values: \
             [{types}]}}], "
        );
        let yaml = class("default", "")
            + &pool("p", "", &[])
            + &web()
            + &claim("karpenter.sh/nodepool: p", "", &spec, "");
        let used = lowered_with(&yaml, &at(0)).snapshot.pools[0].used.clone();
        (used.get("cpu").get(), used.get("nodes").get())
    };
    assert_eq!(used("m7i.xlarge"), (4_000, 1));
    assert_eq!(used("m7i.xlarge, m7i.4xlarge, m7i.2xlarge"), (16_000, 1));
}

#[test]
fn a_promise_lapses_two_minutes_after_its_node_was_initialized() {
    let labels = format!("karpenter.sh/initialized: \"true\", {LABELS}");
    let status = "\nstatus: {allocatable: {cpu: 3900m, memory: 15Gi, pods: 58}}\n---\n";
    let node = node(&labels, "").replace("\n---\n", status);
    let yaml = claim(LABELS, "", "", &initialized("2026-01-01T00:00:00Z")) + &node;
    for (now, planned) in [(0, 0), (120, 0), (121, 1)] {
        assert_eq!(seen(&yaml, now).1, planned, "after {now} s");
        let yaml = class("default", "") + &pool("p", "", &[]) + &web() + &yaml;
        let findings = lowered_with(&yaml, &at(now)).findings;
        let lapsed: Vec<_> = findings.iter().filter(|one| one.object == "NodeClaim p-1").collect();
        assert_eq!(lapsed.len(), planned, "after {now} s: {findings:?}");
        for finding in lapsed {
            assert_eq!(finding.count, 1);
            assert!(finding.message.contains("1 pods") && finding.message.contains("default/web"));
        }
    }
}

/// The Node joined before the claim was told which machine it has.
#[test]
fn a_node_that_may_be_a_claims_offers_its_room_once() {
    let unregistered = "{key: karpenter.sh/unregistered, effect: NoExecute}";
    let node = node(LABELS, unregistered);
    let room = |status: &str| seen(&(claim(LABELS, "", "", status) + &node), 0).0;
    let (flight, withheld) = (NodeState::InFlight, NodeState::Unschedulable);
    let (n1, p1) = ("n1".to_owned(), "p-1".to_owned());
    let unknown = room("");
    let states: Vec<_> = unknown.iter().map(|(name, state, _)| (name.clone(), *state)).collect();
    assert_eq!(states, [(n1.clone(), withheld), (p1, flight)]);
    assert_eq!(room(&launched("")), [(n1, flight, 2920)]);
}

/// Another pod took the seat: the promise is void at once, whatever the time.
#[test]
fn a_promise_on_a_full_node_is_none() {
    let labels = format!("karpenter.sh/initialized: \"true\", {LABELS}");
    let full = |cpu: &str| {
        let status =
            format!("\nstatus: {{allocatable: {{cpu: {cpu}, memory: 15Gi, pods: 58}}}}\n---\n");
        let node = node(&labels, "").replace("\n---\n", &status);
        let thief = pod("thief", "nodeName: n1, ", "cpu: 3");
        claim(LABELS, "", "", &initialized("2026-01-01T00:00:00Z")) + &node + &thief
    };
    for (cpu, left, planned) in [("4", 0, 0), ("3900m", 900, 1)] {
        let yaml = full(cpu);
        let (nodes, pods) = seen(&yaml, 0);
        assert_eq!(nodes, [("n1".to_owned(), NodeState::Ready, left)], "{cpu}");
        assert_eq!(pods, planned, "{cpu}");
        let yaml = class("default", "") + &pool("p", "", &[]) + &web() + &yaml;
        let findings = lowered_with(&yaml, &at(0)).findings;
        let taken: Vec<_> = findings.iter().filter(|one| one.object == "Node n1").collect();
        assert_eq!(taken.len(), planned, "{findings:?}");
        assert!(taken.iter().all(|one| one.count == 1 && one.message.contains("planned again")));
    }
}

#[test]
fn the_clouds_own_market_wins_and_what_was_refused_is_not_planned() {
    let yaml = class("default", "") + &pool("p", "", &[]) + &web();
    let listed = |options: &LowerOptions| {
        let lowered = lowered_with(&yaml, options);
        let found: Vec<String> =
            lowered.findings.iter().map(|finding| finding.object.clone()).collect();
        let snapshot = lowered.snapshot;
        let of_type = snapshot
            .listings
            .iter()
            .filter(|one| snapshot.instance_type(one.instance_type).name.as_str() == "m7i.xlarge");
        let listings: Vec<_> = of_type
            .map(|one| {
                let price = one.price.map(|price| (price.rate.get(), price.estimated));
                (one.zone.to_string(), one.capacity_type, price)
            })
            .collect();
        (listings, found)
    };
    let (catalog, _) = listed(&at(0));
    let zone = |zone: &str| ("m7i.xlarge".into(), zone.into());
    let nothing = LiveMarket::default();
    let live = |market: LiveMarket| LowerOptions { live_market: Some(Arc::new(market)), ..at(0) };
    assert_eq!(listed(&live(nothing.clone())).0, catalog, "what was not read changes nothing");
    let market = LiveMarket {
        offered: Some(BTreeSet::from([zone("us-east-1a"), zone("us-east-1b")])),
        on_demand: Some(BTreeMap::from([("m7i.xlarge".into(), MicroUsdPerHour::new(7))])),
        spot: Some(BTreeMap::from([(zone("us-east-1b"), MicroUsdPerHour::new(3))])),
        types: Some(BTreeMap::from([
            ("m7i.xlarge".into(), LiveType { vcpus: 5, memory_mib: 16_384 }),
            ("m99.xlarge".into(), LiveType { vcpus: 4, memory_mib: 16_384 }),
        ])),
        ..nothing
    };
    let (listings, found) = listed(&live(market));
    let (od, spot) = (CapacityType::OnDemand, CapacityType::Spot);
    assert_eq!(
        listings,
        [
            ("us-east-1a".to_owned(), od, Some((7, false))),
            ("us-east-1a".to_owned(), spot, None),
            ("us-east-1b".to_owned(), od, Some((7, false))),
            ("us-east-1b".to_owned(), spot, Some((3, false))),
        ]
    );
    assert!(found.iter().any(|one| one.contains("instance type m7i.xlarge")), "{found:?}");
    assert!(found.iter().any(|one| one.contains("instance types")), "{found:?}");
    let refused =
        [("m7i.xlarge".into(), Some("us-east-1a".into()), od), ("m7i.xlarge".into(), None, spot)];
    let options = LowerOptions { unavailable: refused.into_iter().collect(), ..at(0) };
    let left = listed(&options).0;
    assert!(!left.iter().any(|one| one.1 == spot || one.0 == "us-east-1a"), "{left:?}");
    assert_eq!(left.len(), catalog.len() / 2 - 1);
}
