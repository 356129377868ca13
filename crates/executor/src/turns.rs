//! In which order the scheduler will try the pods that wait, as far as it can be told.
//!
//! In: pods that wait, with when they were seen to be tried. Out: their turns. kube-scheduler (1.36) tries pods by
//! priority, and among their like those first whose last attempt is longest ago. Pods that were never seen to be
//! tried come before the others, in the order in which they came.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::time::Instant;

/// A pod that waits.
#[derive(Clone, Copy, Debug)]
pub struct Waiting<'a> {
    /// Its UID.
    pub uid: &'a str,
    /// `spec.priority`.
    pub priority: i32,
    /// When it was last seen to be tried.
    pub tried: Option<Instant>,
    /// `metadata.creationTimestamp`.
    pub created: Option<&'a str>,
    /// When it was first heard of.
    pub since: Instant,
}

/// The turn of each pod by UID, from 0 on.
pub fn turns<'a>(waiting: impl Iterator<Item = Waiting<'a>>) -> BTreeMap<&'a str, usize> {
    let mut waiting: Vec<_> = waiting.collect();
    waiting.sort_by_key(|one| (Reverse(one.priority), one.tried, one.created, one.since, one.uid));
    waiting.into_iter().enumerate().map(|(turn, one)| (one.uid, turn)).collect()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    #[expect(clippy::disallowed_methods, reason = "a moment to count from")]
    fn who_was_tried_longest_ago_is_next_among_those_of_a_priority() {
        let start = Instant::now();
        let after = |seconds| start + Duration::from_secs(seconds);
        let pod = |uid, priority, tried: Option<u64>, created, since| Waiting {
            uid,
            priority,
            tried: tried.map(after),
            created: Some(created),
            since: after(since),
        };
        let waiting = [
            pod("late", 0, Some(9), "1", 0),
            pod("early", 0, Some(8), "2", 0),
            pod("younger", 0, None, "2", 0),
            pod("older", 0, None, "1", 2),
            pod("old", 0, None, "1", 1),
            pod("urgent", 5, Some(10), "3", 3),
        ];
        let turns = turns(waiting.into_iter());
        let mut order: Vec<&str> = turns.keys().copied().collect();
        order.sort_by_key(|uid| turns[uid]);
        assert_eq!(order, ["urgent", "old", "older", "younger", "early", "late"]);
    }
}
