//! A trade as the smallest trades that it consists of: what is launched ties together the nodes whose pods
//! run there; what goes to nodes that stay ties nothing.
//!
//! In: a trade, and what runs on each node. Out: trades that take out, launch and seat the same in sum,
//! none of which needs another. Which of like pods goes where is chosen so that they are many.

use std::cmp::Reverse;

use super::trades::Trade;
use crate::packing::{Mix, add, pods_in};

/// Splits `trade`; `own` has what runs on each of the nodes that it takes out, in their order.
pub(super) fn split(trade: Trade, own: Vec<Mix>) -> Vec<Trade> {
    let mut ties = Ties { part: (0..own.len()).collect(), left: own };
    let mut launched = trade.launched;
    // The largest first: they tie most, and whoever is tied already is tied for nothing.
    launched.sort_by_key(|(kind, mix)| (Reverse(pods_in(mix)), *kind));
    let homes: Vec<Option<usize>> =
        launched.iter().map(|(_, mix)| ties.fill(mix.clone())).collect();
    let parts = ties.parts();
    let mut trades = vec![Trade::default(); parts.iter().max().map_or(0, |most| most + 1)];
    for (bin, part) in trade.removed.into_iter().zip(&parts) {
        trades[*part].removed.push(bin);
    }
    for (node, home) in launched.into_iter().zip(homes) {
        if let Some(home) = home {
            trades[parts[home]].launched.push(node);
        }
    }
    // What is left on the nodes goes to those that stay, class by class.
    for (seat, mix) in trade.taken {
        for (class, mut pods) in mix {
            for (left, part) in ties.left.iter_mut().zip(&parts) {
                let some = of(left, class).min(pods);
                if some > 0 {
                    add(left, class, -some);
                    pods -= some;
                    trades[*part].take(seat, class, some);
                }
            }
        }
    }
    trades
}

struct Ties {
    /// For each node one with which it is tied; itself, where it speaks for its part.
    part: Vec<usize>,
    /// What of its pods has no place yet.
    left: Vec<Mix>,
}

impl Ties {
    /// Takes `need` from as few nodes as are found, those that are tied already first; gives one of them.
    fn fill(&mut self, mut need: Mix) -> Option<usize> {
        let mut home: Option<usize> = None;
        while pods_in(&need) > 0 {
            let root = home.map(|home| self.root(home));
            let best = (0..self.left.len())
                .map(|bin| {
                    let tied = root == Some(self.root(bin));
                    (bin, tied, common(&need, &self.left[bin]), pods_in(&self.left[bin]))
                })
                .filter(|(_, _, common, _)| *common > 0)
                .max_by_key(|&(bin, tied, common, left)| (tied, common, Reverse((left, bin))));
            let Some((bin, ..)) = best else { break };
            for (class, wanted) in &mut need {
                let some = of(&self.left[bin], *class).min(*wanted);
                if some > 0 {
                    add(&mut self.left[bin], *class, -some);
                    *wanted -= some;
                }
            }
            need.retain(|(_, pods)| *pods > 0);
            if let Some(root) = root {
                let other = self.root(bin);
                self.part[other] = root;
            }
            home = Some(bin);
        }
        home
    }

    fn root(&self, mut bin: usize) -> usize {
        while self.part[bin] != bin {
            bin = self.part[bin];
        }
        bin
    }

    /// The part of each node, counted from 0.
    fn parts(&self) -> Vec<usize> {
        let mut roots: Vec<usize> = Vec::new();
        (0..self.part.len())
            .map(|bin| {
                let root = self.root(bin);
                roots.iter().position(|one| *one == root).unwrap_or_else(|| {
                    roots.push(root);
                    roots.len() - 1
                })
            })
            .collect()
    }
}

/// How many pods of `class` a mix has.
fn of(mix: &Mix, class: usize) -> i64 {
    mix.iter().find(|(other, _)| *other == class).map_or(0, |(_, pods)| *pods)
}

/// How many pods two mixes have in common.
fn common(a: &Mix, b: &Mix) -> i64 {
    a.iter().map(|(class, pods)| (*pods).min(of(b, *class)).max(0)).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trade_falls_into_parts_that_need_none_of_the_others() {
        // Nodes 7 and 9 fill one launched node, 8 goes to seats alone, 5 is replaced by itself.
        let trade = Trade {
            removed: vec![7, 8, 9, 5],
            launched: vec![(1, vec![(3, 2)]), (0, vec![(0, 4), (1, 2)])],
            taken: vec![(20, vec![(0, 1), (2, 1)]), (21, vec![(2, 1)])],
        };
        let own = vec![vec![(0, 4)], vec![(0, 1), (2, 2)], vec![(1, 2)], vec![(3, 2)]];
        let mut parts = split(trade, own);
        parts.sort_by(|a, b| a.removed.cmp(&b.removed));
        assert_eq!(parts.len(), 3);
        assert_eq!(parts[0].removed, [5]);
        assert_eq!(parts[0].launched, [(1, vec![(3, 2)])]);
        assert_eq!(parts[1].removed, [7, 9]);
        assert_eq!(parts[1].launched, [(0, vec![(0, 4), (1, 2)])]);
        assert!(parts[1].taken.is_empty());
        assert_eq!(parts[2].removed, [8]);
        assert_eq!(parts[2].taken, [(20, vec![(0, 1), (2, 1)]), (21, vec![(2, 1)])]);
    }
}
