//! Hashes on pools, classes and claims, by which drift is told (`api.md` section 10).
//!
//! In: an object with its annotations, and what [`api::drift`] gives now. Out: what to write so that
//! they agree. Hashes of two versions say nothing about each other: a claim that carries another
//! version gets the version of now, and the hash too unless it is drifted already, which it then stays.

use std::collections::BTreeMap;

use api::{NodeClaim, ObjectMeta, names};
use serde_json::{Value, json};

use crate::launch::target;
use crate::request::Request;

/// A hash and the version of its algorithm.
const PAIRS: [(&str, &str); 2] = [
    (names::POOL_HASH_ANNOTATION, names::POOL_HASH_VERSION_ANNOTATION),
    (names::CLASS_HASH_ANNOTATION, names::CLASS_HASH_VERSION_ANNOTATION),
];

/// The change of metadata that stamps a pool or class with its own hash; `None` where it has it.
pub(crate) fn stamp(metadata: &ObjectMeta, hashes: &BTreeMap<String, String>) -> Option<Value> {
    let stale = hashes.iter().any(|(key, value)| metadata.annotations.get(key) != Some(value));
    stale.then(|| json!({ "annotations": hashes }))
}

/// Stamps a claim whose hashes are of another version than `current`, the hashes of its pool and class.
pub fn restamp(claim: &NodeClaim, current: &BTreeMap<String, String>) -> Option<Request> {
    let own = &claim.metadata.annotations;
    let drifted = claim.is_true(names::DRIFTED);
    let mut changes: BTreeMap<&str, &str> = BTreeMap::new();
    for (hash, version) in PAIRS {
        let (Some(now), Some(algorithm)) = (current.get(hash), current.get(version)) else {
            continue;
        };
        if own.get(version) == Some(algorithm) {
            continue;
        }
        changes.insert(version, algorithm);
        if !drifted {
            changes.insert(hash, now);
        }
    }
    (!changes.is_empty() && !claim.is_deleting()).then(|| Request::Patch {
        target: target(claim),
        status: false,
        body: json!({ "metadata": {
            "resourceVersion": claim.metadata.resource_version,
            "annotations": changes,
        }}),
    })
}
