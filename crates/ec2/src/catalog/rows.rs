//! Lines of tab-separated fields; `#` starts a comment line, `-` is an absent value.

use std::str::FromStr;

/// A line of a catalog file that is not as the format says.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line:?}, field {field}: {problem}")]
pub(crate) struct CatalogError {
    pub(super) line: String,
    /// Counted from 1.
    pub(super) field: usize,
    pub(super) problem: &'static str,
}

/// The lines of `text` that carry values.
pub(super) fn rows(text: &str) -> impl Iterator<Item = Row<'_>> {
    text.lines().filter(|line| !line.starts_with('#') && !line.is_empty()).map(|line| Row {
        line,
        fields: line.split('\t'),
        field: 0,
    })
}

/// One line, read field by field.
pub(super) struct Row<'t> {
    line: &'t str,
    fields: std::str::Split<'t, char>,
    field: usize,
}

impl<'t> Row<'t> {
    /// The next field as it stands.
    pub(super) fn text(&mut self) -> Result<&'t str, CatalogError> {
        self.field += 1;
        self.fields.next().ok_or_else(|| self.error("is missing"))
    }

    /// The next field; `None` where it is `-`.
    pub(super) fn known(&mut self) -> Result<Option<&'t str>, CatalogError> {
        self.text().map(|text| Some(text).filter(|text| *text != "-"))
    }

    /// The next field as a number.
    pub(super) fn number<N: FromStr>(&mut self) -> Result<N, CatalogError> {
        let text = self.text()?;
        text.parse().map_err(|_| self.error("is not a number in range"))
    }

    /// The next field as a number; `None` where it is `-`.
    pub(super) fn known_number<N: FromStr>(&mut self) -> Result<Option<N>, CatalogError> {
        let Some(text) = self.known()? else {
            return Ok(None);
        };
        let number = text.parse().map_err(|_| self.error("is not a number in range"))?;
        Ok(Some(number))
    }

    /// The next field through `read`, which gives `None` for what it does not know.
    pub(super) fn one_of<T>(
        &mut self,
        read: impl FnOnce(&'t str) -> Option<T>,
    ) -> Result<T, CatalogError> {
        let text = self.text()?;
        read(text).ok_or_else(|| self.error("is not a known value"))
    }

    /// The next field through `read`; `None` where it is `-`.
    pub(super) fn known_one_of<T>(
        &mut self,
        read: impl FnOnce(&'t str) -> Option<T>,
    ) -> Result<Option<T>, CatalogError> {
        let Some(text) = self.known()? else {
            return Ok(None);
        };
        let value = read(text).ok_or_else(|| self.error("is not a known value"))?;
        Ok(Some(value))
    }

    /// The next field as a comma-separated list, empty for `-`, each item through `read`.
    pub(super) fn list<T>(
        &mut self,
        read: impl FnMut(&'t str) -> Option<T>,
    ) -> Result<Vec<T>, CatalogError> {
        let Some(text) = self.known()? else {
            return Ok(Vec::new());
        };
        let items: Option<Vec<T>> = text.split(',').map(read).collect();
        items.ok_or_else(|| self.error("has an item that is not as the format says"))
    }

    /// That no field is left.
    pub(super) fn end(mut self) -> Result<(), CatalogError> {
        self.field += 1;
        match self.fields.next() {
            None => Ok(()),
            Some(_) => Err(self.error("is one too many")),
        }
    }

    /// An error at the field last read.
    pub(super) fn error(&self, problem: &'static str) -> CatalogError {
        CatalogError { line: self.line.to_owned(), field: self.field, problem }
    }
}

#[cfg(test)]
mod tests {
    use super::rows;

    #[test]
    fn a_field_that_is_missing_wrong_or_too_many_is_named() {
        let row = |text: &'static str| rows(text).next().expect("one line");
        assert_eq!(rows("#comment\n\n").count(), 0);
        let missing = row("a").number::<u32>().expect_err("a is no number");
        assert_eq!(missing.to_string(), "line \"a\", field 1: is not a number in range");
        let mut short = row("a\t-");
        assert_eq!(short.text(), Ok("a"));
        assert_eq!(short.known(), Ok(None));
        assert_eq!(short.text().expect_err("no third field").field, 3);
        assert_eq!(row("a").end().expect_err("a was not read").field, 1);
    }
}
