//! Schedules, by tables and beside a reader that others wrote.

use disruption::{Schedule, ScheduleError};
use model::Timestamp;
use proptest::prelude::*;

use crate::support::START;

fn next(schedule: &str, after: &str) -> String {
    let after: jiff::Timestamp = after.parse().unwrap();
    let schedule: Schedule = schedule.parse().unwrap();
    let next = schedule.next(Timestamp(after.as_second())).unwrap();
    jiff::Timestamp::from_second(next.0).unwrap().to_string()
}

#[test]
fn the_next_moment_is_strictly_later() {
    let cases = [
        ("* * * * *", "2026-11-26T00:00:00Z", "2026-11-26T00:01:00Z"),
        ("* * * * *", "2026-11-26T00:00:59Z", "2026-11-26T00:01:00Z"),
        ("0 9 * * mon-fri", "2026-11-27T09:00:00Z", "2026-11-30T09:00:00Z"),
        ("*/15 22-23 * * *", "2026-11-26T22:50:00Z", "2026-11-26T23:00:00Z"),
        ("5/20 0 * * *", "2026-11-26T00:06:00Z", "2026-11-26T00:25:00Z"),
        ("0 0 29 2 *", "2026-11-26T00:00:00Z", "2028-02-29T00:00:00Z"),
        ("0 0 31 * *", "2026-11-26T00:00:00Z", "2026-12-31T00:00:00Z"),
        ("0 0 1 JAN ?", "2026-11-26T00:00:00Z", "2027-01-01T00:00:00Z"),
        // Either day, where both are restricted.
        ("0 0 13 * fri", "2026-11-26T00:00:00Z", "2026-11-27T00:00:00Z"),
        // A star with a step restricts.
        ("0 0 */10 * sun", "2026-11-26T00:00:00Z", "2026-11-29T00:00:00Z"),
        ("@weekly", "2026-11-26T00:00:00Z", "2026-11-29T00:00:00Z"),
        ("@yearly", "2026-11-26T00:00:00Z", "2027-01-01T00:00:00Z"),
        ("@hourly", "2026-11-26T00:30:00Z", "2026-11-26T01:00:00Z"),
        ("0 0 * * *", "1969-12-31T12:00:00Z", "1970-01-01T00:00:00Z"),
    ];
    for (schedule, after, expected) in cases {
        assert_eq!(next(schedule, after), expected, "{schedule} after {after}");
    }
}

#[test]
fn a_day_that_never_comes_has_no_next() {
    let schedule: Schedule = "0 0 30 2 *".parse().unwrap();
    assert_eq!(schedule.next(START), None);
}

#[test]
fn what_is_no_schedule_says_what_is_wrong() {
    let fields = |text: &str, found| ScheduleError::Fields { text: text.to_owned(), found };
    for (text, found) in [("", 0), ("* * * *", 4), ("0 0 * * * *", 6)] {
        assert_eq!(text.parse::<Schedule>(), Err(fields(text, found)));
    }
    let name = ScheduleError::Name("@never".to_owned());
    assert_eq!("@never".parse::<Schedule>(), Err(name));
    let broken = [
        "60 * * * *",
        "* 24 * * *",
        "* * 0 * *",
        "* * 32 * *",
        "* * * 13 * ",
        "* * * * 7",
        "5-1 * * * *",
        "*/0 * * * *",
        "1,,2 * * * *",
        "a * * * *",
        "+1 * * * *",
        "1-2-3 * * * *",
        "*/ * * * *",
        "- * * * *",
    ];
    for text in broken {
        let error = text.parse::<Schedule>();
        assert!(matches!(error, Err(ScheduleError::Field { .. })), "{text}: {error:?}");
    }
}

/// A field: `*`, a value, a range, a list; a step on a star or a range.
fn field(from: u32, to: u32) -> impl Strategy<Value = String> {
    let value = from..=to;
    let range =
        (value.clone(), value.clone()).prop_map(|(a, b)| format!("{}-{}", a.min(b), a.max(b)));
    let item = prop_oneof![
        value.prop_map(|value| value.to_string()),
        range.clone(),
        (range, 2..9_u32).prop_map(|(range, step)| format!("{range}/{step}")),
    ];
    prop_oneof![
        2 => Just("*".to_owned()),
        3 => prop::collection::vec(item, 1..4).prop_map(|items| items.join(",")),
    ]
}

fn schedule() -> impl Strategy<Value = String> {
    (field(0, 59), field(0, 23), field(1, 31), field(1, 12), field(0, 6))
        .prop_map(|(a, b, c, d, e)| format!("{a} {b} {c} {d} {e}"))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, ..ProptestConfig::default() })]

    #[test]
    fn another_reader_finds_the_same_moment(text in schedule(), offset in 0..315_360_000_i64) {
        let after = START.0 + offset;
        let moment = jiff::Timestamp::from_second(after).unwrap();
        let theirs: croner::Cron = text.parse().unwrap();
        let theirs = theirs.find_next_occurrence(&moment.to_zoned(jiff::tz::TimeZone::UTC), false);
        let ours = text.parse::<Schedule>().unwrap().next(Timestamp(after));
        // Both look some years ahead, and not equally far: ours eight, theirs at least five.
        let years = |moment: i64| (moment - after) / (365 * 86_400);
        match (ours, theirs) {
            (Some(ours), Ok(theirs)) => prop_assert_eq!(ours.0, theirs.timestamp().as_second()),
            (Some(ours), Err(error)) => {
                prop_assert!(years(ours.0) >= 4, "{text} after {moment}: {error} but {ours:?}");
            }
            (None, Ok(theirs)) => {
                let theirs = theirs.timestamp().as_second();
                prop_assert!(years(theirs) >= 7, "{text} after {moment}: {theirs}");
            }
            (None, Err(_)) => {}
        }
    }
}
