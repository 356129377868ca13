//! In which order the scheduler will try the pods that wait, as far as it can be told, and who sits where for it.
//!
//! In: pods that wait, when they came and when they were tried; seats that a plan gave them. Out: their turns, and
//! the seats changed among pods that are alike. kube-scheduler (1.36) tries pods by priority, and among their like those
//! first whose last attempt is longest ago. As it tries all that wait again and again, they keep the order in which
//! they came, and it goes on after the one that was tried last. Nodes are let go one after another while it tries
//! pods: where those that it tries first sit together, a few Nodes are enough for them.

use std::cmp::Reverse;
use std::collections::BTreeMap;

/// A pod that waits.
#[derive(Clone, Copy, Debug)]
pub struct Waiting<'a> {
    /// Its UID.
    pub uid: &'a str,
    /// `spec.priority`.
    pub priority: i32,
    /// `metadata.creationTimestamp`.
    pub created: &'a str,
    /// `metadata.resourceVersion` as which it was first seen: the API server counts writes up, so that pods that were
    /// created within a second have an order too.
    pub first: u64,
    /// `metadata.resourceVersion` with which the scheduler last said why it has no node, as far as it was seen.
    pub tried: u64,
}

/// The turn of each pod by UID, from 0 on.
pub fn turns<'a>(waiting: impl Iterator<Item = Waiting<'a>>) -> BTreeMap<&'a str, usize> {
    let mut waiting: Vec<_> = waiting.collect();
    waiting.sort_by_key(|one| (Reverse(one.priority), one.created, one.first, one.uid));
    for like in waiting.chunk_by_mut(|one, other| one.priority == other.priority) {
        let last = (0..like.len()).max_by_key(|place| like[*place].tried);
        like.rotate_left(last.map_or(0, |last| (last + 1) % like.len()));
    }
    waiting.into_iter().enumerate().map(|(turn, one)| (one.uid, turn)).collect()
}

/// A Node that is to be let go.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Held<'a> {
    /// The first turn of the pods that have a seat on it.
    pub turn: usize,
    /// The name of its claim.
    pub claim: &'a str,
    /// The NodePool that it is of.
    pub pool: &'a str,
}

/// Claims in the order in which their Nodes are to be let go: pool by pool, and in each those first whose pods the
/// scheduler tries first. A Node that is let go wakes those pods alone that it could take, and their own Nodes, most of
/// them of the same pool, come next.
pub fn release_order<'a>(held: &[Held<'a>]) -> Vec<&'a str> {
    let mut pools: BTreeMap<&str, usize> = BTreeMap::new();
    for node in held {
        let first = pools.entry(node.pool).or_insert(usize::MAX);
        *first = node.turn.min(*first);
    }
    let mut held = held.to_vec();
    held.sort_by_key(|node| (pools.get(node.pool).copied(), node.pool, *node));
    held.into_iter().map(|node| node.claim).collect()
}

/// A pod's seat.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seat<'a> {
    /// The pod's UID.
    pub uid: &'a str,
    /// The Node that a plan puts it on.
    pub node: &'a str,
    /// Pods of one number are alike: each may have the seat of another. `None`: it keeps its own.
    pub alike: Option<usize>,
}

/// Nodes by UID: each pod has its own seat or that of a pod which is like it, so that those with early turns are on few
/// Nodes.
pub fn in_turn<'a>(
    seats: &[Seat<'a>],
    turns: &BTreeMap<&str, usize>,
) -> BTreeMap<&'a str, &'a str> {
    let turn = |uid: &str| turns.get(uid).copied().unwrap_or(usize::MAX);
    let mut first: BTreeMap<&str, usize> = BTreeMap::new();
    let mut sits = BTreeMap::new();
    let mut sit = |first: &mut BTreeMap<&'a str, usize>, uid: &'a str, node: &'a str| {
        let early = first.entry(node).or_insert(usize::MAX);
        *early = turn(uid).min(*early);
        sits.insert(uid, node);
    };
    let mut groups: BTreeMap<usize, (Vec<&str>, BTreeMap<&str, usize>)> = BTreeMap::new();
    for seat in seats {
        if let Some(alike) = seat.alike {
            let (pods, nodes) = groups.entry(alike).or_default();
            pods.push(seat.uid);
            *nodes.entry(seat.node).or_default() += 1;
        } else {
            sit(&mut first, seat.uid, seat.node);
        }
    }
    let mut groups: Vec<_> = groups.into_values().collect();
    for (pods, _) in &mut groups {
        pods.sort_by_key(|uid| (turn(uid), *uid));
    }
    groups.sort_by_key(|(pods, _)| pods.first().map(|uid| (turn(uid), *uid)));
    for (pods, nodes) in groups {
        // Nodes that are needed early anyway first, then those that take many of these pods.
        let mut nodes: Vec<_> = nodes.into_iter().collect();
        nodes.sort_by_key(|(node, count)| {
            (first.get(node).copied().unwrap_or(usize::MAX), Reverse(*count), *node)
        });
        let nodes = nodes.into_iter().flat_map(|(node, count)| std::iter::repeat_n(node, count));
        for (uid, node) in pods.into_iter().zip(nodes) {
            sit(&mut first, uid, node);
        }
    }
    sits
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pods_keep_the_order_in_which_they_came_from_the_one_on_that_was_tried_last() {
        for (tried, expected) in [
            ([7, 3, 4, 5, 6], ["urgent", "a", "b", "c", "d"]),
            ([7, 3, 9, 5, 6], ["urgent", "c", "d", "a", "b"]),
            ([7, 9, 9, 9, 5], ["urgent", "d", "a", "b", "c"]),
            ([0, 0, 0, 0, 0], ["urgent", "a", "b", "c", "d"]),
        ] {
            let pod = |uid, priority, created, first, place: usize| Waiting {
                uid,
                priority,
                created,
                first,
                tried: tried[place],
            };
            let waiting = [
                pod("d", 0, "2", 1, 4),
                pod("b", 0, "1", 6, 2),
                pod("a", 0, "1", 2, 1),
                pod("urgent", 5, "3", 9, 0),
                pod("c", 0, "1", 8, 3),
            ];
            let turns = turns(waiting.into_iter());
            let mut order: Vec<&str> = turns.keys().copied().collect();
            order.sort_by_key(|uid| turns[uid]);
            assert_eq!(order, expected, "{tried:?}");
        }
    }

    #[test]
    fn nodes_are_let_go_pool_by_pool() {
        let held = |claim, pool, turn| Held { turn, claim, pool };
        let nodes = [
            held("a", "general", 4),
            held("b", "spot", 3),
            held("c", "general", 0),
            held("d", "spot", usize::MAX),
            held("e", "general", 9),
        ];
        assert_eq!(release_order(&nodes), ["c", "a", "e", "b", "d"]);
    }

    #[test]
    fn pods_with_early_turns_sit_together_and_only_those_change_seats_that_are_alike() {
        let turns = BTreeMap::from([
            ("a1", 0),
            ("a2", 1),
            ("a3", 2),
            ("b1", 3),
            ("b2", 4),
            ("own", 5),
            ("b3", 6),
        ]);
        let seat = |uid, node, alike| Seat { uid, node, alike };
        let seats = [
            seat("a3", "x", Some(7)),
            seat("a1", "y", Some(7)),
            seat("a2", "x", Some(7)),
            seat("b1", "z", Some(9)),
            seat("b2", "y", Some(9)),
            seat("b3", "y", Some(9)),
            seat("own", "z", None),
        ];
        let sits = in_turn(&seats, &turns);
        let expected = [
            ("a1", "x"),
            ("a2", "x"),
            ("a3", "y"),
            ("b1", "y"),
            ("b2", "y"),
            ("b3", "z"),
            ("own", "z"),
        ];
        assert_eq!(sits, BTreeMap::from(expected));
        let mut shuffled = seats;
        shuffled.reverse();
        assert_eq!(in_turn(&shuffled, &turns), sits);
    }
}
