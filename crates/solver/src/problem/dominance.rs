//! Drops kinds from search that another one makes superfluous.
//!
//! Kind B is superfluous beside A where A is in the same pool and site, admits every class that B admits,
//! has at least B's room in every dimension, costs no more, loses no more to interruptions, charges no class
//! more for what it prefers, and draws no more on any limit: in
//! every node of B, A would do as well. B stays for alternatives and reasons.

use super::{Class, Kind};
use crate::bits::Bits;

/// Marks superfluous kinds as not searched. Of equal kinds the first stays.
pub(crate) fn mark(kinds: &mut [Kind], classes: &[Class]) {
    let admits: Vec<Bits> = (0..kinds.len()).map(|kind| admitted(kind, classes)).collect();
    let mut kept: Vec<usize> = Vec::new();
    // Kinds come by pool and ascending price, so a dominating kind of lower price comes earlier;
    // among equal prices, more room comes later, which the second test takes care of.
    for kind in kinds.iter_mut() {
        kind.searched = true;
    }
    for candidate in 0..kinds.len() {
        let pleases = |one: usize, other: usize| {
            let mut charged = classes.iter().filter(|class| !class.forgone.is_nothing());
            charged.all(|class| {
                !class.kinds.contains(other)
                    || class.forgone.on_kind(one) <= class.forgone.on_kind(other)
            })
        };
        let superfluous = kept.iter().any(|&other| {
            dominates(&kinds[other], &kinds[candidate])
                && admits[other].covers(&admits[candidate])
                && pleases(other, candidate)
        });
        if superfluous {
            kinds[candidate].searched = false;
            continue;
        }
        kept.retain(|&other| {
            let beaten = dominates(&kinds[candidate], &kinds[other])
                && admits[candidate].covers(&admits[other])
                && pleases(candidate, other);
            kinds[other].searched = !beaten;
            !beaten
        });
        kept.push(candidate);
    }
}

fn admitted(kind: usize, classes: &[Class]) -> Bits {
    let mut bits = Bits::new(classes.len());
    for (position, class) in classes.iter().enumerate() {
        if class.kinds.contains(kind) {
            bits.insert(position);
        }
    }
    bits
}

fn dominates(a: &Kind, b: &Kind) -> bool {
    a.pool == b.pool
        && a.site == b.site
        && a.price <= b.price
        && a.term <= b.term
        && a.room.iter().zip(&b.room).all(|(a, b)| a >= b)
        && a.draws_no_more_than(b)
}
