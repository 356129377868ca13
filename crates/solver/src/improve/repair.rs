//! Takes the worst nodes of the best packing apart and fills them anew.
//!
//! What a node costs above the worth of its pods is its part of the gap to the linear program. The
//! nodes with the greatest such parts are given up together, as many as make a given part of the
//! bill, and a dive packs their pods again; the others stay.

use std::cmp::Reverse;

use super::generate::Search;
use super::pricing::Worths;
use super::work::Work;
use crate::packing::{Group, Packing};

/// Parts of the bill that are given up, in per mille, one after another.
const PARTS: [i64; 4] = [20, 60, 150, 350];

/// How near to the next whole number a use is rounded up in these dives.
const NEARLY: [f64; 3] = [0.25, 0.4, 0.1];

/// Rounds over all parts, as long as some repair makes the plan cheaper.
const ROUNDS: usize = 6;

impl Search<'_> {
    /// Repairs the best packing until nothing is gained, by the worths of the last linear program over
    /// all demand.
    pub(super) fn repair(&mut self, work: &mut Work<'_>) {
        let Some(Worths { pods: worths, .. }) = self.converged.clone() else { return };
        for _ in 0..ROUNDS {
            let before = self.best.cost(self.problem);
            for (part, nearly) in PARTS.into_iter().flat_map(|part| NEARLY.map(|n| (part, n))) {
                if self.is_over(work) {
                    return;
                }
                let kept = self.without_worst(&worths, part);
                self.complete(kept, nearly, work);
            }
            if self.best.cost(self.problem) == before {
                return;
            }
        }
    }

    /// The best packing without the nodes that cost most above their pods' worth.
    fn without_worst(&self, worths: &[i64], per_mille: i64) -> Packing {
        let problem = self.problem;
        let mut rest = self.best.cost(problem) / 1000 * per_mille;
        let mut groups: Vec<(Reverse<i64>, Group)> = Vec::new();
        for group in &self.best.groups {
            let worth: i64 = group.mix.iter().map(|&(class, pods)| worths[class] * pods).sum();
            let price = problem.objective(group.kind, &group.mix);
            groups.push((Reverse(price - worth), group.clone()));
        }
        groups.sort();
        let mut kept = self.best.clone();
        // What the first answer left out stays out.
        kept.left.fill(0);
        kept.groups.clear();
        let mut nodes: Vec<(Reverse<i64>, usize)> = Vec::new();
        for (position, mix) in self.best.existing.iter().enumerate() {
            if problem.nodes[position].may_go() && !mix.is_empty() {
                let worth: i64 = mix.iter().map(|&(class, pods)| worths[class] * pods).sum();
                nodes.push((Reverse(problem.nodes[position].price - worth), position));
            }
        }
        nodes.sort();
        for (_, position) in nodes {
            if rest <= 0 {
                break;
            }
            rest -= problem.nodes[position].price.max(1);
            for (class, pods) in std::mem::take(&mut kept.existing[position]) {
                kept.left[class] += pods;
            }
        }
        for (_, mut group) in groups {
            let price = problem.objective(group.kind, &group.mix);
            let copies = match price {
                0 => 0,
                _ => ((rest.max(0) + price - 1) / price).min(group.copies),
            };
            rest -= copies * price;
            for &(class, pods) in &group.mix {
                kept.left[class] += pods * copies;
            }
            group.copies -= copies;
            if group.copies > 0 {
                kept.groups.push(group);
            }
        }
        kept
    }
}
