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

/// Seconds of a duration as Go's `time.ParseDuration` takes it, such as `1h30m`, `1.5h` or `300ms`;
/// parts of a second are a whole one. `None` for what is no duration, or longer than Go's 292 years.
pub fn go_seconds(text: &str) -> Option<i64> {
    let (sign, mut rest) = match text.as_bytes().first()? {
        b'-' => (-1, &text[1..]),
        b'+' => (1, &text[1..]),
        _ => (1, text),
    };
    if rest == "0" {
        return Some(0);
    }
    let mut nanos = (!rest.is_empty()).then_some(0_i128)?;
    while !rest.is_empty() {
        let number = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let (number, tail) = rest.split_at(number);
        let unit = tail.find(|c: char| c.is_ascii_digit() || c == '.').unwrap_or(tail.len());
        let (unit, tail) = tail.split_at(unit);
        nanos = nanos.checked_add(nanos_of(number, unit)?)?;
        rest = tail;
    }
    let nanos = i64::try_from(sign * nanos).ok()?;
    let partly = i64::from(nanos > 0 && nanos % 1_000_000_000 != 0);
    Some(nanos / 1_000_000_000 + partly)
}

/// Nanoseconds of a decimal number of units; what is less than one is cut off.
fn nanos_of(number: &str, unit: &str) -> Option<i128> {
    /// Decimal places that can count: an hour is less than 10^13 ns.
    const PLACES_MAX: usize = 13;
    let scale: i128 = match unit {
        "ns" => 1,
        "us" | "\u{b5}s" | "\u{3bc}s" => 1_000,
        "ms" => 1_000_000,
        "s" => 1_000_000_000,
        "m" => 60_000_000_000,
        "h" => 3_600_000_000_000,
        _ => return None,
    };
    let (whole, part) = number.split_once('.').unwrap_or((number, ""));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if (whole.is_empty() && part.is_empty()) || !digits(whole) || !digits(part) {
        return None;
    }
    let whole: i128 = if whole.is_empty() { 0 } else { whole.parse().ok()? };
    let part = &part[..part.len().min(PLACES_MAX)];
    let ten_to = 10_i128.checked_pow(u32::try_from(part.len()).ok()?)?;
    let part: i128 = if part.is_empty() { 0 } else { part.parse().ok()? };
    whole.checked_mul(scale)?.checked_add(part * scale / ten_to)
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
    fn durations_of_annotations_are_gos() {
        let cases = [
            ("5m", Some(300)),
            ("1h30m10s", Some(5410)),
            ("1.5h", Some(5400)),
            (".5m", Some(30)),
            ("2.m", Some(120)),
            ("300ms", Some(1)),
            ("1000ms", Some(1)),
            ("1us", Some(1)),
            ("1\u{b5}s", Some(1)),
            ("0.0000000001s", Some(0)),
            ("0", Some(0)),
            ("-1m", Some(-60)),
            ("+1m", Some(60)),
            ("2540400h", Some(9_145_440_000)),
            ("2570000h", None),
            ("1", None),
            (".s", None),
            ("1.2.3s", None),
            ("m", None),
            ("1 m", None),
            ("1d", None),
            ("true", None),
            ("-", None),
            ("", None),
        ];
        for (text, expected) in cases {
            assert_eq!(go_seconds(text), expected, "{text:?}");
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
