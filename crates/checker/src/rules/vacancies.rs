//! Pods left out have no room on any node, bought or there, as the plan leaves it. Nodes of pools that ask
//! for several values are not asked: room there may be kept for their sake.

use crate::Violation;
use crate::facts::Facts;
use crate::found::Found;

/// Reports each group of which a pod fits somewhere, with the first such node.
pub(super) fn check(facts: &Facts<'_>, found: &mut Found) {
    for group in &facts.plan.unschedulable {
        let pod = facts.snapshot.pod(group.pods[0]);
        let shape = facts.snapshot.shape(pod.shape);
        let has_room = facts.seats.iter().enumerate().find(|(position, seat)| {
            seat.takes_pods
                && !seat.keeps_values(facts.snapshot)
                && facts.fits(pod.shape, &seat.left)
                && facts.sites.admits(shape, seat.site)
                && !seat.has_rival(shape)
                && facts
                    .spreads
                    .refusal(pod.shape, |key| seat.label(facts.snapshot, key), Some(*seat))
                    .is_none()
                && facts
                    .ties
                    .refusal(pod.shape, |key| seat.label(facts.snapshot, key), Some(*position))
                    .is_none()
        });
        if let Some((_, seat)) = has_room {
            found.push(Violation::HasRoom {
                pod: pod.name.clone(),
                place: seat.place(facts.snapshot),
            });
        }
    }
}
