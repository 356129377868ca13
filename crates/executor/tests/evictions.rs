//! Which pods a drain asks for, and when.

use api::names;
use executor::{ClaimMemory, CloudRequest, Drain, NodeView, Request, terminate_node};
use serde_json::{Value, json};

use crate::support::{at, claim, ending_claim, pod, text};

fn asked(drain: &Drain) -> Vec<String> {
    let names = drain.requests.iter().map(|request| match request {
        Request::Evict { target, .. } => format!("evict {}", target.name),
        Request::Delete { target, grace_seconds, .. } => {
            format!("delete {} in {}", target.name, grace_seconds.unwrap())
        }
        other => panic!("{other:?}"),
    });
    names.collect()
}

fn daemon() -> Value {
    json!({ "metadata": { "ownerReferences": [{ "kind": "DaemonSet", "controller": true }] } })
}

#[test]
fn tiers_go_one_after_the_other() {
    let critical = json!({ "spec": { "priorityClassName": "system-cluster-critical" } });
    let all = [
        pod("web", &json!({})),
        pod("agent", &daemon()),
        pod("dns", &critical),
        pod("done", &json!({ "status": { "phase": "Succeeded" } })),
        pod("tolerant", &json!({ "spec": { "tolerations": [{ "operator": "Exists" }] } })),
        pod(
            "static",
            &json!({ "metadata": { "annotations": { "kubernetes.io/config.mirror": "" } } }),
        ),
    ];
    let mut left: Vec<&api::Pod> = all.iter().collect();
    for expected in ["evict web", "evict agent", "evict dns"] {
        let drain = executor::drain(&left, None, &mut ClaimMemory::default(), at(0));
        assert_eq!(asked(&drain), [expected]);
        left.retain(|pod| !expected.ends_with(&pod.metadata.name));
    }
    let drain = executor::drain(&left, None, &mut ClaimMemory::default(), at(0));
    assert_eq!(drain, Drain::default());
}

#[test]
fn what_must_not_be_disrupted_is_waited_for_until_the_deadline() {
    let annotations = |value: &str| {
        json!({
            "metadata": {
                "creationTimestamp": text(-10_000),
                "annotations": { "karpenter.sh/do-not-disrupt": value },
            },
            "status": { "startTime": text(0) },
        })
    };
    let cases = [
        ("true", None, 0, vec![]),
        ("true", None, 100_000, vec![]),
        ("1h", None, 3599, vec![]),
        ("1h", None, 3600, vec!["evict web"]),
        ("false", None, 0, vec!["evict web"]),
        // The pod has 30 seconds: after deadline − 30 s it is deleted with what is left.
        ("true", Some(100), 70, vec![]),
        ("true", Some(100), 71, vec!["delete web in 29"]),
        ("true", Some(100), 140, vec!["delete web in 1"]),
    ];
    for (value, deadline, now, expected) in cases {
        let pods = [pod("web", &annotations(value))];
        let pods: Vec<&api::Pod> = pods.iter().collect();
        let drain = executor::drain(&pods, deadline.map(at), &mut ClaimMemory::default(), at(now));
        assert_eq!(asked(&drain), expected, "{value} at {now}");
        assert_eq!(drain.waiting, ["default/web"]);
    }
}

#[test]
fn a_refused_eviction_is_asked_for_again_at_growing_intervals() {
    let web = pod("web", &json!({}));
    let mut memory = ClaimMemory::default();
    let mut asked_at = Vec::new();
    for now in 0..40 {
        let drain = executor::drain(&[&web], None, &mut memory, at(now));
        if !drain.requests.is_empty() {
            asked_at.push(now);
            memory.evicted(at(now), "uid-web", false);
        }
    }
    assert_eq!(asked_at, [0, 2, 6, 14, 24, 34]);
}

#[test]
fn a_pod_that_does_not_end_is_waited_for_one_minute_past_its_time() {
    let web = pod("web", &json!({ "metadata": { "deletionTimestamp": text(0) } }));
    for (now, waits) in [(0, true), (60, true), (61, false)] {
        let drain = executor::drain(&[&web], None, &mut ClaimMemory::default(), at(now));
        assert!(drain.requests.is_empty());
        assert_eq!(!drain.waiting.is_empty(), waits, "at {now}");
    }
}

/// What is asked of pods and the cloud at `now` on a Node whose end began at 0.
fn ending(ready: &str, unreplaced: bool, deadline: Option<i64>, now: i64) -> Vec<&'static str> {
    let value = ending_claim(deadline);
    let node: api::Node = serde_json::from_value(json!({
        "metadata": {
            "name": "n", "deletionTimestamp": text(0), "finalizers": [names::TERMINATION_FINALIZER],
            "labels": { names::EXCLUDE_BALANCERS_LABEL: "karpenter" },
        },
        "spec": { "taints": [{ "key": names::DISRUPTED_TAINT, "effect": "NoSchedule" }] },
        "status": { "conditions": [{ "type": "Ready", "status": ready }] },
    }))
    .unwrap();
    let web = pod("web", &json!({}));
    let view = NodeView { node: &node, pods: &[&web], volumes: &[], unreplaced };
    let requests = terminate_node(&claim(&value), &view, &mut ClaimMemory::default(), at(now));
    let asked = requests.iter().filter_map(|request| match request {
        Request::Evict { .. } => Some("evict"),
        Request::Delete { .. } => Some("delete"),
        Request::Cloud(CloudRequest::GetInstance(..)) => Some("look"),
        _ => None,
    });
    asked.collect()
}

#[test]
fn pods_are_not_evicted_before_their_next_machines_are_launched_within_bounds() {
    for (unreplaced, deadline, now, expected) in [
        (false, None, 1, vec!["evict"]),
        (true, None, 1, vec![]),
        (true, None, 9, vec![]),
        (true, None, 10, vec!["evict"]),
        // A deadline that is near leaves no time to wait.
        (true, Some(600), 1, vec![]),
        (true, Some(60), 1, vec!["evict"]),
        (true, Some(0), 1, vec!["delete"]),
    ] {
        let asked = ending("True", unreplaced, deadline, now);
        assert_eq!(asked, expected, "{unreplaced} {deadline:?} {now}");
    }
}

#[test]
fn the_machine_of_a_node_that_fell_silent_is_looked_at_while_it_is_drained() {
    assert_eq!(ending("True", false, None, 1), ["evict"]);
    assert_eq!(ending("Unknown", false, None, 1), ["evict", "look"]);
    assert_eq!(ending("False", true, None, 1), ["look"]);
}
