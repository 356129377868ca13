//! The table that `stowage plan` prints: plain text, at most [`text::WIDTH`] columns where names
//! allow, the same bytes for the same answer.

mod costs;
mod findings;
mod heading;
mod limits;
mod moves;
mod nodes;
mod supplies;
mod text;
mod unschedulable;

use crate::answer::Answer;

/// Rows shown of a list that may be long; what follows them is summed up in one line.
const ROWS_MAX: usize = 30;

pub(crate) use findings::render as render_findings;
pub(crate) use moves::render as render_moves;

/// The whole table with a final newline.
pub(crate) fn render(answer: &Answer<'_>) -> String {
    let sections = [
        heading::render(answer),
        nodes::render(answer),
        costs::render(answer),
        limits::render(&answer.report.pools),
        supplies::render(&answer.report.supplies),
        unschedulable::render(answer),
        findings::render(answer.findings),
        heading::render_footnotes(answer),
    ];
    let shown: Vec<&str> =
        (sections.iter()).map(String::as_str).filter(|section| !section.is_empty()).collect();
    shown.join("\n")
}

#[cfg(test)]
mod tests {
    use crate::expected::assert_expected;
    use crate::fixture::Fixture;

    #[test]
    fn table_shows_every_section() {
        let table = super::render(&Fixture::new().answer());
        assert_expected("tests/expected/fixture.txt", &table);
        assert!(table.lines().all(|line| line.chars().count() <= 100));
    }
}
