//! Hashes change with what matters to a node, and with nothing else.

use api::drift::{annotations, class_hash, drifted, pool_hash};
use api::{Ec2NodeClass, NodeClaim, NodePool, names};
use serde_json::{Value, json};

fn pool(patch: &Value) -> NodePool {
    let mut pool = json!({
        "metadata": { "name": "web" },
        "spec": {
            "weight": 5,
            "limits": { "cpu": "100" },
            "disruption": { "consolidateAfter": "30s" },
            "template": {
                "metadata": { "labels": { "team": "a", "tier": "b" } },
                "spec": {
                    "nodeClassRef": { "group": "karpenter.k8s.aws", "kind": "EC2NodeClass", "name": "x" },
                    "requirements": [{ "key": "kubernetes.io/arch", "operator": "In", "values": ["amd64"] }],
                    "taints": [
                        { "key": "a", "effect": "NoSchedule" },
                        { "key": "b", "value": "1", "effect": "NoExecute" },
                    ],
                    "expireAfter": "720h",
                },
            },
        },
    });
    merge(&mut pool, patch);
    serde_json::from_value(pool).expect("a pool")
}

fn class(patch: &Value) -> Ec2NodeClass {
    let mut class = json!({
        "metadata": { "name": "x" },
        "spec": {
            "amiSelectorTerms": [{ "alias": "al2023@latest" }],
            "subnetSelectorTerms": [{ "id": "subnet-1" }],
            "securityGroupSelectorTerms": [{ "id": "sg-1" }],
            "role": "nodes",
            "tags": { "team": "a" },
            "kubelet": { "maxPods": 30 },
            "blockDeviceMappings": [{ "deviceName": "/dev/xvda", "ebs": { "volumeSize": "20Gi" } }],
        },
    });
    merge(&mut class, patch);
    serde_json::from_value(class).expect("a class")
}

fn merge(into: &mut Value, patch: &Value) {
    match patch {
        Value::Object(fields) => {
            fields.iter().for_each(|(key, value)| merge(&mut into[key], value));
        }
        other => *into = other.clone(),
    }
}

fn template(spec: &Value) -> Value {
    json!({ "spec": { "template": { "spec": spec } } })
}

#[test]
fn a_pool_drifts_by_its_template_alone() {
    let before = pool_hash(&pool(&json!({})));
    let same = [
        json!({ "metadata": { "labels": { "x": "y" } } }),
        json!({ "spec": { "weight": 6, "limits": { "cpu": "1" }, "replicas": 3 } }),
        json!({ "spec": { "disruption": { "consolidateAfter": "Never" } } }),
        json!({ "status": { "nodes": 4 } }),
        template(&json!({ "requirements": [] })),
        template(&json!({ "expireAfter": null })),
        template(&json!({ "expireAfter": "719h60m" })),
        template(&json!({ "startupTaints": [], "terminationGracePeriod": null })),
        template(&json!({ "taints": [
            { "key": "b", "value": "1", "effect": "NoExecute" },
            { "key": "a", "value": "", "effect": "NoSchedule" },
        ] })),
    ];
    for patch in same {
        assert_eq!(pool_hash(&pool(&patch)), before, "{patch}");
    }
    let other = [
        json!({ "spec": { "template": { "metadata": { "labels": { "team": "b" } } } } }),
        json!({ "spec": { "template": { "metadata": { "annotations": { "team": "a" } } } } }),
        template(&json!({ "taints": [] })),
        template(&json!({ "startupTaints": [{ "key": "a", "effect": "NoSchedule" }] })),
        template(&json!({ "nodeClassRef": { "name": "y" } })),
        template(&json!({ "expireAfter": "Never" })),
        template(&json!({ "expireAfter": "721h" })),
        template(&json!({ "terminationGracePeriod": "0s" })),
    ];
    for patch in other {
        assert_ne!(pool_hash(&pool(&patch)), before, "{patch}");
    }
}

#[test]
fn a_class_drifts_by_what_machines_are_made_from() {
    let hash = |patch: &Value| class_hash(&class(patch), "CA");
    let before = hash(&json!({}));
    let same = [
        json!({ "spec": { "subnetSelectorTerms": [{ "id": "subnet-2" }] } }),
        json!({ "spec": { "securityGroupSelectorTerms": [{ "id": "sg-2" }] } }),
        json!({ "spec": { "amiSelectorTerms": [{ "alias": "al2023@v20260101" }] } }),
        json!({ "spec": { "amiFamily": "AL2023", "ipPrefixCount": 3 } }),
        json!({ "spec": { "capacityReservationSelectorTerms": [{ "id": "cr-1" }] } }),
        json!({ "status": { "instanceProfile": "p" } }),
    ];
    for patch in same {
        assert_eq!(hash(&patch), before, "{patch}");
    }
    let other = [
        json!({ "spec": { "amiFamily": "Custom" } }),
        json!({ "spec": { "role": "others" } }),
        json!({ "spec": { "tags": { "team": "b" } } }),
        json!({ "spec": { "userData": "echo" } }),
        json!({ "spec": { "kubelet": { "maxPods": 31 } } }),
        json!({ "spec": { "blockDeviceMappings": [] } }),
        json!({ "spec": { "associatePublicIPAddress": false } }),
        json!({ "spec": { "placementGroupSelector": { "name": "g" } } }),
        json!({ "spec": { "enclaveOptions": { "enabled": true } } }),
    ];
    for patch in other {
        assert_ne!(hash(&patch), before, "{patch}");
    }
    assert_ne!(class_hash(&class(&json!({})), "another CA"), before);
}

#[test]
fn hashes_of_another_version_are_never_drift() {
    let (old, new) = (pool(&json!({})), pool(&template(&json!({ "taints": [] }))));
    let (of_class, changed) = (class(&json!({})), class(&json!({ "spec": { "role": "others" } })));
    let claim = |change: &dyn Fn(&mut std::collections::BTreeMap<String, String>)| {
        let mut claim = NodeClaim::default();
        claim.metadata.annotations = annotations(&old, &of_class, "CA");
        change(&mut claim.metadata.annotations);
        claim
    };
    let stamped = claim(&|_| {});
    assert_eq!(drifted(&stamped, &annotations(&old, &of_class, "CA")), None);
    assert_eq!(drifted(&stamped, &annotations(&new, &of_class, "CA")), Some("NodePoolDrifted"));
    assert_eq!(drifted(&stamped, &annotations(&old, &changed, "CA")), Some("NodeClassDrifted"));
    let of_karpenter = claim(&|all| {
        all.insert(names::POOL_HASH_ANNOTATION.to_owned(), "123".to_owned());
        all.insert(names::POOL_HASH_VERSION_ANNOTATION.to_owned(), "v3".to_owned());
        all.insert(names::CLASS_HASH_VERSION_ANNOTATION.to_owned(), "v6".to_owned());
    });
    assert_eq!(drifted(&of_karpenter, &annotations(&new, &changed, "CA")), None);
    let unstamped = claim(&std::collections::BTreeMap::clear);
    assert_eq!(drifted(&unstamped, &annotations(&new, &changed, "CA")), None);
}
