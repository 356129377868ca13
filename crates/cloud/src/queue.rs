//! The queue on which the cloud says what is about to happen to machines.

use std::fmt::Debug;
use std::time::Duration;

use async_trait::async_trait;
use model::Timestamp;

use crate::CloudError;

/// Most messages of one receive; the limit of SQS.
pub const MESSAGES_MAX: usize = 10;
/// The longest that a receive waits; the limit of SQS.
pub const WAIT_MAX: Duration = Duration::from_secs(20);

/// Names one delivery of a message, to delete it by.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Receipt(String);

impl Receipt {
    /// The receipt of that text.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A message as it was delivered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// To delete it by.
    pub receipt: Receipt,
    /// What it says, of any form and length: `interruption::parse` reads it.
    pub body: String,
    /// When it was sent, where that is known; for the metric of how long messages lie.
    pub sent_at: Option<Timestamp>,
}

/// A queue of messages about machines.
///
/// Messages may come late, out of order, more than once, and about machines of others. One that is
/// received and not deleted comes again after a while, so that a crash loses none: whoever handles one
/// deletes it only then, and deletes at once what will never be readable.
#[async_trait]
pub trait InterruptionQueue: Debug + Send + Sync {
    /// The messages that are there, at most [`MESSAGES_MAX`], or the first that come within `wait` (at
    /// most [`WAIT_MAX`]); none where none came. [`crate::ErrorClass::Gone`]: there is no such queue.
    async fn receive(&self, wait: Duration) -> Result<Vec<Message>, CloudError>;

    /// Deletes a message; succeeds where it is gone already.
    async fn delete(&self, receipt: &Receipt) -> Result<(), CloudError>;
}
