//! A Node that ends waits for its volumes, and for how long.

use api::names;
use executor::{ClaimMemory, CloudRequest, NodeView, Request, awaited_volumes, terminate_node};
use serde_json::{Value, json};

use crate::support::{at, claim, ending_claim, pod, text};

fn attachment(volume: &str) -> api::VolumeAttachment {
    let spec = json!({ "nodeName": "n", "source": { "persistentVolumeName": volume } });
    serde_json::from_value(json!({ "metadata": { "name": volume }, "spec": spec })).unwrap()
}

/// A pod with these claims; one that begins with `+` is made with the pod.
fn with_claims(name: &str, claims: &[&str], more: &Value) -> api::Pod {
    let volumes = claims.iter().map(|claim| match claim.strip_prefix('+') {
        Some(own) => json!({ "name": own, "ephemeral": {} }),
        None => json!({ "name": "v", "persistentVolumeClaim": { "claimName": claim } }),
    });
    let mut pod = pod(name, more);
    let spec = json!({ "volumes": volumes.collect::<Vec<_>>() });
    pod.spec.volumes = serde_json::from_value::<api::PodSpec>(spec).unwrap().volumes;
    pod
}

#[test]
fn volumes_of_pods_that_stay_are_not_waited_for() {
    let tolerant = json!({ "spec": { "tolerations": [{ "operator": "Exists" }] } });
    let stuck = json!({ "metadata": { "deletionTimestamp": text(-61) } });
    let pods = [
        with_claims("web", &["data", "shared"], &json!({})),
        with_claims("done", &["old"], &json!({ "status": { "phase": "Succeeded" } })),
        with_claims("agent", &["shared", "+scratch"], &tolerant),
        with_claims("stuck", &["stuck", "unbound"], &stuck),
    ];
    let pods: Vec<&api::Pod> = pods.iter().collect();
    let volume_of = |namespace: &str, claim: &str| {
        (claim != "unbound").then(|| format!("pv-{namespace}-{claim}"))
    };
    let attached = [
        "pv-default-data",
        "pv-default-shared",
        "pv-default-old",
        "pv-default-agent-scratch",
        "pv-default-stuck",
        "pv-of-a-pod-that-is-gone",
    ];
    let attached: Vec<_> = attached.into_iter().map(attachment).collect();
    let awaited = awaited_volumes(attached.iter(), &pods, &volume_of, at(0));
    assert_eq!(awaited, ["pv-default-data", "pv-default-old", "pv-of-a-pod-that-is-gone"]);
}

/// What is asked for about a drained Node with volumes: conditions as `type=status/reason`, events,
/// and whether the instance is looked at.
fn asked(claim: &mut Value, pods: &[&api::Pod], volumes: &[&str], now: i64) -> Vec<String> {
    let node: api::Node = serde_json::from_value(json!({
        "metadata": {
            "name": "n", "deletionTimestamp": text(0), "finalizers": [names::TERMINATION_FINALIZER],
            "labels": { names::EXCLUDE_BALANCERS_LABEL: "karpenter" },
        },
        "spec": { "taints": [{ "key": names::DISRUPTED_TAINT, "effect": "NoSchedule" }] },
        "status": { "conditions": [{ "type": "Ready", "status": "True" }] },
    }))
    .unwrap();
    let volumes: Vec<String> = volumes.iter().map(|volume| (*volume).to_owned()).collect();
    let view = NodeView { node: &node, pods, volumes: &volumes, unreplaced: false };
    let read = crate::support::claim(claim);
    let requests = terminate_node(&read, &view, &mut ClaimMemory::default(), at(now));
    let mut said = Vec::new();
    for request in requests {
        match request {
            Request::Patch { body, status: true, .. } => {
                claim["status"]["conditions"] = body["status"]["conditions"].clone();
                let conditions = body["status"]["conditions"].as_array().unwrap();
                let ends = [names::DRAINED, names::VOLUMES_DETACHED];
                let ends =
                    conditions.iter().filter(|one| ends.iter().any(|end| one["type"] == *end));
                said.extend(ends.map(|one| {
                    let word = |key: &str| one[key].as_str().unwrap().to_owned();
                    format!("{}={}/{}", word("type"), word("status"), word("reason"))
                }));
            }
            Request::Note(note) => said.push(note.reason.to_owned()),
            Request::Cloud(CloudRequest::GetInstance(..)) => said.push("look".to_owned()),
            other => panic!("{other:?}"),
        }
    }
    said
}

#[test]
fn the_instance_ends_once_its_volumes_are_detached_or_the_grace_period_is_over() {
    let deleted = |deadline: Option<i64>| {
        let value = ending_claim(deadline);
        assert!(claim(&value).is_deleting());
        value
    };
    let waits = [
        "AwaitingVolumeDetachment",
        "Drained=True/Drained",
        "VolumesDetached=Unknown/AwaitingVolumeDetachment",
    ];
    let done = ["Drained=True/Drained", "VolumesDetached=True/VolumesDetached"];
    let late = ["Drained=True/Drained", "VolumesDetached=False/TerminationGracePeriodElapsed"];

    // For ever without a grace period, and said again only by the event.
    let mut value = deleted(None);
    assert_eq!(asked(&mut value, &[], &["pv"], 5), waits);
    assert_eq!(asked(&mut value, &[], &["pv"], 100_000), waits[..1]);
    assert_eq!(asked(&mut value, &[], &[], 100_001), done);
    assert_eq!(asked(&mut value, &[], &[], 100_002), ["look"]);
    // Nothing is attached: both conditions in one write.
    assert_eq!(asked(&mut deleted(None), &[], &[], 5), done);
    // With one, until it is over.
    let mut value = deleted(Some(60));
    assert_eq!(asked(&mut value, &[], &["pv"], 60), waits);
    assert_eq!(asked(&mut value, &[], &["pv"], 61), late);
    assert_eq!(asked(&mut value, &[], &["pv"], 62), ["look"]);
    // Pods that are left at the end of it are said to be.
    let web = pod("web", &json!({ "metadata": { "deletionTimestamp": text(50) } }));
    let left =
        ["Drained=False/TerminationGracePeriodElapsed", "VolumesDetached=True/VolumesDetached"];
    assert_eq!(asked(&mut deleted(Some(60)), &[&web], &[], 61), left);
    // An instance that was told to end is followed to its end, whatever is attached then.
    let mut value = deleted(None);
    value["status"]["conditions"] = json!([{ "type": "InstanceTerminating", "status": "True" }]);
    assert_eq!(asked(&mut value, &[], &["pv"], 5), ["look"]);
}
