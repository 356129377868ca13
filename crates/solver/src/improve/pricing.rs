//! Pricing: the columns that are worth more than they cost.

use std::cmp::Reverse;

use super::columns::{Bin, Column};
use super::generate::Search;
use super::knapsack::{self, Item, Relaxed};
use super::work::Work;
use super::worths::Load;
use super::{dynamic, polish};
use crate::first::anchors;
use crate::first::fill::{Stock, by_density, fill};
use crate::packing::{Mix, add, residual};
use crate::problem::{Class, Company, ExistingNode, Problem, Quota};

/// At least every how many-th class is forced into a mix in one round, and how many are at most.
const SEED_STRIDE: usize = 6;
const SEEDS_MAX: usize = 20;

/// Tree nodes of a search that a table guides, whatever the budget.
const GUIDED_MIN: u64 = 4_000;

/// From this budget on a table guides the search of any node.
const GUIDED_FROM: u64 = 20_000;

/// What pods and supplies are worth now, nano-USD per hour.
#[derive(Clone, Debug)]
pub(super) struct Worths {
    pub(super) pods: Vec<i64>,
    pub(super) nodes: Vec<i64>,
    /// For the whole of each limit and supply.
    pub(super) scarce: Vec<i64>,
}

/// A bin that can be filled, with the classes it can hold.
#[derive(Clone, Debug)]
pub(super) struct Fillable {
    pub(super) bin: Bin,
    pub(super) classes: Vec<usize>,
}

/// Every searched kind and every existing node that can hold something.
pub(super) fn fillables(problem: &Problem) -> Vec<Fillable> {
    let classes = 0..problem.classes.len();
    let buyable = |kind: &usize| {
        problem.kinds[*kind].searched && anchors::within(problem, &problem.scarce, *kind)
    };
    let kinds = (0..problem.kinds.len()).filter(buyable).map(|kind| {
        let classes = classes.clone().filter(|&class| problem.holds(kind, class)).collect();
        Fillable { bin: Bin::Kind(kind), classes }
    });
    let nodes = (0..problem.nodes.len()).map(|node| {
        let holds = |class: &usize| {
            let class = &problem.classes[*class];
            class.nodes.contains(node) && Problem::fits(&class.requests, &problem.nodes[node].spare)
        };
        Fillable { bin: Bin::Node(node), classes: classes.clone().filter(holds).collect() }
    });
    kinds.chain(nodes).filter(|fillable| !fillable.classes.is_empty()).collect()
}

/// What pricing one bin came to.
pub(super) struct Priced {
    /// Columns worth more than they cost.
    pub(super) columns: Vec<Column>,
    /// The most that was seen to fit, against the list price; nothing for existing nodes.
    pub(super) load: Load,
}

/// The problem of filling one bin at the worths of the moment.
pub(super) struct Pricing<'a> {
    problem: &'a Problem,
    fillable: &'a Fillable,
    demand: &'a [i64],
    room: &'a [i64],
    /// What a pod of each class is worth here: less the interruption term of the bin, and what it is charged
    /// where the bin is not as it prefers.
    values: Vec<i64>,
    /// What a mix has to be worth to be of use.
    charge: i64,
    items: Vec<Item>,
    /// The classes of the items, in the order in which a node is filled.
    order: Vec<usize>,
    /// Which classes justify opening the node; `None` where all do.
    anchors: Option<&'a [bool]>,
}

impl<'a> Pricing<'a> {
    /// The pricing problem of `fillable` as `search` stands.
    pub(super) fn new(search: &'a Search<'_>, fillable: &'a Fillable) -> Self {
        let Search { problem, scarce, worths, demand, .. } = search;
        let (room, term, anchors) = match fillable.bin {
            Bin::Kind(kind) => {
                let kind = &problem.kinds[kind];
                (&kind.room, kind.term, search.anchors[kind.pool].as_deref())
            }
            Bin::Node(node) => (&problem.nodes[node].spare, 0, None),
        };
        let charged = |class: &Class| match fillable.bin {
            Bin::Kind(kind) => class.forgone.on_kind(kind),
            Bin::Node(node) => class.forgone.on_node(node),
        };
        let worths_of = worths.pods.iter().zip(&problem.classes);
        let values: Vec<i64> =
            worths_of.map(|(worth, class)| worth - term - charged(class)).collect();
        let items: Vec<Item> = fillable
            .classes
            .iter()
            .filter(|&&class| values[class] > 0 && demand[class] > 0)
            .map(|&class| item(problem, fillable.bin, room, (class, values[class], demand[class])))
            .filter(|item| item.cap > 0)
            .collect();
        let mut order: Vec<usize> = items.iter().map(|item| item.class).collect();
        by_density(problem, &values, room, &mut order);
        let charge = charge(problem, scarce, worths, fillable.bin);
        // A millionth of the price above it is noise of the linear program.
        let charge = charge.saturating_add(charge / 1_000_000 + 1);
        Self { problem, fillable, demand, room, values, charge, items, order, anchors }
    }

    /// Columns worth more than they cost; none where none was found within `budget` tree nodes.
    ///
    /// Where a resource comes in few pieces a table guides the search. Elsewhere quick mixes are tried
    /// first: the greedy one, the relaxed optimum rounded down, and some with a class forced in, which
    /// class depending on `seed`; where they are worth too little and the relaxation leaves hope, an
    /// exact search follows.
    pub(super) fn columns(&self, budget: u64, seed: usize, work: &mut Work<'_>) -> Priced {
        let relaxed = knapsack::relax(&self.items, self.room);
        work.spend(64 + 24 * u64::try_from(self.items.len()).unwrap_or(u64::MAX));
        if relaxed.bound <= self.charge {
            return Priced { columns: Vec::new(), load: Load::NONE };
        }
        let mixes = if self.is_guided() && dynamic::counts_pieces(&self.items, self.room) {
            let budget = work.within(budget.max(GUIDED_MIN));
            let (items, room) = (&self.items, self.room);
            let found = dynamic::search(items, room, &relaxed.prices, self.charge, budget);
            work.spend(found.work);
            let mixes = found.mixes.into_iter();
            mixes.filter_map(|mix| self.top_up(mix)).collect()
        } else {
            self.searched(&relaxed, budget, seed, work)
        };
        self.priced(mixes)
    }

    /// Whether a table may guide the search: it knows nothing of quotas, ties and anchors.
    fn is_guided(&self) -> bool {
        let is_free = |item: &Item| item.quotas.is_empty() && item.ties.0 == 0;
        self.anchors.is_none() && self.items.iter().all(is_free)
    }

    fn searched(
        &self,
        relaxed: &Relaxed,
        budget: u64,
        seed: usize,
        work: &mut Work<'_>,
    ) -> Vec<Mix> {
        let mut mixes = self.quick(relaxed, seed);
        let best = mixes.iter().max_by_key(|mix| self.worth(mix)).cloned();
        mixes.retain(|mix| self.worth(mix) > self.charge);
        let place = polish::Place {
            problem: self.problem,
            items: &self.items,
            room: self.room,
            base: self.base(),
        };
        let polished = best.map(|mix| polish::polish(&place, mix, budget / 4, work));
        mixes.extend(polished.filter(|mix| self.worth(mix) > self.charge));
        if mixes.is_empty() && budget >= GUIDED_FROM && self.is_guided() {
            let budget = work.within(budget);
            let found =
                dynamic::search(&self.items, self.room, &relaxed.prices, self.charge, budget);
            work.spend(found.work);
            mixes.extend(found.mixes);
        } else if mixes.is_empty() {
            let budget = work.within(budget);
            let found =
                knapsack::search(&self.items, self.room, &relaxed.prices, self.charge, budget);
            work.spend(found.visited);
            mixes.extend(found.best.map(|(mut mix, _)| {
                mix.sort_unstable();
                mix
            }));
        }
        mixes
    }

    /// The columns of `mixes` that are of use.
    fn priced(&self, mut mixes: Vec<Mix>) -> Priced {
        let load = self.load(mixes.iter().map(|mix| self.worth(mix)).max().unwrap_or(0));
        mixes.retain(|mix| anchors::justifies(self.anchors, mix));
        let column = |mix| Column { bin: self.fillable.bin, mix: self.with_own(mix) };
        Priced { columns: mixes.into_iter().map(column).collect(), load }
    }

    /// `mix` with the node's own pods.
    fn with_own(&self, mut mix: Mix) -> Mix {
        if let Bin::Node(node) = self.fillable.bin {
            for &(class, pods) in &self.problem.nodes[node].own {
                add(&mut mix, class, pods);
            }
        }
        mix
    }

    /// A filling worth `filled` against the list price. A node that draws on a supply may be worth more
    /// than it costs.
    fn load(&self, filled: i64) -> Load {
        match self.fillable.bin {
            Bin::Kind(kind) => {
                let kind = &self.problem.kinds[kind];
                if kind.capped || kind.price.get() <= 0 {
                    return Load::NONE;
                }
                Load { filled, price: kind.objective(0) }
            }
            Bin::Node(_) => Load::NONE,
        }
    }

    fn worth(&self, mix: &Mix) -> i64 {
        mix.iter().map(|&(class, pods)| self.values[class].saturating_mul(pods)).sum()
    }

    fn quick(&self, relaxed: &Relaxed, seed: usize) -> Vec<Mix> {
        let whole = self.items.iter().zip(&relaxed.amounts).filter(|(_, amount)| **amount > 0);
        let rounded: Mix = whole.map(|(item, amount)| (item.class, *amount)).collect();
        let stride = SEED_STRIDE.max(self.items.len() / SEEDS_MAX);
        let seeded = self.items.iter().skip(seed % stride).step_by(stride);
        let seeded = seeded.map(|item| vec![(item.class, (item.cap / 2).max(1))]);
        let anchors = self.items.iter().filter(|item| self.anchors.is_some_and(|a| a[item.class]));
        let anchored = anchors.map(|item| vec![(item.class, 1)]);
        let starts = [Mix::new(), rounded].into_iter().chain(seeded).chain(anchored);
        starts.filter_map(|mix| self.top_up(mix)).collect()
    }

    /// Pods of groups with quotas that are in the bin already.
    fn base(&self) -> &[(usize, i64)] {
        self.problem.base(self.fillable.bin.node())
    }

    /// `mix` without what is over quotas or shares no node, and with what still fits beside it; `None` where `mix`
    /// itself does not fit.
    fn top_up(&self, mix: Mix) -> Option<Mix> {
        let mut mix = self.apart(mix);
        let rest = residual(self.problem, self.room, &mix);
        if !mix.is_empty() && rest.iter().any(|rest| *rest < 0) {
            return None;
        }
        let mut left = self.demand.to_vec();
        for &(class, pods) in &mix {
            left[class] -= pods;
        }
        let stock = Stock {
            values: &self.values,
            left: &left,
            there: &mix,
            base: self.base(),
            candidates: &self.order,
        };
        for (class, pods) in fill(self.problem, &stock, &rest, None).mix {
            add(&mut mix, class, pods);
        }
        (!mix.is_empty()).then_some(mix)
    }

    /// `mix` with of each group those that are worth most, as many as its quota, and of those that share no
    /// node the same.
    fn apart(&self, mix: Mix) -> Mix {
        let is_free = |class: &Class| class.quotas.is_empty() && class.ties == 0;
        if mix.iter().all(|(class, _)| is_free(&self.problem.classes[*class])) {
            return mix;
        }
        let mut order = mix;
        order.sort_by_key(|&(class, _)| (Reverse(self.values[class]), class));
        let mut kept = Mix::new();
        for (class, pods) in order {
            let pods = pods.min(self.problem.joining_max(class, &kept, self.base()));
            if pods > 0 {
                add(&mut kept, class, pods);
            }
        }
        kept
    }
}

/// A class as an item of `bin`, with what a pod of it is worth and how many are wanted.
pub(super) fn item(
    problem: &Problem,
    bin: Bin,
    room: &[i64],
    (class, worth, wanted): (usize, i64, i64),
) -> Item {
    let Class { requests, quotas, together_max, ties, .. } = &problem.classes[class];
    let company = Company::new(problem.base(bin.node()));
    let left = |quota: &Quota| Quota { most: company.left(*quota), ..*quota };
    let quotas: Vec<Quota> = quotas.iter().map(left).collect();
    let cap = Problem::fit_count(requests, room).min(wanted).min(*together_max);
    let cap = quotas.iter().map(|quota| quota.most.max(0)).fold(cap, i64::min);
    let ties = (*ties, problem.feuds.of(*ties));
    Item { class, worth, requests: requests.clone(), quotas, ties, cap }
}

/// What a bin has to earn, nano-USD per hour: its price and what it takes of scarce supplies.
pub(super) fn charge(problem: &Problem, scarce: &[i64], worths: &Worths, bin: Bin) -> i64 {
    match bin {
        Bin::Node(node) => {
            let ExistingNode { price, own, .. } = &problem.nodes[node];
            let worth = own.iter().map(|&(class, pods)| worths.pods[class].saturating_mul(pods));
            let worth = worth.fold(0, i64::saturating_add);
            price.saturating_add(worths.nodes[node]).saturating_sub(worth)
        }
        Bin::Kind(kind) => {
            let kind = &problem.kinds[kind];
            let surcharge: i128 = (kind.draws.iter())
                .map(|draw| {
                    let (worth, left) = (worths.scarce[draw.of], scarce[draw.of].max(1));
                    i128::from(worth) * i128::from(draw.amount) / i128::from(left)
                })
                .sum();
            let price = i128::from(kind.objective(0)) + surcharge;
            i64::try_from(price).unwrap_or(i64::MAX)
        }
    }
}
