//! What is said about one record: a line, and below it what is different.

use jiff::Timestamp;
use record::{Difference, Recorded};

use crate::bill::Bill;
use crate::money::{cents, count, rounded_down};

/// The most characters that are shown of a value that is different.
const VALUE_CHARS_MAX: usize = 400;

/// The line of a record that was planned again.
pub(super) fn line(recorded: &Recorded, bill: &Bill, difference: Option<&Difference>) -> String {
    let outcome = if difference.is_none() { "same" } else { "DIFFERENT" };
    let figures = format!(
        "cost {}, bound {} USD/h",
        cents(bill.cost),
        cents(rounded_down(bill.objective_bound))
    );
    let mut text = format!("{}, {figures}, {outcome}{}\n", subject(recorded), version(recorded));
    if let Some(difference) = difference {
        text.push_str(&shown(recorded, difference));
    }
    text
}

/// The line of a record whose plan does not hold, with what is wrong.
pub(super) fn refused(recorded: &Recorded, violations: &str) -> String {
    let subject = subject(recorded);
    let (version, place) = (version(recorded), &recorded.place);
    format!(
        "{subject}, REFUSED{version}\n  {place}: the plan does not pass the checker; this is a bug of \
         Stowage, please report it with the record:{violations}"
    )
}

/// When, why, how many pods, and what is bought.
fn subject(recorded: &Recorded) -> String {
    let plan = &recorded.plan;
    let left_out: usize = plan.unschedulable.iter().map(|group| group.pods.len()).sum();
    let left_out = match left_out {
        0 => String::new(),
        pods => format!(" ({} nowhere)", count(pods)),
    };
    format!(
        "{}, {}: {}{left_out}, {}",
        time(recorded.now),
        recorded.why.as_str(),
        counted(recorded.snapshot.pods.len(), "pod"),
        counted(plan.new_nodes.len(), "node"),
    )
}

/// RFC 3339; the number where it is beyond the years that this has.
fn time(now: model::Timestamp) -> String {
    Timestamp::from_second(now.0).map_or_else(|_| now.0.to_string(), |time| time.to_string())
}

fn counted(number: usize, noun: &str) -> String {
    format!("{} {noun}{}", count(number), if number == 1 { "" } else { "s" })
}

fn version(recorded: &Recorded) -> String {
    match recorded.version.as_str() {
        record::VERSION => String::new(),
        other => format!(" (recorded by {other}, replayed by {})", record::VERSION),
    }
}

fn shown(recorded: &Recorded, difference: &Difference) -> String {
    let Difference { field, recorded: was, replayed } = difference;
    let value = |value: &Option<String>| match value {
        None => "nothing".to_owned(),
        Some(text) if text.chars().count() > VALUE_CHARS_MAX => {
            text.chars().take(VALUE_CHARS_MAX).chain(" ...".chars()).collect()
        }
        Some(text) => text.clone(),
    };
    format!(
        "  {}: first difference at {field}\n    recorded {}\n    replayed {}\n",
        recorded.place,
        value(was),
        value(replayed)
    )
}

#[cfg(test)]
mod tests {
    use super::time;

    #[test]
    fn times_are_those_of_the_record() {
        for (seconds, text) in [
            (0, "1970-01-01T00:00:00Z"),
            (1_790_000_000, "2026-09-21T14:13:20Z"),
            (i64::MAX, "9223372036854775807"),
        ] {
            assert_eq!(time(model::Timestamp(seconds)), text);
        }
    }
}
