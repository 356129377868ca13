//! The rooms that lowering folded are those that raw facts give.

use crate::Violation;
use crate::facts::Facts;
use crate::found::Found;

/// Reports each offering and node whose folded room differs.
pub(super) fn check(facts: &Facts<'_>, found: &mut Found) {
    let snapshot = facts.snapshot;
    for (position, offering) in snapshot.offerings.iter().enumerate() {
        let room = facts.rooms.of_offering(position);
        if let Some((resource, folded, recomputed)) = room.difference(&offering.room) {
            let listing = snapshot.listing_of(offering);
            found.push(Violation::OfferingRoom {
                offering: position,
                pool: snapshot.pool(offering.pool).name.clone(),
                instance_type: snapshot.instance_type(listing.instance_type).name.clone(),
                zone: listing.zone.clone(),
                resource: resource.clone(),
                folded,
                recomputed,
            });
        }
    }
    for (position, node) in snapshot.nodes.iter().enumerate() {
        let room = facts.rooms.of_node(position);
        if let Some((resource, folded, recomputed)) = room.difference(&node.room) {
            found.push(Violation::NodeRoom {
                node: node.name.clone(),
                resource: resource.clone(),
                folded,
                recomputed,
            });
        }
    }
}
