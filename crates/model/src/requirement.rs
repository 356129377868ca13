//! One label requirement as a set of values, closed under intersection.
//!
//! Karpenter keeps a complement flag and bounds; here absence of the label is a member of its own,
//! so that `NotIn` (absence allowed) and `Exists` (absence refused) stay apart when intersected.

use std::collections::BTreeSet;
use std::fmt;

use crate::LabelValue;

/// The operators of node selectors and of `NodePool` requirements.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Operator {
    /// The value is one of those listed.
    In,
    /// The label is absent or its value is none of those listed.
    NotIn,
    /// The label is there.
    Exists,
    /// The label is not there.
    DoesNotExist,
    /// The value is an integer above the bound.
    Gt,
    /// The value is an integer below the bound.
    Lt,
    /// The value is an integer at or above the bound.
    Gte,
    /// The value is an integer at or below the bound.
    Lte,
}

impl Operator {
    /// The operator of that name in the API, exactly spelt.
    pub fn parse(name: &str) -> Option<Self> {
        Some(match name {
            "In" => Self::In,
            "NotIn" => Self::NotIn,
            "Exists" => Self::Exists,
            "DoesNotExist" => Self::DoesNotExist,
            "Gt" => Self::Gt,
            "Lt" => Self::Lt,
            "Gte" => Self::Gte,
            "Lte" => Self::Lte,
            _ => return None,
        })
    }

    /// The name in the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::In => "In",
            Self::NotIn => "NotIn",
            Self::Exists => "Exists",
            Self::DoesNotExist => "DoesNotExist",
            Self::Gt => "Gt",
            Self::Lt => "Lt",
            Self::Gte => "Gte",
            Self::Lte => "Lte",
        }
    }
}

/// A requirement that cannot be understood.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RequirementError {
    /// A bound that is not exactly one integer.
    #[error("operator {operator} takes exactly one integer value, not {values:?}", operator = .operator.as_str())]
    Bound {
        /// The operator.
        operator: Operator,
        /// The values given.
        values: Vec<String>,
    },
}

/// The values a label may have, absence among them.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Requirement {
    allows_absent: bool,
    /// False: `values` are those admitted. True: `values` are those refused.
    complement: bool,
    values: BTreeSet<LabelValue>,
    at_least: Option<i64>,
    at_most: Option<i64>,
}

impl Requirement {
    /// The requirement `operator values`.
    ///
    /// # Errors
    /// Where a comparison does not have exactly one integer value.
    pub fn new(operator: Operator, values: &[String]) -> Result<Self, RequirementError> {
        let bound = || {
            match values {
                [one] => one.parse::<i64>().ok(),
                _ => None,
            }
            .ok_or_else(|| RequirementError::Bound { operator, values: values.to_vec() })
        };
        let listed = values.iter().map(|value| LabelValue::from(value.as_str())).collect();
        let any = Self::exists();
        Ok(match operator {
            Operator::In => Self { complement: false, values: listed, ..any },
            Operator::NotIn => Self { allows_absent: true, values: listed, ..any },
            Operator::Exists => any,
            Operator::DoesNotExist => Self::absent(),
            Operator::Gt => match bound()?.checked_add(1) {
                Some(least) => Self { at_least: Some(least), ..any },
                None => Self::nothing(),
            },
            Operator::Lt => match bound()?.checked_sub(1) {
                Some(most) => Self { at_most: Some(most), ..any },
                None => Self::nothing(),
            },
            Operator::Gte => Self { at_least: Some(bound()?), ..any },
            Operator::Lte => Self { at_most: Some(bound()?), ..any },
        })
    }

    /// `In` one value.
    pub fn is(value: LabelValue) -> Self {
        Self { complement: false, values: BTreeSet::from([value]), ..Self::exists() }
    }

    /// `Exists`.
    pub const fn exists() -> Self {
        Self {
            allows_absent: false,
            complement: true,
            values: BTreeSet::new(),
            at_least: None,
            at_most: None,
        }
    }

    /// `DoesNotExist`.
    pub fn absent() -> Self {
        Self { allows_absent: true, ..Self::nothing() }
    }

    /// Admits neither a value nor absence; what a contradiction comes to.
    pub fn nothing() -> Self {
        Self { complement: false, ..Self::exists() }
    }

    /// Whether a label with this value, or no such label, is admitted.
    pub fn admits(&self, value: Option<&str>) -> bool {
        let Some(value) = value else {
            return self.allows_absent;
        };
        self.values.contains(value) != self.complement && self.within_bounds(value)
    }

    /// Whether absence of the label is admitted.
    pub const fn allows_absent(&self) -> bool {
        self.allows_absent
    }

    /// The admitted values where they are a finite list (`In`, possibly narrowed by bounds).
    pub fn listed(&self) -> Option<impl Iterator<Item = &LabelValue>> {
        (!self.complement).then_some(self.values.iter())
    }

    /// Values that the requirement names, admitted or refused.
    pub fn named(&self) -> impl Iterator<Item = &LabelValue> {
        self.values.iter()
    }

    /// The least and greatest integer admitted, where bounded.
    pub const fn bounds(&self) -> (Option<i64>, Option<i64>) {
        (self.at_least, self.at_most)
    }

    /// What both admit.
    pub fn intersect(&self, other: &Self) -> Self {
        let (complement, values) = match (self.complement, other.complement) {
            (true, true) => (true, self.values.union(&other.values).cloned().collect()),
            (true, false) => (false, other.values.difference(&self.values).cloned().collect()),
            (false, true) => (false, self.values.difference(&other.values).cloned().collect()),
            (false, false) => (false, self.values.intersection(&other.values).cloned().collect()),
        };
        let mut both = Self {
            allows_absent: self.allows_absent && other.allows_absent,
            complement,
            values,
            at_least: self.at_least.max(other.at_least),
            at_most: match (self.at_most, other.at_most) {
                (Some(a), Some(b)) => Some(a.min(b)),
                (one, None) | (None, one) => one,
            },
        };
        both.normalise();
        both
    }

    /// Whether nothing at all is admitted, not even absence.
    pub fn is_contradiction(&self) -> bool {
        !self.allows_absent && !self.complement && self.values.is_empty()
    }

    /// Drops bounds from finite lists, and turns empty ranges into the empty list.
    fn normalise(&mut self) {
        let empty_range = matches!((self.at_least, self.at_most), (Some(a), Some(b)) if a > b);
        if empty_range {
            self.complement = false;
            self.values.clear();
        }
        if !self.complement {
            let values = std::mem::take(&mut self.values);
            self.values = values.into_iter().filter(|v| self.within_bounds(v.as_str())).collect();
            self.at_least = None;
            self.at_most = None;
        }
    }

    fn within_bounds(&self, value: &str) -> bool {
        if self.at_least.is_none() && self.at_most.is_none() {
            return true;
        }
        value.parse::<i64>().is_ok_and(|number| {
            self.at_least.is_none_or(|least| number >= least)
                && self.at_most.is_none_or(|most| number <= most)
        })
    }
}

impl fmt::Display for Requirement {
    /// Such as `In [a, b]`, `NotIn [c]`, `Exists`, `>= 4 and <= 8`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let list = || self.values.iter().map(LabelValue::as_str).collect::<Vec<_>>().join(", ");
        let mut parts = Vec::new();
        if !self.complement {
            let absent = self.allows_absent && self.values.is_empty();
            parts.push(if absent { "DoesNotExist".to_owned() } else { format!("In [{}]", list()) });
        } else if !self.values.is_empty() {
            parts.push(format!("NotIn [{}]", list()));
        }
        parts.extend(self.at_least.map(|least| format!(">= {least}")));
        parts.extend(self.at_most.map(|most| format!("<= {most}")));
        if parts.is_empty() {
            parts.push(if self.allows_absent { "anything" } else { "Exists" }.to_owned());
        }
        f.write_str(&parts.join(" and "))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Operator, Requirement};

    fn requirement() -> impl Strategy<Value = Requirement> {
        let listed = prop::collection::vec("[a-c]|[0-5]", 0..3);
        let operators = [Operator::In, Operator::NotIn, Operator::Exists, Operator::DoesNotExist];
        let bounds = [Operator::Gt, Operator::Lt, Operator::Gte, Operator::Lte];
        prop_oneof![
            (prop::sample::select(operators.to_vec()), listed)
                .prop_map(|(op, values)| Requirement::new(op, &values).expect("no bound")),
            (prop::sample::select(bounds.to_vec()), 0..6_i64).prop_map(|(op, n)| Requirement::new(
                op,
                &[n.to_string()]
            )
            .expect("an integer")),
        ]
    }

    proptest! {
        #[test]
        fn an_intersection_admits_exactly_what_both_admit(a in requirement(), b in requirement()) {
            let both = a.intersect(&b);
            let values = ["a", "b", "c", "z", "0", "1", "2", "3", "4", "5", "99"];
            for value in values.into_iter().map(Some).chain([None]) {
                prop_assert_eq!(both.admits(value), a.admits(value) && b.admits(value));
            }
            prop_assert_eq!(&both, &b.intersect(&a));
        }
    }

    #[test]
    fn bounds_take_one_integer() {
        for values in [vec![], vec!["1".to_owned(), "2".to_owned()], vec!["x".to_owned()]] {
            assert!(Requirement::new(Operator::Gt, &values).is_err());
        }
        let above = Requirement::new(Operator::Gt, &["3".to_owned()]).expect("an integer");
        assert!(above.admits(Some("4")) && !above.admits(Some("3")) && !above.admits(Some("x")));
        assert!(!above.admits(None));
    }
}
