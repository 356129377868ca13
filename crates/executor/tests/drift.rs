//! When a claim is drifted, and when its time is over.

use api::names;
use executor::{DriftView, Request, drift, drifted_since, expire, expires};
use serde_json::{Value, json};

use crate::support::{at, claim, claim_value, class, instance, merge};

fn pool() -> Value {
    json!({
        "metadata": { "name": "default" },
        "spec": { "template": { "spec": { "requirements": [
            { "key": "kubernetes.io/arch", "operator": "In", "values": ["amd64"] },
            { "key": "karpenter.k8s.aws/instance-cpu", "operator": "Gt", "values": ["3"] },
            { "key": "example.com/old", "operator": "DoesNotExist" },
        ] } } },
    })
}

fn classed() -> Value {
    let mut value = serde_json::to_value(class()).unwrap();
    merge(
        &mut value,
        &json!({ "status": {
            "conditions": [
                { "type": "AMIsReady", "status": "True", "observedGeneration": 1 },
                { "type": "SecurityGroupsReady", "status": "True", "observedGeneration": 1 },
                { "type": "SubnetsReady", "status": "True", "observedGeneration": 1 },
            ],
            "securityGroups": [{ "id": "sg-2" }, { "id": "sg-1" }],
            "subnets": [{ "id": "subnet-1" }, { "id": "subnet-2" }],
            "amis": [
                { "id": "ami-arm", "requirements": [
                    { "key": "kubernetes.io/arch", "operator": "In", "values": ["arm64"] },
                ] },
                { "id": "ami-1", "requirements": [
                    { "key": "kubernetes.io/arch", "operator": "In", "values": ["amd64"] },
                ] },
            ],
        } }),
    );
    value
}

/// A claim that is as its pool and class say.
fn launched(pool: &Value, class: &Value) -> Value {
    let mut value = claim_value("a");
    let (pool, class) = (read_pool(pool), read_class(class));
    merge(
        &mut value,
        &json!({
            "metadata": {
                "labels": { "kubernetes.io/arch": "amd64", "karpenter.k8s.aws/instance-cpu": "4" },
                "annotations": api::drift::annotations(&pool, &class, "ca"),
            },
            "status": {
                "imageID": "ami-1",
                "conditions": [{ "type": "Launched", "status": "True" }],
            },
        }),
    );
    value
}

fn read_pool(value: &Value) -> api::NodePool {
    serde_json::from_value(value.clone()).unwrap()
}

fn read_class(value: &Value) -> api::Ec2NodeClass {
    serde_json::from_value(value.clone()).unwrap()
}

/// The claim after what is asked for, and whether anything was.
fn after(claim: &Value, pool: &Value, class: &Value, now: i64) -> (Value, bool) {
    after_if(true, claim, pool, class, now)
}

/// The same, whether its instance was seen or not.
fn after_if(seen: bool, claim: &Value, pool: &Value, class: &Value, now: i64) -> (Value, bool) {
    let (pool, class) = (read_pool(pool), read_class(class));
    let hashes = api::drift::annotations(&pool, &class, "ca");
    let read = serde_json::from_value(claim.clone()).unwrap();
    let mut there = instance("i-1", Some("a"), 0);
    there.subnet_id = Some("subnet-1".to_owned());
    there.security_group_ids = vec!["sg-1".to_owned(), "sg-2".to_owned()];
    let instance = seen.then_some(&there);
    let view = DriftView { claim: &read, pool: &pool, class: &class, hashes: &hashes, instance };
    let mut claim = claim.clone();
    let request = drift(&view, at(now));
    if let Some(Request::Patch { body, status: true, .. }) = &request {
        merge(&mut claim, body);
    }
    (claim, request.is_some())
}

type Change = fn(&mut Value, &mut Value, &mut Value);

/// What changes in pool, class and claim, and the reason that holds then.
const CHANGES: [(&str, Change, Option<&str>); 15] = [
    ("nothing changed", |_, _, _| {}, None),
    (
        "the template",
        |pool, _, _| {
            pool["spec"]["template"]["metadata"] = json!({ "labels": { "release": "two" } });
            pool["spec"]["template"]["spec"]["requirements"][0]["values"] = json!(["arm64"]);
        },
        Some("NodePoolDrifted"),
    ),
    (
        "a requirement that its label does not meet",
        |pool, _, _| {
            pool["spec"]["template"]["spec"]["requirements"][1]["values"] = json!(["4"]);
        },
        Some("RequirementsDrifted"),
    ),
    (
        "a label that it has not",
        |pool, _, _| {
            pool["spec"]["template"]["spec"]["requirements"][2]["operator"] = json!("Exists");
        },
        Some("RequirementsDrifted"),
    ),
    (
        "the class",
        |_, class, _| class["spec"] = json!({ "userData": "echo" }),
        Some("NodeClassDrift"),
    ),
    (
        "the image of its architecture",
        |_, class, _| class["status"]["amis"][1]["id"] = json!("ami-2"),
        Some("AMIDrift"),
    ),
    ("the image of another", |_, class, _| class["status"]["amis"][0]["id"] = json!("ami-2"), None),
    (
        "images that are not found at the moment",
        |_, class, _| {
            class["status"]["amis"][1]["id"] = json!("ami-2");
            class["status"]["conditions"][0]["status"] = json!("False");
        },
        None,
    ),
    (
        "another security group",
        |_, class, _| class["status"]["securityGroups"][0]["id"] = json!("sg-3"),
        Some("SecurityGroupDrift"),
    ),
    (
        "one security group more",
        |_, class, _| {
            let groups = json!([{ "id": "sg-1" }, { "id": "sg-2" }, { "id": "sg-3" }]);
            class["status"]["securityGroups"] = groups;
        },
        Some("SecurityGroupDrift"),
    ),
    ("no security group found", |_, class, _| class["status"]["securityGroups"] = json!([]), None),
    (
        "other subnets",
        |_, class, _| class["status"]["subnets"] = json!([{ "id": "subnet-2" }]),
        Some("SubnetDrift"),
    ),
    (
        "subnets that are not found at the moment",
        |_, class, _| {
            class["status"]["subnets"] = json!([{ "id": "subnet-2" }]);
            class["status"]["conditions"][2]["status"] = json!("False");
        },
        None,
    ),
    (
        "hashes of another version",
        |pool, _, claim| {
            pool["spec"]["template"]["metadata"] = json!({ "labels": { "release": "two" } });
            let version = names::POOL_HASH_VERSION_ANNOTATION;
            claim["metadata"]["annotations"][version] = json!("v3");
        },
        None,
    ),
    (
        "a claim that is not launched",
        |_, class, claim| {
            class["status"]["amis"][1]["id"] = json!("ami-2");
            claim["status"]["conditions"][0]["status"] = json!("Unknown");
        },
        None,
    ),
];

#[test]
fn a_claim_is_drifted_for_the_first_reason_that_holds_and_not_for_what_cannot_be_compared() {
    for (what, change, expected) in CHANGES {
        let (mut pool, mut class) = (pool(), classed());
        let mut value = launched(&pool, &class);
        change(&mut pool, &mut class, &mut value);
        let (changed, _) = after(&value, &pool, &class, 5);
        let read = claim(&changed);
        let reason = read.condition(names::DRIFTED).map(|one| one.reason.as_str());
        assert_eq!(reason, expected, "{what}");
        assert_eq!(drifted_since(&read), expected.map(|_| at(5)), "{what}");
        let (again, asked) = after(&changed, &pool, &class, 9);
        assert!(!asked, "asked again, the same: {what}: {again}");
    }
}

#[test]
fn drift_that_is_gone_is_not_said_any_more_and_another_reason_keeps_its_time() {
    let (mut pool, mut class) = (pool(), classed());
    let value = launched(&pool, &class);
    class["status"]["amis"][1]["id"] = json!("ami-2");
    let (drifted, _) = after(&value, &pool, &class, 5);
    pool["spec"]["template"]["spec"]["requirements"][1]["values"] = json!(["4"]);
    let (again, _) = after(&drifted, &pool, &class, 9);
    let read = claim(&again);
    assert_eq!(read.condition(names::DRIFTED).unwrap().reason, "RequirementsDrifted");
    assert_eq!(drifted_since(&read), Some(at(5)));
    let (back, asked) = after(&again, &self::pool(), &classed(), 12);
    assert!(asked);
    assert_eq!(claim(&back).condition(names::DRIFTED), None);
}

/// As after a restart: the cloud is not asked about a claim that nothing changed of.
#[test]
fn what_was_seen_of_an_instance_stays_said_until_it_is_seen_again() {
    let (pool, mut class) = (pool(), classed());
    let value = launched(&pool, &class);
    class["status"]["subnets"] = json!([{ "id": "subnet-2" }]);
    assert!(!after_if(false, &value, &pool, &class, 5).1, "nobody has seen where it is");
    let (drifted, _) = after(&value, &pool, &class, 6);
    assert_eq!(drifted_since(&claim(&drifted)), Some(at(6)));
    assert!(!after_if(false, &drifted, &pool, &class, 7).1);
    let (back, asked) = after(&drifted, &pool, &classed(), 8);
    assert!(asked);
    assert_eq!(drifted_since(&claim(&back)), None);
}

#[test]
fn a_claim_has_an_end_and_is_deleted_as_expired() {
    for (after, end) in [
        (json!("1h"), Some(3_600)),
        (json!("1h30m"), Some(5_400)),
        (json!("Never"), None),
        (json!("soon"), None),
        (Value::Null, None),
    ] {
        let mut value = claim_value("a");
        value["spec"]["expireAfter"] = after.clone();
        assert_eq!(expires(&claim(&value)), end.map(at), "{after}");
        let Request::Delete { reason, uid, .. } = expire(&claim(&value)) else {
            panic!("a deletion")
        };
        assert_eq!((reason, uid.as_str()), ("expired", "uid-a"));
    }
}
