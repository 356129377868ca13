//! Pods that may change seats with each other.
//!
//! In: pods. Out: a number for each that has the like of it, the same for those that are alike: pods of one controller
//! with the same labels and the same specification, such as those of a ReplicaSet. Whatever a plan
//! says of one holds for the others. A pod with a volume of its own is like no other, and one that is nominated
//! keeps what it has.

use std::collections::BTreeMap;

use api::Pod;

/// The number of each pod that may be exchanged, by UID.
pub fn alike<'a>(pods: impl Iterator<Item = &'a Pod>) -> BTreeMap<&'a str, usize> {
    let mut kinds: BTreeMap<(&str, &str), Vec<(&Pod, usize)>> = BTreeMap::new();
    let (mut numbers, mut next) = (BTreeMap::new(), 0);
    for pod in pods.filter(|pod| is_exchangeable(pod)) {
        let (Some(uid), Some(owner)) = (&pod.metadata.uid, pod.metadata.controller()) else {
            continue;
        };
        let namespace = pod.metadata.namespace.as_deref().unwrap_or("default");
        let of_owner = kinds.entry((namespace, &owner.uid)).or_default();
        let known = of_owner.iter().find(|(other, _)| is_like(pod, other));
        let number = known.map_or(next, |(_, number)| *number);
        if number == next {
            of_owner.push((pod, number));
            next += 1;
        }
        numbers.insert(&**uid, number);
    }
    numbers
}

fn is_exchangeable(pod: &Pod) -> bool {
    let nominated = pod.status.nominated_node_name.as_deref();
    nominated.unwrap_or_default().is_empty()
        && pod.spec.volumes.iter().all(|volume| volume.ephemeral.is_none())
}

fn is_like(one: &Pod, other: &Pod) -> bool {
    one.metadata.labels == other.metadata.labels && one.spec == other.spec
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn pods_are_alike_that_one_controller_made_in_the_same_way() {
        let pod = |uid: &str, owner: &str, label: &str, cpu: &str, more: Value| {
            let owner =
                json!({"kind": "ReplicaSet", "name": owner, "uid": owner, "controller": true});
            let mut pod = json!({
                "metadata": {"uid": uid, "labels": {"app": label}, "ownerReferences": [owner]},
                "spec": {"containers": [{"resources": {"requests": {"cpu": cpu}}}]},
            });
            for (key, value) in more.as_object().unwrap() {
                pod[key.as_str()] = value.clone();
            }
            serde_json::from_value::<Pod>(pod).unwrap()
        };
        let volume = json!([{"name": "data", "ephemeral": {}}]);
        let pods = [
            pod("1", "web", "a", "1", json!({})),
            pod("2", "web", "a", "1", json!({"status": {"phase": "Pending"}})),
            pod("3", "web", "a", "2", json!({})),
            pod("4", "web", "b", "1", json!({})),
            pod("5", "api", "a", "1", json!({})),
            pod("6", "web", "a", "1", json!({"status": {"nominatedNodeName": "n"}})),
            pod("7", "web", "a", "1", json!({"spec": {"volumes": volume}})),
            pod("8", "web", "a", "1", json!({})),
        ];
        let numbers = alike(pods.iter());
        let of = |uid: &str| numbers.get(uid).copied();
        assert!(of("1").is_some() && of("1") == of("2") && of("1") == of("8"));
        let others: Vec<_> = ["1", "3", "4", "5"].into_iter().map(of).collect();
        let distinct: std::collections::BTreeSet<_> = others.iter().flatten().collect();
        assert_eq!(distinct.len(), 4, "{numbers:?}");
        assert_eq!((of("6"), of("7")), (None, None));
    }
}
