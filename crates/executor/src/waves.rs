//! Decides when Nodes that are held take their pods: in waves, while the scheduler has nothing to do.
//!
//! A pod that the scheduler tries while its Node is held loses its nomination, and takes whatever room it
//! finds. So no pod is nominated for a Node before all of a wave can be let go: seats are given out for
//! the Nodes that are complete, nominated, seen, and let go together, in a moment in which the scheduler
//! is at rest. What lies between is as short as can be. In: the Nodes that are held, how many pods wait,
//! the time. Out: what is next, and when to ask again. Losing the memory makes Nodes wait anew.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use crate::trials::Trials;

/// From the moment at which all seats of a wave are seen to be nominated until it is let go: the scheduler
/// watches pods and Nodes apart, and must not see a Node free before it sees the seats taken.
const SEEN_WITHIN: Duration = Duration::from_millis(300);
/// A wave whose nominations are taken away as fast as they are written, so that for this long no fewer seats
/// are open than were before, is let go.
const STALLED_MAX: Duration = Duration::from_secs(3);
/// However slowly the API server takes the nominations in.
const OPEN_MAX: Duration = Duration::from_secs(20);
/// A Node that could take pods waits so long for others that are about to, and longer where it is worth it:
/// each wave has the scheduler try all pods that wait, and a wait that is no longer than that loses nothing.
const TOGETHER_MIN: Duration = Duration::from_secs(2);
/// However long the scheduler takes.
const TOGETHER_MAX: Duration = Duration::from_secs(15);
/// A Node that could take pods waits so long for an idle scheduler.
const PATIENCE: Duration = Duration::from_secs(40);
/// The scheduler is not idle for so long after a wave, seen or not: it has pods to try.
const BUSY_AFTER: Duration = Duration::from_secs(1);

/// A Node that is held and initialized.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HeldNode<'a> {
    /// Its name.
    pub name: &'a str,
    /// `DaemonSet` pods that it still waits for: they are nominated to nothing, so that their room is safe
    /// only once they are there.
    pub missing_daemons: usize,
    /// Pods with a seat on it that wait and are not nominated for it.
    pub open_seats: usize,
}

/// What the scheduler has before it.
#[derive(Clone, Copy, Debug, Default)]
pub struct Queue {
    /// What was seen of its work.
    pub trials: Trials,
    /// Pods that wait for a Node.
    pub pods: usize,
    /// Whether Nodes are on their way that are not initialized.
    pub coming: bool,
}

/// What is next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WaveStep {
    /// Nothing before that moment, unless something changes.
    Wait(Option<Instant>),
    /// Give out the seats of these Nodes, say so to [`Waves::seated`], and nominate.
    Seat(Vec<String>),
    /// Let these Nodes go.
    LetGo(Vec<String>),
}

/// Waves so far.
#[derive(Clone, Debug, Default)]
pub struct Waves {
    /// Since when each held Node is complete.
    complete: BTreeMap<String, Instant>,
    open: Option<Wave>,
    let_go: Option<Instant>,
}

#[derive(Clone, Debug)]
struct Wave {
    nodes: BTreeSet<String>,
    since: Instant,
    /// The fewest open seats so far, and when they were first that few.
    fewest: Option<(usize, Instant)>,
    /// Since when all its seats are nominated.
    reserved: Option<Instant>,
}

impl Waves {
    /// What is next for the Nodes that are `held`.
    pub fn step(&mut self, held: &[HeldNode<'_>], queue: &Queue, now: Instant) -> WaveStep {
        let names: BTreeSet<&str> = held.iter().map(|node| node.name).collect();
        self.complete.retain(|name, _| names.contains(name.as_str()));
        for node in held.iter().filter(|node| node.missing_daemons == 0) {
            self.complete.entry(node.name.to_owned()).or_insert(now);
        }
        if let Some(wave) = &mut self.open {
            wave.nodes.retain(|name| names.contains(name.as_str()));
            if !wave.nodes.is_empty()
                && let Some(step) = self.carry_on(held, now)
            {
                return step;
            }
            self.open = None;
        }
        self.begin(held, queue, now)
    }

    /// The seats of these Nodes are given out.
    pub fn seated(&mut self, nodes: impl IntoIterator<Item = String>, now: Instant) {
        let nodes = nodes.into_iter().collect();
        self.open = Some(Wave { nodes, since: now, fewest: None, reserved: None });
    }

    /// Whether pods may be nominated for the Node, which is held.
    pub fn is_open(&self, node: &str) -> bool {
        self.open.as_ref().is_some_and(|wave| wave.nodes.contains(node))
    }

    /// Whether seats are given out of Nodes that were not let go yet.
    pub const fn has_open(&self) -> bool {
        self.open.is_some()
    }

    /// `None`: the wave is given up.
    fn carry_on(&mut self, held: &[HeldNode<'_>], now: Instant) -> Option<WaveStep> {
        let patient = self.complete.values().min().is_some_and(|first| now < *first + PATIENCE);
        let wave = self.open.as_mut()?;
        let here = held.iter().filter(|node| wave.nodes.contains(node.name));
        let open: usize = here.map(|node| node.open_seats).sum();
        if open > 0 {
            wave.reserved = None;
        } else {
            wave.reserved.get_or_insert(now);
        }
        match wave.fewest {
            Some((fewest, _)) if open > fewest && patient => return None,
            Some((fewest, _)) if open >= fewest => {}
            _ => wave.fewest = Some((open, now)),
        }
        let progress = wave.fewest.map_or(wave.since, |(_, at)| at);
        let end = (progress + STALLED_MAX).min(wave.since + OPEN_MAX);
        let due = wave.reserved.map_or(end, |reserved| end.min(reserved + SEEN_WITHIN));
        if due > now {
            return Some(WaveStep::Wait(Some(due)));
        }
        self.let_go = Some(now);
        let nodes = self.open.take().map(|wave| wave.nodes).unwrap_or_default();
        Some(WaveStep::LetGo(nodes.into_iter().collect()))
    }

    fn begin(&self, held: &[HeldNode<'_>], queue: &Queue, now: Instant) -> WaveStep {
        let Some(first) = self.complete.values().min().copied() else {
            return WaveStep::Wait(None);
        };
        let busy = self.let_go.map_or(now, |at| at + BUSY_AFTER);
        let rest = queue.trials.idle_from(queue.pods);
        let mut idle = rest.map_or(busy, |rest| rest.max(busy));
        if queue.coming || held.iter().any(|node| node.missing_daemons > 0) {
            let round = queue.trials.round(queue.pods);
            idle = idle.max(first + round.clamp(TOGETHER_MIN, TOGETHER_MAX));
        }
        let due = idle.min((first + PATIENCE).max(busy));
        if due > now {
            return WaveStep::Wait(Some(due));
        }
        WaveStep::Seat(self.complete.keys().cloned().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn node(name: &str, missing_daemons: usize, open_seats: usize) -> HeldNode<'_> {
        HeldNode { name, missing_daemons, open_seats }
    }

    fn of(trials: Trials) -> Queue {
        Queue { trials, pods: 5, coming: false }
    }

    fn seat(names: &[&str]) -> WaveStep {
        WaveStep::Seat(names.iter().map(|&name| name.to_owned()).collect())
    }

    #[expect(clippy::disallowed_methods, reason = "a moment to count from")]
    fn start() -> Instant {
        Instant::now()
    }

    const fn ms(count: u64) -> Duration {
        Duration::from_millis(count)
    }

    #[test]
    fn a_wave_is_seated_nominated_seen_and_let_go_before_the_next() {
        let (mut waves, queue, at) = (Waves::default(), of(Trials::default()), start());
        let both = |open| [node("a", 0, open), node("b", 0, open)];
        assert_eq!(waves.step(&both(0), &queue, at), seat(&["a", "b"]));
        assert!(!waves.is_open("a"));
        waves.seated(["a".to_owned(), "b".to_owned()], at);
        assert!(waves.is_open("a") && !waves.is_open("c"));
        assert_eq!(waves.step(&both(1), &queue, at), WaveStep::Wait(Some(at + STALLED_MAX)));
        let later = at + ms(50);
        let seen = later + SEEN_WITHIN;
        assert_eq!(waves.step(&both(0), &queue, later), WaveStep::Wait(Some(seen)));
        let [a, b] = both(0);
        let gone = WaveStep::LetGo(vec!["a".to_owned(), "b".to_owned()]);
        assert_eq!(waves.step(&[a, b, node("c", 0, 0)], &queue, seen), gone);
        let next = WaveStep::Wait(Some(seen + BUSY_AFTER));
        assert_eq!(waves.step(&[node("c", 0, 0)], &queue, seen), next);
        assert_eq!(waves.step(&[node("c", 0, 0)], &queue, seen + BUSY_AFTER), seat(&["c"]));
    }

    #[test]
    fn nodes_wait_for_an_idle_scheduler_for_others_and_no_longer_than_patience() {
        let at = start();
        let mut busy = Trials::default();
        busy.seen(at);
        let idle = busy.idle_from(5).unwrap();
        let rested = of(Trials::default());
        let coming = Queue { coming: true, ..rested };
        for (held, queue, first) in [
            (vec![node("a", 0, 0)], rested, Some(at)),
            (vec![node("a", 0, 0)], of(busy), Some(idle)),
            (vec![node("a", 0, 0), node("b", 1, 0)], of(busy), Some(at + TOGETHER_MIN)),
            (vec![node("a", 0, 0)], coming, Some(at + TOGETHER_MIN)),
            (vec![node("b", 1, 0)], rested, None),
        ] {
            let mut waves = Waves::default();
            let step = waves.step(&held, &queue, at);
            let expected = match first {
                Some(first) if first == at => seat(&["a"]),
                first => WaveStep::Wait(first),
            };
            assert_eq!(step, expected, "{held:?} {queue:?}");
        }
        let mut waves = Waves::default();
        for second in 0..40 {
            let now = at + ms(second * 1_000);
            busy.seen(now);
            let step = waves.step(&[node("a", 0, 0)], &of(busy), now);
            assert!(matches!(step, WaveStep::Wait(_)), "{second}: {step:?}");
        }
        let now = at + PATIENCE;
        busy.seen(now);
        assert_eq!(waves.step(&[node("a", 0, 0)], &of(busy), now), seat(&["a"]));
    }

    #[test]
    fn a_wave_is_given_up_while_the_scheduler_works_and_is_not_when_patience_is_at_an_end() {
        let (at, gone) = (start(), WaveStep::LetGo(vec!["a".to_owned()]));
        let after = |seconds: u64| at + Duration::from_secs(seconds);
        let held = |open| [node("a", 0, open)];
        let (mut waves, mut busy) = (Waves::default(), Trials::default());
        assert_eq!(waves.step(&held(9), &of(busy), at), seat(&["a"]));
        waves.seated(["a".to_owned()], at);
        for (second, open, due) in [(1, 9, 4), (2, 5, 5), (4, 5, 5), (4, 2, 7)] {
            let step = waves.step(&held(open), &of(busy), after(second));
            assert_eq!(step, WaveStep::Wait(Some(after(due))), "{second} s, {open} open");
        }
        busy.seen(after(5));
        let rest = busy.idle_from(5).unwrap();
        assert_eq!(waves.step(&held(3), &of(busy), after(5)), WaveStep::Wait(Some(rest)));
        assert!(!waves.is_open("a"));
        assert_eq!(waves.step(&held(3), &of(busy), rest), seat(&["a"]));
        let late = at + PATIENCE;
        waves.seated(["a".to_owned()], late);
        for (second, open, due) in [(0, 4, 3), (1, 2, 4), (2, 8, 4)] {
            let (now, due) = (late + ms(second * 1_000), late + ms(due * 1_000));
            assert_eq!(waves.step(&held(open), &of(busy), now), WaveStep::Wait(Some(due)));
        }
        assert_eq!(waves.step(&held(8), &of(busy), late + ms(4_000)), gone);
    }

    #[test]
    fn a_wave_is_nominated_as_long_as_it_gets_on_and_one_whose_nodes_went_is_over() {
        let (mut waves, queue, at) = (Waves::default(), of(Trials::default()), start());
        let gone = WaveStep::LetGo(vec!["a".to_owned()]);
        waves.seated(["a".to_owned()], at);
        for second in 0..20 {
            let open = 100 - usize::try_from(second).unwrap();
            let step = waves.step(&[node("a", 0, open)], &queue, at + ms(second * 1_000));
            assert!(matches!(step, WaveStep::Wait(_)), "{second}: {step:?}");
        }
        assert_eq!(waves.step(&[node("a", 0, 5)], &queue, at + OPEN_MAX), gone);
        let mut waves = Waves::default();
        waves.seated(["a".to_owned()], at);
        assert_eq!(waves.step(&[], &queue, at), WaveStep::Wait(None));
        assert!(!waves.is_open("a"));
    }
}
