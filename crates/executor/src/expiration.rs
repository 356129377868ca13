//! Claims that are as old as they may get are deleted (`lifecycle.md` section 2).
//!
//! In: a claim. Out: when its time is over, and its deletion. Which of them go is decided by `disruption`. It
//! is forceful: no budget is asked, nothing is launched first, and nothing that protects pods holds it up; the
//! drain is that of every deletion.

use api::NodeClaim;
use model::Timestamp;

use crate::launch::delete;
use crate::request::Request;
use crate::time;

/// Why such a claim is deleted, as in Karpenter's metrics.
pub const EXPIRED: &str = "expired";

/// When the claim's `expireAfter` is over; `Never`, and what cannot be read, is never.
pub fn expires(claim: &NodeClaim) -> Option<Timestamp> {
    let seconds = time::seconds(claim.spec.expire_after.as_deref()?)?;
    let created = time::parse(claim.metadata.creation_timestamp.as_deref()?)?;
    Some(time::after(created, seconds))
}

/// The claim's deletion.
pub fn expire(claim: &NodeClaim) -> Request {
    delete(claim, EXPIRED)
}
