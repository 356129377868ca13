//! Requirements: the values that a label may have.

use std::collections::BTreeSet;

use model::{LabelKey, LabelValue, Operator, Requirement, Requirements};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{Out, Wire, read_entries};

/// A requirement by its parts; one that a requirement cannot have is refused.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Parts {
    /// Whether the label may be missing.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    absent: bool,
    /// Values admitted.
    #[serde(rename = "in", default, skip_serializing_if = "Option::is_none")]
    admitted: Option<BTreeSet<String>>,
    /// Values refused, where those admitted are no list.
    #[serde(rename = "notIn", default, skip_serializing_if = "BTreeSet::is_empty")]
    refused: BTreeSet<String>,
    /// Least integer admitted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    min: Option<i64>,
    /// Greatest integer admitted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    max: Option<i64>,
}

impl Parts {
    fn of(requirement: &Requirement) -> Self {
        let texts = |values: &mut dyn Iterator<Item = &LabelValue>| {
            values.map(LabelValue::to_string).collect::<BTreeSet<_>>()
        };
        let admitted = requirement.listed().map(|mut values| texts(&mut values));
        let refused = match admitted {
            Some(_) => BTreeSet::new(),
            None => texts(&mut requirement.named()),
        };
        let (min, max) = requirement.bounds();
        Self { absent: requirement.allows_absent(), admitted, refused, min, max }
    }

    /// Put together from what makes requirements; `None` where nothing makes this one.
    fn requirement(&self) -> Option<Requirement> {
        let list = |values: &BTreeSet<String>| values.iter().cloned().collect::<Vec<_>>();
        let new = |operator, values: &[String]| Requirement::new(operator, values).ok();
        let mut made = match &self.admitted {
            Some(none) if self.absent && none.is_empty() => Requirement::absent(),
            Some(values) => new(Operator::In, &list(values))?,
            None => new(Operator::NotIn, &list(&self.refused))?,
        };
        if !self.absent && self.admitted.is_none() {
            made = made.intersect(&Requirement::exists());
        }
        for (operator, bound) in [(Operator::Gte, self.min), (Operator::Lte, self.max)] {
            if let Some(bound) = bound {
                made = made.intersect(&new(operator, &[bound.to_string()])?);
            }
        }
        Some(made)
    }
}

impl Wire for Requirement {
    fn write<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Parts::of(self).serialize(serializer)
    }

    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let parts = Parts::deserialize(deserializer)?;
        let refused = || serde::de::Error::custom("a requirement that nothing makes");
        parts.requirement().ok_or_else(refused)
    }
}

/// Requirements by label.
impl Wire for Requirements {
    fn write<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.iter().map(|(key, one)| (Out(key), Out(one))))
    }

    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        read_entries::<LabelKey, Requirement, _, _>(deserializer)
    }
}

#[cfg(test)]
mod tests {
    use model::{Operator, Requirement};

    use super::Parts;

    #[test]
    fn every_requirement_that_can_be_made_is_made_again() {
        let values = |list: &[&str]| list.iter().map(ToString::to_string).collect::<Vec<_>>();
        let mut all = vec![Requirement::nothing(), Requirement::exists(), Requirement::absent()];
        for operator in [Operator::In, Operator::NotIn] {
            for list in [&[][..], &["a"], &["3", "7", "x"]] {
                all.push(Requirement::new(operator, &values(list)).expect("no bound"));
            }
        }
        for operator in [Operator::Gt, Operator::Lt, Operator::Gte, Operator::Lte] {
            for bound in ["-9223372036854775808", "2", "5", "9223372036854775807"] {
                all.push(Requirement::new(operator, &values(&[bound])).expect("an integer"));
            }
        }
        for one in all.clone() {
            for other in all.clone() {
                for third in &all {
                    let made = one.intersect(&other).intersect(third);
                    assert_eq!(Parts::of(&made).requirement(), Some(made.clone()), "{made:?}");
                }
            }
        }
    }
}
