//! The least of a cluster on which something still shows.
//!
//! Input: objects, and whether some objects still show it. Output: objects of which nothing can be
//! taken away. Half of the objects at a time, then fewer, then one by one; then fields of pods,
//! pools and DaemonSets.

use serde_json::Value;

/// Most questions asked: each is a plan of either side.
const QUESTIONS_MAX: usize = 400;

/// Fields that a cluster may do without, by kind.
const FIELDS: [(&str, &[&str]); 3] = [
    (
        "Pod",
        &[
            "/spec/affinity/nodeAffinity",
            "/spec/affinity/nodeAffinity/preferredDuringSchedulingIgnoredDuringExecution",
            "/spec/affinity/nodeAffinity/requiredDuringSchedulingIgnoredDuringExecution",
            "/spec/affinity/podAffinity",
            "/spec/affinity/podAntiAffinity",
            "/spec/initContainers",
            "/spec/nodeSelector",
            "/spec/overhead",
            "/spec/tolerations",
            "/spec/topologySpreadConstraints",
            "/spec/volumes",
            "/spec/containers/0/ports",
        ],
    ),
    (
        "NodePool",
        &[
            "/spec/limits",
            "/spec/template/spec/requirements/2/minValues",
            "/spec/template/spec/taints",
            "/spec/weight",
        ],
    ),
    ("DaemonSet", &["/spec/template/spec/nodeSelector", "/spec/template/spec/tolerations"]),
];

/// The least of `objects` for which `shows` still answers true.
pub fn least(objects: &[Value], shows: &mut dyn FnMut(&[Value]) -> bool) -> Vec<Value> {
    let mut asked = 0;
    let mut ask = |objects: &[Value]| {
        asked += 1;
        asked <= QUESTIONS_MAX && shows(objects)
    };
    let mut least = objects.to_vec();
    loop {
        let before = least.clone();
        without_objects(&mut least, &mut ask);
        without_fields(&mut least, &mut ask);
        if least == before {
            return least;
        }
    }
}

fn without_objects(least: &mut Vec<Value>, ask: &mut dyn FnMut(&[Value]) -> bool) {
    let mut length = least.len().div_ceil(2);
    while length > 0 {
        let mut start = 0;
        while start < least.len() {
            let end = (start + length).min(least.len());
            let rest = [&least[..start], &least[end..]].concat();
            if ask(&rest) {
                *least = rest;
            } else {
                start = end;
            }
        }
        length /= 2;
    }
}

/// A field goes from all objects of its kind, else from one after another.
fn without_fields(least: &mut Vec<Value>, ask: &mut dyn FnMut(&[Value]) -> bool) {
    for (kind, fields) in FIELDS {
        for field in fields {
            let having = |one: &Value| one["kind"] == kind && one.pointer(field).is_some();
            let places: Vec<usize> =
                (0..least.len()).filter(|place| having(&least[*place])).collect();
            if places.is_empty() {
                continue;
            }
            let ones = places.iter().map(std::slice::from_ref);
            for places in std::iter::once(places.as_slice()).chain(ones) {
                let mut without = least.clone();
                for place in places {
                    remove(&mut without[*place], field);
                }
                if &without != least && ask(&without) {
                    *least = without;
                }
            }
        }
    }
}

/// Takes the field at `pointer` out of an object.
fn remove(object: &mut Value, pointer: &str) {
    if let Some((parent, field)) = pointer.rsplit_once('/')
        && let Some(parent) = object.pointer_mut(parent).and_then(Value::as_object_mut)
    {
        parent.remove(field);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::least;

    #[test]
    fn what_does_not_matter_goes() {
        let pod = |name: usize| json!({"kind": "Pod", "metadata": {"name": name}, "spec": {"tolerations": [], "keep": 1}});
        let pods: Vec<Value> = (0..40).map(pod).collect();
        let has = |objects: &[Value], name: usize| {
            objects.iter().any(|one| one["metadata"]["name"] == name)
        };
        let found = least(&pods, &mut |objects| has(objects, 7) && has(objects, 31));
        let names: Vec<_> = found.iter().map(|one| one["metadata"]["name"].clone()).collect();
        assert_eq!(names, [7, 31]);
        assert!(found.iter().all(|one| one["spec"] == json!({"keep": 1})));
    }
}
