//! Aligned columns and wrapped paragraphs of plain text.

use crate::money::count;

/// Columns of a terminal that the table keeps to.
pub(super) const WIDTH: usize = 100;

/// The least that a column of names is cut to.
const NAME_WIDTH_MIN: usize = 12;

const GAP: usize = 2;

/// How a column is aligned; columns to the left are names and may be cut to keep to [`WIDTH`].
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Align {
    Left,
    Right,
}

/// Lines of `rows`, each as long as `aligns`, indented by two, with a final newline.
pub(super) fn aligned(aligns: &[Align], rows: &[Vec<String>]) -> String {
    let widths = widths(aligns, rows);
    let mut out = String::new();
    for row in rows {
        let cells: Vec<String> = (row.iter().zip(aligns).zip(&widths))
            .map(|((cell, align), width)| padded(cell, *align, *width))
            .collect();
        out.push_str(cells.concat().trim_end());
        out.push('\n');
    }
    out
}

/// `text` in lines of at most [`WIDTH`] columns: the first starts with `first`, the others are
/// indented to its length. Words longer than a line stand alone. Ends with a newline.
pub(super) fn wrapped(first: &str, text: &str) -> String {
    let hang = first.chars().count();
    let mut out = String::from(first);
    let mut column = hang;
    for word in text.split_whitespace() {
        let length = word.chars().count();
        if column > hang && column + 1 + length > WIDTH {
            out.push('\n');
            out.push_str(&" ".repeat(hang));
            column = hang;
        }
        if column > hang {
            out.push(' ');
            column += 1;
        }
        out.push_str(word);
        column += length;
    }
    out.push('\n');
    out
}

/// Up to three of `names`, and how many more there are.
pub(super) fn few(mut names: impl Iterator<Item = String>) -> String {
    const SHOWN: usize = 3;
    let text = names.by_ref().take(SHOWN).collect::<Vec<_>>().join(", ");
    match names.count() {
        0 => text,
        more => format!("{text} and {} more", count(more)),
    }
}

fn widths(aligns: &[Align], rows: &[Vec<String>]) -> Vec<usize> {
    let mut widths = vec![0; aligns.len()];
    for row in rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    let mut excess = (widths.iter().map(|width| width + GAP).sum::<usize>()).saturating_sub(WIDTH);
    while excess > 0 {
        let widest = (0..widths.len())
            .filter(|column| aligns[*column] == Align::Left && widths[*column] > NAME_WIDTH_MIN)
            .max_by_key(|column| widths[*column]);
        let Some(widest) = widest else { break };
        widths[widest] -= 1;
        excess -= 1;
    }
    widths
}

/// A cell with the gap before it.
fn padded(cell: &str, align: Align, width: usize) -> String {
    let (gap, cell) = (" ".repeat(GAP), cut(cell, width));
    match align {
        Align::Left => format!("{gap}{cell:<width$}"),
        Align::Right => format!("{gap}{cell:>width$}"),
    }
}

fn cut(cell: &str, width: usize) -> String {
    if cell.chars().count() <= width {
        return cell.to_owned();
    }
    let kept: String = cell.chars().take(width.saturating_sub(1)).collect();
    format!("{kept}…")
}

#[cfg(test)]
mod tests {
    use super::{Align, WIDTH, aligned, few, wrapped};

    #[test]
    fn columns_are_aligned_and_long_names_are_cut() {
        let row = |name: &str, number: &str| vec![name.to_owned(), number.to_owned()];
        let aligns = [Align::Left, Align::Right];
        let text = aligned(&aligns, &[row("pool", "USD/h"), row("p1", "1.25")]);
        assert_eq!(text, "  pool  USD/h\n  p1     1.25\n");
        let text = aligned(&aligns, &[row(&"x".repeat(150), "1.25")]);
        let line = text.trim_end();
        assert_eq!(line.chars().count(), WIDTH);
        assert!(line.ends_with("x…  1.25"), "{line}");
    }

    #[test]
    fn paragraphs_are_wrapped_with_a_hanging_indent() {
        let text = wrapped("  7  ", &"word ".repeat(40));
        assert!(text.lines().all(|line| line.chars().count() <= WIDTH));
        assert!(text.starts_with("  7  word word"));
        assert!(text.lines().nth(1).is_some_and(|line| line.starts_with("     word")));
        assert_eq!(wrapped("- ", ""), "- \n");
    }

    #[test]
    fn long_lists_of_names_are_summed_up() {
        let names = |n: usize| (0..n).map(|i| format!("p{i}"));
        assert_eq!(few(names(3)), "p0, p1, p2");
        assert_eq!(few(names(5)), "p0, p1, p2 and 2 more");
    }
}
