//! How a call to the cloud fails, classed for whoever has to go on.

use std::time::Duration;

/// What the caller may do about a failure. Drives requeue and the metric's label.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ErrorClass {
    /// It may succeed if tried again: throttling, timeouts, lost replies, faults of the service.
    /// A launch is tried again with the same token and the same parameters.
    Retry {
        /// At the earliest after this; `None`: as the caller's backoff says.
        after: Option<Duration>,
    },
    /// There is no such capacity at the moment, or a quota or subnet is used up: choose another.
    Capacity,
    /// The object is not there. After a launch it may be not there *yet*.
    Gone,
    /// The cloud will not do this as it was asked: permissions, invalid parameters, a missing image
    /// or group. Trying again helps only after somebody changed something.
    Refused,
    /// A reply that makes no sense: a mistake of ours or of the service.
    Bug,
}

impl ErrorClass {
    /// A word from a closed list, for metric labels and logs.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Retry { .. } => "retry",
            Self::Capacity => "capacity",
            Self::Gone => "gone",
            Self::Refused => "refused",
            Self::Bug => "bug",
        }
    }
}

/// A call that failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{action}: {code}: {message}")]
pub struct CloudError {
    /// The API action, such as `CreateFleet`.
    pub action: &'static str,
    /// What the caller may do.
    pub class: ErrorClass,
    /// The service's own code, such as `InsufficientInstanceCapacity`, or a word of ours where
    /// there was no reply, such as `Timeout`.
    pub code: String,
    /// The service's message, or what is wrong and what to do about it. Never a secret.
    pub message: String,
}

impl CloudError {
    /// An error of `class`.
    pub fn new(
        action: &'static str,
        class: ErrorClass,
        code: impl Into<String>,
        message: impl Into<String>,
    ) -> Self {
        Self { action, class, code: code.into(), message: message.into() }
    }

    /// Whether the object is not there.
    pub fn is_gone(&self) -> bool {
        self.class == ErrorClass::Gone
    }
}
