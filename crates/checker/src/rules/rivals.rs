//! No node has two pods of one group of rivals, those from before the plan included.

use crate::Violation;
use crate::facts::Facts;
use crate::found::Found;

/// Reports each group of each node that the plan puts a pod of on top of another. A group that was
/// there before and gets no further pod is none of the plan's doing.
pub(super) fn check(facts: &Facts<'_>, found: &mut Found) {
    for seat in facts.seats.iter() {
        for (group, (before, planned)) in &seat.rivals {
            if *planned > 0 && u64::from(*before) + planned > 1 {
                found.push(Violation::Rivals {
                    place: seat.place(facts.snapshot),
                    rivals: facts.snapshot.rivals(*group).name.clone(),
                    planned: *planned,
                    before: *before,
                });
            }
        }
    }
}
