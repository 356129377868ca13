//! A window: a few nodes that may go and what was bought in the place of others, with the nodes that
//! may take their pods, as a packing problem of its own.

use std::collections::BTreeMap;

use super::Yard;
use super::split::split;
use super::trades::Trade;
use crate::bits::Bits;
use crate::improve::{self, Work};
use crate::packing::{Group, Mix, Packing, add, residual};
use crate::problem::{Class, ExistingNode, Forgone, Kind, Problem, mark_superfluous};
use model::PodIndex;

/// Nodes outside a window that may take its pods: those that save most by it.
const DESTINATIONS_MAX: usize = 24;

/// What a window takes apart.
#[derive(Clone, Debug, Default)]
pub(super) struct Window {
    /// Bins that may go.
    pub(super) bins: Vec<usize>,
    /// Trades of before that are taken apart with them; the nodes that they took out stay out.
    pub(super) trades: Vec<usize>,
    /// Trades of some of the bins to begin with; they are not taken up.
    pub(super) start: Vec<Trade>,
}

/// A window in dense integers.
struct Sub {
    problem: Problem,
    /// Everything as it is.
    now: Packing,
    /// The class of the yard behind each class.
    classes: Vec<usize>,
    /// The kind of the yard behind each kind.
    kinds: Vec<usize>,
    /// What each existing node is: a bin that may go, or a seat.
    nodes: Vec<Place>,
}

#[derive(Clone, Copy, Debug)]
enum Place {
    Bin(usize),
    Seat(usize),
}

impl Yard {
    /// Takes `window` apart and puts it together for less, within `budget` units of work, by trades that
    /// take out `most` nodes at most; whether that was found.
    pub(super) fn reseat(&mut self, window: &Window, most: usize, budget: u64) -> bool {
        let Some(sub) = self.sub(window) else { return false };
        let mut never = |_: &crate::Progress| false;
        let mut work = Work::new(budget, &mut never);
        let before = sub.now.cost(&sub.problem);
        let best = improve::repack(&sub.problem, sub.now.clone(), &mut work);
        self.work_used += work.used();
        if best.cost(&sub.problem) >= before {
            return false;
        }
        let parts = self.parts(window, &sub, &best, most);
        let gain = parts.iter().map(|part| self.gain(part)).fold(0, i64::saturating_add);
        let before = window.trades.iter().map(|trade| self.trades.get(*trade)).chain(&window.start);
        if gain <= before.map(|trade| self.gain(trade)).fold(0, i64::saturating_add) {
            return false;
        }
        self.undo(&window.trades);
        for part in parts {
            self.take_up(part);
        }
        true
    }

    /// The trades that `best` comes to, those that pay by themselves.
    fn parts(&self, window: &Window, sub: &Sub, best: &Packing, most: usize) -> Vec<Trade> {
        let trade = self.joined(window, sub, best);
        let own = trade.removed.iter().map(|bin| self.bins[*bin].own.clone()).collect();
        let mut parts = split(trade, own);
        parts.retain(|part| {
            part.removed.len() <= most
                && self.gain(part) > 0
                && self.may_go_together(&part.removed)
                && self.is_paid_for(part)
                && self.withheld(&part.removed, &part.launched).is_none()
        });
        parts
    }

    /// Whether nothing is launched for nodes of which it is not known what they cost.
    fn is_paid_for(&self, part: &Trade) -> bool {
        part.launched.is_empty() || part.removed.iter().all(|bin| self.bins[*bin].is_priced)
    }

    /// Pods of the window by class: what has to be placed.
    fn demand(&self, window: &Window) -> Mix {
        let mut demand = Mix::new();
        let own = window.bins.iter().map(|bin| &self.bins[*bin].own);
        let trades = window.trades.iter().map(|trade| self.trades.get(*trade));
        let moved = trades.flat_map(|trade| {
            let launched = trade.launched.iter().map(|(_, mix)| mix);
            launched.chain(trade.taken.iter().map(|(_, mix)| mix))
        });
        for &(class, pods) in own.chain(moved).flatten() {
            add(&mut demand, class, pods);
        }
        demand
    }

    fn sub(&self, window: &Window) -> Option<Sub> {
        let demand = self.demand(window);
        let classes: Vec<usize> = demand.iter().map(|(class, _)| *class).collect();
        let place = |class: usize| classes.binary_search(&class).ok();
        let smaller = |mix: &Mix| -> Mix {
            mix.iter().filter_map(|&(class, pods)| Some((place(class)?, pods))).collect()
        };
        let (nodes, existing) = self.places(window, &demand, &smaller);
        let kinds = self.useful_kinds(window, &classes);
        let scarce = self.scarce_without(&window.trades);
        let class_of = |&(class, pods): &(usize, i64)| -> Class {
            let whole = &self.problem.classes[class];
            let count = usize::try_from(pods).unwrap_or(0);
            let mut admits = Bits::new(nodes.len());
            for (position, place) in nodes.iter().enumerate() {
                let seat = match place {
                    Place::Bin(bin) => self.bins[*bin].seat,
                    Place::Seat(seat) => Some(*seat),
                };
                let admits_it = |seat: usize| {
                    self.seats.is_open(seat)
                        && whole.nodes.contains(seat)
                        && self.joins(class, window, seat)
                };
                if seat.is_some_and(admits_it) {
                    admits.insert(position);
                }
            }
            let mut of_kinds = Bits::new(kinds.len());
            for (position, kind) in kinds.iter().enumerate() {
                if whole.kinds.contains(*kind) {
                    of_kinds.insert(position);
                }
            }
            Class {
                shapes: Vec::new(),
                pods: vec![PodIndex::new(0); count],
                nodes: admits,
                kinds: of_kinds,
                requests: whole.requests.clone(),
                quotas: whole.quotas.clone(),
                forgone: Forgone::default(),
                ..*whole
            }
        };
        let sub_classes: Vec<Class> = demand.iter().map(class_of).collect();
        let mut sub_kinds: Vec<Kind> = kinds
            .iter()
            .map(|kind| Kind { offerings: Vec::new(), ..self.problem.kinds[*kind].clone() })
            .collect();
        mark_superfluous(&mut sub_kinds, &sub_classes);
        let problem = Problem {
            classes: sub_classes,
            kinds: sub_kinds,
            pools: self.problem.pools.clone(),
            scarce,
            first_supply: self.problem.first_supply,
            nodes: existing,
            feuds: self.problem.feuds.clone(),
            bundles: BTreeMap::new(),
        };
        let now = self.now(window, &nodes, &kinds, &smaller, &problem)?;
        Some(Sub { problem, now, classes, kinds, nodes })
    }

    /// The window's nodes and those that may take pods, with their room once the window's trades are
    /// undone.
    fn places(
        &self,
        window: &Window,
        demand: &Mix,
        smaller: &impl Fn(&Mix) -> Mix,
    ) -> (Vec<Place>, Vec<ExistingNode>) {
        let mut nodes: Vec<Place> = window.bins.iter().map(|bin| Place::Bin(*bin)).collect();
        let bins: Vec<usize> = window.bins.iter().filter_map(|bin| self.bins[*bin].seat).collect();
        let taken = |seat: usize| {
            window.trades.iter().filter_map(move |trade| self.trades.get(*trade).on(seat))
        };
        let mut wanted: Vec<usize> = window
            .trades
            .iter()
            .flat_map(|trade| self.trades.get(*trade).taken.iter().map(|(seat, _)| *seat))
            .collect();
        let started = window.start.iter().flat_map(|trade| &trade.taken);
        wanted.extend(started.map(|(seat, _)| *seat));
        wanted.extend(self.seats.useful(&self.problem, demand, &self.values, DESTINATIONS_MAX));
        wanted.sort_unstable();
        wanted.dedup();
        wanted.retain(|seat| !bins.contains(seat));
        nodes.extend(wanted.into_iter().map(Place::Seat));
        let existing = nodes
            .iter()
            .map(|place| {
                let (node, seat, price, own) = match place {
                    Place::Bin(bin) => {
                        let surplus = self.surplus(*bin);
                        let bin = &self.bins[*bin];
                        (bin.node, bin.seat, surplus, bin.own.clone())
                    }
                    Place::Seat(seat) => {
                        (self.problem.nodes[*seat].node, Some(*seat), 0, Mix::new())
                    }
                };
                let mut spare = match seat {
                    Some(seat) => self.seats.room(seat).clone(),
                    None => vec![0; self.dimensions()],
                };
                for mix in seat.into_iter().flat_map(taken) {
                    spare = self.given_back(&spare, mix);
                }
                let room = self.given_back(&spare, &own);
                let base = seat.map(|seat| self.base(window, seat)).unwrap_or_default();
                ExistingNode { node, room, spare, price, own: smaller(&own), base }
            })
            .collect();
        (nodes, existing)
    }

    /// `room` with what `mix` takes.
    fn given_back(&self, room: &[i64], mix: &Mix) -> Vec<i64> {
        let negative: Mix = mix.iter().map(|&(class, pods)| (class, -pods)).collect();
        residual(&self.problem, room, &negative)
    }

    /// What trades outside the window moved to `seat`.
    fn moved_by_others(&self, window: &Window, seat: usize) -> Mix {
        let mut moved = self.seats.moved_in(seat).clone();
        for mix in window.trades.iter().filter_map(|trade| self.trades.get(*trade).on(seat)) {
            for &(class, pods) in mix {
                add(&mut moved, class, -pods);
            }
        }
        moved.retain(|(_, pods)| *pods > 0);
        moved
    }

    /// Whether a pod of `class` may join what trades outside the window left on `seat`.
    fn joins(&self, class: usize, window: &Window, seat: usize) -> bool {
        let moved = self.moved_by_others(window, seat);
        self.problem.joining_max(class, &moved, self.problem.base(Some(seat))) > 0
    }

    /// How many pods of groups with quotas are on `seat`, those that trades outside the window moved there
    /// included.
    fn base(&self, window: &Window, seat: usize) -> Vec<(usize, i64)> {
        let mut base: BTreeMap<usize, i64> =
            self.problem.base(Some(seat)).iter().copied().collect();
        for (class, pods) in self.moved_by_others(window, seat) {
            for quota in &self.problem.classes[class].quotas {
                *base.entry(quota.group).or_default() += pods;
            }
        }
        base.into_iter().collect()
    }

    fn dimensions(&self) -> usize {
        self.problem.classes.first().map_or(0, |class| class.requests.len())
    }

    /// Searched kinds that hold a pod of one of `classes`, and those of the window's trades.
    fn useful_kinds(&self, window: &Window, classes: &[usize]) -> Vec<usize> {
        let trades = window.trades.iter().map(|trade| self.trades.get(*trade));
        let trades = trades.chain(&window.start);
        let bought: Vec<usize> =
            trades.flat_map(|trade| trade.launched.iter().map(|(kind, _)| *kind)).collect();
        let holds = |kind: usize| classes.iter().any(|&class| self.problem.holds(kind, class));
        let gone = window.trades.iter().flat_map(|trade| &self.trades.get(*trade).removed);
        let spot_alone = window.bins.iter().chain(gone).all(|bin| self.is_spot[*bin]);
        let spot = self.settings.spot_for_spot || !spot_alone;
        let may_come = |kind: usize| (spot || !self.is_spot_kind(kind)) && holds(kind);
        let mut kinds: Vec<usize> =
            self.kinds.iter().copied().filter(|&kind| may_come(kind)).collect();
        kinds.extend(bought);
        kinds.sort_unstable();
        kinds.dedup();
        kinds
    }

    /// Everything as it is.
    fn now(
        &self,
        window: &Window,
        nodes: &[Place],
        kinds: &[usize],
        smaller: &impl Fn(&Mix) -> Mix,
        problem: &Problem,
    ) -> Option<Packing> {
        let mut now = Packing::new(problem);
        now.left.fill(0);
        for (position, place) in nodes.iter().enumerate() {
            let (own, seat) = match place {
                Place::Bin(bin) => (smaller(&self.bins[*bin].own), self.bins[*bin].seat),
                Place::Seat(seat) => (Mix::new(), Some(*seat)),
            };
            let goes = |bin: usize| window.start.iter().any(|trade| trade.removed.contains(&bin));
            now.existing[position] = match place {
                Place::Bin(bin) if goes(*bin) => Mix::new(),
                Place::Bin(_) | Place::Seat(_) => own,
            };
            let started = window.start.iter().filter_map(|trade| trade.on(seat?));
            for (class, pods) in started.flat_map(smaller) {
                add(&mut now.existing[position], class, pods);
            }
            for trade in &window.trades {
                let on = seat.and_then(|seat| self.trades.get(*trade).on(seat));
                for (class, pods) in on.map(smaller).into_iter().flatten() {
                    add(&mut now.existing[position], class, pods);
                }
            }
        }
        let trades = window.trades.iter().map(|trade| self.trades.get(*trade));
        for trade in trades.chain(&window.start) {
            for (kind, mix) in &trade.launched {
                let kind = kinds.binary_search(kind).ok()?;
                now.groups.push(Group { kind, mix: smaller(mix), copies: 1 });
            }
        }
        Some(now)
    }

    /// The trade that `best` comes to.
    fn joined(&self, window: &Window, sub: &Sub, best: &Packing) -> Trade {
        let larger = |mix: &Mix| -> Mix {
            mix.iter().map(|&(class, pods)| (sub.classes[class], pods)).collect()
        };
        let mut trade = Trade::default();
        // Those of `start` are bins of the window.
        for one in &window.trades {
            trade.removed.extend(&self.trades.get(*one).removed);
        }
        for ((place, node), mix) in sub.nodes.iter().zip(&sub.problem.nodes).zip(&best.existing) {
            let seat = match place {
                Place::Bin(bin) if mix.is_empty() => {
                    trade.removed.push(*bin);
                    continue;
                }
                Place::Bin(bin) => self.bins[*bin].seat,
                Place::Seat(seat) => Some(*seat),
            };
            let mut more = mix.clone();
            for &(class, pods) in &node.own {
                add(&mut more, class, -pods);
            }
            more.retain(|(_, pods)| *pods > 0);
            if let Some(seat) = seat.filter(|_| !more.is_empty()) {
                trade.taken.push((seat, larger(&more)));
            }
        }
        for Group { kind, mix, copies } in &best.groups {
            for _ in 0..*copies {
                trade.launched.push((sub.kinds[*kind], larger(mix)));
            }
        }
        trade
    }

    /// What is left of limits and supplies once these trades are undone.
    fn scarce_without(&self, trades: &[usize]) -> Vec<i64> {
        let mut scarce = self.scarce.clone();
        for (kind, _) in trades.iter().flat_map(|trade| &self.trades.get(*trade).launched) {
            for draw in &self.problem.kinds[*kind].draws {
                scarce[draw.of] += draw.amount;
            }
        }
        scarce
    }

    /// Undoes trades and gives them back; the nodes that they took out are there again.
    pub(super) fn undo(&mut self, trades: &[usize]) -> Vec<Trade> {
        self.scarce = self.scarce_without(trades);
        let mut trades = trades.to_vec();
        trades.sort_unstable_by(|a, b| b.cmp(a));
        let mut undone = Vec::new();
        for trade in trades {
            let trade = self.trades.remove(trade);
            for (seat, mix) in &trade.taken {
                self.seats.unseat(&self.problem, *seat, mix);
            }
            for bin in &trade.removed {
                self.bins[*bin].gone = false;
                if let Some(seat) = self.bins[*bin].seat {
                    self.seats.reopen(seat);
                }
            }
            undone.push(trade);
        }
        undone
    }
}
