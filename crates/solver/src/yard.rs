//! The yard: what runs where now, in dense integers, and what may be moved.
//!
//! In: a snapshot whose pods are those that may have to move, the tenants of its nodes, and what moves
//! cost. Out: trades, each of which takes some nodes out, seats their pods on nodes that stay or on
//! nodes that are bought, and is worth more than it costs. Trades are made one after another, each
//! upon the yard that those before it left, and none needs another: a trade that takes apart what one
//! before it filled becomes one with it. Nodes that stay keep their own pods. Pods that spreads over
//! zones and the like count move within their domain only, so that moves break none. Pure; work is
//! counted.

mod seats;
mod several;
mod single;
mod split;
mod spot;
mod trades;
mod window;

use model::{
    Candidate, MicroUsdPerHour, Move, MovePrices, NanoUsdPerHour, NodeIndex, Objective, PodIndex,
    PreferencePrice, Snapshot, TypeIndex, fleet,
};

use crate::first;
use crate::first::anchors::{self, Anchors};
use crate::improve::{Load, Proposal};
use crate::packing::{Mix, add, pods_in};
use crate::problem::{self, Problem};
use crate::solve;
use seats::Seats;
pub use single::Look;
pub use spot::{SPOT_TYPES_MIN, Withheld};
use trades::{Trade, Trades};

/// A node with what runs on it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tenant {
    /// The node.
    pub node: NodeIndex,
    /// Its price; `None` where it is not known: it may be taken out, never replaced.
    pub price: Option<MicroUsdPerHour>,
    /// Its pods that would have to run elsewhere.
    pub pods: Vec<PodIndex>,
    /// Whether it may be taken out.
    pub may_go: bool,
    /// Whether pods of other nodes may be seated on it.
    pub takes: bool,
    /// Which group it is in; see [`YardSettings::most_of_group`].
    pub group: usize,
}

/// What governs trades.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct YardSettings {
    /// What is minimised beside list prices.
    pub objective: Objective,
    /// What moves cost.
    pub prices: MovePrices,
    /// Most nodes of each group that one trade takes out.
    pub most_of_group: Vec<usize>,
    /// Most nodes that one trade takes out.
    pub most_nodes: usize,
    /// Whether spot nodes may come in the place of spot nodes alone; in that of one only where
    /// [`SPOT_TYPES_MIN`] types are cheaper.
    pub spot_for_spot: bool,
}

/// A node of the yard.
#[derive(Debug)]
struct Bin {
    node: NodeIndex,
    /// Its seat, where it takes pods.
    seat: Option<usize>,
    /// What is saved when it goes: its price less what the evictions cost; nano-USD per hour.
    worth: i64,
    /// Whether its price is known.
    is_priced: bool,
    /// Its list price, nothing where it is not known.
    price: MicroUsdPerHour,
    own: Mix,
    pods: Vec<PodIndex>,
    may_go: bool,
    group: usize,
    gone: bool,
}

/// What runs where, and the trades so far.
#[derive(Debug)]
pub struct Yard {
    settings: YardSettings,
    problem: Problem,
    /// The class of each pod.
    class_of: Vec<usize>,
    bins: Vec<Bin>,
    /// Which of them are spot nodes.
    is_spot: Vec<bool>,
    seats: Seats,
    /// Searched kinds, cheapest first.
    kinds: Vec<usize>,
    /// For each kind, the types of which its nodes may be spot nodes.
    spot_types: Vec<Vec<TypeIndex>>,
    /// What is left of limits and supplies.
    scarce: Vec<i64>,
    anchors: Anchors,
    /// What pods of each class are worth when they are put in order.
    values: Vec<i64>,
    trades: Trades,
    /// What an eviction has to save beyond its price, nano-USD per hour.
    reluctance: i64,
    /// What pods may be worth where everything is bought anew.
    proposals: Vec<Proposal>,
    work_used: u64,
}

impl Yard {
    /// The yard of `tenants`, one for each node that may go or take pods.
    pub fn new(snapshot: &Snapshot, tenants: &[Tenant], settings: YardSettings) -> Self {
        // Moves are judged by what they save, which preferences are no part of.
        let objective =
            Objective { preference_price: PreferencePrice::NOTHING, ..settings.objective };
        let built = problem::build(snapshot, objective);
        let mut site_of = vec![None; snapshot.pods.len()];
        for Tenant { node, pods, .. } in tenants {
            let site = built.rules.sites.of_node[node.get()];
            for pod in pods {
                site_of[pod.get()] = Some(site);
            }
        }
        let mut problem = built.at_home(snapshot, &site_of);
        for kind in &mut problem.kinds {
            kind.launch = settings.prices.launch(kind.price).get();
        }
        let mut class_of = vec![0; snapshot.pods.len()];
        for (position, class) in problem.classes.iter().enumerate() {
            for pod in &class.pods {
                class_of[pod.get()] = position;
            }
        }
        let mut seat_of = vec![None; snapshot.nodes.len()];
        for (position, node) in problem.nodes.iter().enumerate() {
            seat_of[node.node.get()] = Some(position);
        }
        let bins: Vec<Bin> = tenants
            .iter()
            .map(|tenant| bin(tenant, &seat_of, &class_of, &settings.prices))
            .collect();
        let mut takes = vec![false; problem.nodes.len()];
        for seat in tenants.iter().filter(|one| one.takes).filter_map(|t| seat_of[t.node.get()]) {
            takes[seat] = true;
        }
        let mut kinds: Vec<usize> =
            (0..problem.kinds.len()).filter(|&kind| problem.kinds[kind].searched).collect();
        kinds.sort_by_key(|&kind| (problem.kinds[kind].objective(0), kind));
        let scarce = problem.scarce.clone();
        let spot_types = problem.kinds.iter().map(|kind| spot::types(snapshot, kind)).collect();
        Self {
            is_spot: tenants.iter().map(|one| snapshot.node(one.node).is_spot()).collect(),
            spot_types,
            seats: Seats::new(&problem, &takes),
            anchors: anchors::anchors(&problem, &scarce),
            values: first::standalone_values(&problem),
            trades: Trades::default(),
            reluctance: 0,
            proposals: Vec::new(),
            settings,
            class_of,
            bins,
            kinds,
            scarce,
            problem,
            work_used: 0,
        }
    }

    /// How many tenants there are.
    pub const fn len(&self) -> usize {
        self.bins.len()
    }

    /// Whether there is none.
    pub const fn is_empty(&self) -> bool {
        self.bins.is_empty()
    }

    /// Whether the tenant at `position` was taken out.
    pub fn is_gone(&self, position: usize) -> bool {
        self.bins[position].gone
    }

    /// How many pods of others the tenant at `position` takes.
    pub fn taken_by(&self, position: usize) -> usize {
        let seat = self.bins[position].seat;
        let pods = seat.map_or(0, |seat| pods_in(self.seats.moved_in(seat)));
        usize::try_from(pods).unwrap_or(usize::MAX)
    }

    /// Units of work done so far; a unit is some 100 ns.
    pub const fn work_used(&self) -> u64 {
        self.work_used
    }

    /// What is saved when the tenant at `position` goes and nothing comes in its place: its price less
    /// what the evictions cost, nano-USD per hour.
    pub fn worth(&self, position: usize) -> NanoUsdPerHour {
        NanoUsdPerHour::new(self.bins[position].worth)
    }

    /// What pods may be worth, for the checker to derive from the best of them what no moves go below; at
    /// least one, and more once they were appraised.
    pub fn candidates(&self, snapshot: &Snapshot) -> Vec<Candidate> {
        let worths = first::standalone_values(&self.problem);
        let alone = Proposal { worths, load: Load::NONE };
        let all = self.proposals.iter().chain([&alone]);
        all.map(|one| solve::candidate(snapshot, &self.problem, one)).collect()
    }

    /// The trades as moves, those with the least evictions per dollar first.
    pub fn moves(&self, reason: fleet::Reason) -> Vec<Move> {
        trades::moves(self, reason)
    }

    /// From now on, each eviction has to save this part of what one pod of those that may move costs now on
    /// average, beyond its price.
    pub fn be_reluctant(&mut self, (part, whole): (i64, i64)) {
        let may_go = || self.bins.iter().filter(|bin| bin.may_go && !bin.gone);
        let cost = may_go().map(|bin| bin.price.get()).fold(0, i64::saturating_add);
        let pods = may_go().map(|bin| pods_in(&bin.own)).sum::<i64>();
        let mean = i128::from(cost) * 1000 * i128::from(part);
        let mean = mean / i128::from(whole.max(1)) / i128::from(pods.max(1));
        let price = self.settings.prices.evictions(1).get();
        self.reluctance = i64::try_from(mean).unwrap_or(i64::MAX).saturating_sub(price).max(0);
    }

    /// Whether any trade was found.
    pub const fn has_traded(&self) -> bool {
        self.trades.len() > 0
    }

    /// What is saved when the bin goes, beyond what its evictions have to save.
    fn surplus(&self, bin: usize) -> i64 {
        let pods = pods_in(&self.bins[bin].own);
        self.bins[bin].worth.saturating_sub(self.reluctance.saturating_mul(pods))
    }

    /// What a trade saves beyond what its evictions have to save.
    fn gain(&self, trade: &Trade) -> i64 {
        let goes = trade.removed.iter().map(|bin| self.surplus(*bin)).fold(0, i64::saturating_add);
        let comes = trade.launched.iter();
        let comes = comes.map(|(kind, mix)| self.problem.kinds[*kind].objective(pods_in(mix)));
        goes.saturating_sub(comes.fold(0, i64::saturating_add))
    }

    /// Whether one trade may take out the bins at these positions together.
    fn may_go_together(&self, bins: &[usize]) -> bool {
        let mut of_group = vec![0_usize; self.settings.most_of_group.len()];
        for bin in bins {
            of_group[self.bins[*bin].group] += 1;
        }
        let within = of_group.iter().zip(&self.settings.most_of_group).all(|(n, most)| n <= most);
        within && bins.len() <= self.settings.most_nodes
    }

    /// Takes up `trade`: its nodes are gone, its pods are seated.
    fn take_up(&mut self, trade: Trade) {
        for bin in &trade.removed {
            self.bins[*bin].gone = true;
            if let Some(seat) = self.bins[*bin].seat {
                self.seats.close(seat);
            }
        }
        for (seat, mix) in &trade.taken {
            self.seats.seat(&self.problem, *seat, mix);
        }
        for (kind, _) in &trade.launched {
            for draw in &self.problem.kinds[*kind].draws {
                self.scarce[draw.of] -= draw.amount;
            }
        }
        if !trade.launched.is_empty() {
            self.anchors = anchors::anchors(&self.problem, &self.scarce);
        }
        self.trades.add(trade);
    }
}

fn bin(tenant: &Tenant, seat_of: &[Option<usize>], class_of: &[usize], prices: &MovePrices) -> Bin {
    let mut own = Mix::new();
    for pod in &tenant.pods {
        add(&mut own, class_of[pod.get()], 1);
    }
    let price = tenant.price.unwrap_or(MicroUsdPerHour::ZERO);
    let evictions = prices.evictions(tenant.pods.len()).get();
    Bin {
        node: tenant.node,
        seat: seat_of[tenant.node.get()],
        // A node whose price is not known costs something all the same.
        worth: tenant.price.map_or(1, |price| price.get().saturating_mul(1000)) - evictions,
        is_priced: tenant.price.is_some(),
        price,
        own,
        pods: tenant.pods.clone(),
        may_go: tenant.may_go,
        group: tenant.group,
        gone: false,
    }
}
