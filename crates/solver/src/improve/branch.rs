//! Small sets: the cheapest packing, by branching.
//!
//! Existing nodes are filled first, then each step opens a node for a pod of the class that is worth
//! most of those left, with each filling that nothing can be added to: pods can be moved over from
//! other nodes at no cost, so no other filling is needed. What the pods left are worth, less what the
//! supplies left are worth, bounds what is still to be paid, once worths are lowered so that no node
//! holds more worth than it costs; fillings and steps that cannot lead to a cheaper packing are not
//! looked at, nor states that were reached more cheaply. Work is counted.
//!
//! Not for interruption terms, preferences and weights: there moving pods over may cost something.

use std::collections::BTreeMap;

use super::columns::Bin;
use super::generate::Search;
use super::knapsack::{self, Item};
use super::pricing::{self, Worths};
use super::work::Work;
use crate::first::anchors;
use crate::packing::{Group, Mix, Packing, add, count};
use crate::problem::{ExistingNode, Problem};

/// Nodes to buy from which on a set is not small.
pub(crate) const NODES_MAX: i64 = 30;

/// Tree nodes for the proof that worths are not too high, for each bin.
const PROOF_BUDGET: u64 = 200_000;

/// Steps, fillings and classes looked at for one set; a fifth of a minute.
const UNITS_MAX: u64 = 100_000_000;

/// States remembered, some hundred bytes each.
const STATES_MAX: usize = 400_000;

/// All prices are whole multiples of this, nano-USD per hour.
const CENT: i64 = 1_000;

/// What can be filled, with what prunes its fillings.
struct Filler {
    bin: Bin,
    room: Vec<i64>,
    /// What a filling must be worth to be no loss, nano-USD per hour.
    charge: i64,
    /// Classes that it holds, those worth most for their share first.
    classes: Vec<usize>,
    /// By class in that order: worth less the prices of what is asked for.
    gains: Vec<i64>,
    /// What the whole room costs at these prices.
    priced: i64,
}

struct Branch<'a> {
    problem: &'a Problem,
    worths: Worths,
    fillers: Vec<Filler>,
    /// Classes, those worth most first.
    order: Vec<usize>,
    /// The least objective known, nano-USD per hour.
    least: i64,
    best: Option<Packing>,
    seen: BTreeMap<(usize, Vec<i64>, Vec<i64>), i64>,
    units: u64,
    units_max: u64,
}

/// A packing under construction.
struct State {
    packing: Packing,
    scarce: Vec<i64>,
    cost: i64,
}

impl Search<'_> {
    /// Whether the best packing buys so few nodes that branching may find the cheapest.
    pub(super) fn is_small(&self) -> bool {
        self.best.groups.iter().map(|group| group.copies).sum::<i64>() < NODES_MAX
            && !self.problem.nodes.iter().any(ExistingNode::may_go)
    }

    /// Looks for the cheapest packing of the demand; whether there is certainly none that is cheaper
    /// than the best known afterwards.
    pub(super) fn branch(&mut self, work: &mut Work<'_>) -> bool {
        let problem = self.problem;
        let moves_cost = problem.kinds.iter().any(|kind| kind.term > 0) || problem.has_wishes();
        if moves_cost || self.anchors.iter().any(Option::is_some) || self.is_over(work) {
            return false;
        }
        let Some(mut branch) = self.branching(work) else { return false };
        branch.units_max = work.within(UNITS_MAX);
        let mut packing = Packing::new(problem);
        packing.left.clone_from(&self.demand);
        let mut state = State { packing, scarce: problem.scarce.clone(), cost: 0 };
        let whole = branch.visit(0, &mut state);
        work.spend(branch.units);
        if let Some(mut packing) = branch.best {
            let pods = problem.classes.iter().map(|class| count(class.pods.len()));
            packing.left = pods.zip(&self.demand).map(|(all, placed)| all - placed).collect();
            self.offer(packing);
        }
        whole && !self.is_over(work)
    }

    /// Everything that branching needs; `None` where worths could not be proved not to be too high.
    fn branching(&self, work: &mut Work<'_>) -> Option<Branch<'_>> {
        let worths = self.lowered(work)?;
        let problem = self.problem;
        let filler = |fillable: &pricing::Fillable| {
            let room = match fillable.bin {
                Bin::Kind(kind) => problem.kinds[kind].room.clone(),
                Bin::Node(node) => problem.nodes[node].room.clone(),
            };
            let charge = pricing::charge(problem, &problem.scarce, &worths, fillable.bin);
            Filler::new(problem, fillable, room, charge, &worths.pods, &self.demand)
        };
        let fillers: Vec<Filler> = self.fillables.iter().map(filler).collect();
        let mut order: Vec<usize> = (0..self.demand.len()).collect();
        order.sort_by_key(|&class| (std::cmp::Reverse(worths.pods[class]), class));
        Some(Branch {
            problem,
            fillers,
            order,
            least: self.best.cost(problem),
            best: None,
            seen: BTreeMap::new(),
            units: 0,
            units_max: 0,
            worths,
        })
    }

    /// The worths of the last linear program over all demand, lowered until no bin holds more than
    /// its charge.
    fn lowered(&self, work: &mut Work<'_>) -> Option<Worths> {
        let mut worths = self.converged.clone()?;
        let (mut most, mut charged) = (1_i64, 1_i64);
        for fillable in &self.fillables {
            let room = match fillable.bin {
                Bin::Kind(kind) => &self.problem.kinds[kind].room,
                Bin::Node(node) => &self.problem.nodes[node].room,
            };
            let charge = pricing::charge(self.problem, &self.problem.scarce, &worths, fillable.bin);
            let items = items(self.problem, fillable, room, &worths.pods, &self.demand);
            let relaxed = knapsack::relax(&items, room);
            work.spend(64);
            if relaxed.bound <= charge {
                continue;
            }
            let found = knapsack::search(&items, room, &relaxed.prices, charge, PROOF_BUDGET);
            work.spend(found.visited);
            if found.visited >= PROOF_BUDGET {
                return None;
            }
            let worth = found.best.map_or(charge, |(_, worth)| worth);
            let is_worse =
                i128::from(worth) * i128::from(charged) > i128::from(most) * i128::from(charge);
            match fillable.bin {
                // It is worth what it can hold.
                Bin::Node(node) => worths.nodes[node] = worths.nodes[node].max(worth),
                Bin::Kind(_) if is_worse => (most, charged) = (worth, charge),
                Bin::Kind(_) => {}
            }
        }
        for worth in &mut worths.pods {
            let lower = i128::from(*worth) * i128::from(charged) / i128::from(most);
            *worth = i64::try_from(lower).unwrap_or(0);
        }
        Some(worths)
    }
}

fn items(
    problem: &Problem,
    fillable: &pricing::Fillable,
    room: &[i64],
    worths: &[i64],
    demand: &[i64],
) -> Vec<Item> {
    let classes = fillable.classes.iter();
    let wanted = classes.filter(|&&class| worths[class] > 0 && demand[class] > 0);
    let of = |&class: &usize| (class, worths[class], demand[class]);
    let items = wanted.map(|class| pricing::item(problem, fillable.bin, room, of(class)));
    items.filter(|item| item.cap > 0).collect()
}

impl Filler {
    fn new(
        problem: &Problem,
        fillable: &pricing::Fillable,
        room: Vec<i64>,
        charge: i64,
        worths: &[i64],
        demand: &[i64],
    ) -> Self {
        let items = items(problem, fillable, &room, worths, demand);
        let prices = knapsack::relax(&items, &room).prices;
        let wanted = fillable.classes.iter().filter(|&&class| demand[class] > 0);
        let mut classes: Vec<(i64, usize)> = wanted
            .map(|&class| {
                let requests = &problem.classes[class].requests;
                (worths[class] - knapsack::cost(requests, &room, &prices), class)
            })
            .collect();
        classes.sort_by_key(|&(gain, class)| (std::cmp::Reverse(gain), class));
        Self {
            bin: fillable.bin,
            charge,
            gains: classes.iter().map(|entry| entry.0).collect(),
            classes: classes.into_iter().map(|entry| entry.1).collect(),
            priced: prices.iter().sum(),
            room,
        }
    }
}

impl Branch<'_> {
    /// Tries everything from `state` on, existing nodes before `node` being filled. False where the
    /// work was not enough.
    fn visit(&mut self, node: usize, state: &mut State) -> bool {
        self.units += 20 + u64::try_from(self.order.len()).unwrap_or(u64::MAX);
        if self.units >= self.units_max || self.seen.len() >= STATES_MAX {
            return false;
        }
        let bound = self.bound(node, state);
        if bound.max(state.cost) > self.least - CENT {
            return true;
        }
        let key = (node, state.packing.left.clone(), state.scarce.clone());
        if self.seen.get(&key).is_some_and(|cost| *cost <= state.cost) {
            return true;
        }
        self.seen.insert(key, state.cost);
        if node < self.problem.nodes.len() {
            return self.fill_node(node, state, bound);
        }
        let Some(&class) = self.order.iter().find(|&&class| state.packing.left[class] > 0) else {
            self.least = state.cost;
            self.best = Some(state.packing.clone());
            return true;
        };
        self.open(class, state, bound)
    }

    /// No packing that goes on from `state` costs less, nano-USD per hour.
    fn bound(&self, node: usize, state: &State) -> i64 {
        let pods = self.worths.pods.iter().zip(&state.packing.left);
        let worth: i64 = pods.map(|(worth, left)| worth * left).sum();
        let nodes: i64 = self.worths.nodes[node..].iter().sum();
        let scarce: i128 = (self.worths.scarce.iter().zip(&state.scarce).zip(&self.problem.scarce))
            // Rounded up, so that the bound is not too high.
            .map(|((worth, left), all)| {
                let all = i128::from((*all).max(1));
                (i128::from(*worth) * i128::from((*left).max(0)) + all - 1) / all
            })
            .sum();
        let scarce = i64::try_from(scarce).unwrap_or(i64::MAX);
        state.cost + (worth - nodes).saturating_sub(scarce)
    }

    fn fill_node(&mut self, node: usize, state: &mut State, bound: i64) -> bool {
        let filler = self.fillers.iter().position(|filler| filler.bin == Bin::Node(node));
        let Some(filler) = filler else { return self.visit(node + 1, state) };
        let Some(fillings) = self.fillings(filler, state, None, bound) else { return false };
        for (_, mix) in fillings {
            for &(class, pods) in &mix {
                state.packing.left[class] -= pods;
            }
            state.packing.existing[node].clone_from(&mix);
            let whole = self.visit(node + 1, state);
            state.packing.existing[node].clear();
            for &(class, pods) in &mix {
                state.packing.left[class] += pods;
            }
            if !whole {
                return false;
            }
        }
        true
    }

    /// Opens a node for a pod of `class` in every way.
    fn open(&mut self, class: usize, state: &mut State, bound: i64) -> bool {
        let mut ways: Vec<(i64, usize, Mix)> = Vec::new();
        for position in 0..self.fillers.len() {
            let filler = &self.fillers[position];
            let Bin::Kind(kind) = filler.bin else { continue };
            let fits = filler.classes.contains(&class);
            if !fits || !anchors::within(self.problem, &state.scarce, kind) {
                continue;
            }
            let Some(found) = self.fillings(position, state, Some(class), bound) else {
                return false;
            };
            ways.extend(found.into_iter().map(|(loss, mix)| (loss, kind, mix)));
        }
        ways.sort();
        for (loss, kind, mix) in ways {
            if bound.saturating_add(loss) > self.least - CENT {
                break;
            }
            if !self.take(kind, mix, state) {
                return false;
            }
        }
        true
    }

    fn take(&mut self, kind: usize, mix: Mix, state: &mut State) -> bool {
        let bought = &self.problem.kinds[kind];
        let price = bought.objective(0);
        for draw in &bought.draws {
            state.scarce[draw.of] -= draw.amount;
        }
        for &(class, pods) in &mix {
            state.packing.left[class] -= pods;
        }
        state.cost += price;
        state.packing.groups.push(Group { kind, mix, copies: 1 });
        let whole = self.visit(self.problem.nodes.len(), state);
        let group = state.packing.groups.pop().expect("it was pushed before");
        state.cost -= price;
        for &(class, pods) in &group.mix {
            state.packing.left[class] += pods;
        }
        for draw in &self.problem.kinds[kind].draws {
            state.scarce[draw.of] += draw.amount;
        }
        whole
    }

    /// Every filling that nothing can be added to and that may lead to a cheaper packing, with what it
    /// loses, least first; with a pod of `class` where one is given. `None` where the work ends.
    fn fillings(
        &mut self,
        filler: usize,
        state: &State,
        class: Option<usize>,
        bound: i64,
    ) -> Option<Vec<(i64, Mix)>> {
        let of = &self.fillers[filler];
        let left = &state.packing.left;
        let caps: Vec<i64> = (of.classes.iter())
            .map(|&class| {
                let fits = Problem::fit_count(&self.problem.classes[class].requests, &of.room);
                left[class].min(fits).min(self.problem.classes[class].together_max)
            })
            .collect();
        let gains = of.gains.iter().zip(&caps).map(|(gain, cap)| (*gain).max(0) * cap);
        let most = of.priced + gains.sum::<i64>();
        let slack = self.least - CENT - bound;
        let mut filling = Filling {
            problem: self.problem,
            filler: of,
            worths: &self.worths.pods,
            caps,
            class,
            need: of.charge.saturating_sub(slack),
            found: Vec::new(),
            units: 0,
            units_max: self.units_max.saturating_sub(self.units),
        };
        let whole = filling.extend(0, &mut of.room.clone(), &mut Mix::new(), most);
        let (mut found, units) = (filling.found, filling.units);
        self.units += units;
        found.sort();
        whole.then_some(found)
    }
}

/// The fillings of one bin.
struct Filling<'a> {
    problem: &'a Problem,
    filler: &'a Filler,
    worths: &'a [i64],
    /// By position in the filler's classes.
    caps: Vec<i64>,
    class: Option<usize>,
    /// What a filling must be worth at least.
    need: i64,
    found: Vec<(i64, Mix)>,
    units: u64,
    units_max: u64,
}

impl Filling<'_> {
    /// Pods of groups with quotas that are in the bin already.
    fn base(&self) -> &[(usize, i64)] {
        self.problem.base(self.filler.bin.node())
    }

    /// Decides on the classes from `position` on; `most` is what the outcome can be worth at most.
    fn extend(&mut self, position: usize, rest: &mut Vec<i64>, mix: &mut Mix, most: i64) -> bool {
        self.units += 1;
        if self.units >= self.units_max {
            return false;
        }
        if most < self.need {
            return true;
        }
        let Some(&class) = self.filler.classes.get(position) else {
            self.keep(rest, mix);
            return true;
        };
        let requests = &self.problem.classes[class].requests;
        let joining = self.problem.joining_max(class, mix, self.base());
        let fits = Problem::fit_count(requests, rest).min(self.caps[position]).min(joining);
        let gain = self.filler.gains[position];
        for pods in (i64::from(self.class == Some(class))..=fits).rev() {
            let missed = if gain > 0 { self.caps[position] - pods } else { -pods };
            for (rest, need) in rest.iter_mut().zip(requests) {
                *rest -= need * pods;
            }
            if pods > 0 {
                add(mix, class, pods);
            }
            let whole = self.extend(position + 1, rest, mix, most.saturating_sub(gain * missed));
            mix.retain(|entry| entry.0 != class);
            for (rest, need) in rest.iter_mut().zip(requests) {
                *rest += need * pods;
            }
            if !whole {
                return false;
            }
        }
        true
    }

    fn keep(&mut self, rest: &[i64], mix: &Mix) {
        let more = self.filler.classes.iter().zip(&self.caps).any(|(&class, cap)| {
            let taken = mix.iter().find(|entry| entry.0 == class).map_or(0, |entry| entry.1);
            taken < *cap
                && Problem::fits(&self.problem.classes[class].requests, rest)
                && self.problem.joining_max(class, mix, self.base()) > 0
        });
        if more {
            return;
        }
        let worth: i64 = mix.iter().map(|&(class, pods)| self.worths[class] * pods).sum();
        if worth >= self.need {
            self.found.push((self.filler.charge - worth, mix.clone()));
        }
    }
}
