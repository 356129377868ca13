//! Trades, and the moves that they come to.

use model::{
    MicroUsdPerHour, Move, NanoUsdPerHour, NewNode, NodeFill, OfferingIndex, PodIndex, fleet,
};

use super::Yard;
use crate::packing::{Mix, add, pods_in};

/// Nodes that go together and where their pods run then.
#[derive(Clone, Debug, Default)]
pub(super) struct Trade {
    /// Bins that go.
    pub(super) removed: Vec<usize>,
    /// Kinds bought, each with its pods.
    pub(super) launched: Vec<(usize, Mix)>,
    /// Pods by seat.
    pub(super) taken: Vec<(usize, Mix)>,
}

/// The trades taken up so far; none needs another.
#[derive(Debug, Default)]
pub(super) struct Trades(Vec<Trade>);

impl Trade {
    /// Puts more pods on `seat`.
    pub(super) fn take(&mut self, seat: usize, class: usize, pods: i64) {
        let place = self.taken.iter().position(|(other, _)| *other == seat).unwrap_or_else(|| {
            self.taken.push((seat, Mix::new()));
            self.taken.len() - 1
        });
        add(&mut self.taken[place].1, class, pods);
    }

    /// What it put on `seat`.
    pub(super) fn on(&self, seat: usize) -> Option<&Mix> {
        self.taken.iter().find(|(other, _)| *other == seat).map(|(_, mix)| mix)
    }
}

impl Trades {
    /// The trade at `position`.
    pub(super) fn get(&self, position: usize) -> &Trade {
        &self.0[position]
    }

    /// How many there are.
    pub(super) const fn len(&self) -> usize {
        self.0.len()
    }

    /// Takes the trade at `position` out.
    pub(super) fn remove(&mut self, position: usize) -> Trade {
        self.0.remove(position)
    }

    /// Adds a trade that takes nothing of the others apart.
    pub(super) fn add(&mut self, trade: Trade) {
        self.0.push(trade);
    }
}

/// The moves of a yard, those that save most for each eviction first.
pub(super) fn moves(yard: &Yard, reason: fleet::Reason) -> Vec<Move> {
    let mut turns = vec![0_usize; yard.problem.kinds.len()];
    let trades = &yard.trades.0;
    let mut moves: Vec<Move> =
        trades.iter().map(|trade| as_move(yard, trade, reason, &mut turns)).collect();
    moves.sort_by(|a, b| {
        let gain = |one: &Move| i128::from(one.saving.get()) * 1000 - i128::from(one.price.get());
        let pods = |one: &Move| i128::try_from(one.evictions()).unwrap_or(i128::MAX).max(1);
        let by_ratio = (gain(b) * pods(a)).cmp(&(gain(a) * pods(b)));
        by_ratio.then_with(|| a.removed.cmp(&b.removed))
    });
    moves
}

fn as_move(yard: &Yard, trade: &Trade, reason: fleet::Reason, turns: &mut [usize]) -> Move {
    let bins = || trade.removed.iter().map(|bin| &yard.bins[*bin]);
    let mut queues: Vec<(usize, Vec<PodIndex>)> = Vec::new();
    for pod in bins().flat_map(|bin| &bin.pods) {
        let class = yard.class_of[pod.get()];
        match queues.binary_search_by_key(&class, |(class, _)| *class) {
            Ok(place) => queues[place].1.push(*pod),
            Err(place) => queues.insert(place, (class, vec![*pod])),
        }
    }
    for (_, pods) in &mut queues {
        // Taken from the end.
        pods.sort_unstable_by(|a, b| b.cmp(a));
    }
    let mut hand_out = |mix: &Mix| -> Vec<PodIndex> {
        let mut pods = Vec::new();
        for &(class, count) in mix {
            let place = queues.binary_search_by_key(&class, |(class, _)| *class);
            let queue = &mut queues[place.expect("a trade seats the pods of its nodes")].1;
            let count = usize::try_from(count).expect("counts are positive");
            pods.extend(queue.drain(queue.len() - count..));
        }
        pods.sort_unstable();
        pods
    };
    let mut launched: Vec<NewNode> = Vec::new();
    let mut launches = NanoUsdPerHour::ZERO;
    let mut rates = MicroUsdPerHour::ZERO;
    for (kind, mix) in &trade.launched {
        let kind_of = &yard.problem.kinds[*kind];
        let offering = next_offering(&kind_of.offerings, &mut turns[*kind]);
        rates += kind_of.price;
        launches = NanoUsdPerHour::new(launches.get().saturating_add(kind_of.launch));
        launched.push(NewNode { offering, pods: hand_out(mix) });
    }
    let mut taken: Vec<NodeFill> = trade
        .taken
        .iter()
        .map(|(seat, mix)| NodeFill { node: yard.problem.nodes[*seat].node, pods: hand_out(mix) })
        .collect();
    taken.sort_by_key(|fill| fill.node);
    let mut removed: Vec<_> = bins().map(|bin| bin.node).collect();
    removed.sort_unstable();
    let evicted: i64 = bins().map(|bin| pods_in(&bin.own)).sum();
    let evictions = yard.settings.prices.evictions(usize::try_from(evicted).unwrap_or(usize::MAX));
    Move {
        reason,
        removed,
        launched,
        taken,
        saving: bins().map(|bin| bin.price).sum::<MicroUsdPerHour>() - rates,
        price: NanoUsdPerHour::new(launches.get().saturating_add(evictions.get())),
    }
}

fn next_offering(offerings: &[OfferingIndex], turn: &mut usize) -> OfferingIndex {
    let offering = offerings[*turn % offerings.len()];
    *turn += 1;
    offering
}
