//! What preferences are worth, in percent of what pods cost alone.
//!
//! In: percent as people write them. Out: millionths. The one place that says what holds where nobody says
//! anything, so that plans of the controller, of the command line and of moves agree.

use std::fmt;
use std::str::FromStr;

use crate::MicroUsdPerHour;

/// What a preference of weight 100 is worth, as a part of the pod's standalone price; see
/// [`Objective::preference`](crate::Objective::preference). Invariant: 0 to [`PreferencePrice::MOST`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PreferencePrice(i64);

/// Millionths in a hundredth.
const HUNDREDTH: i64 = 10_000;

impl PreferencePrice {
    /// What holds where nobody says otherwise: five hundredths, see
    /// `docs/adr/0017-preferences-have-a-price.md`.
    pub const DEFAULT: Self = Self(5 * HUNDREDTH);

    /// Preferences are left out.
    pub const NOTHING: Self = Self(0);

    /// Ten times what the pod costs: preferences are as good as required where they can be had at all.
    pub const MOST: Self = Self(1_000 * HUNDREDTH);

    /// So many millionths, or what is nearest within the range.
    pub const fn of_millionths(millionths: i64) -> Self {
        if millionths < Self::NOTHING.0 {
            Self::NOTHING
        } else if millionths > Self::MOST.0 {
            Self::MOST
        } else {
            Self(millionths)
        }
    }

    /// Millionths.
    pub const fn millionths(self) -> i64 {
        self.0
    }

    /// Whether preferences are left out.
    pub const fn is_nothing(self) -> bool {
        self.0 == 0
    }
}

/// A percentage that is none, or is out of range.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("give a percentage of at most four decimals from 0 to 1000, such as 5 or 2.5")]
pub struct ParsePreferencePriceError;

impl FromStr for PreferencePrice {
    type Err = ParsePreferencePriceError;

    /// Percent of at most four decimals, without a sign.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        /// Millionths of a percent in a millionth of the whole.
        const FINER: i64 = 100;
        // The same decimals as a price.
        let read = MicroUsdPerHour::parse_usd(text).map(MicroUsdPerHour::get);
        let exact = read.filter(|percent| percent % FINER == 0).map(|percent| percent / FINER);
        let within = exact.filter(|millionths| (0..=Self::MOST.0).contains(millionths));
        within.map(Self).ok_or(ParsePreferencePriceError)
    }
}

impl fmt::Display for PreferencePrice {
    /// Percent, as [`PreferencePrice::from_str`] reads them.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (whole, rest) = (self.0 / HUNDREDTH, self.0 % HUNDREDTH);
        if rest == 0 {
            return write!(f, "{whole}");
        }
        let decimals = format!("{rest:04}");
        write!(f, "{whole}.{}", decimals.trim_end_matches('0'))
    }
}

#[cfg(test)]
mod tests {
    use super::PreferencePrice;

    #[test]
    fn percentages_are_read_exactly_and_printed_as_they_are_read() {
        let read = |text: &str| text.parse::<PreferencePrice>();
        for (text, millionths) in
            [("5", 50_000), ("0", 0), ("2.5", 25_000), ("0.0001", 1), ("1000", 10_000_000)]
        {
            let price = read(text).expect(text);
            assert_eq!(price.millionths(), millionths, "{text}");
            assert_eq!(price.to_string(), text);
        }
        assert_eq!(read("5"), Ok(PreferencePrice::DEFAULT));
        for text in ["-1", "5%", "0.00001", "1000.0001", "1001", "", "1e2"] {
            assert!(read(text).is_err(), "{text}");
        }
        assert_eq!(PreferencePrice::of_millionths(-1), PreferencePrice::NOTHING);
        assert_eq!(PreferencePrice::of_millionths(i64::MAX), PreferencePrice::MOST);
    }
}
