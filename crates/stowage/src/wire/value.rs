//! Money and resources as JSON values.

use model::{MicroUsdPerHour, Resources};
use serde::ser::Error;
use serde::{Serialize, Serializer};
use serde_json::value::RawValue;

use crate::money::exact;
use crate::quantity::canonical;

/// US dollars per hour, exact to the millionth of a dollar, such as 0.0168.
#[derive(Clone, Copy)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct UsdPerHour(#[cfg_attr(test, schemars(with = "f64"))] MicroUsdPerHour);

impl UsdPerHour {
    pub(super) const fn new(rate: MicroUsdPerHour) -> Self {
        Self(rate)
    }
}

impl Serialize for UsdPerHour {
    /// Writes the digits as they are: no binary float comes between.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        RawValue::from_string(exact(self.0)).map_err(S::Error::custom)?.serialize(serializer)
    }
}

/// Kubernetes quantities by resource name, in order of name; a resource that is not listed is zero.
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct Quantities(
    #[cfg_attr(test, schemars(with = "std::collections::BTreeMap<String, String>"))] Resources,
);

impl Quantities {
    pub(super) const fn new(resources: Resources) -> Self {
        Self(resources)
    }
}

impl Serialize for Quantities {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let entries =
            (self.0.iter()).map(|(name, amount)| (name.as_str(), canonical(name.as_str(), amount)));
        serializer.collect_map(entries)
    }
}
