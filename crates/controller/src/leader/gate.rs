//! The gate that every write passes: open for the leader, while its Lease was renewed in time.

use tokio::sync::watch;
use tokio::time::Instant;

use super::lease::RENEW_DEADLINE;

/// What this process is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// It plans and records, and never writes.
    Shadow,
    /// It waits for the Lease.
    Standby,
    /// It writes, until `renewed` is too long ago; `None`: nobody else is asked.
    Leader {
        /// When the Lease was last renewed.
        renewed: Option<Instant>,
    },
    /// A live Lease of the same name is in another namespace: nothing is written.
    Blocked {
        /// The namespace of that Lease.
        namespace: String,
    },
}

impl Role {
    /// Whether a write may start at `now`.
    pub(crate) fn may_write(&self, now: Instant) -> bool {
        match self {
            Self::Leader { renewed: None } => true,
            Self::Leader { renewed: Some(renewed) } => now < *renewed + RENEW_DEADLINE,
            Self::Shadow | Self::Standby | Self::Blocked { .. } => false,
        }
    }

    /// A word for logs and metrics.
    pub(crate) const fn as_str(&self) -> &'static str {
        match self {
            Self::Shadow => "shadow",
            Self::Standby => "standby",
            Self::Leader { .. } => "leader",
            Self::Blocked { .. } => "blocked",
        }
    }
}

/// Shared by whoever elects and whoever writes.
#[derive(Clone, Debug)]
pub(crate) struct Gate {
    role: watch::Receiver<Role>,
}

impl Gate {
    /// A gate that follows `role`.
    pub(crate) const fn new(role: watch::Receiver<Role>) -> Self {
        Self { role }
    }

    /// Whether a write may start now.
    pub(crate) fn may_write(&self) -> bool {
        self.role.borrow().may_write(crate::clock::instant())
    }

    /// What this process is.
    pub(crate) fn role(&self) -> Role {
        self.role.borrow().clone()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_leader_writes_until_its_lease_was_not_renewed_in_time() {
        let start = Instant::now();
        let leader = Role::Leader { renewed: Some(start) };
        assert!(leader.may_write(start + Duration::from_secs(9)));
        assert!(!leader.may_write(start + RENEW_DEADLINE));
        for other in [Role::Shadow, Role::Standby, Role::Blocked { namespace: "a".to_owned() }] {
            assert!(!other.may_write(start), "{other:?}");
        }
    }
}
