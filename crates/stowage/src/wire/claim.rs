//! A plan document read back: what someone claims, not yet believed.
//!
//! In: the bytes of a document that `stowage plan -o json` printed. Out: a [`Claim`]. Fields that are
//! judged must be there and of the right type; others, such as findings and alternatives, are not
//! looked at, and unknown ones are ignored, as the format promises.

use std::collections::BTreeMap;

use serde::de::Error;
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use super::document::SCHEMA_VERSION;
use super::reason_claim::Reason;

/// The judged part of a plan document; see [`super::document::Plan`] for the fields.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Claim {
    pub(crate) region: String,
    pub(crate) pods: String,
    pub(crate) cost_per_hour: Decimal,
    pub(crate) existing_cost_per_hour: Decimal,
    pub(crate) restart_cost: Decimal,
    pub(crate) objective_per_hour: Decimal,
    pub(crate) lower_bound_per_hour: Decimal,
    pub(crate) cost_lower_bound_per_hour: Decimal,
    pub(crate) gap: Option<Decimal>,
    #[serde(default)]
    pub(crate) preferences: Option<Preferences>,
    pub(crate) certificate: Certificate,
    pub(crate) cost_certificate: Option<Certificate>,
    pub(crate) nodes: Vec<NewNode>,
    pub(crate) existing: Vec<ExistingNode>,
    pub(crate) unschedulable: Vec<Unschedulable>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Preferences {
    pub(crate) preference_price: Decimal,
    pub(crate) weight: i64,
    pub(crate) satisfied_weight: i64,
    pub(crate) price_per_hour: Decimal,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Certificate {
    pub(crate) worths: Vec<Worth>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Worth {
    pub(crate) pod: String,
    pub(crate) worth_nano_usd_per_hour: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct NewNode {
    pub(crate) name: String,
    pub(crate) node_pool: String,
    pub(crate) instance_type: String,
    pub(crate) zone: String,
    pub(crate) capacity_type: String,
    #[serde(default)]
    pub(crate) supply: Option<String>,
    pub(crate) price_per_hour: Decimal,
    pub(crate) labels: BTreeMap<String, String>,
    pub(crate) pods: Vec<String>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct ExistingNode {
    pub(crate) name: String,
    pub(crate) pods: Vec<String>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Unschedulable {
    pub(crate) pod: String,
    pub(crate) reasons: Vec<Reason>,
}

/// A JSON number of at most six decimals, read digit by digit, in millionths. Other programs may
/// have rewritten it, such as 0.000001 as 1e-6.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Decimal(pub(crate) i64);

impl<'de> Deserialize<'de> for Decimal {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = <Box<RawValue>>::deserialize(deserializer)?;
        millionths(raw.get()).map(Self).ok_or_else(|| {
            D::Error::custom(format!(
                "{raw} is not a number, at least 0, of at most six decimals, such as 0.0168"
            ))
        })
    }
}

/// Millionths of a JSON number; `None` where it is negative, finer or beyond 2^63 of them.
fn millionths(text: &str) -> Option<i64> {
    let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits: i128 = format!("{whole}{fraction}").parse().ok().filter(|digits| *digits >= 0)?;
    let exponent: i32 = exponent.parse().ok().filter(|power| (-30..=30).contains(power))?;
    let power = exponent + 6 - i32::try_from(fraction.len()).ok()?;
    let scale = 10_i128.checked_pow(power.unsigned_abs())?;
    let number = if power >= 0 {
        digits.checked_mul(scale)?
    } else {
        (digits % scale == 0).then_some(digits / scale)?
    };
    i64::try_from(number).ok()
}

/// Why a document is not read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ClaimError {
    /// Not JSON, or a field is not as it must be.
    #[error("it is not a plan that `stowage plan -o json` printed")]
    Json(#[from] serde_json::Error),
    /// Another version of the format.
    #[error(
        "its schemaVersion is {found} and this Stowage reads {SCHEMA_VERSION}; verify it with the \
         Stowage that printed it"
    )]
    Version {
        /// What the document says.
        found: u64,
    },
}

/// Reads a plan document.
pub(crate) fn read(bytes: &[u8]) -> Result<Claim, ClaimError> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Head {
        schema_version: u64,
    }
    let Head { schema_version } = serde_json::from_slice(bytes)?;
    if schema_version != u64::from(SCHEMA_VERSION) {
        return Err(ClaimError::Version { found: schema_version });
    }
    Ok(serde_json::from_slice(bytes)?)
}

#[cfg(test)]
mod tests {
    use super::millionths;

    #[test]
    fn numbers_are_read_exactly_however_they_are_written() {
        for (text, number) in [
            ("0", Some(0)),
            ("0.0168", Some(16_800)),
            ("1.68E-2", Some(16_800)),
            ("1e-6", Some(1)),
            ("1e3", Some(1_000_000_000)),
            ("0.10000000", Some(100_000)),
            ("1e-7", None),
            ("0.0000001", None),
            ("-1", None),
            ("1e30", None),
            ("1e999999999999", None),
            ("null", None),
        ] {
            assert_eq!(millionths(text), number, "{text}");
        }
    }
}
