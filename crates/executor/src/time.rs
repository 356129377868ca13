//! Moments and durations as they stand in Kubernetes objects.

use model::Timestamp;

/// Reads RFC 3339, such as `2026-01-01T00:00:00Z`; parts of a second are cut off.
pub fn parse(text: &str) -> Option<Timestamp> {
    text.parse::<jiff::Timestamp>().ok().map(|moment| Timestamp(moment.as_second()))
}

/// Writes RFC 3339 in UTC, to the second.
pub fn format(moment: Timestamp) -> String {
    jiff::Timestamp::from_second(moment.0).unwrap_or(jiff::Timestamp::UNIX_EPOCH).to_string()
}

/// Seconds of a duration such as `720h` or `1h30m`, in hours, minutes and seconds as the API server
/// admits them; `None` for `Never` and for what is no duration.
pub fn seconds(text: &str) -> Option<i64> {
    let mut total = 0_i64;
    let mut number = String::new();
    for letter in text.chars() {
        let unit = match letter {
            '0'..='9' => {
                number.push(letter);
                continue;
            }
            'h' => 3600,
            'm' => 60,
            's' => 1,
            _ => return None,
        };
        total = total.checked_add(number.parse::<i64>().ok()?.checked_mul(unit)?)?;
        number.clear();
    }
    (number.is_empty() && !text.is_empty()).then_some(total)
}

/// `moment` and so many seconds.
pub(crate) const fn after(moment: Timestamp, seconds: i64) -> Timestamp {
    Timestamp(moment.0.saturating_add(seconds))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_those_that_the_api_server_admits() {
        let cases = [
            ("720h", Some(2_592_000)),
            ("1h30m", Some(5400)),
            ("0s", Some(0)),
            ("15m10s", Some(910)),
            ("Never", None),
            ("", None),
            ("10", None),
            ("1d", None),
            ("99999999999999999h", None),
        ];
        for (text, expected) in cases {
            assert_eq!(seconds(text), expected, "{text:?}");
        }
    }

    #[test]
    fn moments_are_written_as_they_are_read() {
        for text in ["1970-01-01T00:00:00Z", "2026-11-26T01:02:03Z"] {
            assert_eq!(parse(text).map(format).as_deref(), Some(text));
        }
        assert_eq!(parse("2026-01-01T00:00:00.75+01:00"), parse("2025-12-31T23:00:00Z"));
        assert_eq!(parse("yesterday"), None);
    }
}
