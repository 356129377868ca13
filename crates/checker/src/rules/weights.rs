//! A new node holds at least one pod that no pool of greater weight can hold.
//!
//! A pool can hold a pod where the pod tolerates its taints and it has a priced offering whose
//! labels one of the pod's alternatives admits, that has room for the pod alone, and whose purchase
//! would break no limit, and draws on no used-up supply, as the whole plan leaves them. Pools of equal weight do not stand back for
//! each other.

use std::collections::BTreeMap;

use model::ShapeIndex;

use crate::Violation;
use crate::facts::Facts;
use crate::found::Found;

/// Reports each new node whose pods could all go to pools of greater weight.
pub(super) fn check(facts: &Facts<'_>, found: &mut Found) {
    let snapshot = facts.snapshot;
    let mut holders = Holders { facts, answers: BTreeMap::new() };
    for (_, offering, seat) in facts.seats.new_nodes() {
        let weight = snapshot.pool(snapshot.offering(offering).pool).weight;
        let greater: Vec<Option<usize>> = (seat.load.iter())
            .map(|(shape, _)| holders.of_greater_weight(*shape, weight))
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
    answers: BTreeMap<(ShapeIndex, usize), bool>,
}

impl Holders<'_> {
    /// The first pool of more than `weight` that can hold `shape`.
    fn of_greater_weight(&mut self, shape: ShapeIndex, weight: i32) -> Option<usize> {
        let facts = self.facts;
        let pools = facts.snapshot.pools.iter().enumerate();
        pools.filter(|(_, pool)| pool.weight > weight).map(|(position, _)| position).find(|pool| {
            *self.answers.entry((shape, *pool)).or_insert_with(|| can_hold(facts, shape, *pool))
        })
    }
}

fn can_hold(facts: &Facts<'_>, shape: ShapeIndex, pool: usize) -> bool {
    let snapshot = facts.snapshot;
    facts.offerings_of[pool].iter().any(|position| {
        let offering = &snapshot.offerings[*position];
        let site = facts.sites.of_offering(*position);
        snapshot.listing_of(offering).price.is_some()
            && facts.fits(shape, &facts.rooms.of_offering(*position).dense)
            && facts.ledger.broken_by(pool, offering.machine.get()).is_none()
            && !snapshot.supply_of(offering).is_some_and(|supply| facts.ledger.is_used_up(supply))
            && facts.sites.admits(snapshot.shape(shape), site)
    })
}
