//! Claims that are as old as they may get are deleted (`lifecycle.md` section 2).
//!
//! In: a claim, the time. Out: its deletion. It is forceful: no budget is asked, nothing is launched first,
//! and nothing that protects pods holds it up; the drain is that of every deletion.

use api::NodeClaim;
use model::Timestamp;

use crate::launch::delete;
use crate::request::Request;
use crate::time;

/// Why such a claim is deleted, as in Karpenter's metrics.
pub const EXPIRED: &str = "expired";

/// The claim's deletion, where its `expireAfter` is over; `Never`, and what cannot be read, is never.
pub fn expire(claim: &NodeClaim, now: Timestamp) -> Option<Request> {
    let seconds = time::seconds(claim.spec.expire_after.as_deref()?)?;
    let created = time::parse(claim.metadata.creation_timestamp.as_deref()?)?;
    let is_over = !claim.is_deleting() && now >= time::after(created, seconds);
    is_over.then(|| delete(claim, EXPIRED))
}
