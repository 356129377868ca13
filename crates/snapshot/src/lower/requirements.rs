//! Requirements of pools: validated as the API server and Karpenter validate them.
//!
//! Rules: `api.md` sections 1.1 to 1.3 of Karpenter's model. A problem is text; the caller says
//! whose it is.

use api::NodePoolRequirement;
use model::{Operator, Requirement, Requirements, well_known};

use super::label_keys::{is_label_value, refusal, stable};

/// Most requirements of one pool.
pub(super) const REQUIREMENTS_MAX: usize = 100;
const KEY_LENGTH_MAX: usize = 316;
const TENANCY: &str = "karpenter.k8s.aws/instance-tenancy";

/// Keys whose values are known: with `In`, at least one value must be among them.
const KNOWN_VALUES: [(&str, &[&str]); 2] = [
    (well_known::CAPACITY_TYPE, &["on-demand", "spot", "reserved"]),
    (TENANCY, &["default", "dedicated"]),
];

/// Reads one requirement into `requirements`.
///
/// # Errors
/// What is wrong with it, for people.
pub(super) fn read(
    requirements: &mut Requirements,
    entry: &NodePoolRequirement,
) -> Result<(), String> {
    let key = stable(&entry.key);
    if entry.key.len() > KEY_LENGTH_MAX {
        return Err(format!("the key is longer than {KEY_LENGTH_MAX} characters"));
    }
    if let Some(problem) = refusal(key.as_str()) {
        return Err(problem);
    }
    let operator = Operator::parse(&entry.operator).ok_or_else(|| {
        format!(
            "{:?} is not an operator; use In, NotIn, Exists, DoesNotExist, Gt, Lt, Gte or Lte",
            entry.operator
        )
    })?;
    if let Some(value) = entry.values.iter().find(|value| !is_label_value(value)) {
        return Err(format!("{value:?} is not a label value"));
    }
    check_values(operator, entry)?;
    check_known(key.as_str(), operator, &entry.values)?;
    let requirement =
        Requirement::new(operator, &entry.values).map_err(|error| error.to_string())?;
    requirements.require(key, requirement);
    Ok(())
}

fn check_values(operator: Operator, entry: &NodePoolRequirement) -> Result<(), String> {
    let values = &entry.values;
    match operator {
        Operator::In if values.is_empty() => return Err("In takes at least one value".to_owned()),
        Operator::Gt | Operator::Lt | Operator::Gte | Operator::Lte
            if values.iter().any(|value| value.starts_with('-')) =>
        {
            return Err(format!("{} takes no negative number", operator.as_str()));
        }
        _ => {}
    }
    let Some(least) = entry.min_values else {
        return Ok(());
    };
    if !(1..=50).contains(&least) {
        return Err(format!("minValues is {least}, not 1 to 50"));
    }
    let listed = i32::try_from(values.len()).unwrap_or(i32::MAX);
    if operator == Operator::In && listed < least {
        return Err(format!("In lists {listed} values, fewer than minValues {least}"));
    }
    Ok(())
}

fn check_known(key: &str, operator: Operator, values: &[String]) -> Result<(), String> {
    let known = KNOWN_VALUES.iter().find(|(known, _)| *known == key);
    match known {
        Some((_, known))
            if operator == Operator::In
                && !values.iter().any(|value| known.contains(&value.as_str())) =>
        {
            Err(format!("none of the values is one of {}", known.join(", ")))
        }
        _ => Ok(()),
    }
}
