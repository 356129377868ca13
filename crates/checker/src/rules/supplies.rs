//! No supply gives more units than it has.

use model::SupplyIndex;

use crate::Violation;
use crate::facts::{Facts, amount};
use crate::found::Found;

/// Reports each supply that purchases draw on more often than it has units. One that nothing draws
/// on is not looked at.
pub(super) fn check(facts: &Facts<'_>, found: &mut Found) {
    for (position, supply) in facts.snapshot.supplies.iter().enumerate() {
        let (cap, planned) = facts.ledger.supply(SupplyIndex::new(position));
        if planned > 0 && planned > cap {
            found.push(Violation::Supply {
                supply: supply.name.clone(),
                cap: supply.cap,
                planned: amount(planned).get(),
            });
        }
    }
}
