//! The packing problem in dense integers.
//!
//! Pods that no rule can tell apart are one [`Class`]; offerings that no class can tell apart are
//! one [`Kind`]. Everything here is in a canonical order that depends on contents only, so that
//! neither the order of the input nor the names of pods, nodes and namespaces change a decision.

mod admission;
mod build;
mod dominance;
mod kinds;
mod rivals;
mod scarce;

use model::{MicroUsdPerHour, NodeIndex, OfferingIndex, PodIndex, ShapeIndex};

use crate::bits::Bits;
use crate::packing::Mix;
pub(crate) use build::{build, build_apart};
pub(crate) use dominance::mark as mark_superfluous;

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
    /// How many of its pods one node takes, room aside: all, one where they are rivals, or as many as
    /// there are groups of rivals that nothing else tells apart.
    pub(crate) together_max: i64,
    /// Groups of rivals that other classes are in too: positions in the snapshot, ascending. A node
    /// takes one pod of each group.
    pub(crate) rivals: Vec<usize>,
}

/// Offerings that no class can tell apart: one pool, room, price and admission.
#[derive(Clone, Debug)]
pub(crate) struct Kind {
    /// Position in [`Problem::pools`].
    pub(crate) pool: usize,
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
}

impl Kind {
    /// The objective of one node with `pods` pods, nano-USD per hour: list price, launch and
    /// interruption terms.
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

impl Class {
    /// Whether no node takes pods of both, one of which is not the other.
    pub(crate) fn is_rival(&self, other: &Self) -> bool {
        !self.rivals.is_empty() && self.rivals.iter().any(|group| other.rivals.contains(group))
    }
}

impl Problem {
    /// The same without limits and weights, supplies as they are; `None` where there are none. What may be bought here may
    /// be bought there.
    pub(crate) fn unrestricted(&self) -> Option<Self> {
        let weights_differ = self.pools.iter().any(|pool| pool.weight != self.pools[0].weight);
        if self.first_supply == 0 && !weights_differ {
            return None;
        }
        let mut free = self.clone();
        free.pools.iter_mut().for_each(|pool| pool.weight = 0);
        for kind in &mut free.kinds {
            kind.draws.retain(|draw| draw.of >= self.first_supply);
        }
        Some(free)
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

    /// How many pods of `class` may join `mix` on a node, room aside.
    pub(crate) fn joining_max(&self, class: usize, mix: &Mix) -> i64 {
        let (position, class) = (class, &self.classes[class]);
        if class.together_max == i64::MAX {
            return i64::MAX;
        }
        let mut there = 0;
        for &(other, pods) in mix {
            if other == position {
                there = pods;
            } else if class.is_rival(&self.classes[other]) {
                return 0;
            }
        }
        class.together_max - there
    }

    /// Whether one node may have all pods of `mix`, room aside.
    pub(crate) fn goes_together(&self, mix: &Mix) -> bool {
        let mut before = Mix::new();
        mix.iter().all(|&(class, pods)| {
            let joins = pods <= self.joining_max(class, &before);
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
