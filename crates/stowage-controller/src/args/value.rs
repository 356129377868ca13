//! Values as Go programs write them.

use std::time::Duration;

use controller::{MicroUsdPerHour, RecordTo};

/// A duration such as `10s`, `1m30s` or `250ms`.
pub(super) fn duration(text: &str) -> Result<Duration, String> {
    let wrong =
        || format!("{text:?} is no duration; give a number with a unit, such as 10s or 1m30s");
    let mut rest = text;
    let mut total = Duration::ZERO;
    if rest.is_empty() {
        return Err(wrong());
    }
    while !rest.is_empty() {
        let digits = rest.bytes().take_while(|byte| byte.is_ascii_digit() || *byte == b'.').count();
        let (number, after) = rest.split_at(digits);
        let letters = after.bytes().take_while(u8::is_ascii_alphabetic).count();
        let (unit, after) = after.split_at(letters);
        let seconds = match unit {
            "ms" => 0.001,
            "s" => 1.0,
            "m" => 60.0,
            "h" => 3_600.0,
            _ => return Err(wrong()),
        };
        let number: f64 = number.parse().map_err(|_| wrong())?;
        total += Duration::try_from_secs_f64(number * seconds).map_err(|_| wrong())?;
        rest = after;
    }
    Ok(total)
}

/// A duration of at least a minute.
pub(super) fn interval(text: &str) -> Result<Duration, String> {
    let interval = duration(text)?;
    if interval < Duration::from_mins(1) {
        return Err(format!("{text:?} is too short; give at least 1m"));
    }
    Ok(interval)
}

/// A duration in whole seconds, at least one.
pub(super) fn limit(text: &str) -> Result<i64, String> {
    let limit = duration(text)?;
    let seconds = i64::try_from(limit.as_secs()).ok().filter(|seconds| *seconds >= 1);
    let whole = seconds.filter(|_| limit.subsec_nanos() == 0);
    whole.ok_or_else(|| format!("{text:?} will not do; give whole seconds, at least 1s"))
}

/// Dollars in millionths.
pub(super) fn usd(text: &str) -> Result<i64, String> {
    let amount = MicroUsdPerHour::parse_usd(text).map(MicroUsdPerHour::get);
    amount.ok_or_else(|| format!("{text:?}: give dollars of at most six decimals, such as 0.05"))
}

/// `true` or `false`, and what else Go takes for them.
pub(super) fn truth(text: &str) -> Result<bool, String> {
    match text {
        "1" | "t" | "T" | "true" | "TRUE" | "True" => Ok(true),
        "0" | "f" | "F" | "false" | "FALSE" | "False" | "" => Ok(false),
        _ => Err(format!("{text:?} is neither true nor false; give one of them")),
    }
}

/// `stdout`, or a folder.
pub(super) fn record_to(text: &str) -> Result<RecordTo, String> {
    match text {
        "" => Err("give stdout, or a folder on a volume".to_owned()),
        "stdout" => Ok(RecordTo::Stdout),
        folder => Ok(RecordTo::Folder(folder.into())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_are_whole_seconds() {
        assert_eq!(limit("15m"), Ok(900));
        for text in ["0s", "500ms", "1.5s", "never"] {
            assert!(limit(text).is_err(), "{text}");
        }
    }

    #[test]
    fn durations_are_sums_of_numbers_with_units() {
        for (text, millis) in
            [("10s", 10_000), ("1m30s", 90_000), ("250ms", 250), ("1.5h", 5_400_000)]
        {
            assert_eq!(duration(text), Ok(Duration::from_millis(millis)), "{text}");
        }
        for text in ["", "10", "s", "-1s", "1 s", "1d", "1s2", "1e400h"] {
            assert!(duration(text).is_err(), "{text}");
        }
    }
}
