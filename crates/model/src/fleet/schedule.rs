//! Schedules in cron's five fields, or by name, always in UTC.
//!
//! In: text such as `0 9 * * mon-fri` or `@daily`. Out: the next moment. As in Vixie's cron, where
//! both days are restricted either may match, and a day field counts as unrestricted only if it is
//! `*` or `?` without a step above 1.

use std::str::FromStr;

use crate::Timestamp;

const DAY: i64 = 86_400;
/// How far is looked for the next moment, in days: a 29th of February is at most eight years off.
const DAYS_MAX: i64 = 8 * 366;

/// A text that is no schedule.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ScheduleError {
    /// Another number of fields.
    #[error("schedule {text:?} has {found} fields; give minute, hour, day, month and weekday")]
    Fields {
        /// The text.
        text: String,
        /// How many there are.
        found: usize,
    },
    /// A name that is not known.
    #[error("schedule {0:?} is not known; use @yearly, @monthly, @weekly, @daily or @hourly")]
    Name(String),
    /// A field that cannot be read or is out of range.
    #[error("field {field:?} of a schedule is no {name} from {from} to {to}")]
    Field {
        /// The field's text.
        field: String,
        /// What it stands for.
        name: &'static str,
        /// The least value.
        from: u32,
        /// The greatest value.
        to: u32,
    },
}

/// When something begins, again and again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Schedule {
    /// As it was given.
    text: Box<str>,
    minutes: u64,
    hours: u64,
    days: u64,
    months: u64,
    weekdays: u64,
    /// Whether both days are restricted, so that either may match.
    either_day: bool,
}

struct Field {
    name: &'static str,
    from: u32,
    to: u32,
    words: &'static [&'static str],
}

const MINUTE: Field = Field { name: "minute", from: 0, to: 59, words: &[] };
const HOUR: Field = Field { name: "hour", from: 0, to: 23, words: &[] };
const DAY_OF_MONTH: Field = Field { name: "day of the month", from: 1, to: 31, words: &[] };
const MONTH: Field = Field {
    name: "month",
    from: 1,
    to: 12,
    words: &["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"],
};
const WEEKDAY: Field = Field {
    name: "weekday",
    from: 0,
    to: 6,
    words: &["sun", "mon", "tue", "wed", "thu", "fri", "sat"],
};

impl FromStr for Schedule {
    type Err = ScheduleError;

    fn from_str(text: &str) -> Result<Self, ScheduleError> {
        let spelt = match text.trim() {
            "@annually" | "@yearly" => "0 0 1 1 *",
            "@monthly" => "0 0 1 * *",
            "@weekly" => "0 0 * * 0",
            "@daily" | "@midnight" => "0 0 * * *",
            "@hourly" => "0 * * * *",
            name if name.starts_with('@') => return Err(ScheduleError::Name(name.to_owned())),
            spelt => spelt,
        };
        let fields: Vec<&str> = spelt.split_whitespace().collect();
        let [minute, hour, day, month, weekday] = fields[..] else {
            return Err(ScheduleError::Fields { text: text.to_owned(), found: fields.len() });
        };
        let (days, any_day) = DAY_OF_MONTH.read(day)?;
        let (weekdays, any_weekday) = WEEKDAY.read(weekday)?;
        Ok(Self {
            text: text.into(),
            minutes: MINUTE.read(minute)?.0,
            hours: HOUR.read(hour)?.0,
            days,
            months: MONTH.read(month)?.0,
            weekdays,
            either_day: !any_day && !any_weekday,
        })
    }
}

impl Schedule {
    /// The text that it was read from.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The first moment after `moment`; `None` where there is none within eight years.
    pub fn next(&self, moment: Timestamp) -> Option<Timestamp> {
        let from = (moment.0.div_euclid(60) + 1) * 60;
        let first = from.div_euclid(DAY);
        (first..first + DAYS_MAX).find_map(|day| {
            let earliest = if day == first { from.rem_euclid(DAY) / 60 } else { 0 };
            let minute = self.is_on(day).then(|| self.minute_from(earliest))??;
            Some(Timestamp(day * DAY + minute * 60))
        })
    }

    /// The first minute of a day at or after `earliest`.
    fn minute_from(&self, earliest: i64) -> Option<i64> {
        (earliest..24 * 60)
            .find(|minute| has(self.hours, minute / 60) && has(self.minutes, minute % 60))
    }

    /// Whether it begins on a day counted from the Unix epoch, a Thursday.
    fn is_on(&self, day: i64) -> bool {
        let (month, date) = month_and_date(day);
        let by_date = has(self.days, date);
        let by_weekday = has(self.weekdays, (day + 4).rem_euclid(7));
        let is_day = if self.either_day { by_date || by_weekday } else { by_date && by_weekday };
        has(self.months, month) && is_day
    }
}

fn has(set: u64, value: i64) -> bool {
    u32::try_from(value).is_ok_and(|value| set & 1_u64.checked_shl(value).unwrap_or(0) != 0)
}

/// Month (1 to 12) and date (1 to 31) of a day counted from 1970-01-01, by eras of 400 years that
/// begin on a first of March.
const fn month_and_date(days: i64) -> (i64, i64) {
    let day = (days + 719_468).rem_euclid(146_097);
    let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
    let day_of_year = day - (365 * year + year / 4 - year / 100);
    let shifted = (5 * day_of_year + 2) / 153;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    (month, day_of_year - (153 * shifted + 2) / 5 + 1)
}

impl Field {
    /// The values as bits, and whether all are meant.
    fn read(&self, text: &str) -> Result<(u64, bool), ScheduleError> {
        let mut values = 0;
        let mut any = false;
        for part in text.split(',') {
            let (bits, is_any) = self.part(part).ok_or_else(|| ScheduleError::Field {
                field: text.to_owned(),
                name: self.name,
                from: self.from,
                to: self.to,
            })?;
            values |= bits;
            any |= is_any;
        }
        Ok((values, any))
    }

    /// `*`, a value, a range, or one of them with a step; a value with a step reaches to the end.
    fn part(&self, part: &str) -> Option<(u64, bool)> {
        let (range, step) = match part.split_once('/') {
            None => (part, None),
            Some((range, step)) => (range, Some(number(step).filter(|step| *step > 0)?)),
        };
        let star = range == "*" || range == "?";
        let (from, to) = match range.split_once('-') {
            _ if star => (self.from, self.to),
            None => {
                let value = self.value(range)?;
                (value, if step.is_some() { self.to } else { value })
            }
            Some((from, to)) => (self.value(from)?, self.value(to)?),
        };
        if from < self.from || to > self.to || from > to {
            return None;
        }
        let step = step.unwrap_or(1);
        let values = (from..=to).step_by(usize::try_from(step).ok()?);
        Some((values.fold(0, |bits, value| bits | 1 << value), star && step == 1))
    }

    fn value(&self, text: &str) -> Option<u32> {
        let lower = text.to_ascii_lowercase();
        let word = self.words.iter().zip(self.from..).find(|(word, _)| **word == lower);
        word.map(|(_, value)| value).or_else(|| number(text))
    }
}

/// Digits and nothing else.
fn number(text: &str) -> Option<u32> {
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok())?
}
