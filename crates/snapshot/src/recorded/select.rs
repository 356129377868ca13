//! Which rows are planned: filters on columns and the window of time.

use csv::StringRecord;
use model::Quantity;

use super::layout::Alive;
use super::row::{BadRow, field};
use crate::{Comparison, Filter, ReadError, Window};

const NANOS: i64 = 1_000_000_000;

/// A filter whose column has been found in the header.
#[derive(Debug)]
pub(super) struct Condition {
    column: usize,
    comparison: Comparison,
    value: String,
    number: Option<Quantity>,
}

impl Condition {
    /// Finds the filter's column in the header.
    pub(super) fn new(
        source_name: &str,
        header: &StringRecord,
        filter: &Filter,
    ) -> Result<Self, ReadError> {
        let column =
            header.iter().position(|name| name.trim() == filter.column).ok_or_else(|| {
                ReadError::NoSuchColumn {
                    source_name: source_name.to_owned(),
                    column: filter.column.clone(),
                    columns: header.iter().map(|name| name.trim().to_owned()).collect(),
                }
            })?;
        Ok(Self {
            column,
            comparison: filter.comparison,
            value: filter.value.clone(),
            number: filter.value.parse().ok(),
        })
    }

    /// Whether the row meets it. An order between things that are not both numbers is not met.
    pub(super) fn holds(&self, record: &StringRecord) -> bool {
        let text = field(record, self.column);
        let numbers = self.number.zip(text.parse::<Quantity>().ok());
        match (self.comparison, numbers) {
            (Comparison::Equal, None) => text == self.value,
            (Comparison::Equal, Some((value, here))) => here == value,
            (Comparison::AtMost, Some((value, here))) => here <= value,
            (Comparison::AtLeast, Some((value, here))) => here >= value,
            (Comparison::AtMost | Comparison::AtLeast, None) => false,
        }
    }
}

/// A moment, with the columns that tell whether a row is alive then.
#[derive(Debug)]
pub(super) struct Moment {
    nanos: i128,
    alive: &'static Alive,
    columns: [usize; 2],
}

impl Moment {
    /// The moment that `window` asks for, `None` for the whole list. The error names the column
    /// that is missing.
    pub(super) fn new(
        header: &StringRecord,
        alive: &'static Alive,
        window: Window,
    ) -> Result<Option<Self>, &'static str> {
        let second = match window {
            Window::All => return Ok(None),
            Window::At(second) => second,
        };
        let find =
            |name: &'static str| header.iter().position(|column| column.trim() == name).ok_or(name);
        let [first, last] = alive.columns();
        Ok(Some(Self {
            nanos: i128::from(second) * i128::from(NANOS),
            alive,
            columns: [find(first)?, find(last)?],
        }))
    }

    /// Whether the row is alive at this moment.
    pub(super) fn finds_alive(&self, record: &StringRecord) -> Result<bool, BadRow> {
        let [first, last] = self.alive.columns();
        let from = nanos(record, self.columns[0], first)?;
        let to = nanos(record, self.columns[1], last)?;
        let now = self.nanos;
        match self.alive {
            Alive::Between { .. } => {
                Ok(from.is_none_or(|from| from <= now) && to.is_none_or(|until| until > now))
            }
            Alive::For { from: column, duration } => {
                let from = from.ok_or_else(|| BadRow::time(column, ""))?;
                let length = to.ok_or_else(|| BadRow::time(duration, ""))?;
                Ok(from <= now && now < from + length)
            }
        }
    }
}

/// The field's time, rounded up to nanoseconds; `None` where it is empty. The DLRM trace has times
/// such as 4031.0000000000005 s.
fn nanos(record: &StringRecord, column: usize, name: &'static str) -> Result<Option<i128>, BadRow> {
    match field(record, column) {
        "" => Ok(None),
        text => super::number::scaled(text, NANOS)
            .map(|nanos| Some(i128::from(nanos)))
            .ok_or_else(|| BadRow::time(name, text)),
    }
}
