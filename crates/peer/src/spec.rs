//! Pod shapes and requirements, turned back into the fields of `core/v1`.

use model::{PodShape, Requirement, Requirements, Toleration, TolerationOperator};
use serde_json::{Map, Value, json};

/// A `PodSpec` of one container that is lowered to `shape` again.
pub(crate) fn pod(shape: &PodShape) -> Value {
    let requests: Map<_, _> = (shape.requests.iter())
        // Every pod is one of `pods` by itself.
        .filter(|(name, _)| name.as_str() != "pods")
        .map(|(name, amount)| {
            let unit = if name.as_str() == "cpu" { "m" } else { "" };
            (name.as_str().to_owned(), json!(format!("{}{unit}", amount.get())))
        })
        .collect();
    let mut spec = json!({
        "containers": [{"name": "main", "resources": {"requests": requests}}],
        "tolerations": shape.tolerations.iter().map(toleration).collect::<Vec<_>>(),
        "priority": shape.priority,
    });
    if shape.alternatives.iter().any(|alternative| !alternative.is_empty()) {
        let terms = shape.alternatives.iter();
        let terms = terms.map(|each| json!({"matchExpressions": expressions(each)}));
        let terms: Vec<_> = terms.collect();
        let required = json!({"nodeSelectorTerms": terms});
        spec["affinity"] =
            json!({"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": required}});
    }
    spec
}

fn toleration(toleration: &Toleration) -> Value {
    let operator = match toleration.operator {
        TolerationOperator::Equal => "Equal",
        TolerationOperator::Exists => "Exists",
    };
    json!({
        "key": toleration.key.as_deref().unwrap_or_default(),
        "operator": operator,
        "value": toleration.value,
        "effect": toleration.effect.map_or("", model::Effect::as_str),
    })
}

/// `key operator values` lists that together admit what `requirements` admit.
pub(crate) fn expressions(requirements: &Requirements) -> Vec<Value> {
    let mut list = Vec::new();
    for (key, requirement) in requirements.iter() {
        for (operator, values) in parts(requirement) {
            list.push(json!({"key": key.as_str(), "operator": operator, "values": values}));
        }
    }
    list
}

fn parts(requirement: &Requirement) -> Vec<(&'static str, Vec<String>)> {
    let named: Vec<_> = requirement.named().map(|value| value.as_str().to_owned()).collect();
    if requirement.listed().is_some() {
        let absent = requirement.allows_absent();
        return vec![(if absent { "DoesNotExist" } else { "In" }, named)];
    }
    let (at_least, at_most) = requirement.bounds();
    let mut parts = Vec::new();
    if !requirement.allows_absent() && at_least.is_none() && at_most.is_none() {
        parts.push(("Exists", Vec::new()));
    }
    if !named.is_empty() {
        parts.push(("NotIn", named));
    }
    // `Gt` and `Lt` are known to every version.
    parts.extend(at_least.map(|least| ("Gt", vec![least.saturating_sub(1).to_string()])));
    parts.extend(at_most.map(|most| ("Lt", vec![most.saturating_add(1).to_string()])));
    parts
}

#[cfg(test)]
mod tests {
    use model::{Operator, Requirement};

    use super::parts;

    fn requirement(operator: &str, values: &[&str]) -> Requirement {
        let operator = Operator::parse(operator).expect("an operator");
        let values: Vec<_> = values.iter().map(|&value| value.to_owned()).collect();
        Requirement::new(operator, &values).expect("values that it takes")
    }

    #[test]
    fn written_requirements_admit_the_same() {
        let some = [
            requirement("In", &["a", "2"]),
            requirement("In", &[]),
            requirement("NotIn", &["a", "3"]),
            requirement("Exists", &[]),
            requirement("DoesNotExist", &[]),
            requirement("Gt", &["1"]),
            requirement("Lt", &["4"]),
            requirement("Gte", &["4"]),
        ];
        let values = ["a", "b", "0", "1", "2", "3", "4", "5"];
        for meant in some.iter().flat_map(|a| some.iter().map(|b| a.intersect(b))) {
            let parts: Vec<_> = parts(&meant)
                .iter()
                .map(|(operator, values)| {
                    let values: Vec<_> = values.iter().map(String::as_str).collect();
                    requirement(operator, &values)
                })
                .collect();
            for value in values.into_iter().map(Some).chain([None]) {
                let written = parts.iter().all(|part| part.admits(value));
                assert_eq!(written, meant.admits(value), "{meant} as {value:?}");
            }
        }
    }
}
