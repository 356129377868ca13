//! Conditions of a status: set one, derive the root.

use api::{Condition, names};
use model::Timestamp;

use crate::time;

/// A condition to set.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wanted<'a> {
    pub(crate) kind: &'a str,
    /// `True`, `False` or `Unknown`.
    pub(crate) status: &'a str,
    pub(crate) reason: &'a str,
    pub(crate) message: &'a str,
}

impl<'a> Wanted<'a> {
    /// It holds.
    pub(crate) const fn yes(kind: &'a str) -> Self {
        Self { kind, status: "True", reason: kind, message: "" }
    }

    /// It is not known to hold, for a reason.
    pub(crate) const fn unknown(kind: &'a str, reason: &'a str, message: &'a str) -> Self {
        Self { kind, status: "Unknown", reason, message }
    }

    /// It does not hold, for a reason.
    pub(crate) const fn no(kind: &'a str, reason: &'a str, message: &'a str) -> Self {
        Self { kind, status: "False", reason, message }
    }
}

/// Longest message of a condition, in characters: what the peer cuts launch failures at.
pub(crate) const MESSAGE_MAX: usize = 1024;

/// `list` with `wanted` set and the root `Ready` derived from those in `required`; `None` where
/// that changes nothing.
pub(crate) fn set(
    list: &[Condition],
    wanted: &[Wanted<'_>],
    required: &[&str],
    generation: Option<i64>,
    now: Timestamp,
) -> Option<Vec<Condition>> {
    let mut changed = list.to_vec();
    for one in wanted {
        put(&mut changed, *one, generation, now);
    }
    let (status, reason, message) = root(&changed, required);
    put(
        &mut changed,
        Wanted { kind: names::READY, status, reason: &reason, message: &message },
        generation,
        now,
    );
    (changed != list).then_some(changed)
}

fn put(list: &mut Vec<Condition>, wanted: Wanted<'_>, generation: Option<i64>, now: Timestamp) {
    let message: String = wanted.message.chars().take(MESSAGE_MAX).collect();
    let place = list.iter().position(|condition| condition.kind == wanted.kind);
    let place = place.unwrap_or_else(|| {
        list.push(Condition { kind: wanted.kind.to_owned(), ..Condition::default() });
        list.len() - 1
    });
    let condition = &mut list[place];
    if condition.status != wanted.status || condition.last_transition_time.is_none() {
        condition.last_transition_time = Some(time::format(now).into());
    }
    wanted.status.clone_into(&mut condition.status);
    wanted.reason.clone_into(&mut condition.reason);
    condition.message = message;
    condition.observed_generation = generation;
}

/// False if any is, else Unknown if any is or is missing, else True.
fn root(list: &[Condition], required: &[&str]) -> (&'static str, String, String) {
    let of = |kind: &str| list.iter().find(|condition| condition.kind == kind);
    for status in ["False", "Unknown"] {
        let unmet: Vec<&str> = (required.iter().copied())
            .filter(|kind| of(kind).map_or("Unknown", |one| one.status.as_str()) == status)
            .collect();
        if !unmet.is_empty() {
            let status = if status == "False" { "False" } else { "Unknown" };
            let reason =
                if status == "False" { "UnhealthyDependents" } else { "ReconcilingDependents" };
            let message = unmet.iter().map(|kind| format!("{kind}={status}"));
            return (status, reason.to_owned(), message.collect::<Vec<_>>().join(", "));
        }
    }
    ("True", names::READY.to_owned(), String::new())
}

/// When the condition last changed.
pub(crate) fn since(list: &[Condition], kind: &str) -> Option<Timestamp> {
    let condition = list.iter().find(|condition| condition.kind == kind)?;
    time::parse(condition.last_transition_time.as_deref()?)
}
