//! The generated definitions on a real API server: it serves them, fills in defaults, admits what it
//! should and refuses the rest with our words.

use std::path::Path;

use kube::api::{ApiResource, DynamicObject, GroupVersionKind, PostParams};
use kube::{Api, Client};
use serde_json::{Value, json};
use testcluster::{Options, TestCluster};

/// What an object of the kind is tried with, each change by itself.
struct Trial {
    group: &'static str,
    kind: &'static str,
    valid: Value,
    changes: Vec<Change>,
}

/// A change, and a part of what is said against it; `None` where it is admitted.
type Change = (Value, Option<&'static str>);

#[tokio::test(flavor = "multi_thread")]
async fn the_api_server_admits_what_it_should_and_nothing_else() {
    let cluster = TestCluster::start(Options::default()).await;
    let cluster = cluster.unwrap_or_else(|error| panic!("{}", error.chain()));
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../crds");
    let installed = cluster.install_crds(&folder).await;
    installed.unwrap_or_else(|error| panic!("{}", error.chain()));
    for trial in [pools(), claims(), classes()] {
        let gvk = GroupVersionKind::gvk(trial.group, "v1", trial.kind);
        let api: Api<DynamicObject> = Api::all_with(cluster.client(), &ApiResource::from_gvk(&gvk));
        let created = create(&api, &trial, &json!({})).await.expect("the plain object is admitted");
        assert_eq!(created.types.expect("typed").kind, trial.kind);
        for (change, expected) in &trial.changes {
            match (create(&api, &trial, change).await, expected) {
                (Ok(_), None) => {}
                (Err(kube::Error::Api(refusal)), Some(expected)) => {
                    let message = &refusal.message;
                    assert!(message.contains(expected), "{change}: {message}");
                }
                (result, expected) => panic!("{change}: {result:?}, expected {expected:?}"),
            }
        }
    }
    defaults_and_fixed_fields(&cluster.client()).await;
}

async fn create(
    api: &Api<DynamicObject>,
    trial: &Trial,
    change: &Value,
) -> Result<DynamicObject, kube::Error> {
    let mut object = json!({
        "apiVersion": format!("{}/v1", trial.group),
        "kind": trial.kind,
        "metadata": { "name": "trial" },
        "spec": trial.valid,
    });
    merge(&mut object["spec"], change);
    let object = serde_json::from_value(object).expect("an object");
    api.create(&PostParams { dry_run: true, ..PostParams::default() }, &object).await
}

/// Sets what `change` names; null removes.
fn merge(into: &mut Value, change: &Value) {
    if let Value::Object(fields) = change {
        if !into.is_object() {
            *into = json!({});
        }
        for (key, value) in fields {
            if value.is_null() {
                into.as_object_mut().map(|object| object.remove(key));
            } else {
                merge(&mut into[key], value);
            }
        }
    } else {
        *into = change.clone();
    }
}

fn class_ref() -> Value {
    json!({ "group": "karpenter.k8s.aws", "kind": "EC2NodeClass", "name": "default" })
}

fn pools() -> Trial {
    let template = |spec: Value| json!({ "template": { "spec": spec } });
    let requirement = |key: &str, operator: &str, values: &[&str]| {
        let one = json!({ "key": key, "operator": operator, "values": values });
        json!({ "template": { "spec": { "requirements": [one] } } })
    };
    let labels = |key: &str| json!({ "template": { "metadata": { "labels": { key: "x" } } } });
    let arch = "kubernetes.io/arch";
    let counted = json!({ "key": arch, "operator": "In", "values": ["amd64"], "minValues": 2 });
    Trial {
        group: "karpenter.sh",
        kind: "NodePool",
        valid: template(json!({ "nodeClassRef": class_ref(), "requirements": [] })),
        changes: vec![
            (requirement(arch, "In", &["amd64"]), None),
            (requirement(arch, "In", &[]), Some("operator In needs at least one value")),
            (requirement(arch, "Exists", &[]), None),
            (requirement(arch, "Like", &["a"]), Some("Unsupported value")),
            (requirement("a/b/c", "Exists", &[]), Some("should match")),
            (requirement("karpenter.k8s.aws/instance-cpu", "Gte", &["4"]), None),
            (requirement("karpenter.k8s.aws/instance-cpu", "Gt", &["-4"]), Some("should match")),
            (requirement("karpenter.k8s.aws/instance-cpu", "Gt", &["a"]), Some("a whole number")),
            (requirement("karpenter.k8s.aws/instance-cpu", "Lt", &[]), Some("a whole number")),
            (requirement("karpenter.k8s.aws/other", "Exists", &[]), Some("has no such label")),
            (requirement("karpenter.sh/capacity-type", "In", &["spot"]), None),
            (requirement("karpenter.sh/nodepool", "In", &["x"]), Some("may be named")),
            (requirement("kubernetes.io/hostname", "Exists", &[]), Some("own name")),
            (requirement("node.kubernetes.io/anything", "Exists", &[]), None),
            (template(json!({ "requirements": [counted] })), Some("as minValues says")),
            (labels("example.com/team"), None),
            (labels("karpenter.sh/nodepool"), Some("may be named")),
            (labels("kubernetes.io/hostname"), Some("own name")),
            (labels("karpenter.k8s.aws/other"), Some("has no such label")),
            (template(json!({ "expireAfter": "Never" })), None),
            (template(json!({ "expireAfter": "30d" })), Some("should match")),
            (template(json!({ "terminationGracePeriod": "Never" })), Some("should match")),
            (template(json!({ "nodeClassRef": { "group": "a/b" } })), Some("should match")),
            (template(json!({ "taints": [{ "key": "a", "effect": "No" }] })), Some("Unsupported")),
            (json!({ "weight": 101 }), Some("less than or equal to 100")),
            (json!({ "replicas": 3, "limits": { "nodes": 5 } }), None),
            (json!({ "replicas": 3, "limits": { "cpu": 5 } }), Some("the only limit")),
            (json!({ "replicas": 3, "weight": 5 }), Some("no weight")),
            (json!({ "limits": { "cpu": "many" } }), Some("should match")),
            (
                json!({ "disruption": { "budgets": [{ "nodes": "0", "schedule": "@daily" }] } }),
                Some("schedule and duration go together"),
            ),
            (
                json!({ "disruption": { "budgets": [
                    { "nodes": "5%", "schedule": "0 9 * * 1-5", "duration": "8h", "reasons": ["Empty"] },
                ] } }),
                None,
            ),
            (json!({ "disruption": { "budgets": [{ "nodes": "101%" }] } }), Some("should match")),
            (
                json!({ "disruption": { "consolidationPolicy": "Always" } }),
                Some("Unsupported value"),
            ),
        ],
    }
}

fn claims() -> Trial {
    let requirement = |key: &str| json!({ "requirements": [{ "key": key, "operator": "Exists" }] });
    Trial {
        group: "karpenter.sh",
        kind: "NodeClaim",
        valid: json!({ "nodeClassRef": class_ref(), "requirements": [] }),
        changes: vec![
            (requirement("karpenter.sh/nodepool"), None),
            (requirement("karpenter.sh/initialized"), Some("may be named")),
            (json!({ "resources": { "requests": { "cpu": "100m" } } }), None),
            (json!({ "resources": { "requests": { "cpu": "some" } } }), Some("should match")),
            (json!({ "nodeClassRef": null }), Some("Required value")),
        ],
    }
}

fn classes() -> Trial {
    Trial {
        group: "karpenter.k8s.aws",
        kind: "EC2NodeClass",
        valid: json!({
            "amiSelectorTerms": [{ "alias": "al2023@latest" }],
            "subnetSelectorTerms": [{ "tags": { "cluster": "c" } }],
            "securityGroupSelectorTerms": [{ "tags": { "cluster": "*" } }],
            "role": "nodes",
        }),
        changes: [images(), selectors(), machines()].concat(),
    }
}

fn images() -> Vec<Change> {
    let images = |terms: Value| json!({ "amiSelectorTerms": terms });
    let alias = |text: &str| json!({ "amiSelectorTerms": [{ "alias": text }] });
    vec![
        (alias("bottlerocket@v1.50.0"), None),
        (alias("ubuntu@latest"), Some("family@version")),
        (alias("windows2022@v1"), Some("latest only")),
        (images(json!([])), Some("at least 1 items")),
        (images(json!([{ "alias": "al2@latest" }, { "name": "n" }])), Some("the only one")),
        (images(json!([{ "owner": "self" }])), Some("a term needs tags")),
        (images(json!([{ "id": "ami-1", "name": "n" }])), Some("id goes without")),
        (images(json!([{ "name": "n" }])), Some("amiFamily is needed")),
        (json!({ "amiSelectorTerms": [{ "id": "ami-1" }], "amiFamily": "AL2" }), None),
        (json!({ "amiFamily": "Custom" }), None),
        (json!({ "amiFamily": "AL2023" }), None),
        (json!({ "amiFamily": "AL2" }), Some("that of the alias")),
        (json!({ "role": null }), Some("exactly one of role")),
        (json!({ "role": null, "instanceProfile": "p" }), None),
        (json!({ "instanceProfile": "p" }), Some("exactly one of role")),
    ]
}

fn selectors() -> Vec<Change> {
    vec![
        (json!({ "subnetSelectorTerms": [] }), Some("at least one term")),
        (json!({ "subnetSelectorTerms": [{}] }), Some("needs tags or id")),
        (json!({ "subnetSelectorTerms": [{ "tags": { "a": "" } }] }), Some("a key and a value")),
        (json!({ "subnetSelectorTerms": [{ "id": "sg-1" }] }), Some("should match")),
        (
            json!({ "securityGroupSelectorTerms": [{ "id": "sg-1", "name": "n" }] }),
            Some("id goes without"),
        ),
    ]
}

fn machines() -> Vec<Change> {
    let disk =
        |ebs: Value| json!({ "blockDeviceMappings": [{ "deviceName": "/dev/xvda", "ebs": ebs }] });
    let card = |card: i32, device: i32, kind: &str| json!({ "networkCardIndex": card, "deviceIndex": device, "interfaceType": kind });
    let cards = |cards: &[Value]| json!({ "networkInterfaces": cards });
    vec![
        (json!({ "tags": { "team": "a" } }), None),
        (json!({ "tags": { "karpenter.sh/nodepool": "a" } }), Some("set by the controller")),
        (json!({ "tags": { "kubernetes.io/cluster/c": "owned" } }), Some("set by the")),
        (
            json!({ "kubelet": { "maxPods": 30, "evictionHard": { "memory.available": "5%" } } }),
            None,
        ),
        (disk(json!({ "volumeSize": "100Gi", "volumeType": "gp3" })), None),
        (disk(json!({ "volumeSize": "60000Gi" })), Some("should match")),
        (disk(json!({ "encrypted": true })), Some("snapshotID or volumeSize")),
        (
            disk(json!({ "volumeSize": "1Ti", "volumeInitializationRate": 100 })),
            Some("needs a snapshotID"),
        ),
        (
            json!({ "blockDeviceMappings": [{ "rootVolume": true }, { "rootVolume": true }] }),
            Some("the root volume"),
        ),
        (cards(&[card(0, 0, "interface"), card(0, 1, "efa-only")]), None),
        (cards(&[card(1, 0, "interface")]), Some("card 0, device 0")),
        (cards(&[card(0, 0, "interface"), card(0, 0, "interface")]), Some("named once")),
        (
            cards(&[card(0, 0, "interface"), card(1, 1, "efa-only"), card(1, 2, "efa-only")]),
            Some("at most one efa-only"),
        ),
        (json!({ "metadataOptions": { "httpPutResponseHopLimit": 65 } }), Some("to 64")),
        (json!({ "connectionTracking": {} }), Some("at least one timeout")),
        (json!({ "connectionTracking": { "udpTimeout": 30 } }), None),
        (json!({ "placementGroupSelector": { "name": "a", "id": "pg-1" } }), Some("exactly one")),
        (
            json!({ "capacityReservationSelectorTerms": [{ "ownerID": "123456789012" }] }),
            Some("needs tags, id"),
        ),
        (json!({ "enclaveOptions": {} }), Some("Required value")),
    ]
}

/// What the API server fills in, and what it lets nobody change.
async fn defaults_and_fixed_fields(client: &Client) {
    let pool = ApiResource::from_gvk(&GroupVersionKind::gvk("karpenter.sh", "v1", "NodePool"));
    let api: Api<DynamicObject> = Api::all_with(client.clone(), &pool);
    let object = json!({
        "apiVersion": "karpenter.sh/v1",
        "kind": "NodePool",
        "metadata": { "name": "kept" },
        "spec": pools().valid,
    });
    let object = serde_json::from_value(object).expect("an object");
    let created = api.create(&PostParams::default(), &object).await.expect("admitted");
    let spec = &created.data["spec"];
    assert_eq!(spec["template"]["spec"]["expireAfter"], "720h");
    let disruption = json!({
        "budgets": [{ "nodes": "10%" }],
        "consolidateAfter": "0s",
        "consolidationPolicy": "WhenEmptyOrUnderutilized",
    });
    assert_eq!(spec["disruption"], disruption);
    let replaced = async |change: Value| {
        let mut next = created.clone();
        merge(&mut next.data["spec"], &change);
        api.replace("kept", &PostParams { dry_run: true, ..PostParams::default() }, &next).await
    };
    let class = |field: &str| json!({ "template": { "spec": { "nodeClassRef": { field: "x" } } } });
    replaced(class("name")).await.expect("another class of the kind may be named");
    for (change, expected) in [
        (class("kind"), "the kind cannot be changed"),
        (class("group"), "the group cannot be changed"),
        (json!({ "replicas": 1 }), "cannot be added or removed"),
    ] {
        let refusal = replaced(change).await.expect_err("fixed").to_string();
        assert!(refusal.contains(expected), "{refusal}");
    }
}
