//! The packing problem in dense integers.
//!
//! Pods that no rule can tell apart are one [`Class`]; offerings that no class can tell apart are
//! one [`Kind`]. Everything here is in a canonical order that depends on contents only, so that
//! neither the order of the input nor the names of pods, nodes and namespaces change a decision.

mod admission;
mod build;
pub(crate) mod bundles;
mod dominance;
mod kinds;
mod min_values;
mod ranks;
mod rivals;
pub(crate) mod rules;
mod scarce;
pub(crate) mod sites;
pub(crate) mod split;
pub(crate) mod ties;
mod wishes;

use std::borrow::Cow;

use model::{MicroUsdPerHour, NodeIndex, OfferingIndex, PodIndex, ShapeIndex};

use crate::bits::Bits;
use crate::packing::{Mix, pods_in};
pub(crate) use build::{Built, build};
use bundles::Bundles;
pub(crate) use dominance::mark as mark_superfluous;
use ties::Feuds;
pub(crate) use wishes::Forgone;

/// Amounts of the resources that some class asks for, by resource name, in base units.
pub(crate) type Amounts = Vec<i64>;

/// Pods that no rule can tell apart.
#[derive(Clone, Debug)]
pub(crate) struct Class {
    /// What each asks for.
    pub(crate) requests: Amounts,
    /// Higher goes first where not all can be placed.
    pub(crate) priority: i32,
    /// The shapes it stands for.
    pub(crate) shapes: Vec<ShapeIndex>,
    /// The pods, shape by shape, those of one shape in input order: so that the order of the input
    /// does not say which shapes share a node. Where several groups of rivals are one class, group
    /// by group, as many of each.
    pub(crate) pods: Vec<PodIndex>,
    /// The kinds whose rules admit it; size is another matter.
    pub(crate) kinds: Bits,
    /// The existing nodes whose rules and pods admit it, by position in [`Problem::nodes`].
    pub(crate) nodes: Bits,
    /// How many of its pods one node takes, room and quotas aside: all, or as many as a group allows
    /// that no other class is in, times `units`.
    pub(crate) together_max: i64,
    /// How many groups of rivals it stands for that nothing else tells apart, at least 1.
    pub(crate) units: usize,
    /// Groups of which a node takes a bounded number of pods and that other classes are in too,
    /// ascending by group.
    pub(crate) quotas: Vec<Quota>,
    /// Its ties over hostnames, as [`Problem::feuds`] knows them; 0 where it has none.
    pub(crate) ties: usize,
    /// What each of its pods is charged where a node is not as it prefers.
    pub(crate) forgone: Forgone,
}

/// How many pods of a group a node takes: one of rivals, or as many as a spread over hostnames says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Quota {
    /// The group: first rivals by their place in the snapshot, then selections that are spread over
    /// hostnames.
    pub(crate) group: usize,
    /// How many pods of the group may be on the node of a pod that has this quota, at least 1.
    pub(crate) most: i64,
}

/// Offerings that no class can tell apart: one pool, site, room, price and admission.
#[derive(Clone, Debug)]
pub(crate) struct Kind {
    /// Position in [`Problem::pools`].
    pub(crate) pool: usize,
    /// Where it is, as far as rules between pods care.
    pub(crate) site: usize,
    /// What a node has for pods.
    pub(crate) room: Amounts,
    /// List price.
    pub(crate) price: MicroUsdPerHour,
    /// Interruption term of one pod, nano-USD per hour.
    pub(crate) term: i64,
    /// What the launch of a node costs where it replaces others, nano-USD per hour; else nothing.
    pub(crate) launch: i64,
    /// What a node takes of what is scarce, ascending: each limit of its pool, be it nothing, and
    /// one of the supply that it draws on.
    pub(crate) draws: Vec<Draw>,
    /// Whether it draws on a supply, and cannot be bought as often as one likes for that.
    pub(crate) capped: bool,
    /// The offerings, in snapshot order; nodes are spread over them in turn.
    pub(crate) offerings: Vec<OfferingIndex>,
    /// Whether search may buy it; false where a better kind makes it superfluous.
    pub(crate) searched: bool,
}

/// What a node takes of one entry of [`Problem::scarce`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Draw {
    /// The entry.
    pub(crate) of: usize,
    /// How much.
    pub(crate) amount: i64,
}

/// A pool.
#[derive(Clone, Debug)]
pub(crate) struct Pool {
    /// Greater opens first.
    pub(crate) weight: i32,
}

/// An existing node that takes pods.
#[derive(Clone, Debug)]
pub(crate) struct ExistingNode {
    /// The node.
    pub(crate) node: NodeIndex,
    /// What it has left for pods; where it may go, with what its own pods take.
    pub(crate) room: Amounts,
    /// What it has left beside its own pods.
    pub(crate) spare: Amounts,
    /// What keeping it costs, nano-USD per hour; nothing where it stays anyway.
    pub(crate) price: i64,
    /// Its own pods where it may go: it is kept with all of them, and others beside, or not at all.
    pub(crate) own: Mix,
    /// How many pods of groups with quotas are there already, its own included; ascending by group.
    pub(crate) base: Vec<(usize, i64)>,
}

/// The whole problem.
#[derive(Clone, Debug)]
pub(crate) struct Problem {
    /// Classes, by shape.
    pub(crate) classes: Vec<Class>,
    /// Kinds with a known price, by pool, price, room.
    pub(crate) kinds: Vec<Kind>,
    /// Pools in snapshot order: descending weight.
    pub(crate) pools: Vec<Pool>,
    /// What is left before this plan of each limit, pool by pool, then of each supply; negative where
    /// a limit is exceeded already.
    pub(crate) scarce: Vec<i64>,
    /// Where supplies begin in `scarce`; before are limits.
    pub(crate) first_supply: usize,
    /// Existing nodes that take pods, least room first.
    pub(crate) nodes: Vec<ExistingNode>,
    /// Which ties keep pods from sharing a node.
    pub(crate) feuds: Feuds,
    /// Pods that are planned as one with the first of them, which stands for all.
    pub(crate) bundles: Bundles,
}

impl Kind {
    /// The objective of one node with `pods` pods, nano-USD per hour: list price, launch and
    /// interruption terms. What its pods prefer is another matter: see [`Problem::objective`].
    pub(crate) fn objective(&self, pods: i64) -> i64 {
        let fixed = self.price.get().saturating_mul(1000).saturating_add(self.launch);
        fixed.saturating_add(self.term.saturating_mul(pods))
    }

    /// Whether it takes no more than `other` of anything scarce, and of nothing else.
    pub(crate) fn draws_no_more_than(&self, other: &Self) -> bool {
        let theirs = |of| other.draws.iter().find(|draw| draw.of == of);
        self.draws.iter().all(|mine| theirs(mine.of).is_some_and(|draw| mine.amount <= draw.amount))
    }

    /// How many more nodes `left` of what is scarce has enough for.
    pub(crate) fn copies_within(&self, left: &[i64]) -> i64 {
        let draws = self.draws.iter().filter(|draw| draw.amount > 0);
        draws.map(|draw| left[draw.of] / draw.amount).min().unwrap_or(i64::MAX)
    }
}

impl ExistingNode {
    /// Whether it may go.
    pub(crate) fn may_go(&self) -> bool {
        !self.own.is_empty()
    }
}

/// What is on a node of groups with quotas.
///
/// A pod whose quota is `most` needs that there are no more than `most` pods of the group whose quotas
/// are no greater: those with greater ones can come after it.
#[derive(Clone, Debug)]
pub(crate) struct Company {
    /// Group, quota and how many pods with it; what was there before has quota 0.
    entries: Vec<(usize, i64, i64)>,
}

impl Company {
    /// Of a node that had `base` before.
    pub(crate) fn new(base: &[(usize, i64)]) -> Self {
        Self { entries: base.iter().map(|&(group, pods)| (group, 0, pods)).collect() }
    }

    /// Adds `pods` pods, or takes them away.
    pub(crate) fn join(&mut self, quotas: &[Quota], pods: i64) {
        for Quota { group, most } in quotas {
            match self.entries.iter_mut().find(|entry| (entry.0, entry.1) == (*group, *most)) {
                Some(entry) => entry.2 += pods,
                None => self.entries.push((*group, *most, pods)),
            }
        }
    }

    /// How many more pods with `quotas` there may be.
    pub(crate) fn joining_max(&self, quotas: &[Quota]) -> i64 {
        quotas.iter().map(|quota| self.left(*quota)).fold(i64::MAX, i64::min).max(0)
    }

    /// How many more pods with `quota` there may be, whatever other groups say.
    pub(crate) fn left(&self, quota: Quota) -> i64 {
        let mut of_group = self.entries.iter().filter(|entry| entry.0 == quota.group);
        let up_to = |most: i64| -> i64 {
            let entries = of_group.clone().filter(|entry| entry.1 <= most);
            most - entries.map(|entry| entry.2).sum::<i64>()
        };
        let own = up_to(quota.most);
        let others = of_group.clone().filter(|entry| entry.1 > quota.most && entry.2 > 0);
        let least = others.map(|entry| up_to(entry.1)).fold(own, i64::min);
        of_group.next().map_or(quota.most, |_| least)
    }
}

impl Class {
    /// Its quota of `group`, where it is in it.
    pub(crate) fn quota(&self, group: usize) -> Option<i64> {
        self.quotas.iter().find(|quota| quota.group == group).map(|quota| quota.most)
    }
}

impl Problem {
    /// The same without limits, weights and what pods prefer, supplies as they are; `None` where there are
    /// none of these. What may be bought here may be bought there, at no higher objective.
    pub(crate) fn unrestricted(&self) -> Option<Self> {
        let weights_differ = self.pools.iter().any(|pool| pool.weight != self.pools[0].weight);
        if self.first_supply == 0 && !weights_differ && !self.has_wishes() {
            return None;
        }
        let mut free = self.clone();
        free.classes.iter_mut().for_each(|class| class.forgone = Forgone::default());
        free.pools.iter_mut().for_each(|pool| pool.weight = 0);
        for kind in &mut free.kinds {
            kind.draws.retain(|draw| draw.of >= self.first_supply);
        }
        Some(free)
    }

    /// The same where pods prefer nothing.
    pub(crate) fn without_wishes(&self) -> Self {
        let mut plain = self.clone();
        plain.classes.iter_mut().for_each(|class| class.forgone = Forgone::default());
        plain
    }

    /// Whether pods are charged anything where a node is not as they prefer.
    pub(crate) fn has_wishes(&self) -> bool {
        self.classes.iter().any(|class| !class.forgone.is_nothing())
    }

    /// The objective of one new node of `kind` with `mix`, nano-USD per hour.
    pub(crate) fn objective(&self, kind: usize, mix: &Mix) -> i64 {
        let charged = self.forgone(mix, |class| class.forgone.on_kind(kind));
        self.kinds[kind].objective(pods_in(mix)).saturating_add(charged)
    }

    /// What the pods of `mix` are charged on the node at this position, nano-USD per hour.
    pub(crate) fn forgone_on_node(&self, node: usize, mix: &Mix) -> i64 {
        self.forgone(mix, |class| class.forgone.on_node(node))
    }

    fn forgone(&self, mix: &Mix, charge: impl Fn(&Class) -> i64) -> i64 {
        let of = |&(class, pods): &(usize, i64)| charge(&self.classes[class]).saturating_mul(pods);
        mix.iter().map(of).fold(0, i64::saturating_add)
    }

    /// `values` less what pods are charged, at least 1 where there was any, in a bin of which `charge` says
    /// what.
    pub(crate) fn less_forgone<'v>(
        &self,
        values: &'v [i64],
        charge: impl Fn(&Forgone) -> i64,
    ) -> Cow<'v, [i64]> {
        if self.classes.iter().all(|class| charge(&class.forgone) == 0) {
            return Cow::Borrowed(values);
        }
        let less = |(value, class): (&i64, &Class)| match charge(&class.forgone) {
            0 => *value,
            charge => value.saturating_sub(charge).max((*value).min(1)),
        };
        values.iter().zip(&self.classes).map(less).collect()
    }

    /// The same where nobody keeps away from anybody on nodes.
    pub(crate) fn without_ties(mut self) -> Self {
        self.classes.iter_mut().for_each(|class| class.ties = 0);
        self.feuds = Feuds::default();
        self
    }

    /// `pod` and those that are planned as one with it.
    pub(crate) fn bundle(&self, pod: PodIndex) -> impl Iterator<Item = PodIndex> + '_ {
        let others = self.bundles.get(&pod).into_iter().flatten();
        std::iter::once(pod).chain(others.copied())
    }

    /// Whether a node with `room` holds one pod with these requests. Zero always fits.
    pub(crate) fn fits(requests: &[i64], room: &[i64]) -> bool {
        requests.iter().zip(room).all(|(need, room)| *need == 0 || need <= room)
    }

    /// How many pods with these requests fit in `room`.
    pub(crate) fn fit_count(requests: &[i64], room: &[i64]) -> i64 {
        requests
            .iter()
            .zip(room)
            .filter(|(need, _)| **need > 0)
            .map(|(need, room)| room.max(&0) / need)
            .min()
            .unwrap_or(i64::MAX)
    }

    /// What is on a node with `mix` that had `base` before, of groups with quotas.
    pub(crate) fn company(&self, mix: &Mix, base: &[(usize, i64)]) -> Company {
        let mut company = Company::new(base);
        for &(class, pods) in mix {
            company.join(&self.classes[class].quotas, pods);
        }
        company
    }

    /// How many pods of `class` may join `mix` on a node that had `base` before, room aside.
    pub(crate) fn joining_max(&self, class: usize, mix: &Mix, base: &[(usize, i64)]) -> i64 {
        let (position, class) = (class, &self.classes[class]);
        if class.ties != 0 && mix.iter().any(|entry| self.parts(class, entry.0)) {
            return 0;
        }
        let mut most = class.together_max;
        if most < i64::MAX {
            let there = mix.iter().find(|entry| entry.0 == position);
            most -= there.map_or(0, |entry| entry.1);
        }
        if class.quotas.is_empty() {
            return most.max(0);
        }
        self.company(mix, base).joining_max(&class.quotas).min(most).max(0)
    }

    /// Whether pods of `class` share no node with those of the class at `other`.
    fn parts(&self, class: &Class, other: usize) -> bool {
        self.feuds.part(class.ties, self.classes[other].ties)
    }

    /// How many pods of groups are there already in `bin`.
    pub(crate) fn base(&self, node: Option<usize>) -> &[(usize, i64)] {
        node.map_or(&[], |node| &self.nodes[node].base)
    }

    /// Whether one node may have all pods of `mix`, room aside.
    pub(crate) fn goes_together(&self, mix: &Mix) -> bool {
        let mut before = Mix::new();
        mix.iter().all(|&(class, pods)| {
            let joins = pods <= self.joining_max(class, &before, &[]);
            before.push((class, pods));
            joins
        })
    }

    /// Whether kind `kind` can hold a pod of class `class` alone, limits aside.
    pub(crate) fn holds(&self, kind: usize, class: usize) -> bool {
        let class = &self.classes[class];
        class.kinds.contains(kind) && Self::fits(&class.requests, &self.kinds[kind].room)
    }
}
