//! One node: whether its pods fit elsewhere, and which node would do for those that do not.

use model::NanoUsdPerHour;

use super::Yard;
use super::seats::Seated;
use super::spot::Withheld;
use super::trades::Trade;
use crate::first::anchors;
use crate::packing::{Mix, pods_in};
use crate::problem::Problem;

/// What was found for one node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Look {
    /// Its pods that would have to move.
    pub pods: usize,
    /// Those of them that fit on nodes that stay.
    pub seated: usize,
    /// What the cheapest node for the others costs with its launch; `None` where none was looked for,
    /// none holds them, or limits allow none.
    pub replacement: Option<NanoUsdPerHour>,
    /// Whether it would go, were nothing asked of its evictions beyond their price.
    pub pays: bool,
    /// Why the replacement does not come though it would pay.
    pub withheld: Option<Withheld>,
}

/// Seats looked at in a unit of work.
const SEATS_PER_UNIT: u64 = 8;

impl Yard {
    /// Takes the tenant at `position` out if all its pods fit on nodes that stay and that saves more
    /// than it costs.
    ///
    /// # Errors
    /// What was found, where it stays.
    pub fn try_delete(&mut self, position: usize) -> Result<(), Look> {
        let (seated, mut look) = self.look(position);
        if !seated.rest.is_empty() || !self.may_go(position) {
            return Err(look);
        }
        if self.surplus(position) <= 0 {
            look.pays = self.bins[position].worth > 0;
            return Err(look);
        }
        let removed = vec![position];
        self.take_up(Trade { removed, launched: Vec::new(), taken: seated.taken });
        Ok(())
    }

    /// Replaces the tenant at `position` by one node that, with its launch, is cheaper than what is
    /// saved, and holds those of its pods that do not fit on nodes that stay.
    ///
    /// # Errors
    /// What was found, where it stays.
    pub fn try_replace(&mut self, position: usize) -> Result<(), Look> {
        let (seated, mut look) = self.look(position);
        let mut cheapest = self.cheapest(&seated.rest, true);
        look.replacement = cheapest.map(|(_, cost)| NanoUsdPerHour::new(cost));
        if !self.bins[position].is_priced || !self.may_go(position) {
            return Err(look);
        }
        if let Some((kind, cost)) = cheapest
            && cost < self.bins[position].worth
        {
            look.withheld = self.withheld(&[position], &[(kind, seated.rest.clone())]);
            if look.withheld.is_some() {
                cheapest = self.cheapest(&seated.rest, false);
            }
        }
        let saves = |than: i64| cheapest.filter(|(_, cost)| *cost < than).map(|(kind, _)| kind);
        let Some(kind) = saves(self.surplus(position)) else {
            look.pays = saves(self.bins[position].worth).is_some();
            return Err(look);
        };
        let launched = vec![(kind, seated.rest)];
        self.take_up(Trade { removed: vec![position], launched, taken: seated.taken });
        Ok(())
    }

    fn may_go(&self, position: usize) -> bool {
        let bin = &self.bins[position];
        // One that took pods stays: they would move twice, or their move would grow.
        let took = bin.seat.is_some_and(|seat| !self.seats.moved_in(seat).is_empty());
        bin.may_go && !bin.gone && !took && self.may_go_together(&[position])
    }

    fn look(&mut self, position: usize) -> (Seated, Look) {
        let bin = &self.bins[position];
        let seated = self.seats.find(&self.problem, &bin.own, &self.values, bin.seat);
        self.work_used += 1 + seated.looked / SEATS_PER_UNIT;
        let pods = bin.pods.len();
        let rest = usize::try_from(pods_in(&seated.rest)).unwrap_or(usize::MAX);
        let look = Look {
            pods,
            seated: pods.saturating_sub(rest),
            replacement: None,
            pays: false,
            withheld: None,
        };
        (seated, look)
    }

    /// The cheapest kind that holds `mix`, with what a node of it costs, its launch included; of spot nodes only
    /// where `spot` says so.
    fn cheapest(&mut self, mix: &Mix, spot: bool) -> Option<(usize, i64)> {
        // Pods that run together may have become rivals since.
        if mix.is_empty() || !self.problem.goes_together(mix) {
            return None;
        }
        let pods = pods_in(mix);
        let needs = self.needs(mix);
        let mut best: Option<(usize, i64)> = None;
        for &position in &self.kinds {
            let kind = &self.problem.kinds[position];
            if best.is_some_and(|(_, cost)| kind.objective(0) >= cost) {
                break;
            }
            self.work_used += 1;
            let holds = (spot || !self.is_spot_kind(position))
                && Problem::fits(&needs, &kind.room)
                && mix
                    .iter()
                    .all(|(class, _)| self.problem.classes[*class].kinds.contains(position))
                && anchors::within(&self.problem, &self.scarce, position)
                && anchors::justifies(self.anchors.get(kind.pool).and_then(|a| a.as_deref()), mix);
            let cost = kind.objective(pods);
            if holds && best.is_none_or(|(_, least)| cost < least) {
                best = Some((position, cost));
            }
        }
        best
    }

    /// What `mix`, which is not empty, asks for.
    pub(super) fn needs(&self, mix: &Mix) -> Vec<i64> {
        let mut needs = vec![0_i64; self.problem.classes[mix[0].0].requests.len()];
        for &(class, pods) in mix {
            for (need, one) in needs.iter_mut().zip(&self.problem.classes[class].requests) {
                *need = need.saturating_add(one.saturating_mul(pods));
            }
        }
        needs
    }
}
