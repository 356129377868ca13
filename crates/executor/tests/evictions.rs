//! Which pods a drain asks for, and when.

use executor::{ClaimMemory, Drain, Request};
use serde_json::{Value, json};

use crate::support::{at, pod, text};

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
