//! A new node holds at least one pod that no pool of greater weight can hold.
//!
//! A pool can hold a pod where the pod tolerates its taints and it has a priced offering whose
//! labels one of the pod's alternatives admits, that has room for the pod alone, to which enough values
//! are open with it, and whose purchase would break no limit, and draws on no used-up supply, as the whole plan leaves them. Of a pod that is
//! spread over some label, or is bound to others or kept from them over it, only offerings with the value
//! of the node that it is on are asked for: the plan may choose where. A pod that goes with others on its
//! node stays with them. Pools of equal weight do not stand back for
//! each other.
//!
//! Under [`Profile::Compat`] preferences count as they are required: the labels that a pod prefers and has, a pool
//! without taints that ask it to stay away, and soft rules between pods as required ones.

use std::collections::BTreeMap;

use model::{
    LabelKey, Profile, ShapeIndex, Snapshot, SoftAsk, SoftRule, SoftRuleIndex, TermIndex,
    is_disliked, well_known,
};

use crate::Violation;
use crate::facts::{Facts, Seat};
use crate::found::Found;

/// Reports each new node whose pods could all go to pools of greater weight.
pub(super) fn check(facts: &Facts<'_>, found: &mut Found) {
    let snapshot = facts.snapshot;
    let mut holders = Holders { facts, answers: BTreeMap::new() };
    for (_, offering, seat) in facts.seats.new_nodes() {
        let weight = snapshot.pool(snapshot.offering(offering).pool).weight;
        let greater: Vec<Option<usize>> = (seat.load.iter())
            .map(|(shape, _)| holders.of_greater_weight(*shape, weight, seat))
            .collect();
        if let (Some(Some(first)), true) = (greater.first(), greater.iter().all(Option::is_some)) {
            found.push(Violation::Weight {
                place: seat.place(snapshot),
                weight,
                greater: snapshot.pools[*first].name.clone(),
            });
        }
    }
}

/// Which pools can hold which shapes, asked once each.
struct Holders<'a> {
    facts: &'a Facts<'a>,
    answers: BTreeMap<(ShapeIndex, usize, Asked<'a>), bool>,
}

/// Labels that a pod is spread over, with their values.
type Domains<'a> = Vec<(&'a LabelKey, Option<&'a str>)>;

/// What of the node that a pod is on another must have.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Asked<'a> {
    domains: Domains<'a>,
    /// Preferences of the pod that its node has, by their place.
    had: Vec<usize>,
    /// Whether none of its taints asks the pod to stay away, where that counts.
    is_liked: bool,
}

impl<'a> Asked<'a> {
    fn new(snapshot: &'a Snapshot, shape: ShapeIndex, seat: &Seat) -> Self {
        let mut asked =
            Self { domains: domains(snapshot, shape, seat), had: Vec::new(), is_liked: false };
        if snapshot.profile == Profile::Compat {
            asked.domains.extend(soft_domains(snapshot, shape, seat));
            let shape = snapshot.shape(shape);
            let preferences = shape.preferences.iter().enumerate();
            let had = preferences.filter(|(_, one)| {
                one.labels.first_refused(|key| seat.label(snapshot, key)).is_none()
            });
            asked.had = had.map(|(place, _)| place).collect();
            asked.is_liked = !is_disliked(seat.taints(snapshot), &shape.tolerations);
        }
        asked
    }

    /// Whether the offering at `position` has all of it for pods of `shape`.
    fn is_had(&self, snapshot: &Snapshot, shape: ShapeIndex, position: usize) -> bool {
        let offering = &snapshot.offerings[position];
        let labels = snapshot.labels_of(offering);
        let shape = snapshot.shape(shape);
        let taints = &snapshot.pool(offering.pool).taints;
        self.domains.iter().all(|(key, value)| labels.get(key) == *value)
            && !(self.is_liked && is_disliked(taints, &shape.tolerations))
            && self.had.iter().all(|place| {
                shape.preferences[*place].labels.first_refused(|key| labels.get(key)).is_none()
            })
    }
}

/// Labels that soft rules are over which a pod carries, or which keep it away, with their values.
fn soft_domains<'a>(snapshot: &'a Snapshot, shape: ShapeIndex, seat: &Seat) -> Domains<'a> {
    let rules = &snapshot.shape(shape).rules;
    let concerns = |(place, rule): &(usize, &SoftRule)| {
        rules.soft.contains(&SoftRuleIndex::new(*place))
            || rule.asks == SoftAsk::Apart && rules.matches.contains(&rule.selection)
    };
    let of = snapshot.soft_rules.iter().enumerate().filter(concerns);
    let keys = of.map(|(_, rule)| &rule.key).filter(|key| key.as_str() != well_known::HOSTNAME);
    keys.map(|key| (key, seat.label(snapshot, key))).collect()
}

/// Whether a pod stays on its node for others that are there, or would rather.
fn is_tied(snapshot: &Snapshot, shape: ShapeIndex) -> bool {
    let is_of_nodes = |key: &LabelKey| key.as_str() == well_known::HOSTNAME;
    let rules = &snapshot.shape(shape).rules;
    let mut soft = rules.soft.iter().map(|rule| snapshot.soft_rule(*rule));
    rules.together.iter().any(|term| is_of_nodes(&snapshot.term(*term).key))
        || snapshot.profile == Profile::Compat
            && soft.any(|rule| rule.asks == SoftAsk::Together && is_of_nodes(&rule.key))
}

fn domains<'a>(snapshot: &'a Snapshot, shape: ShapeIndex, seat: &Seat) -> Domains<'a> {
    let rules = &snapshot.shape(shape).rules;
    let keys = rules.spreads.iter().map(|spread| &snapshot.spread(*spread).key);
    let of = snapshot.terms.iter().enumerate().filter(|(place, term)| {
        let index = TermIndex::new(*place);
        rules.together.contains(&index)
            || rules.apart.contains(&index)
            || rules.matches.contains(&term.selection)
    });
    let keys = keys.chain(of.map(|(_, term)| &term.key));
    let keys = keys.filter(|key| key.as_str() != well_known::HOSTNAME);
    keys.map(|key| (key, seat.label(snapshot, key))).collect()
}

impl Holders<'_> {
    /// The first pool of more than `weight` that can hold `shape`.
    fn of_greater_weight(&mut self, shape: ShapeIndex, weight: i32, seat: &Seat) -> Option<usize> {
        let facts = self.facts;
        if is_tied(facts.snapshot, shape) {
            return None;
        }
        let asked = Asked::new(facts.snapshot, shape, seat);
        let pools = facts.snapshot.pools.iter().enumerate();
        pools.filter(|(_, pool)| pool.weight > weight).map(|(position, _)| position).find(|pool| {
            let key = (shape, *pool, asked.clone());
            *self
                .answers
                .entry(key)
                .or_insert_with_key(|(_, _, asked)| can_hold(facts, shape, *pool, asked))
        })
    }
}

/// Labels that are as those that rules between pods are over where preferences are required; a node has one value of
/// each.
fn soft_keys(snapshot: &Snapshot) -> impl Iterator<Item = &LabelKey> {
    let rules = snapshot.soft_rules.iter().filter(|_| snapshot.profile == Profile::Compat);
    rules.map(|rule| &rule.key).filter(|key| key.as_str() != well_known::HOSTNAME)
}

/// Whether enough values are open to a node of the offering at `position` with one pod of `shape`.
fn has_values(facts: &Facts<'_>, shape: ShapeIndex, position: usize, asked: &Asked<'_>) -> bool {
    let is_beside = |other: usize| {
        let of = |position: usize| facts.snapshot.labels_of(&facts.snapshot.offerings[position]);
        soft_keys(facts.snapshot).all(|key| of(other).get(key) == of(position).get(key))
    };
    let holds = |other: usize| {
        asked.is_had(facts.snapshot, shape, other)
            && is_beside(other)
            && facts.fits(shape, &facts.rooms.of_offering(other).dense)
            && facts.sites.matches(facts.snapshot.shape(shape), facts.sites.of_offering(other))
    };
    let pool = facts.snapshot.offerings[position].pool;
    let wanted = &facts.snapshot.pool(pool).min_values;
    wanted.iter().all(|(key, least)| facts.open_values(position, key, holds) >= *least)
}

fn can_hold(facts: &Facts<'_>, shape: ShapeIndex, pool: usize, asked: &Asked<'_>) -> bool {
    let snapshot = facts.snapshot;
    facts.offerings_of[pool].iter().any(|position| {
        let offering = &snapshot.offerings[*position];
        let site = facts.sites.of_offering(*position);
        asked.is_had(snapshot, shape, *position)
            && snapshot.listing_of(offering).price.is_some()
            && facts.fits(shape, &facts.rooms.of_offering(*position).dense)
            && facts.ledger.broken_by(pool, offering.machine.get()).is_none()
            && !snapshot.supply_of(offering).is_some_and(|supply| facts.ledger.is_used_up(supply))
            && facts.sites.admits(snapshot.shape(shape), site)
            && has_values(facts, shape, *position, asked)
    })
}
