//! How long to search, and for what.

use std::time::Duration;

use clap::{Args, ValueEnum};
use model::{MicroUsdPerHour, Objective, PreferencePrice};

#[derive(Debug, Args)]
pub(crate) struct Search {
    /// How much work to spend on a cheaper plan and a better lower bound
    #[arg(long, default_value = "balanced", conflicts_with = "work")]
    effort: Effort,

    /// Spend exactly this many units of work at most; what a cut run printed gives the same plan
    /// again
    #[arg(long, value_name = "N")]
    work: Option<u64>,

    /// Stop searching after this time, such as 500ms, 10s or 2m, and print the best plan so far
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    pub(crate) time_limit: Option<Duration>,

    /// What the restart of one pod costs, in USD; makes frequently interrupted spot less attractive
    #[arg(long, value_name = "USD", default_value = "0", value_parser = restart_cost)]
    restart_cost: Objective,

    /// What a preference of weight 100 is worth, in percent of what its pod costs alone at least; 0 leaves
    /// preferences out
    #[arg(long, value_name = "PERCENT", default_value_t = PreferencePrice::DEFAULT)]
    preference_price: PreferencePrice,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Effort {
    /// About a fifth of a second
    Fast,
    /// About 6 seconds
    Balanced,
    /// About a minute
    Thorough,
}

impl Effort {
    /// Most units of work. A unit takes 0.05 to 0.1 µs on one of two cores of 2026, so these are
    /// about 0.2 s, 6 s and 60 s; searches that are through earlier end by themselves.
    pub(crate) const fn work_limit(self) -> u64 {
        match self {
            Self::Fast => 2_000_000,
            Self::Balanced => 80_000_000,
            Self::Thorough => 600_000_000,
        }
    }
}

impl Search {
    /// Most units of work to spend on improving the first answer.
    pub(crate) fn work_limit(&self) -> u64 {
        self.work.unwrap_or(self.effort.work_limit())
    }

    /// What is minimised beside list prices.
    pub(crate) const fn objective(&self) -> Objective {
        Objective { preference_price: self.preference_price, ..self.restart_cost }
    }

    /// The flag that set the work limit, as the user would give it.
    pub(crate) const fn limit_flag(&self) -> &'static str {
        match (self.work, self.effort) {
            (Some(_), _) => "--work",
            (None, Effort::Fast) => "--effort fast",
            (None, Effort::Balanced) => "--effort balanced",
            (None, Effort::Thorough) => "--effort thorough",
        }
    }
}

/// A whole number followed by `ms`, `s`, `m` or `h`.
pub(crate) fn duration(text: &str) -> Result<Duration, String> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.split_at(digits);
    let milliseconds: Option<u64> = match unit {
        "ms" => Some(1),
        "s" => Some(1000),
        "m" => Some(60_000),
        "h" => Some(3_600_000),
        _ => None,
    };
    (number.parse::<u64>().ok())
        .zip(milliseconds)
        .and_then(|(number, each)| number.checked_mul(each))
        .map(Duration::from_millis)
        .ok_or_else(|| "give a whole number and a unit, such as 500ms, 10s, 2m or 1h".to_owned())
}

/// Dollars of at most six decimals, exactly.
pub(crate) fn restart_cost(text: &str) -> Result<Objective, String> {
    // The same decimals as a price, without its hour.
    MicroUsdPerHour::parse_usd(text)
        .map(|cost| Objective { restart_cost: cost.get(), ..Objective::LIST_PRICES })
        .ok_or_else(|| "give dollars of at most six decimals, such as 0.05".to_owned())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{duration, restart_cost};

    #[test]
    fn durations_and_dollars_are_read_exactly_or_refused() {
        for (text, milliseconds) in [("500ms", 500), ("10s", 10_000), ("2m", 120_000)] {
            assert_eq!(duration(text), Ok(Duration::from_millis(milliseconds)), "{text}");
        }
        for text in ["", "10", "s", "1.5s", "-1s", "1 s", "99999999999999999999s", "2min"] {
            assert!(duration(text).is_err(), "{text}");
        }
        assert_eq!(restart_cost("0.05").expect("it is exact").restart_cost, 50_000);
        assert!(restart_cost("0.0000001").is_err());
    }
}
