//! Pools that buy stay within their limits.

use crate::Violation;
use crate::facts::{Facts, amount};
use crate::found::Found;

/// Reports each limit that a purchase breaks. A pool that is over its limit already, and buys
/// nothing, breaks none.
pub(super) fn check(facts: &Facts<'_>, found: &mut Found) {
    for (position, pool) in facts.snapshot.pools.iter().enumerate() {
        if !facts.ledger.buys(position) {
            continue;
        }
        for limit in facts.ledger.limits(position) {
            if limit.used + limit.planned > limit.most {
                found.push(Violation::Limit {
                    pool: pool.name.clone(),
                    resource: limit.resource.clone(),
                    limit: amount(limit.most),
                    used: amount(limit.used),
                    planned: amount(limit.planned),
                });
            }
        }
    }
}
