//! Terms between pods, counted anew: who is where, who goes with whom, who keeps away.
//!
//! Input: the seats of a plan. Output: what keeps a shape from a node or an offering, and which planned
//! pods are where a term forbids it, as [`model::Term`] says. A domain is a label's value, or a seat over
//! hostnames.

use std::collections::{BTreeMap, BTreeSet};

use model::{LabelKey, LabelValue, SelectionName, ShapeIndex, Snapshot, TermIndex, well_known};

use super::Seats;
use super::seats::Seat;

/// A domain of some term.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Domain<'a> {
    Value(&'a str),
    /// The node at this position among the seats.
    Seat(usize),
    /// A node that is not there.
    Fresh,
}

/// What is in one domain of a term.
#[derive(Clone, Copy, Debug, Default)]
struct Count {
    /// Pods of the selection that were bound before.
    bound: i64,
    /// Planned ones that do not go with them.
    free: i64,
    /// Planned ones that do.
    followers: i64,
    /// Planned pods that go with them, of the selection or not.
    wants: i64,
    /// Pods that keep away from them.
    shuns: i64,
}

impl Count {
    const fn there(&self) -> i64 {
        self.bound + self.free + self.followers
    }
}

/// One term.
#[derive(Debug, Default)]
struct Tally<'a> {
    counts: BTreeMap<Domain<'a>, Count>,
    /// Pods of the selection that were bound before, in all domains.
    bound: i64,
    /// The same, with planned ones.
    total: i64,
}

impl<'a> Tally<'a> {
    fn at(&self, domain: Domain<'a>) -> Count {
        self.counts.get(&domain).copied().unwrap_or_default()
    }

    /// Where the first of the selection is to come, if any is.
    fn begins(&self) -> Option<Domain<'a>> {
        let waits = |count: &Count| count.wants > 0 && count.bound + count.free == 0;
        let begins = self.counts.iter().find(|(_, count)| waits(count));
        begins.map(|(domain, _)| *domain).filter(|_| self.bound == 0)
    }

    /// Whether planned ones that go with them may be in `domain`: some are there that do not wait for them,
    /// or the first of all is to come there.
    fn keeps(&self, domain: Domain<'a>) -> bool {
        let waits = |count: &Count| count.wants > 0 && count.bound + count.free == 0;
        let count = self.at(domain);
        let begins = || {
            self.bound == 0
                && count.followers > 0
                && self.counts.iter().all(|(other, count)| *other == domain || !waits(count))
        };
        count.bound + count.free > 0 || begins()
    }

    /// Whether one more that goes with them may come to `domain` last; `is_of`: whether it is of them.
    fn takes(&self, domain: Domain<'a>, is_of: bool) -> bool {
        self.at(domain).there() > 0 || is_of && self.total == 0
    }

    fn first(&self) -> Option<Domain<'a>> {
        self.counts.iter().find(|(_, count)| count.there() > 0).map(|(domain, _)| *domain)
    }
}

/// What a term has against a pod somewhere. The order is that of what a reason tells of it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum TieRefusal {
    /// Those that it goes with are elsewhere.
    Away { key: LabelKey, selection: SelectionName, there_in: Option<LabelValue> },
    /// It keeps away from pods there, or they from it; how many.
    Apart { key: LabelKey, selection: SelectionName, own: bool, pods: i64 },
}

/// Terms as the plan leaves them.
pub(crate) struct Ties<'a> {
    snapshot: &'a Snapshot,
    tallies: Vec<Tally<'a>>,
}

impl<'a> Ties<'a> {
    /// Counts what the plan comes to.
    pub(crate) fn new(snapshot: &'a Snapshot, seats: &Seats) -> Self {
        let mut tallies: Vec<Tally<'a>> = Vec::new();
        for (place, term) in snapshot.terms.iter().enumerate() {
            let mut tally = Tally::default();
            for (position, seat) in seats.iter().enumerate() {
                let Some(domain) = domain_of(snapshot, &term.key, seat, position) else { continue };
                let seen = count(snapshot, TermIndex::new(place), seat);
                let Count { bound, free, followers, wants, shuns } = seen;
                if [bound, free, followers, wants, shuns] == [0; 5] {
                    continue;
                }
                let counts = tally.counts.entry(domain).or_default();
                counts.bound += bound;
                counts.free += free;
                counts.followers += followers;
                counts.wants += wants;
                counts.shuns += shuns;
                tally.bound += bound;
                tally.total += seen.there();
            }
            tallies.push(tally);
        }
        Self { snapshot, tallies }
    }

    /// Whether there is no term at all.
    pub(crate) const fn is_empty(&self) -> bool {
        self.tallies.is_empty()
    }

    /// The smallest refusal of a further pod of `shape` where labels are as `value_of` says; `seat` is the
    /// position of the node there, where it is one and not an offering.
    pub(crate) fn refusal(
        &self,
        shape: ShapeIndex,
        value_of: impl Fn(&LabelKey) -> Option<&'a str>,
        seat: Option<usize>,
    ) -> Option<TieRefusal> {
        let rules = &self.snapshot.shape(shape).rules;
        let mut found: Vec<TieRefusal> = Vec::new();
        for (place, (term, tally)) in self.snapshot.terms.iter().zip(&self.tallies).enumerate() {
            let index = TermIndex::new(place);
            let is_of = rules.matches.contains(&term.selection);
            let follows = rules.together.contains(&index);
            let domain = if term.key.as_str() == well_known::HOSTNAME {
                Some(seat.map_or(Domain::Fresh, Domain::Seat))
            } else {
                value_of(&term.key).map(Domain::Value)
            };
            let Some(domain) = domain else {
                if follows {
                    found.push(self.away(place, tally.first()));
                }
                continue;
            };
            let count = tally.at(domain);
            if follows && !tally.takes(domain, is_of) {
                found.push(self.away(place, tally.first()));
            }
            if rules.apart.contains(&index) && count.there() > 0 {
                found.push(self.apart(place, true, count.there()));
            }
            if is_of && count.shuns > 0 {
                found.push(self.apart(place, false, count.shuns));
            }
        }
        found.into_iter().min()
    }

    /// What a term has against planned pods of `shape` on the seat at `position`, where it has anything.
    pub(crate) fn broken(
        &self,
        shape: ShapeIndex,
        seat: &Seat,
        position: usize,
    ) -> Option<TieRefusal> {
        let rules = &self.snapshot.shape(shape).rules;
        for (place, (term, tally)) in self.snapshot.terms.iter().zip(&self.tallies).enumerate() {
            let index = TermIndex::new(place);
            let is_of = rules.matches.contains(&term.selection);
            let (follows, shuns) = (rules.together.contains(&index), rules.apart.contains(&index));
            if !is_of && !follows && !shuns {
                continue;
            }
            let Some(domain) = domain_of(self.snapshot, &term.key, seat, position) else {
                if follows {
                    return Some(self.away(place, tally.first()));
                }
                continue;
            };
            let count = tally.at(domain);
            if follows && !tally.keeps(domain) {
                return Some(self.away(place, tally.first()));
            }
            let others = count.there() - i64::from(is_of);
            if shuns && others > 0 {
                return Some(self.apart(place, true, others));
            }
            let others = count.shuns - i64::from(shuns);
            if is_of && others > 0 {
                return Some(self.apart(place, false, others));
            }
        }
        None
    }

    /// Shapes of which planned pods wait for each other: no order binds them all.
    pub(crate) fn stuck(&self, seats: &Seats) -> BTreeSet<ShapeIndex> {
        let mut ready: Vec<BTreeSet<Domain<'a>>> = Vec::new();
        for tally in &self.tallies {
            let bound = tally.counts.iter().filter(|(_, count)| count.bound > 0);
            ready.push(bound.map(|(domain, _)| *domain).collect());
        }
        let mut waiting: Vec<(ShapeIndex, usize, &Seat)> = Vec::new();
        for (position, seat) in seats.iter().enumerate() {
            waiting.extend(seat.load.iter().map(|(shape, _)| (*shape, position, seat)));
        }
        loop {
            let before = waiting.len();
            self.bind(&mut waiting, &mut ready, true);
            if waiting.len() < before {
                continue;
            }
            self.bind(&mut waiting, &mut ready, false);
            if waiting.len() == before {
                return waiting.into_iter().map(|(shape, ..)| shape).collect();
            }
        }
    }

    /// Binds all that can be, given who is bound where; `patient`: none of a selection while another of it
    /// is to be the first.
    fn bind(
        &self,
        waiting: &mut Vec<(ShapeIndex, usize, &Seat)>,
        ready: &mut [BTreeSet<Domain<'a>>],
        patient: bool,
    ) {
        let mut now: Vec<BTreeSet<Domain<'a>>> = ready.to_vec();
        waiting.retain(|(shape, position, seat)| {
            let rules = &self.snapshot.shape(*shape).rules;
            let mut of: Vec<(usize, Domain<'a>)> = Vec::new();
            for (place, term) in self.snapshot.terms.iter().enumerate() {
                let is_of = rules.matches.contains(&term.selection);
                let follows = rules.together.contains(&TermIndex::new(place));
                if !is_of && !follows {
                    continue;
                }
                let domain = domain_of(self.snapshot, &term.key, seat, *position);
                let Some(domain) = domain else {
                    if follows {
                        return true;
                    }
                    continue;
                };
                let first = self.tallies[place].begins().filter(|_| ready[place].is_empty());
                let begins = first == Some(domain) || !patient && ready[place].is_empty();
                let is_first = is_of && begins;
                if follows && !ready[place].contains(&domain) && !is_first {
                    return true;
                }
                if is_of && patient && first.is_some() && !(follows && is_first) {
                    return true;
                }
                if is_of {
                    of.push((place, domain));
                }
            }
            for (place, domain) in of {
                now[place].insert(domain);
            }
            false
        });
        ready.clone_from_slice(&now);
    }

    fn names(&self, place: usize) -> (LabelKey, SelectionName) {
        let term = &self.snapshot.terms[place];
        (term.key.clone(), self.snapshot.selection(term.selection).name.clone())
    }

    fn away(&self, place: usize, there: Option<Domain<'_>>) -> TieRefusal {
        let (key, selection) = self.names(place);
        let there_in = match there {
            Some(Domain::Value(value)) => Some(LabelValue::from(value)),
            Some(Domain::Seat(_) | Domain::Fresh) | None => None,
        };
        TieRefusal::Away { key, selection, there_in }
    }

    fn apart(&self, place: usize, own: bool, pods: i64) -> TieRefusal {
        let (key, selection) = self.names(place);
        TieRefusal::Apart { key, selection, own, pods }
    }
}

/// The domain of a seat; `None` where it lacks the label.
pub(crate) fn domain_of<'a>(
    snapshot: &'a Snapshot,
    key: &LabelKey,
    seat: &Seat,
    position: usize,
) -> Option<Domain<'a>> {
    if key.as_str() == well_known::HOSTNAME {
        return Some(Domain::Seat(position));
    }
    seat.label(snapshot, key).map(Domain::Value)
}

/// What one node has for a term.
fn count(snapshot: &Snapshot, index: TermIndex, seat: &Seat) -> Count {
    let selection = snapshot.term(index).selection;
    let before = seat.matched(snapshot).iter().filter(|(one, _)| *one == selection);
    let shunning = seat.apart(snapshot).iter().filter(|(one, _)| *one == index);
    let mut count = Count {
        bound: before.map(|(_, count)| count).sum(),
        shuns: shunning.map(|(_, count)| count).sum(),
        ..Count::default()
    };
    for (shape, pods) in &seat.load {
        let rules = &snapshot.shape(*shape).rules;
        let (pods, follows) = (i64::from(*pods), rules.together.contains(&index));
        if rules.matches.contains(&selection) {
            *(if follows { &mut count.followers } else { &mut count.free }) += pods;
        }
        if follows {
            count.wants += pods;
        }
        if rules.apart.contains(&index) {
            count.shuns += pods;
        }
    }
    count
}
