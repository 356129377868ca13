//! A new node holds at least one pod that no pool of greater weight can hold.
//!
//! A pool can hold a pod where the pod tolerates its taints and it has a priced offering whose
//! labels one of the pod's alternatives admits, that has room for the pod alone, to which enough values
//! are open with it, and whose purchase would break no limit, and draws on no used-up supply, as the whole plan leaves them. Of a pod that is
//! spread over some label, or is bound to others or kept from them over it, only offerings with the value
//! of the node that it is on are asked for: the plan may choose where. A pod that goes with others on its
//! node stays with them. Pools of equal weight do not stand back for
//! each other.

use std::collections::BTreeMap;

use model::{LabelKey, ShapeIndex, Snapshot, TermIndex, well_known};

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
    answers: BTreeMap<(ShapeIndex, usize, Domains<'a>), bool>,
}

/// Labels that a pod is spread over, with their values.
type Domains<'a> = Vec<(&'a LabelKey, Option<&'a str>)>;

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
        let domains = domains(facts.snapshot, shape, seat);
        let mut together = facts.snapshot.shape(shape).rules.together.iter();
        if together.any(|term| facts.snapshot.term(*term).key.as_str() == well_known::HOSTNAME) {
            return None;
        }
        let pools = facts.snapshot.pools.iter().enumerate();
        pools.filter(|(_, pool)| pool.weight > weight).map(|(position, _)| position).find(|pool| {
            let key = (shape, *pool, domains.clone());
            *self
                .answers
                .entry(key)
                .or_insert_with_key(|(_, _, domains)| can_hold(facts, shape, *pool, domains))
        })
    }
}

/// Whether enough values are open to a node of the offering at `position` with one pod of `shape`.
fn has_values(facts: &Facts<'_>, shape: ShapeIndex, position: usize) -> bool {
    let holds = |other: usize| {
        facts.fits(shape, &facts.rooms.of_offering(other).dense)
            && facts.sites.matches(facts.snapshot.shape(shape), facts.sites.of_offering(other))
    };
    let pool = facts.snapshot.offerings[position].pool;
    let asked = &facts.snapshot.pool(pool).min_values;
    asked.iter().all(|(key, least)| facts.open_values(position, key, holds) >= *least)
}

fn can_hold(facts: &Facts<'_>, shape: ShapeIndex, pool: usize, domains: &Domains<'_>) -> bool {
    let snapshot = facts.snapshot;
    facts.offerings_of[pool].iter().any(|position| {
        let offering = &snapshot.offerings[*position];
        let site = facts.sites.of_offering(*position);
        let labels = snapshot.labels_of(offering);
        domains.iter().all(|(key, value)| labels.get(key) == *value)
            && snapshot.listing_of(offering).price.is_some()
            && facts.fits(shape, &facts.rooms.of_offering(*position).dense)
            && facts.ledger.broken_by(pool, offering.machine.get()).is_none()
            && !snapshot.supply_of(offering).is_some_and(|supply| facts.ledger.is_used_up(supply))
            && facts.sites.admits(snapshot.shape(shape), site)
            && has_values(facts, shape, *position)
    })
}
