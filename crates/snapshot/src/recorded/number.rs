//! Plain decimal numbers in fields, exactly.

/// `text` times `base_units`, rounded up; `None` where it is not a plain non-negative decimal
/// number or the product does not fit.
pub(super) fn scaled(text: &str, base_units: i64) -> Option<i64> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let fraction = fraction.trim_end_matches('0');
    if whole.is_empty() && !text.starts_with('.') || text == "." || fraction.len() > 18 {
        return None;
    }
    let mut mantissa: i128 = 0;
    for digit in whole.bytes().chain(fraction.bytes()) {
        if !digit.is_ascii_digit() {
            return None;
        }
        mantissa = mantissa.checked_mul(10)?.checked_add(i128::from(digit - b'0'))?;
    }
    let unit = 10_i128.pow(u32::try_from(fraction.len()).ok()?);
    let product = mantissa.checked_mul(i128::from(base_units))?;
    i64::try_from((product + unit - 1) / unit).ok()
}

/// A whole number, possibly written with a fraction of zero such as `2.0`.
pub(super) fn whole(text: &str) -> Option<i64> {
    let number = text.split_once('.').map_or(text, |(whole, fraction)| {
        let zero = fraction.bytes().all(|digit| digit == b'0');
        if zero { whole } else { "" }
    });
    number.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::{scaled, whole};

    #[test]
    fn numbers_are_exact_and_plain() {
        let gib = 1 << 30;
        for (text, unit, expected) in [
            ("0", 1, Some(0)),
            ("12000", 1, Some(12_000)),
            ("0.75", gib, Some(805_306_368)),
            ("120.0", gib, Some(120 << 30)),
            (".5", 1000, Some(500)),
            ("0.0001", 1000, Some(1)),
            ("9223372036854775807", 1, Some(i64::MAX)),
            ("9223372036854775808", 1, None),
            ("", 1, None),
            (".", 1, None),
            ("-1", 1, None),
            ("+1", 1, None),
            ("1e3", 1, None),
            ("1.2.3", 1, None),
            ("NaN", 1, None),
        ] {
            assert_eq!(scaled(text, unit), expected, "{text} x {unit}");
        }
        for (text, expected) in [("2", Some(2)), ("2.0", Some(2)), ("-1", Some(-1)), ("2.5", None)]
        {
            assert_eq!(whole(text), expected, "{text}");
        }
    }
}
