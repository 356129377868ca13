//! Money: an integer, never a float.

use std::fmt;
use std::iter::Sum;
use std::ops::{Add, AddAssign, Sub};

/// A rate in millionths of a US dollar per hour.
///
/// EC2 lists prices with at most six decimals (of the 14,947 in the catalog's sources one has six),
/// so every list price is exact.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MicroUsdPerHour(i64);

impl MicroUsdPerHour {
    /// No money at all.
    pub const ZERO: Self = Self(0);

    /// A rate of `micro_usd` millionths of a dollar per hour.
    pub const fn new(micro_usd: i64) -> Self {
        Self(micro_usd)
    }

    /// Millionths of a dollar per hour.
    pub const fn get(self) -> i64 {
        self.0
    }

    /// This rate `times` over, saturating.
    pub fn times(self, times: usize) -> Self {
        Self(self.0.saturating_mul(i64::try_from(times).unwrap_or(i64::MAX)))
    }

    /// Parses dollars per hour such as `0.0168`, exactly.
    ///
    /// `None` where the text is not a plain non-negative decimal number of at most six decimals.
    pub fn parse_usd(text: &str) -> Option<Self> {
        let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
        let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        if whole.is_empty() || fraction.len() > 6 || !digits(whole) || !digits(fraction) {
            return None;
        }
        let whole: i64 = whole.parse().ok()?;
        let fraction: i64 = format!("{fraction:0<6}").parse().ok()?;
        Some(Self(whole.checked_mul(1_000_000)?.checked_add(fraction)?))
    }
}

impl fmt::Display for MicroUsdPerHour {
    /// Dollars with all six decimals, such as `0.016800`; a precision of 2 to 5 rounds half up.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let decimals = f.precision().unwrap_or(6).min(6);
        let unit = 10_i64.pow(u32::try_from(6 - decimals).unwrap_or(0));
        let rounded = (self.0.abs() + unit / 2) / unit;
        let scale = 10_i64.pow(u32::try_from(decimals).unwrap_or(0));
        let sign = if self.0 < 0 { "-" } else { "" };
        if decimals == 0 {
            return write!(f, "{sign}{rounded}");
        }
        write!(f, "{sign}{}.{:0decimals$}", rounded / scale, rounded % scale)
    }
}

impl Add for MicroUsdPerHour {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

impl AddAssign for MicroUsdPerHour {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

impl Sub for MicroUsdPerHour {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }
}

impl Sum for MicroUsdPerHour {
    fn sum<I: Iterator<Item = Self>>(rates: I) -> Self {
        rates.fold(Self::ZERO, Add::add)
    }
}

#[cfg(test)]
mod tests {
    use super::MicroUsdPerHour;

    #[test]
    fn prices_are_read_and_shown_exactly() {
        for (text, micro) in [("0.0168", 16_800), ("32.7726", 32_772_600), ("1", 1_000_000)] {
            assert_eq!(MicroUsdPerHour::parse_usd(text), Some(MicroUsdPerHour::new(micro)));
        }
        for text in ["", ".5", "-1", "1e3", "0.0000001", "1.2.3"] {
            assert_eq!(MicroUsdPerHour::parse_usd(text), None, "{text}");
        }
        assert_eq!(MicroUsdPerHour::new(16_800).to_string(), "0.016800");
        assert_eq!(format!("{:.2}", MicroUsdPerHour::new(1_049_715_000)), "1049.72");
    }
}
