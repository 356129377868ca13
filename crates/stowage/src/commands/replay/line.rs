//! What is said about one record: a line, and below it what is different.

use jiff::Timestamp;
use record::{Difference, Place, RecordedPlanning};

use crate::bill::Bill;
use crate::money::{cents, count, rounded_down};

/// The most characters that are shown of a value that is different.
const VALUE_CHARS_MAX: usize = 400;

/// Where a record stands, and which version wrote it.
#[derive(Clone, Copy)]
pub(super) struct Source<'a> {
    /// Where its decision stands.
    pub(super) place: &'a Place,
    /// The version that wrote it.
    pub(super) version: &'a str,
}

impl Source<'_> {
    /// A line about something that was decided again, and below it what is different.
    pub(super) fn outcome(self, subject: &str, difference: Option<&Difference>) -> String {
        let outcome = if difference.is_none() { "same" } else { "DIFFERENT" };
        let version = version(self.version);
        let shown = difference.map(|difference| shown(self.place, difference)).unwrap_or_default();
        format!("{subject}, {outcome}{version}\n{shown}")
    }

    /// A line about something that does not hold, with what is wrong.
    pub(super) fn refused(self, subject: &str, what: &str, violations: &str) -> String {
        let (version, place) = (version(self.version), self.place);
        format!(
            "{subject}, REFUSED{version}\n  {place}: {what} not pass the checker; this is a bug of \
             Stowage, please report it with the record:{violations}"
        )
    }
}

/// The line of a plan that was made again.
pub(super) fn planning(
    recorded: &RecordedPlanning,
    bill: &Bill,
    difference: Option<&Difference>,
) -> String {
    let figures = format!(
        "cost {}, bound {} USD/h",
        cents(bill.cost),
        cents(rounded_down(bill.objective_bound))
    );
    source(recorded).outcome(&format!("{}, {figures}", subject(recorded)), difference)
}

/// The line of a record whose plan does not hold, with what is wrong.
pub(super) fn refused(recorded: &RecordedPlanning, violations: &str) -> String {
    source(recorded).refused(&subject(recorded), "the plan does", violations)
}

fn source(recorded: &RecordedPlanning) -> Source<'_> {
    Source { place: &recorded.place, version: &recorded.version }
}

/// When, why, how many pods, and what is bought.
fn subject(recorded: &RecordedPlanning) -> String {
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
pub(super) fn time(now: model::Timestamp) -> String {
    Timestamp::from_second(now.0).map_or_else(|_| now.0.to_string(), |time| time.to_string())
}

/// A number of things.
pub(super) fn counted(number: usize, noun: &str) -> String {
    format!("{} {noun}{}", count(number), if number == 1 { "" } else { "s" })
}

fn version(version: &str) -> String {
    match version {
        record::VERSION => String::new(),
        other => format!(" (recorded by {other}, replayed by {})", record::VERSION),
    }
}

fn shown(place: &Place, difference: &Difference) -> String {
    let Difference { field, recorded: was, replayed } = difference;
    let value = |value: &Option<String>| match value {
        None => "nothing".to_owned(),
        Some(text) if text.chars().count() > VALUE_CHARS_MAX => {
            text.chars().take(VALUE_CHARS_MAX).chain(" ...".chars()).collect()
        }
        Some(text) => text.clone(),
    };
    format!(
        "  {place}: first difference at {field}\n    recorded {}\n    replayed {}\n",
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
