//! Pods go only to nodes that take some.

use crate::Violation;
use crate::facts::Facts;
use crate::found::Found;

/// Reports each node that takes no pods and is given some.
pub(super) fn check(facts: &Facts<'_>, found: &mut Found) {
    for seat in facts.seats.iter() {
        if !seat.takes_pods && !seat.load.is_empty() {
            found.push(Violation::TakesNoPods {
                place: seat.place(facts.snapshot),
                pods: seat.pods(facts.plan).len(),
            });
        }
    }
}
