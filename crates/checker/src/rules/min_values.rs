//! New nodes have as many values of a label open to them as their pool asks for, as
//! [`model::NodePool::min_values`] says.

use std::collections::BTreeSet;

use crate::Violation;
use crate::facts::{self, Facts};
use crate::found::Found;

/// Reports each lack of values, once for nodes of one offering with the same pods by shape.
pub(super) fn check(facts: &Facts<'_>, found: &mut Found) {
    let mut seen = BTreeSet::new();
    for (position, offering, seat) in facts.seats.new_nodes() {
        let asked = &facts.snapshot.pool(facts.snapshot.offering(offering).pool).min_values;
        if asked.is_empty() || !seen.insert((offering, &seat.load)) {
            continue;
        }
        let holds = |other: usize| {
            let site = facts.sites.of_offering(other);
            let room = &facts.rooms.of_offering(other).dense;
            let enough = |(asked, room): (&i128, &i128)| *asked == 0 || asked <= room;
            seat.asked.iter().zip(room).all(enough)
                && seat
                    .load
                    .iter()
                    .all(|(shape, _)| facts.sites.matches(facts.snapshot.shape(*shape), site))
        };
        for (key, least) in asked {
            let open = facts.open_values(offering.get(), key, holds);
            if open < *least {
                found.push(Violation::FewValues {
                    place: facts::new_node(facts.snapshot, position, offering),
                    key: key.clone(),
                    least: *least,
                    open,
                });
            }
        }
    }
}
