//! Quantities as written.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, Visitor};
use serde::ser::{Serialize, Serializer};

/// A quantity's text, such as `100m`; a JSON number is taken for its decimal text, as the API
/// server takes it. Not yet parsed, so that whoever parses it can name the field.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct QuantityText(Box<str>);

impl QuantityText {
    /// The text as written.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<&str> for QuantityText {
    fn from(text: &str) -> Self {
        Self(text.into())
    }
}

impl From<String> for QuantityText {
    fn from(text: String) -> Self {
        Self(text.into())
    }
}

impl Serialize for QuantityText {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl fmt::Display for QuantityText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for QuantityText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(QuantityVisitor)
    }
}

struct QuantityVisitor;

impl Visitor<'_> for QuantityVisitor {
    type Value = QuantityText;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a quantity such as 2, 500m or 1.5Gi")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<QuantityText, E> {
        Ok(QuantityText(text.into()))
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<QuantityText, E> {
        Ok(QuantityText(number.to_string().into()))
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<QuantityText, E> {
        Ok(QuantityText(number.to_string().into()))
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<QuantityText, E> {
        // The shortest decimal that reads back as this number, never with an exponent.
        Ok(QuantityText(number.to_string().into()))
    }

    fn visit_unit<E: Error>(self) -> Result<QuantityText, E> {
        // `cpu: null`; the API server reads it as 0.
        Ok(QuantityText("0".into()))
    }
}

/// Quantities by resource name.
pub type ResourceList = BTreeMap<String, QuantityText>;
