//! Kubernetes quantities, parsed exactly as the API server parses them.
//!
//! Source: `staging/src/k8s.io/apimachinery/pkg/api/resource/quantity.go`, Kubernetes v1.36.

use std::fmt;
use std::ops::Add;
use std::str::FromStr;

/// A number with nine decimals, such as `100m`, `1.5Gi` or `2e3`.
///
/// Finer fractions are rounded away from zero; magnitudes above 2^63 - 1 are cut to that, as in
/// the API server.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Quantity {
    nanos: i128,
}

/// A text that is not a quantity.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{text:?} is not a quantity: expected a number with an optional suffix such as m, k, Mi, G or e3"
)]
pub struct ParseQuantityError {
    text: String,
}

const NANOS: i128 = 1_000_000_000;
const MAX_NANOS: i128 = i64::MAX as i128 * NANOS;

impl Quantity {
    /// Whole units, rounded up (away from zero), as kube-scheduler reads memory and counts.
    pub fn value(self) -> i64 {
        self.scaled(NANOS)
    }

    /// Thousandths, rounded up (away from zero), as kube-scheduler reads CPU.
    pub fn milli_value(self) -> i64 {
        self.scaled(NANOS / 1000)
    }

    fn scaled(self, unit: i128) -> i64 {
        let magnitude = (self.nanos.abs() + unit - 1) / unit;
        let magnitude = i64::try_from(magnitude).unwrap_or(i64::MAX);
        if self.nanos < 0 { -magnitude } else { magnitude }
    }
}

impl Add for Quantity {
    type Output = Self;

    /// The exact sum, cut at the largest quantity. Sums are rounded to a resource's unit only once
    /// they are complete, as kube-scheduler does it.
    fn add(self, other: Self) -> Self {
        Self { nanos: (self.nanos + other.nanos).clamp(-MAX_NANOS, MAX_NANOS) }
    }
}

impl FromStr for Quantity {
    type Err = ParseQuantityError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        parse(text)
            .map(|nanos| Self { nanos })
            .ok_or_else(|| ParseQuantityError { text: text.to_owned() })
    }
}

impl fmt::Display for Quantity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.nanos < 0 { "-" } else { "" };
        let (whole, rest) = (self.nanos.abs() / NANOS, self.nanos.abs() % NANOS);
        if rest == 0 {
            return write!(f, "{sign}{whole}");
        }
        let decimals = format!("{rest:09}");
        write!(f, "{sign}{whole}.{}", decimals.trim_end_matches('0'))
    }
}

/// What a suffix multiplies by.
enum Scale {
    Two(u32),
    Ten(i32),
}

fn parse(text: &str) -> Option<i128> {
    let (negative, unsigned) = match text.as_bytes().first()? {
        b'-' => (true, &text[1..]),
        b'+' => (false, &text[1..]),
        _ => (false, text),
    };
    let end = unsigned.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(unsigned.len());
    let (number, suffix) = unsigned.split_at(end);
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    if (whole.is_empty() && fraction.is_empty()) || fraction.contains('.') {
        return None;
    }
    let scale = scale(suffix)?;
    let fraction = fraction.trim_end_matches('0');
    let digits = format!("{whole}{fraction}");
    let digits = digits.trim_start_matches('0');
    let decimals = i32::try_from(fraction.len()).ok()?;
    let magnitude = match scale {
        Scale::Ten(power) => shifted(digits, power.saturating_sub(decimals).saturating_add(9)),
        Scale::Two(bits) => doubled(digits, bits, decimals),
    };
    Some(if negative { -magnitude } else { magnitude })
}

fn scale(suffix: &str) -> Option<Scale> {
    Some(match suffix {
        "" => Scale::Ten(0),
        "n" => Scale::Ten(-9),
        "u" => Scale::Ten(-6),
        "m" => Scale::Ten(-3),
        "k" => Scale::Ten(3),
        "M" => Scale::Ten(6),
        "G" => Scale::Ten(9),
        "T" => Scale::Ten(12),
        "P" => Scale::Ten(15),
        "E" => Scale::Ten(18),
        "Ki" => Scale::Two(10),
        "Mi" => Scale::Two(20),
        "Gi" => Scale::Two(30),
        "Ti" => Scale::Two(40),
        "Pi" => Scale::Two(50),
        "Ei" => Scale::Two(60),
        _ => {
            let exponent = suffix.strip_prefix(['e', 'E'])?;
            let digits = exponent.strip_prefix(['-', '+']).unwrap_or(exponent);
            if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
                return None;
            }
            Scale::Ten(exponent.parse().ok()?)
        }
    })
}

/// `digits` × 10^`power`, rounded up, cut at the largest quantity.
fn shifted(digits: &str, power: i32) -> i128 {
    if digits.is_empty() {
        return 0;
    }
    let Ok(zeros) = usize::try_from(power) else {
        let cut = usize::try_from(power.unsigned_abs()).unwrap_or(usize::MAX);
        let kept = digits.len().saturating_sub(cut);
        let rounded_up = digits.as_bytes()[kept..].iter().any(|digit| *digit != b'0');
        return (integer(&digits[..kept]) + i128::from(rounded_up)).min(MAX_NANOS);
    };
    if digits.len() + zeros > 38 {
        return MAX_NANOS;
    }
    let factor = 10_i128.pow(u32::try_from(zeros).unwrap_or(0));
    integer(digits).saturating_mul(factor).min(MAX_NANOS)
}

/// `digits` × 10^-`decimals` × 2^`bits` in nanos, rounded up, cut at the largest quantity.
fn doubled(digits: &str, bits: u32, decimals: i32) -> i128 {
    // 10^9 / 10^decimals in lowest terms, so that only truly long fractions lose precision.
    let decimals = u32::try_from(decimals).unwrap_or(u32::MAX);
    let (numerator, denominator) = if decimals <= 9 {
        (10_i128.pow(9 - decimals), 1)
    } else {
        (1, 10_i128.checked_pow(decimals - 9).unwrap_or(i128::MAX))
    };
    let product = integer(digits)
        .checked_mul(1_i128 << bits)
        .and_then(|product| product.checked_mul(numerator));
    product.map_or(MAX_NANOS, |product| {
        (product / denominator + i128::from(product % denominator != 0)).min(MAX_NANOS)
    })
}

fn integer(digits: &str) -> i128 {
    if digits.is_empty() { 0 } else { digits.parse().unwrap_or(i128::MAX) }
}

#[cfg(test)]
mod tests {
    use super::Quantity;

    #[test]
    fn quantities_are_read_as_the_api_server_reads_them() {
        let cases = [
            ("0", 0, 0),
            ("100m", 1, 100),
            ("1", 1, 1_000),
            ("1.5", 2, 1_500),
            ("0.1m", 1, 1),
            ("1500u", 1, 2),
            ("1n", 1, 1),
            ("2e3", 2_000, 2_000_000),
            ("2E3", 2_000, 2_000_000),
            ("5e-1", 1, 500),
            ("1k", 1_000, 1_000_000),
            ("1Ki", 1_024, 1_024_000),
            ("1.5Gi", 1_610_612_736, 1_610_612_736_000),
            ("0.5Mi", 524_288, 524_288_000),
            ("1E", 1_000_000_000_000_000_000, i64::MAX),
            ("100Ei", i64::MAX, i64::MAX),
            ("+1", 1, 1_000),
            ("-1.5", -2, -1_500),
            (".5", 1, 500),
            ("1.", 1, 1_000),
            ("0.00000000001", 1, 1),
        ];
        for (text, value, milli) in cases {
            let quantity: Quantity = text.parse().expect(text);
            assert_eq!((quantity.value(), quantity.milli_value()), (value, milli), "{text}");
        }
        for text in ["", "-", "Ki", "1ki", "1K", "1 Gi", "1e", "1e1.5", "1.2.3", "0x1", "1mi", "é"]
        {
            assert!(text.parse::<Quantity>().is_err(), "{text}");
        }
    }
}
