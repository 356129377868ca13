//! What AWS says of machines that are about to go.
//!
//! In: the body of a message that EventBridge put on the queue, or what EC2 says of the state of its
//! machines, with `now`. Out: a [`Notice`] that names instances and what is to become of them, or the
//! reason why there is none. Nothing in a message is trusted: its size is bounded, and what cannot be
//! read is an answer and stops nobody (`lifecycle.md` section 10 of Karpenter's model).
//! It decides neither whose the instances are nor when anything is done.

mod message;
mod notice;
mod status;

pub use message::{BODY_MAX, INSTANCES_MAX, Unreadable, parse};
pub use notice::{Action, Kind, Notice};
pub use status::{
    Check, IMPAIRED_AT_LEAST, InstanceStatus, SCHEDULED_EVENTS, ScheduledEvent, notices,
};
