//! Buys as many nodes as pods that keep apart need, each with its share of all the others.
//!
//! Where a node takes a few pods of a group, the pods of that group say how many nodes there must be at
//! least. Nodes that are larger than what then comes to each leave pods of the group alone on nodes of
//! their own. So each node bought here has a pod of the group that needs the most nodes, and none is
//! dearer than the cheapest that holds its share of what is left. What these nodes have no room for, as
//! pods are bound to places, makes some of them larger, where that costs no more than another node.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use super::anchors;
use super::fill::{Stock, by_density, fill};
use super::greedy::Shop;
use crate::packing::{Group, Mix, Packing, add, residual};
use crate::problem::{Amounts, Class, Problem};

/// Groups whose pods are given nodes, one after another. The first takes most of all pods along; more
/// than a few would each be left to what buys without shares.
const GROUPS_MAX: usize = 4;

/// How often nodes are made larger at most, alike ones at once; each time looks at every bought node. What is
/// left for it is a few pods in each place.
const GROWTHS_MAX: usize = 64;

/// Groups of nodes that are looked at for this at most: fewer times where there are thousands of them.
const LOOKS_MAX: usize = 25_000;

/// Larger kinds that each node is held against: the next ones by price.
const LARGER_MAX: usize = 8;

/// Pods of which a node takes only so many.
struct Tight {
    /// By class, whether it is one of them.
    members: Vec<bool>,
    /// How many a node takes.
    most: i64,
}

/// Buys nodes for the pods left in `packing` while some of them keep apart, and leaves others; whether it
/// bought any.
pub(super) fn buy(problem: &Problem, values: &[i64], packing: &mut Packing) -> bool {
    for _ in 0..GROUPS_MAX {
        let Some(tight) = tightest(problem, values, &packing.left) else { break };
        let bought = packing.groups.len();
        for_group(problem, values, &tight, packing);
        if packing.groups.len() == bought {
            break;
        }
        grow(problem, values, packing);
    }
    !packing.groups.is_empty()
}

/// The group that needs the most nodes, where that is more than one; `None` too where weights say which
/// pods may open a node.
fn tightest(problem: &Problem, values: &[i64], left: &[i64]) -> Option<Tight> {
    if problem.pools.iter().any(|pool| pool.weight != problem.pools[0].weight) {
        return None;
    }
    // By group with quotas, then by class that is in none: pods, and how many a node takes.
    let mut groups: BTreeMap<(usize, usize), (i64, i64)> = BTreeMap::new();
    for (position, class) in problem.classes.iter().enumerate() {
        if left[position] == 0 || values[position] == 0 {
            continue;
        }
        for quota in &class.quotas {
            let (pods, most) = groups.entry((quota.group, 0)).or_default();
            *pods = pods.saturating_add(left[position]);
            *most = quota.most.max(*most);
        }
        if class.together_max < i64::MAX {
            groups.insert((usize::MAX, position), (left[position], class.together_max));
        }
    }
    let nodes = |&(pods, most): &(i64, i64)| nodes(pods, most);
    let (key, (_, most)) = groups
        .into_iter()
        .filter(|(_, group)| nodes(group) > 1)
        .max_by_key(|(key, group)| (nodes(group), Reverse(*key)))?;
    let is_member = |(position, class): (usize, &Class)| match key {
        (usize::MAX, one) => position == one,
        (group, _) => class.quota(group).is_some(),
    };
    Some(Tight { members: problem.classes.iter().enumerate().map(is_member).collect(), most })
}

/// How many nodes `pods` pods need of which a node takes `most`.
fn nodes(pods: i64, most: i64) -> i64 {
    let most = most.max(1);
    pods / most + i64::from(pods % most > 0)
}

/// What buys nodes for one group.
struct Sharing<'a> {
    problem: &'a Problem,
    tight: &'a Tight,
    /// What the pods ask for that are left and that something can be bought for.
    demand: Vec<i128>,
    /// How many pods of the group are left.
    members: i64,
    /// By pool and site: kinds by ascending price.
    shelves: Vec<Vec<usize>>,
}

impl<'a> Sharing<'a> {
    fn new(problem: &'a Problem, values: &[i64], tight: &'a Tight, left: &[i64]) -> Self {
        let dimensions = problem.classes.first().map_or(0, |class| class.requests.len());
        let mut demand = vec![0; dimensions];
        let mut members = 0;
        for (position, class) in problem.classes.iter().enumerate() {
            if values[position] == 0 {
                continue;
            }
            for (sum, need) in demand.iter_mut().zip(&class.requests) {
                *sum += i128::from(*need) * i128::from(left[position]);
            }
            members += if tight.members[position] { left[position] } else { 0 };
        }
        let mut shelves: BTreeMap<(usize, usize), Vec<usize>> = BTreeMap::new();
        for (position, kind) in problem.kinds.iter().enumerate().filter(|(_, one)| one.searched) {
            shelves.entry((kind.pool, kind.site)).or_default().push(position);
        }
        Self { problem, tight, demand, members, shelves: shelves.into_values().collect() }
    }

    /// Kinds that are no dearer than the cheapest of their shelf that holds a share of what is left.
    fn allowed(&self) -> BTreeSet<usize> {
        let nodes = i128::from(nodes(self.members, self.tight.most).max(1));
        let share: Vec<i128> = self.demand.iter().map(|all| (all + nodes - 1) / nodes).collect();
        let holds = |kind: usize| {
            let room = &self.problem.kinds[kind].room;
            share.iter().zip(room).all(|(need, room)| *need == 0 || *need <= i128::from(*room))
        };
        let mut allowed = BTreeSet::new();
        for shelf in &self.shelves {
            let last = shelf.iter().position(|kind| holds(*kind)).unwrap_or(shelf.len() - 1);
            allowed.extend(&shelf[..=last]);
        }
        allowed
    }

    /// Takes the pods of the last group of `packing` off what is left.
    fn count(&mut self, packing: &Packing) {
        let Some(Group { mix, copies, .. }) = packing.groups.last() else { return };
        for &(class, pods) in mix {
            let all = pods.saturating_mul(*copies);
            for (sum, need) in self.demand.iter_mut().zip(&self.problem.classes[class].requests) {
                *sum -= i128::from(*need) * i128::from(all);
            }
            self.members -= if self.tight.members[class] { all } else { 0 };
        }
    }
}

/// Buys nodes for the group `tight` until none of its pods is left, or nothing can be bought for them; none
/// where a share may be of nearly any size.
fn for_group(problem: &Problem, values: &[i64], tight: &Tight, packing: &mut Packing) {
    let anchors = vec![Some(tight.members.clone()); problem.pools.len()];
    let left = packing.scarce_left(problem);
    let mut shop = Shop::new(problem, values, anchors, 0, left);
    let mut sharing = Sharing::new(problem, values, tight, &packing.left);
    let mut queue: BTreeSet<(Reverse<i128>, usize)> = BTreeSet::new();
    let mut known: BTreeSet<usize> = BTreeSet::new();
    let mut allowed = sharing.allowed();
    // Where a share takes most kinds it says nothing: pods that keep apart are few.
    if allowed.len() * 2 > sharing.shelves.iter().map(Vec::len).sum() {
        return;
    }
    while sharing.members > 0 {
        for &kind in allowed.difference(&known) {
            if let Some((_, rate)) = shop.offer(kind, packing) {
                queue.insert((Reverse(rate), kind));
            }
        }
        known.extend(&allowed);
        let Some((_, kind)) = queue.pop_first() else { break };
        if !allowed.contains(&kind) {
            known.remove(&kind);
            continue;
        }
        let Some((filled, rate)) = shop.offer(kind, packing) else { continue };
        let entry = (Reverse(rate), kind);
        // A rate only falls as pods run out, so the first whose fresh rate still leads is the best.
        if queue.first().is_some_and(|next| *next < entry) {
            queue.insert(entry);
            continue;
        }
        shop.take(kind, filled, i64::MAX, packing);
        sharing.count(packing);
        queue.insert(entry);
        allowed = sharing.allowed();
    }
}

/// A node that may be made larger.
struct Growth {
    /// A group of the packing.
    position: usize,
    /// What a node of it becomes.
    kind: usize,
    more: Mix,
}

/// Makes nodes larger for the pods that are left, as long as that costs no more than a new node
/// for them.
fn grow(problem: &Problem, values: &[i64], packing: &mut Packing) {
    let looks = LOOKS_MAX / packing.groups.len().max(1);
    for _ in 0..GROWTHS_MAX.min(looks) {
        let some = |class: &usize| packing.left[*class] > 0 && values[*class] > 0;
        let waiting: Vec<usize> = (0..problem.classes.len()).filter(some).collect();
        if waiting.is_empty() {
            break;
        }
        let scarce = packing.scarce_left(problem);
        let mut best: Option<(i128, Growth)> = None;
        for position in 0..packing.groups.len() {
            larger(problem, values, packing, (position, &waiting, &scarce), &mut best);
        }
        let Some((_, Growth { position, kind, more })) = best else { break };
        let by_pods = more.iter().map(|&(class, pods)| packing.left[class] / pods).min();
        let old = &mut packing.groups[position];
        let within = problem.kinds[kind].copies_within(&scarce);
        let copies = by_pods.unwrap_or(0).min(old.copies).min(within).max(1);
        old.copies -= copies;
        let mut mix = old.mix.clone();
        if old.copies == 0 {
            packing.groups.remove(position);
        }
        for &(class, pods) in &more {
            packing.left[class] -= pods * copies;
            add(&mut mix, class, pods);
        }
        packing.groups.push(Group { kind, mix, copies });
    }
}

/// Finds what a node of a group may become for some of `waiting`, and puts it in `best` where that has less,
/// with its worth per price in units of 2^-20. It costs no more than a new node for the same pods.
fn larger(
    problem: &Problem,
    values: &[i64],
    packing: &Packing,
    (position, waiting, scarce): (usize, &[usize], &[i64]),
    best: &mut Option<(i128, Growth)>,
) {
    let Group { kind: now, mix, .. } = &packing.groups[position];
    let current = &problem.kinds[*now];
    let larger = (*now + 1..problem.kinds.len()).filter(|&kind| {
        let of = &problem.kinds[kind];
        let is_like = of.searched && (of.pool, of.site) == (current.pool, current.site);
        is_like && of.price > current.price && anchors::within(problem, scarce, kind)
    });
    for kind in larger.take(LARGER_MAX) {
        let of = &problem.kinds[kind];
        let room = residual(problem, &of.room, mix);
        let holds_all = mix.iter().all(|(class, _)| problem.classes[*class].kinds.contains(kind));
        if !holds_all || room.iter().any(|room| *room < 0) {
            continue;
        }
        let admits = |class: &&usize| {
            let class = &problem.classes[**class];
            class.kinds.contains(kind) && Problem::fits(&class.requests, &room)
        };
        let mut candidates: Vec<usize> = waiting.iter().filter(admits).copied().collect();
        by_density(problem, values, &room, &mut candidates);
        let left = &packing.left;
        let stock = Stock { values, left, there: mix, base: &[], candidates: &candidates };
        let filled = fill(problem, &stock, &room, None);
        if filled.mix.is_empty() {
            continue;
        }
        let mut whole = mix.clone();
        for &(class, pods) in &filled.mix {
            add(&mut whole, class, pods);
        }
        let more = problem.objective(kind, &whole).saturating_sub(problem.objective(*now, mix));
        let rate = (i128::from(filled.value) << 20) / i128::from(more.max(1));
        let is_best = best.as_ref().is_none_or(|(known, _)| rate > *known);
        if is_best && more <= anew(problem, &filled.mix) {
            *best = Some((rate, Growth { position, kind, more: filled.mix }));
        }
    }
}

/// What the cheapest node costs that holds `mix` alone, nano-USD per hour; the most that there is
/// where none does.
fn anew(problem: &Problem, mix: &Mix) -> i64 {
    let mut needs: Amounts = Vec::new();
    for &(class, pods) in mix {
        let requests = &problem.classes[class].requests;
        needs.resize(requests.len(), 0);
        for (sum, need) in needs.iter_mut().zip(requests) {
            *sum = sum.saturating_add(need.saturating_mul(pods));
        }
    }
    let kinds = problem.kinds.iter().enumerate();
    let holds = kinds.filter(|(_, kind)| kind.searched && Problem::fits(&needs, &kind.room));
    holds.map(|(kind, _)| problem.objective(kind, mix)).min().unwrap_or(i64::MAX)
}
