//! Which nodes a pod accepts by their labels.
//!
//! Input: a pod spec and the path to it. Output: its node selector and required node affinity as
//! alternatives of which one must hold, or the field that could never hold; and its preferred node
//! affinity.

use api::{NodeSelectorRequirement, NodeSelectorTerm, PodSpec, PreferredTerm};
use model::{LabelKey, LabelValue, Operator, Preference, Requirement, Requirements, well_known};

use super::Problem;
use crate::lower::label_keys::stable;

/// The alternatives, in the order written, without repeats; never empty, see
/// [`model::PodShape::alternatives`].
pub(super) fn alternatives(spec: &PodSpec, path: &str) -> Result<Vec<Requirements>, Problem> {
    let selector: Requirements = spec
        .node_selector
        .iter()
        .map(|(key, value)| {
            let value = LabelValue::from(value.as_str());
            (stable(key), Requirement::is(value))
        })
        .collect();
    let required = spec
        .affinity
        .as_ref()
        .and_then(|affinity| affinity.node_affinity.as_ref())
        .and_then(|node| node.required_during_scheduling_ignored_during_execution.as_ref());
    let Some(required) = required else {
        return Ok(vec![selector]);
    };
    let path = format!(
        "{path}.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.\
         nodeSelectorTerms"
    );
    terms(&selector, &required.node_selector_terms, &path)
}

/// `selector` with each of these `terms`, without repeats; never empty.
pub(super) fn terms(
    selector: &Requirements,
    terms: &[NodeSelectorTerm],
    path: &str,
) -> Result<Vec<Requirements>, Problem> {
    let mut alternatives = Vec::new();
    for (index, term) in terms.iter().enumerate() {
        // A term that says nothing matches nothing.
        if term.match_expressions.is_empty() && term.match_fields.is_empty() {
            continue;
        }
        let mut requirements = selector.clone();
        add_term(&mut requirements, term, &format!("{path}[{index}]"))?;
        if !alternatives.contains(&requirements) {
            alternatives.push(requirements);
        }
    }
    if alternatives.is_empty() {
        let nothing = (LabelKey::from(well_known::HOSTNAME), Requirement::nothing());
        alternatives.push(std::iter::once(nothing).collect());
    }
    Ok(alternatives)
}

/// The weights of preferred affinity.
const WEIGHTS: std::ops::RangeInclusive<i64> = 1..=100;

/// The weight of the preferred term at `path`.
pub(super) fn weight(given: i32, path: &str) -> Result<i64, Problem> {
    let weight = i64::from(given);
    if WEIGHTS.contains(&weight) {
        return Ok(weight);
    }
    Err(Problem {
        field: format!("{path}.weight"),
        message: format!("{weight} is not a weight"),
        remedy: "use a whole number from 1 to 100".to_owned(),
    })
}

/// What the pod prefers of the labels of its node, sorted. A term that says nothing is satisfied everywhere
/// and is left out, as kube-scheduler gives it no weight.
pub(super) fn preferences(spec: &PodSpec, path: &str) -> Result<Vec<Preference>, Problem> {
    let affinity = spec.affinity.as_ref().and_then(|affinity| affinity.node_affinity.as_ref());
    let terms =
        affinity.map_or(&[][..], |node| &node.preferred_during_scheduling_ignored_during_execution);
    let path =
        format!("{path}.affinity.nodeAffinity.preferredDuringSchedulingIgnoredDuringExecution");
    let mut preferences = Vec::with_capacity(terms.len());
    for (index, PreferredTerm { weight, preference }) in terms.iter().enumerate() {
        let weight = self::weight(*weight, &format!("{path}[{index}]"))?;
        if preference.match_expressions.is_empty() && preference.match_fields.is_empty() {
            continue;
        }
        let mut labels = Requirements::new();
        add_term(&mut labels, preference, &format!("{path}[{index}].preference"))?;
        preferences.push(Preference { weight, labels });
    }
    preferences.sort();
    Ok(preferences)
}

fn add_term(
    requirements: &mut Requirements,
    term: &NodeSelectorTerm,
    path: &str,
) -> Result<(), Problem> {
    for (index, expression) in term.match_expressions.iter().enumerate() {
        let path = format!("{path}.matchExpressions[{index}]");
        let requirement = requirement(expression, &path)?;
        requirements.require(stable(&expression.key), requirement);
    }
    for (index, field) in term.match_fields.iter().enumerate() {
        let path = format!("{path}.matchFields[{index}]");
        requirements.require(LabelKey::from(well_known::HOSTNAME), of_field(field, &path)?);
    }
    Ok(())
}

/// A condition on a label. The API server refuses what is refused here.
fn requirement(expression: &NodeSelectorRequirement, path: &str) -> Result<Requirement, Problem> {
    let values = &expression.values;
    let operator = match Operator::parse(&expression.operator) {
        None | Some(Operator::Gte | Operator::Lte) => {
            return Err(Problem {
                field: format!("{path}.operator"),
                message: format!("{:?} is no operator of node affinity", expression.operator),
                remedy: "use In, NotIn, Exists, DoesNotExist, Gt or Lt".to_owned(),
            });
        }
        Some(operator) => operator,
    };
    let problem = |message: String, remedy: &str| Problem {
        field: format!("{path}.values"),
        message,
        remedy: remedy.to_owned(),
    };
    match operator {
        Operator::In | Operator::NotIn if values.is_empty() => Err(problem(
            format!("{} takes at least one value", expression.operator),
            "list the values, or use Exists or DoesNotExist",
        )),
        Operator::Exists | Operator::DoesNotExist if !values.is_empty() => Err(problem(
            format!("{} takes no values", expression.operator),
            "remove the values, or use In or NotIn",
        )),
        _ => Requirement::new(operator, values)
            .map_err(|error| problem(error.to_string(), "give one integer")),
    }
}

/// A condition on a node's name, the only field there is; a node's hostname stands for it.
fn of_field(field: &NodeSelectorRequirement, path: &str) -> Result<Requirement, Problem> {
    let operator = match Operator::parse(&field.operator) {
        Some(operator @ (Operator::In | Operator::NotIn)) if field.key == "metadata.name" => {
            operator
        }
        _ => {
            return Err(Problem {
                field: path.to_owned(),
                message: format!("{} {} is not understood", field.key, field.operator),
                remedy: "use the key metadata.name with In or NotIn".to_owned(),
            });
        }
    };
    Requirement::new(operator, &field.values).map_err(|error| Problem {
        field: format!("{path}.values"),
        message: error.to_string(),
        remedy: "give one node name".to_owned(),
    })
}
