//! The state machine of a Lease.
//!
//! In: what a Lease says, and when we saw it change by our own clock. Out: what to do next. A holder that
//! has not renewed for the duration of its Lease has lost it; clocks of different machines are never
//! compared, except that a Lease seen for the first time is believed dead where its own time is long past.

use std::time::Duration;

use tokio::time::Instant;

/// How long a Lease holds without being renewed: as in `controller-runtime`.
pub(super) const DURATION: Duration = Duration::from_secs(15);
/// A leader that could not renew for this long stops writing, so that it stops before another starts.
pub(super) const RENEW_DEADLINE: Duration = Duration::from_secs(10);
/// Between two looks, and two renewals.
pub(super) const RETRY: Duration = Duration::from_secs(2);

/// What a Lease says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Record {
    /// Who holds it; empty once it was released.
    pub(super) holder: String,
    /// Microseconds since the epoch of the last renewal, by the holder's clock.
    pub(super) renewed: i64,
    /// How long it holds.
    pub(super) duration: Duration,
    /// How often the holder changed.
    pub(super) transitions: i32,
}

/// A Lease as it was seen last, and since when.
#[derive(Clone, Debug, Default)]
pub(super) struct Seen {
    last: Option<(Record, Instant)>,
}

impl Seen {
    /// Takes in what the Lease says at `now`. `wall` is our own clock in microseconds since the epoch.
    pub(super) fn look(&mut self, record: Option<Record>, now: Instant, wall: i64) {
        match (&self.last, record) {
            (_, None) => self.last = None,
            (Some((before, _)), Some(record)) if *before == record => {}
            (Some(_), Some(record)) => self.last = Some((record, now)),
            (None, Some(record)) => {
                let age = u64::try_from(wall.saturating_sub(record.renewed)).unwrap_or(0);
                // Twice the duration allows for clocks that differ by as much.
                let dead = Duration::from_micros(age) > record.duration * 2;
                let since = if dead { now.checked_sub(record.duration) } else { Some(now) };
                self.last = Some((record, since.unwrap_or(now)));
            }
        }
    }

    /// Whether somebody holds it at `now`; gives who.
    pub(super) fn holder(&self, now: Instant) -> Option<&str> {
        let (record, since) = self.last.as_ref()?;
        let alive = !record.holder.is_empty() && now < *since + record.duration;
        alive.then_some(record.holder.as_str())
    }

    /// What it said last.
    pub(super) fn record(&self) -> Option<&Record> {
        self.last.as_ref().map(|(record, _)| record)
    }
}

/// What to do about our Lease.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// There is none: create it.
    Create,
    /// It is ours, or nobody's: write ourselves into it. Holds the number of transitions to write.
    Take(i32),
    /// Somebody else holds it.
    Wait,
}

/// What `identity` does about a Lease that was seen so.
pub(super) fn next(seen: &Seen, identity: &str, now: Instant) -> Next {
    let Some(record) = seen.record() else {
        return Next::Create;
    };
    match seen.holder(now) {
        Some(holder) if holder != identity => Next::Wait,
        _ if record.holder == identity => Next::Take(record.transitions),
        _ => Next::Take(record.transitions.saturating_add(1)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(holder: &str, renewed: i64) -> Record {
        Record { holder: holder.to_owned(), renewed, duration: DURATION, transitions: 3 }
    }

    fn seen(record: Record, now: Instant, wall: i64) -> Seen {
        let mut seen = Seen::default();
        seen.look(Some(record), now, wall);
        seen
    }

    #[test]
    fn a_lease_that_is_not_there_is_created() {
        assert_eq!(next(&Seen::default(), "me", Instant::now()), Next::Create);
    }

    #[test]
    fn a_live_lease_of_another_is_waited_for_until_it_was_not_renewed_for_its_duration() {
        let start = Instant::now();
        let mut lease = seen(record("other", 1_000), start, 1_000);
        assert_eq!(next(&lease, "me", start), Next::Wait);
        let later = start + Duration::from_secs(14);
        lease.look(Some(record("other", 2_000)), later, 0);
        assert_eq!(next(&lease, "me", start + DURATION), Next::Wait);
        assert_eq!(next(&lease, "me", later + DURATION), Next::Take(4));
    }

    #[test]
    fn ours_is_renewed_and_a_released_one_taken_at_once() {
        let start = Instant::now();
        assert_eq!(next(&seen(record("me", 0), start, 0), "me", start), Next::Take(3));
        assert_eq!(next(&seen(record("", 0), start, 0), "me", start), Next::Take(4));
    }

    #[test]
    fn a_lease_left_behind_long_ago_is_dead_at_first_sight() {
        let start = Instant::now() + DURATION;
        let hour = 3_600_000_000;
        assert_eq!(seen(record("other", 0), start, hour).holder(start), None);
        assert_eq!(seen(record("other", hour), start, 0).holder(start), Some("other"));
    }
}
