//! Reasons for pods left out, as a sentence of an event.

use model::Reason;

/// Reasons shown in one event; the message has room for about so many.
const SHOWN_MAX: usize = 6;

/// What the reasons say together.
pub(crate) fn sentence(reasons: &[Reason]) -> String {
    let shown =
        reasons.iter().take(SHOWN_MAX).map(ToString::to_string).collect::<Vec<_>>().join("; ");
    match reasons.len().saturating_sub(SHOWN_MAX) {
        0 => shown,
        more => format!("{shown}; and {more} more"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_are_joined_and_those_that_do_not_fit_are_counted() {
        let reason = Reason::EmptyPool { pool: "general".into() };
        let one = reason.to_string();
        assert_eq!(sentence(&[reason.clone(), reason.clone()]), format!("{one}; {one}"));
        assert!(sentence(&vec![reason; 8]).ends_with("; and 2 more"));
    }
}
