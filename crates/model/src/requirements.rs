//! Requirements by label key.

use std::collections::BTreeMap;

use crate::{LabelKey, Requirement};

/// A conjunction of requirements; a key that is not listed may have any value or none.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Requirements(BTreeMap<LabelKey, Requirement>);

impl Requirements {
    /// No requirement: admits every node.
    pub const fn new() -> Self {
        Self(BTreeMap::new())
    }

    /// Adds a requirement; with one for the same key already there, both must hold.
    pub fn require(&mut self, key: LabelKey, requirement: Requirement) {
        match self.0.entry(key) {
            std::collections::btree_map::Entry::Vacant(slot) => {
                slot.insert(requirement);
            }
            std::collections::btree_map::Entry::Occupied(mut slot) => {
                let both = slot.get().intersect(&requirement);
                slot.insert(both);
            }
        }
    }

    /// The requirement for `key`, where there is one.
    pub fn get(&self, key: &str) -> Option<&Requirement> {
        self.0.get(key)
    }

    /// Entries in order of key.
    pub fn iter(&self) -> impl Iterator<Item = (&LabelKey, &Requirement)> {
        self.0.iter()
    }

    /// Whether no key is listed.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The smallest key whose requirement refuses the label that `value_of` gives; `None` where all
    /// are admitted.
    pub fn first_refused<'k, 'v>(
        &'k self,
        value_of: impl Fn(&LabelKey) -> Option<&'v str>,
    ) -> Option<&'k LabelKey> {
        self.0
            .iter()
            .find(|(key, requirement)| !requirement.admits(value_of(key)))
            .map(|(key, _)| key)
    }
}

impl FromIterator<(LabelKey, Requirement)> for Requirements {
    fn from_iter<I: IntoIterator<Item = (LabelKey, Requirement)>>(entries: I) -> Self {
        let mut requirements = Self::new();
        for (key, requirement) in entries {
            requirements.require(key, requirement);
        }
        requirements
    }
}
