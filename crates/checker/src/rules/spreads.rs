//! Pods that are spread are spread, as [`model::Spread`] says.

use std::collections::BTreeSet;

use model::{LabelKey, SpreadIndex};

use crate::Violation;
use crate::facts::Facts;
use crate::found::Found;

/// Reports each spread in each domain that the plan puts too many pods into, at the first node of it.
pub(super) fn check(facts: &Facts<'_>, found: &mut Found) {
    let snapshot = facts.snapshot;
    let mut seen: BTreeSet<(SpreadIndex, &str)> = BTreeSet::new();
    for seat in facts.seats.iter() {
        for (shape, _) in &seat.load {
            let value_of = |key: &LabelKey| seat.label(snapshot, key);
            let Some((index, broken)) = facts.spreads.broken(*shape, value_of, seat) else {
                continue;
            };
            let domain = seat.label(snapshot, &broken.key).unwrap_or_default();
            if seen.insert((index, domain)) {
                found.push(Violation::Spread {
                    pod: facts.first_of(*shape, seat.pods(facts.plan)),
                    place: seat.place(snapshot),
                    key: broken.key,
                    selection: broken.selection,
                    max_skew: broken.max_skew,
                    load: broken.load,
                    least: broken.least,
                });
            }
        }
    }
}
