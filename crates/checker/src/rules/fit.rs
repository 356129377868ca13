//! No node is overfull.

use crate::Violation;
use crate::facts::{Facts, amount};
use crate::found::Found;

/// Reports each resource of each node of which its planned pods ask for more than there is. What
/// nobody asks for is not looked at, even where DaemonSets overdraw it.
pub(super) fn check(facts: &Facts<'_>, found: &mut Found) {
    for seat in facts.seats.iter().filter(|seat| !seat.load.is_empty()) {
        for (column, resource) in facts.columns.iter().enumerate() {
            let (asked, left) = (seat.asked[column], seat.left[column]);
            if asked != 0 && left < 0 {
                found.push(Violation::Overfull {
                    place: seat.place(facts.snapshot),
                    resource: (*resource).clone(),
                    asked: amount(asked),
                    room: amount(left + asked),
                });
            }
        }
    }
}
