//! Kubernetes objects as both sides read them: lowered to our snapshot, and as the exchange file.
//!
//! Machines and prices in the exchange file are those of the snapshot; pods, pools, nodes and volumes
//! are the objects themselves, so that nothing of a rule is lost on the way to Karpenter.

use std::path::Path;

use anyhow::Context as _;
use model::{Snapshot, Timestamp};
use serde_json::{Map, Value, json};
use snapshot::{LowerOptions, Lowered, PodSelection, Policies, ReadOptions, Source, Unavailable};

use crate::exchange::node_class;

/// The region of every cluster here.
pub const REGION: &str = "us-east-1";

/// What `stowage plan` makes of a file with these objects.
///
/// # Errors
/// Where they cannot be read at all.
pub fn lowered(objects: &[Value]) -> anyhow::Result<Lowered> {
    let source = Source { name: "objects".to_owned(), bytes: serde_json::to_vec(&list(objects))? };
    let inputs = snapshot::read(&[source], &ReadOptions::default())?;
    let options = LowerOptions {
        region: REGION.to_owned(),
        pods: Some(PodSelection::Pending),
        architectures: Vec::new(),
        capacity_types: Vec::new(),
        estimate_prices: false,
        live_market: None,
        unavailable: Unavailable::new(),
        now: Timestamp(0),
        existing_only: false,
        watched: false,
        policies: Policies::default(),
    };
    Ok(snapshot::lower(inputs, &ec2::Catalog::embedded(), &options)?)
}

/// The objects as one file.
pub fn list(objects: &[Value]) -> Value {
    json!({"apiVersion": "v1", "kind": "List", "items": objects})
}

/// The same as text, an object a line.
pub fn lines(objects: &[Value]) -> String {
    let lines: Vec<String> = objects.iter().map(Value::to_string).collect();
    format!(
        "{{\"apiVersion\": \"v1\", \"kind\": \"List\", \"items\": [\n{}\n]}}\n",
        lines.join(",\n")
    )
}

/// The objects of such a file.
///
/// # Errors
/// Where it cannot be read, or is no list of objects.
pub fn objects_in(file: &Path) -> anyhow::Result<Vec<Value>> {
    let told = || format!("reading {}", file.display());
    let text = std::fs::read(file).with_context(told)?;
    let mut list: Value = serde_json::from_slice(&text).with_context(told)?;
    let items = list["items"].take();
    serde_json::from_value(items).with_context(told)
}

/// Whether it is a pod that waits for a node.
pub fn is_pending(object: &Value) -> bool {
    object["kind"] == "Pod" && object["spec"]["nodeName"].is_null()
}

/// The exchange file of `objects`, of which `lowered` is the snapshot; every pod that waits is a group
/// by the name that it has in the snapshot.
///
/// # Errors
/// Where an object lacks what it must have.
pub fn exchange(objects: &[Value], lowered: &Snapshot) -> anyhow::Result<Value> {
    let of = |kind: &'static str| objects.iter().filter(move |one| one["kind"] == kind);
    let pools = of("NodePool").map(|one| pool(one, lowered)).collect::<anyhow::Result<Vec<_>>>()?;
    let daemon_sets = of("DaemonSet").map(|one| {
        let template = &one["spec"]["template"];
        json!({
            "namespace": namespace(one),
            "name": one["metadata"]["name"],
            "labels": or_empty(&template["metadata"]["labels"]),
            "spec": template["spec"],
        })
    });
    let pods = objects.iter().filter(|one| is_pending(one)).map(|one| {
        let name = one["metadata"]["name"].as_str().unwrap_or_default();
        json!({
            "name": format!("{}/{name}", namespace(one)),
            "count": 1,
            "namespace": namespace(one),
            "labels": or_empty(&one["metadata"]["labels"]),
            "spec": one["spec"],
        })
    });
    let namespaces = of("Namespace").map(|one| {
        json!({"name": one["metadata"]["name"], "labels": or_empty(&one["metadata"]["labels"])})
    });
    let running = |one: &&Value| one["kind"] == "Pod" && !is_pending(one);
    let others = ["PersistentVolume", "PersistentVolumeClaim", "StorageClass", "Node", "Service"];
    let beside = others.iter().flat_map(|kind| of(kind)).chain(objects.iter().filter(running));
    let classes = (0..lowered.node_classes.len()).map(|position| offered(lowered, position));
    Ok(json!({
        "version": 1,
        "region": lowered.region.as_str(),
        "namespaces": namespaces.collect::<Vec<_>>(),
        "nodeClasses": classes.collect::<Vec<_>>(),
        "pools": pools,
        "daemonSets": daemon_sets.collect::<Vec<_>>(),
        "pods": pods.collect::<Vec<_>>(),
        "objects": beside.collect::<Vec<_>>(),
    }))
}

/// The class with the types that some pool may buy.
fn offered(lowered: &Snapshot, position: usize) -> Value {
    let mut class = node_class(lowered, position);
    if let Some(types) = class["instanceTypes"].as_array_mut() {
        types.retain(|one| one["offerings"].as_array().is_some_and(|all| !all.is_empty()));
    }
    class
}

fn pool(object: &Value, lowered: &Snapshot) -> anyhow::Result<Value> {
    let name = object["metadata"]["name"].as_str().context("a pool has a name")?;
    let known = lowered.pools.iter().find(|one| one.name.as_str() == name);
    let known = known.with_context(|| format!("pool {name} is not in the snapshot"))?;
    let limits = known.limits.iter();
    let limits: Map<String, Value> =
        limits.map(|(name, limit)| (name.as_str().to_owned(), json!(limit.get()))).collect();
    let template = &object["spec"]["template"];
    Ok(json!({
        "name": name,
        "weight": known.weight,
        "nodeClass": lowered.node_class(known.node_class).name.as_str(),
        "requirements": template["spec"]["requirements"],
        "labels": or_empty(&template["metadata"]["labels"]),
        "taints": template["spec"].get("taints").cloned().unwrap_or_else(|| json!([])),
        "limits": if limits.is_empty() { Value::Null } else { Value::Object(limits) },
    }))
}

fn namespace(object: &Value) -> &str {
    object["metadata"]["namespace"].as_str().unwrap_or("default")
}

fn or_empty(value: &Value) -> Value {
    if value.is_null() { json!({}) } else { value.clone() }
}
