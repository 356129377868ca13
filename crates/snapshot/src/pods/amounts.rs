//! Lists of quantities: parsed exactly, added exactly, rounded once.
//!
//! Input: resource lists as written, with the path of the field. Output: quantities by resource, or
//! [`Resources`] in base units, or the field that is wrong.

use std::collections::BTreeMap;

use api::ResourceList;
use model::{Amount, Quantity, ResourceName, Resources, well_known};

use super::Problem;

/// Quantities by resource name.
pub(super) type Quantities = BTreeMap<ResourceName, Quantity>;

/// Parses the list at `path`. Negative quantities are refused, and parts of what comes in pieces:
/// so does the API server.
pub(super) fn parse(list: &ResourceList, path: &str) -> Result<Quantities, Problem> {
    list.iter()
        .map(|(name, text)| {
            let problem = |message: String| Problem {
                field: format!("{path}.{name}"),
                message,
                remedy: "give a quantity such as 2, 500m or 1.5Gi, not below zero".to_owned(),
            };
            let quantity: Quantity = text
                .as_str()
                .parse()
                .map_err(|error: model::ParseQuantityError| problem(error.to_string()))?;
            if quantity < Quantity::default() {
                return Err(problem(format!("{text} is below zero")));
            }
            // Names with a domain are devices and the like.
            if name.contains('/') && quantity.milli_value() % 1000 != 0 {
                return Err(problem(format!("{text} is not a whole number of {name}")));
            }
            Ok((ResourceName::new(name.as_str()), quantity))
        })
        .collect()
}

/// In base units, rounded up: thousandths for CPU, whole units for all else.
pub(super) fn resources(quantities: &Quantities) -> Resources {
    quantities
        .iter()
        .map(|(name, quantity)| {
            let amount = match name.as_str() {
                well_known::CPU => quantity.milli_value(),
                _ => quantity.value(),
            };
            (name.clone(), Amount::new(amount))
        })
        .collect()
}

/// Adds each quantity of `other`.
pub(super) fn add(sum: &mut Quantities, other: &Quantities) {
    for (name, quantity) in other {
        let entry = sum.entry(name.clone()).or_default();
        *entry = *entry + *quantity;
    }
}

/// Raises each quantity to that of `other`.
pub(super) fn raise(most: &mut Quantities, other: &Quantities) {
    for (name, quantity) in other {
        let entry = most.entry(name.clone()).or_default();
        *entry = (*entry).max(*quantity);
    }
}

/// Takes over those of `other` that are not there yet.
pub(super) fn fill(quantities: &mut Quantities, other: &Quantities) {
    for (name, quantity) in other {
        quantities.entry(name.clone()).or_insert(*quantity);
    }
}
