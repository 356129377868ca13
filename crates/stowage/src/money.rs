//! Money as text: exact decimals for JSON, grouped digits for people. No floats.

use model::MicroUsdPerHour;

/// Hours in a month as AWS bills estimate it: 8,760 hours a year over twelve.
pub(crate) const HOURS_PER_MONTH: usize = 730;

/// Dollars per hour as the shortest exact decimal, such as `0.0168` or `12`.
pub(crate) fn exact(rate: MicroUsdPerHour) -> String {
    let text = rate.to_string();
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
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
    use super::{cents, count, exact, price};
    use model::MicroUsdPerHour;

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
