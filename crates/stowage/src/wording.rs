//! Reasons for unschedulable pods with what the command can do about them, the same in the table and in
//! JSON.

use model::Reason;

/// What the reason says, with its numbers, in one sentence without a full stop.
pub(crate) fn message(reason: &Reason) -> String {
    match reason {
        Reason::NoNodePool => format!("{reason}; give a NodePool among the files"),
        Reason::Unpriced { .. } => format!("{reason}; --estimate-prices may derive it"),
        _ => reason.to_string(),
    }
}
