//! Moments and durations as Kubernetes writes them.

use model::Timestamp;

/// A moment such as `2026-11-26T04:00:00Z`.
pub(super) fn moment(text: &str) -> Option<Timestamp> {
    text.parse::<jiff::Timestamp>().ok().map(|moment| Timestamp(moment.as_second()))
}

/// Whole seconds of a duration such as `1h30m` or `90s`, parts of a second cut; `None` for what is no
/// duration, such as `Never`.
pub(super) fn seconds(text: &str) -> Option<i64> {
    let mut rest = text;
    let mut millis = 0_i64;
    while !rest.is_empty() {
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        let number: i64 = rest[..digits].parse().ok()?;
        rest = &rest[digits..];
        let (unit, length) = match rest.as_bytes() {
            [b'm', b's', ..] => (1, 2),
            [b'h', ..] => (3_600_000, 1),
            [b'm', ..] => (60_000, 1),
            [b's', ..] => (1_000, 1),
            _ => return None,
        };
        rest = &rest[length..];
        millis = millis.checked_add(number.checked_mul(unit)?)?;
    }
    (!text.is_empty()).then_some(millis / 1_000)
}

#[cfg(test)]
mod tests {
    use super::{moment, seconds};

    #[test]
    fn durations_are_read_or_are_none() {
        for (text, expected) in
            [("0s", 0), ("90s", 90), ("1h30m", 5_400), ("1500ms", 1), ("168h", 604_800)]
        {
            assert_eq!(seconds(text), Some(expected), "{text}");
        }
        for text in ["Never", "", "s", "5", "5d", "-5s"] {
            assert_eq!(seconds(text), None, "{text}");
        }
        assert_eq!(moment("1970-01-01T00:01:00Z"), Some(model::Timestamp(60)));
    }
}
