//! Where one more pod costs least: on a node that has room, on a bought node that becomes a larger one, or
//! on a node of its own.
//!
//! In: a board. Out: the same with the pod on it, or as it was where no rule, room and limit lets it be.

use std::collections::BTreeMap;

use model::PodIndex;

use super::lots::Lots;
use super::{Bin, Board};
use crate::packing::count;
use crate::problem::rules::RuleSet;
use crate::problem::ties::Domain;
use crate::problem::{Built, Class, Problem};

/// Kinds of one pool at one site, the cheapest first.
pub(super) struct Shelves(BTreeMap<(usize, usize), Vec<usize>>);

impl Shelves {
    pub(super) fn new(built: &Built) -> Self {
        let kinds = &built.rest.kinds;
        let mut shelves: BTreeMap<(usize, usize), Vec<usize>> = BTreeMap::new();
        for (position, kind) in kinds.iter().enumerate() {
            shelves.entry((kind.pool, kind.site)).or_default().push(position);
        }
        for shelf in shelves.values_mut() {
            shelf.sort_by_key(|&kind| (kinds[kind].objective(0), kind));
        }
        Self(shelves)
    }

    /// Those of the pool and site of `kind`.
    fn beside(&self, built: &Built, kind: usize) -> &[usize] {
        let of = &built.rest.kinds[kind];
        &self.0[&(of.pool, of.site)]
    }
}

/// How pods are put back in one round.
pub(super) struct Manner {
    /// Of so many places that a pod could go to, one is overlooked; 0 overlooks none.
    pub(super) blinks: usize,
    /// Whether the fullest of nodes that cost the same comes first, and not any.
    pub(super) is_tight: bool,
}

/// What becomes of a pod.
#[derive(Clone, Copy)]
enum Spot {
    /// It joins what is on this seat.
    Join(usize),
    /// The same, and the node becomes one of this kind.
    Widen(usize, usize),
    /// A node of this kind is bought for it.
    Buy(usize),
}

/// The best spot so far.
struct Best<'a> {
    manner: &'a Manner,
    lots: &'a mut Lots,
    /// Cost, what decides between equal costs, spot.
    found: Option<(i64, i64, Spot)>,
}

impl Best<'_> {
    fn offer(&mut self, cost: i64, slack: i64, spot: Spot) {
        if self.manner.blinks > 0 && self.lots.below(self.manner.blinks) == 0 {
            return;
        }
        let tie = if self.manner.is_tight { slack } else { count(self.lots.below(1 << 16)) };
        if self.found.is_none_or(|(known, known_tie, _)| (cost, tie) < (known, known_tie)) {
            self.found = Some((cost, tie, spot));
        }
    }
}

impl Board<'_> {
    /// Puts `pod` where it costs least; whether there was such a place.
    ///
    /// Weights say where a node is opened: of what could be bought in any place that is open to the pod only
    /// what is of the greatest weight. It joins what is bought anyway.
    pub(super) fn insert(
        &mut self,
        shelves: &Shelves,
        pod: PodIndex,
        (manner, lots): (&Manner, &mut Lots),
    ) -> bool {
        let built = self.built;
        let parent = built.parent_of[pod.get()];
        let set = &built.rules.sets[built.sets[parent]];
        let mut best = Best { manner, lots, found: None };
        let mut weight = i32::MIN;
        let mut to_buy: Vec<(i64, usize)> = Vec::new();
        let is_open = self.joins(set, Domain::Fresh);
        // A greater weight may have no room for all that are to share a node: any may be tried.
        let of_weight = built.stays_with_others(parent).then(|| {
            let pools = &built.rest.pools;
            pools[best.lots.below(pools.len())].weight
        });
        for sites in built.places(parent) {
            if self.loads.refuses(&built.rules, set, sites[0]) {
                continue;
            }
            for &seat in sites.iter().flat_map(|site| &self.of_site[*site]) {
                if let Some((cost, spot)) = self.joining(shelves, parent, set, seat) {
                    best.offer(cost, self.slack(seat), spot);
                }
            }
            let kind = self.to_buy(parent, sites, of_weight).filter(|_| is_open);
            if let Some(kind) = kind {
                let of_kind = built.rest.pools[built.rest.kinds[kind].pool].weight;
                if of_kind > weight {
                    weight = of_kind;
                    to_buy.clear();
                }
                let charged = built.parents[parent].forgone.on_kind(kind);
                let cost = built.rest.kinds[kind].objective(1).saturating_add(charged);
                if of_kind >= weight {
                    to_buy.push((cost, kind));
                }
            }
        }
        for (cost, kind) in to_buy {
            best.offer(cost, i64::MAX, Spot::Buy(kind));
        }
        let Some((.., spot)) = best.found else { return false };
        let seat = match spot {
            Spot::Join(seat) => seat,
            Spot::Widen(seat, kind) => {
                self.becomes(seat, kind);
                seat
            }
            Spot::Buy(kind) => {
                let seat = self.open_kind(kind);
                self.look();
                seat
            }
        };
        self.put(seat, pod);
        true
    }

    /// How much is left on a seat, in thousandths of what its node has, summed over resources.
    fn slack(&self, seat: usize) -> i64 {
        let Problem { kinds, nodes, .. } = &self.built.rest;
        let at = &self.seats[seat];
        let room = match at.bin {
            Bin::New(_, kind) => &kinds[kind].room,
            Bin::There(node) => &nodes[node].room,
        };
        let share = |(rest, room): (&i64, &i64)| rest.saturating_mul(1000) / (*room).max(1);
        at.rest.iter().zip(room).map(share).fold(0, i64::saturating_add)
    }

    /// What one more pod of `parent` on `seat` costs, and how it gets there.
    fn joining(
        &self,
        shelves: &Shelves,
        parent: usize,
        set: &RuleSet,
        seat: usize,
    ) -> Option<(i64, Spot)> {
        let class = &self.built.parents[parent];
        let at = &self.seats[seat];
        if !self.joins(set, Domain::In(seat)) || at.company.joining_max(&class.quotas) <= 0 {
            return None;
        }
        let has_room = Problem::fits(&class.requests, &at.rest);
        match at.bin {
            Bin::There(node) => (has_room && class.nodes.contains(node))
                .then(|| (class.forgone.on_node(node), Spot::Join(seat))),
            Bin::New(_, kind) if has_room && class.kinds.contains(kind) => {
                let term = self.built.rest.kinds[kind].term;
                Some((term.saturating_add(class.forgone.on_kind(kind)), Spot::Join(seat)))
            }
            Bin::New(_, kind) => {
                let wider = self.cheapest(shelves, seat, Some(class))?;
                let more = wider.0 - self.objective(seat, kind, None);
                Some((more, Spot::Widen(seat, wider.1)))
            }
        }
    }

    /// The objective of the node at `seat`, with one more pod of `class` where it is given, were it of
    /// `kind`.
    fn objective(&self, seat: usize, kind: usize, class: Option<&Class>) -> i64 {
        let pods = &self.seats[seat].pods;
        let there = pods.iter().map(|pod| self.parent(*pod).forgone.on_kind(kind));
        let more = class.map(|class| class.forgone.on_kind(kind));
        let many = count(pods.len() + usize::from(class.is_some()));
        let objective = self.built.rest.kinds[kind].objective(many);
        there.chain(more).fold(objective, i64::saturating_add)
    }

    /// The cheapest kind of the same pool and site that holds what is on a bought seat, with one more pod of
    /// `class` where it is given, and its objective.
    fn cheapest(
        &self,
        shelves: &Shelves,
        seat: usize,
        class: Option<&Class>,
    ) -> Option<(i64, usize)> {
        let at = &self.seats[seat];
        let Bin::New(_, now) = at.bin else { return None };
        let kinds = &self.built.rest.kinds;
        let asked: Vec<i64> = (at.rest.iter().zip(&kinds[now].room).enumerate())
            .map(|(place, (rest, room))| {
                (room - rest).saturating_add(class.map_or(0, |class| class.requests[place]))
            })
            .collect();
        let drawn = |of: usize| {
            let draw = kinds[now].draws.iter().find(|draw| draw.of == of);
            draw.map_or(0, |draw| draw.amount)
        };
        let suits = |kind: usize| {
            let of = &kinds[kind];
            let admits = |class: &Class| class.kinds.contains(kind);
            Problem::fits(&asked, &of.room)
                && class.is_none_or(admits)
                && at.pods.iter().all(|pod| admits(self.parent(*pod)))
                && (of.draws.iter())
                    .all(|draw| draw.amount <= self.scarce[draw.of].saturating_add(drawn(draw.of)))
        };
        let mut best: Option<(i64, usize)> = None;
        for &kind in shelves.beside(self.built, now) {
            if best.is_some_and(|(known, _)| kinds[kind].objective(0) >= known) {
                break;
            }
            if suits(kind) {
                let found = (self.objective(seat, kind, class), kind);
                best = Some(best.map_or(found, |known| known.min(found)));
            }
        }
        best
    }

    /// Makes the node of a bought seat one of `kind`, of the same pool and site.
    fn becomes(&mut self, seat: usize, kind: usize) {
        let Bin::New(_, now) = self.seats[seat].bin else { return };
        let pods = self.seats[seat].pods.clone();
        for pod in &pods {
            self.tally(seat, *pod, -1);
        }
        let kinds = &self.built.rest.kinds;
        for draw in &kinds[now].draws {
            self.scarce[draw.of] = self.scarce[draw.of].saturating_add(draw.amount);
        }
        for draw in &kinds[kind].draws {
            self.scarce[draw.of] = self.scarce[draw.of].saturating_sub(draw.amount);
        }
        let rooms = kinds[now].room.iter().zip(&kinds[kind].room);
        for (rest, (before, after)) in self.seats[seat].rest.iter_mut().zip(rooms) {
            *rest += after - before;
        }
        let offerings = &kinds[kind].offerings;
        let offering = offerings[self.turns[kind] % offerings.len()];
        self.turns[kind] += 1;
        self.seats[seat].bin = Bin::New(offering, kind);
        self.bought = (self.seats.iter())
            .filter_map(|seat| match seat.bin {
                Bin::New(_, kind) => Some(kind),
                Bin::There(_) => None,
            })
            .collect();
        for pod in &pods {
            self.tally(seat, *pod, 1);
        }
        self.look();
    }

    /// Makes every bought node the cheapest of its pool and site that holds what is on it.
    pub(super) fn right_size(&mut self, shelves: &Shelves) {
        for seat in 0..self.seats.len() {
            let Bin::New(_, now) = self.seats[seat].bin else { continue };
            if let Some((cost, kind)) = self.cheapest(shelves, seat, None)
                && cost < self.objective(seat, now, None)
            {
                self.becomes(seat, kind);
            }
        }
    }
}
