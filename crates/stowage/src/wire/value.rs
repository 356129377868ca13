//! Money and resources as JSON values.

use model::{MicroUsdPerHour, Resources};
use serde::ser::Error;
use serde::{Serialize, Serializer};
use serde_json::value::RawValue;

use crate::money::{exact, millionths};
use model::canonical_quantity as canonical;

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
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        digits(exact(self.0), serializer)
    }
}

/// US dollars, exact to the millionth of a dollar, such as 0.05.
#[derive(Clone, Copy)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct Usd(#[cfg_attr(test, schemars(with = "f64"))] i64);

impl Usd {
    pub(super) const fn new(micro_usd: i64) -> Self {
        Self(micro_usd)
    }
}

impl Serialize for Usd {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        digits(exact(MicroUsdPerHour::new(self.0)), serializer)
    }
}

/// A ratio with at most six decimals, such as 0.003764.
#[derive(Clone, Copy)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct Gap(#[cfg_attr(test, schemars(with = "f64"))] i128);

impl Gap {
    pub(super) const fn new(millionths: i128) -> Self {
        Self(millionths)
    }
}

impl Serialize for Gap {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        digits(millionths(self.0), serializer)
    }
}

/// Writes the digits as they are: no binary float comes between.
fn digits<S: Serializer>(text: String, serializer: S) -> Result<S::Ok, S::Error> {
    RawValue::from_string(text).map_err(S::Error::custom)?.serialize(serializer)
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
