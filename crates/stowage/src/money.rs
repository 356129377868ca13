//! Money as text: exact decimals for JSON, grouped digits for people. No floats.

use model::{MicroUsdPerHour, NanoUsdPerHour};

/// Hours in a month as AWS bills estimate it: 8,760 hours a year over twelve.
pub(crate) const HOURS_PER_MONTH: usize = 730;

/// Dollars per hour as the shortest exact decimal, such as `0.0168` or `12`.
pub(crate) fn exact(rate: MicroUsdPerHour) -> String {
    let text = rate.to_string();
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// The greatest whole number of millionths that is not above `rate`: for bounds.
pub(crate) fn rounded_down(rate: NanoUsdPerHour) -> MicroUsdPerHour {
    MicroUsdPerHour::new(rate.get().div_euclid(1000))
}

/// The least whole number of millionths that is not below `rate`: for costs and what they add up to.
pub(crate) fn rounded_up(rate: NanoUsdPerHour) -> MicroUsdPerHour {
    let up = i64::from(rate.get().rem_euclid(1000) > 0);
    MicroUsdPerHour::new(rate.get().div_euclid(1000) + up)
}

/// Millionths as the shortest exact decimal: `3764` is `0.003764`.
pub(crate) fn millionths(number: i128) -> String {
    let text = format!("{}.{:06}", number / 1_000_000, number % 1_000_000);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// Millionths as percent with two decimals, rounded up: `3764` is `0.38 %`.
pub(crate) fn percent(millionths: i128) -> String {
    let hundredths = (millionths + 99) / 100;
    format!("{}.{:02} %", hundredths / 100, hundredths % 100)
}

/// Dollars with two decimals and grouped thousands, such as `1,049.72`; rounds half up.
pub(crate) fn cents(rate: MicroUsdPerHour) -> String {
    grouped_decimal(&format!("{rate:.2}"))
}

/// Dollars with four decimals, such as `0.0168`: one machine's price.
pub(crate) fn price(rate: MicroUsdPerHour, estimated: bool) -> String {
    let mark = if estimated { "~" } else { "" };
    format!("{mark}{}", grouped_decimal(&format!("{rate:.4}")))
}

/// A count with grouped thousands, such as `9,614`.
pub(crate) fn count(number: usize) -> String {
    grouped_decimal(&number.to_string())
}

fn grouped_decimal(text: &str) -> String {
    let (sign, unsigned) = match text.strip_prefix('-') {
        Some(rest) => ("-", rest),
        None => ("", text),
    };
    let whole = unsigned.split('.').next().unwrap_or(unsigned);
    let fraction = &unsigned[whole.len()..];
    let mut grouped = String::new();
    for (position, digit) in whole.chars().enumerate() {
        if position > 0 && (whole.len() - position).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    format!("{sign}{grouped}{fraction}")
}

#[cfg(test)]
mod tests {
    use super::{cents, count, exact, millionths, percent, price, rounded_down, rounded_up};
    use model::{MicroUsdPerHour, NanoUsdPerHour};

    #[test]
    fn bounds_round_down_and_gaps_round_up() {
        for (nano, down, up) in [
            (1_999, 1, 2),
            (2_000, 2, 2),
            (-1, -1, 0),
            (i64::MAX, 9_223_372_036_854_775, 9_223_372_036_854_776),
        ] {
            let nano = NanoUsdPerHour::new(nano);
            assert_eq!((rounded_down(nano).get(), rounded_up(nano).get()), (down, up));
        }
        assert_eq!((millionths(3764), percent(3764)), ("0.003764".to_owned(), "0.38 %".to_owned()));
        assert_eq!((millionths(0), percent(0)), ("0".to_owned(), "0.00 %".to_owned()));
        assert_eq!((millionths(12_500_000), percent(1)), ("12.5".to_owned(), "0.01 %".to_owned()));
    }

    #[test]
    fn money_is_exact_for_machines_and_grouped_for_people() {
        for (micro, machine, person, one) in [
            (16_800, "0.0168", "0.02", "0.0168"),
            (0, "0", "0.00", "0.0000"),
            (10_000_000, "10", "10.00", "10.0000"),
            (100_000_000_001, "100000.000001", "100,000.00", "100,000.0000"),
            (1_049_715_000, "1049.715", "1,049.72", "1,049.7150"),
        ] {
            let rate = MicroUsdPerHour::new(micro);
            assert_eq!(exact(rate), machine);
            assert_eq!(cents(rate), person);
            assert_eq!(price(rate, false), one);
            assert_eq!(price(rate, true), format!("~{one}"));
        }
        assert_eq!(count(9614), "9,614");
        assert_eq!(count(614), "614");
        assert_eq!(count(1_000_000), "1,000,000");
    }
}
