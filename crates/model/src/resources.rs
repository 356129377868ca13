//! Amounts of resources by name.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

/// A resource's name, such as `cpu`, `memory` or `nvidia.com/gpu`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ResourceName(Arc<str>);

impl ResourceName {
    /// Wraps a name as it stands.
    pub fn new(name: impl Into<Arc<str>>) -> Self {
        Self(name.into())
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ResourceName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for ResourceName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

impl From<&str> for ResourceName {
    fn from(name: &str) -> Self {
        Self::new(name)
    }
}

impl std::borrow::Borrow<str> for ResourceName {
    fn borrow(&self) -> &str {
        &self.0
    }
}

/// How much of one resource, in that resource's base unit: thousandths of a core for `cpu`, bytes
/// for `memory`, `ephemeral-storage` and `hugepages-*`, pieces for everything else.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Amount(i64);

impl Amount {
    /// Nothing.
    pub const ZERO: Self = Self(0);

    /// An amount in the resource's base unit.
    pub const fn new(base_units: i64) -> Self {
        Self(base_units)
    }

    /// The number of base units.
    pub const fn get(self) -> i64 {
        self.0
    }
}

/// Amounts by resource name. Invariant: no entry is zero, so that equal contents are equal values;
/// a resource that is not listed is zero.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Resources(BTreeMap<ResourceName, Amount>);

impl Resources {
    /// No resources.
    pub const fn new() -> Self {
        Self(BTreeMap::new())
    }

    /// The amount of `name`, zero where it is not listed.
    pub fn get(&self, name: &str) -> Amount {
        self.0.get(name).copied().unwrap_or_default()
    }

    /// Sets the amount of `name`; zero removes the entry.
    pub fn set(&mut self, name: ResourceName, amount: Amount) {
        if amount == Amount::ZERO {
            self.0.remove(&name);
        } else {
            self.0.insert(name, amount);
        }
    }

    /// These resources with `name` set to `amount`.
    pub fn with(mut self, name: &str, amount: i64) -> Self {
        self.set(name.into(), Amount::new(amount));
        self
    }

    /// Adds `other`, resource by resource, saturating.
    pub fn add(&mut self, other: &Self) {
        for (name, amount) in &other.0 {
            let sum = self.get(name.as_str()).get().saturating_add(amount.get());
            self.set(name.clone(), Amount::new(sum));
        }
    }

    /// Subtracts `other`, resource by resource; what falls below zero stays below zero.
    pub fn subtract(&mut self, other: &Self) {
        for (name, amount) in &other.0 {
            let rest = self.get(name.as_str()).get().saturating_sub(amount.get());
            self.set(name.clone(), Amount::new(rest));
        }
    }

    /// Raises each amount to that of `other` where `other` has more.
    pub fn raise_to(&mut self, other: &Self) {
        for (name, amount) in &other.0 {
            if *amount > self.get(name.as_str()) {
                self.set(name.clone(), *amount);
            }
        }
    }

    /// Whether each amount here is at most that of `room`. Zero always fits, even into a deficit:
    /// a pod that asks for none of a resource is not refused for want of it, as in kube-scheduler.
    pub fn fits_in(&self, room: &Self) -> bool {
        self.0.iter().all(|(name, amount)| *amount <= room.get(name.as_str()))
    }

    /// Whether nothing is listed.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Entries in order of name.
    pub fn iter(&self) -> impl Iterator<Item = (&ResourceName, Amount)> {
        self.0.iter().map(|(name, amount)| (name, *amount))
    }
}

impl FromIterator<(ResourceName, Amount)> for Resources {
    fn from_iter<I: IntoIterator<Item = (ResourceName, Amount)>>(entries: I) -> Self {
        let mut resources = Self::new();
        for (name, amount) in entries {
            resources.set(name, amount);
        }
        resources
    }
}
