//! Hashes of what a node was made from, to tell when its pool or class has changed since.
//!
//! In: a pool, or a node class with the cluster's CA bundle. Out: text for the annotations in
//! [`crate::names`], equal where nothing changed that matters to a node. Which fields count is as
//! Karpenter has it (requirements, disruption, limits and weight of a pool do not, nor do selectors
//! of a class, which are compared by what they find); the hash itself is not Karpenter's, so it has
//! versions of its own. Hashes of another version say nothing: see [`drifted`].
//!
//! An absent field and an empty one are equal, and the order of a list does not matter. Durations are
//! equal where they last as long.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use crate::{Ec2NodeClass, NodeClaim, NodePool, names};

/// Version of [`pool_hash`]; changes with whatever would change a hash of the same pool.
pub const POOL_HASH_VERSION: &str = "stowage-v1";
/// Version of [`class_hash`]; changes with whatever would change a hash of the same class.
pub const CLASS_HASH_VERSION: &str = "stowage-v1";

/// Hash of a pool's template: labels, annotations, taints, class reference, durations.
pub fn pool_hash(pool: &NodePool) -> String {
    let template = &pool.spec.template;
    let spec = &template.spec;
    let duration =
        |text: Option<&str>| text.map(|text| seconds(text).unwrap_or_else(|| json!(text)));
    hash(json!({
        "labels": template.metadata.labels,
        "annotations": template.metadata.annotations,
        "taints": spec.taints,
        "startupTaints": spec.startup_taints,
        "nodeClassRef": spec.node_class_ref,
        "terminationGracePeriod": duration(spec.termination_grace_period.as_deref()),
        // What the API server fills in.
        "expireAfter": duration(Some(spec.expire_after.as_deref().unwrap_or("720h"))),
    }))
}

/// Hash of a class's spec without its selectors, with its image family and the cluster's CA bundle as
/// the kubelets get it.
pub fn class_hash(class: &Ec2NodeClass, ca_bundle: &str) -> String {
    /// Compared by what they find, or, as the family, by what they come to.
    const NOT_COUNTED: [&str; 6] = [
        "subnetSelectorTerms",
        "securityGroupSelectorTerms",
        "capacityReservationSelectorTerms",
        "amiSelectorTerms",
        "amiFamily",
        "ipPrefixCount",
    ];
    let mut spec = serde_json::to_value(&class.spec).expect("a spec is plain JSON");
    if let Some(fields) = spec.as_object_mut() {
        fields.retain(|name, _| !NOT_COUNTED.contains(&name.as_str()));
    }
    hash(json!({ "spec": spec, "family": family(class), "caBundle": ca_bundle }))
}

/// The annotations of a claim of this pool and class, and of the pool and the class themselves: hashes
/// and their versions.
pub fn annotations(
    pool: &NodePool,
    class: &Ec2NodeClass,
    ca_bundle: &str,
) -> BTreeMap<String, String> {
    let mut all = pool_annotations(pool);
    all.extend(class_annotations(class, ca_bundle));
    all
}

/// The hash of a pool and its version, as annotations.
pub fn pool_annotations(pool: &NodePool) -> BTreeMap<String, String> {
    pair(
        (names::POOL_HASH_ANNOTATION, pool_hash(pool)),
        (names::POOL_HASH_VERSION_ANNOTATION, POOL_HASH_VERSION),
    )
}

/// The hash of a class and its version, as annotations.
pub fn class_annotations(class: &Ec2NodeClass, ca_bundle: &str) -> BTreeMap<String, String> {
    pair(
        (names::CLASS_HASH_ANNOTATION, class_hash(class, ca_bundle)),
        (names::CLASS_HASH_VERSION_ANNOTATION, CLASS_HASH_VERSION),
    )
}

/// Why a claim is drifted by its hashes: `NodePoolDrifted` or `NodeClassDrifted`; `None` where both
/// are equal, or cannot be compared because one is missing or of another version than `current`.
///
/// `current` is what [`annotations`] gives now. Whoever finds a claim with another version stamps it
/// anew; unless it is marked as drifted already, in which case it stays so.
pub fn drifted(claim: &NodeClaim, current: &BTreeMap<String, String>) -> Option<&'static str> {
    let pairs = [
        (names::POOL_HASH_ANNOTATION, names::POOL_HASH_VERSION_ANNOTATION, "NodePoolDrifted"),
        (names::CLASS_HASH_ANNOTATION, names::CLASS_HASH_VERSION_ANNOTATION, "NodeClassDrifted"),
    ];
    let stamped = &claim.metadata.annotations;
    pairs.into_iter().find_map(|(hash, version, reason)| {
        let comparable = stamped.get(version)? == current.get(version)?;
        (comparable && stamped.get(hash)? != current.get(hash)?).then_some(reason)
    })
}

fn pair(hash: (&str, String), version: (&str, &str)) -> BTreeMap<String, String> {
    BTreeMap::from([(hash.0.to_owned(), hash.1), (version.0.to_owned(), version.1.to_owned())])
}

/// The family in lower case: as written, else the alias's.
fn family(class: &Ec2NodeClass) -> String {
    let alias = class.spec.ami_selector_terms.iter().find_map(|term| term.alias.as_deref());
    let alias = alias.map(|alias| alias.split_once('@').map_or(alias, |(family, _)| family));
    class.spec.ami_family.as_deref().or(alias).unwrap_or_default().to_ascii_lowercase()
}

/// Seconds of `1h30m`; `None` for `Never` and what is no duration of hours, minutes and seconds.
fn seconds(text: &str) -> Option<Value> {
    let mut total = 0_u64;
    let mut rest = text;
    while !rest.is_empty() {
        let (number, tail) = rest.split_at(rest.find(|c: char| !c.is_ascii_digit())?);
        let scale = match tail.as_bytes().first()? {
            b'h' => 3600,
            b'm' => 60,
            b's' => 1,
            _ => return None,
        };
        total = total.checked_add(number.parse::<u64>().ok()?.checked_mul(scale)?)?;
        rest = &tail[1..];
    }
    (!text.is_empty()).then(|| json!(total))
}

/// FNV-1a of 128 bits over the canonical text, in hexadecimal digits.
fn hash(value: Value) -> String {
    let text = canonical(value).to_string();
    let hash = text.bytes().fold(0x6c62_272e_07bb_0142_62b8_2175_6295_c58d_u128, |hash, byte| {
        (hash ^ u128::from(byte)).wrapping_mul(0x0000_0000_0100_0000_0000_0000_0000_013b)
    });
    format!("{hash:032x}")
}

/// Without null and empty values, lists in order of their text, keys in order.
fn canonical(value: Value) -> Value {
    match value {
        Value::Array(items) => {
            let mut items: Vec<Value> = items.into_iter().map(canonical).collect();
            items.sort_by_key(Value::to_string);
            Value::Array(items)
        }
        Value::Object(fields) => {
            let fields = fields.into_iter().map(|(key, value)| (key, canonical(value)));
            Value::Object(fields.filter(|(_, value)| !is_empty(value)).collect::<Map<_, _>>())
        }
        scalar => scalar,
    }
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(fields) => fields.is_empty(),
        Value::Bool(_) | Value::Number(_) => false,
    }
}
