//! How pods rank.
//!
//! Input: `PriorityClass` objects and pod specs. Output: the priority that admission gives, or the
//! class that is missing.

use std::collections::BTreeMap;

use api::{PodSpec, PriorityClass};

/// Priorities by class.
#[derive(Debug)]
pub(super) struct Priorities<'a> {
    by_class: BTreeMap<&'a str, i32>,
    default: i32,
}

impl<'a> Priorities<'a> {
    /// The given classes and the two that every cluster has.
    pub(super) fn new(classes: &'a [PriorityClass]) -> Self {
        let built_in =
            [("system-cluster-critical", 2_000_000_000), ("system-node-critical", 2_000_001_000)];
        let given = classes.iter().map(|class| (class.metadata.name.as_str(), class.value));
        // Should several be the default, admission takes the lowest.
        let default =
            classes.iter().filter(|class| class.global_default).map(|class| class.value).min();
        Self {
            by_class: built_in.into_iter().chain(given).collect(),
            default: default.unwrap_or(0),
        }
    }

    /// A pod's priority.
    ///
    /// # Errors
    /// The name of its class, where that is not known.
    pub(super) fn of<'s>(&self, spec: &'s PodSpec, admitted: bool) -> Result<i32, &'s str> {
        let class = spec.priority_class_name.as_deref().filter(|class| !class.is_empty());
        match (spec.priority, class) {
            (Some(priority), _) => Ok(priority),
            (None, Some(class)) => self.by_class.get(class).copied().ok_or(class),
            (None, None) if admitted => Ok(0),
            (None, None) => Ok(self.default),
        }
    }
}
