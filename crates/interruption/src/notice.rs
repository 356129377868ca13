//! What a message or a status check comes to.

use model::{InstanceId, Timestamp};

/// What happens to machines.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// EC2 takes a spot machine back, two minutes after it says so.
    SpotInterrupted,
    /// A spot machine is more likely to be taken back than others.
    RebalanceRecommendation,
    /// AWS Health plans something for the machine.
    ScheduledChange,
    /// The machine is being stopped, or is stopped.
    InstanceStopped,
    /// The machine is being terminated, or is terminated.
    InstanceTerminated,
    /// The owner of an interruptible capacity reservation takes it back.
    CapacityReservationInterrupted,
    /// The check of the machine itself fails.
    InstanceStatus,
    /// The check of what the machine runs on fails.
    SystemStatus,
    /// EC2 plans to restart, stop or retire the machine.
    EventStatus,
    /// Nothing that concerns nodes.
    NoOp,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 10] = [
        Self::SpotInterrupted,
        Self::RebalanceRecommendation,
        Self::ScheduledChange,
        Self::InstanceStopped,
        Self::InstanceTerminated,
        Self::CapacityReservationInterrupted,
        Self::InstanceStatus,
        Self::SystemStatus,
        Self::EventStatus,
        Self::NoOp,
    ];

    /// Karpenter's word for it: the label `message_type` of received messages, the label `category` of
    /// failed status checks, and the reason of disrupted claims.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::SpotInterrupted => "spot_interrupted",
            Self::RebalanceRecommendation => "rebalance_recommendation",
            Self::ScheduledChange => "scheduled_change",
            Self::InstanceStopped => "instance_stopped",
            Self::InstanceTerminated => "instance_terminated",
            Self::CapacityReservationInterrupted => "capacity_reservation_interrupted",
            Self::InstanceStatus => "instance_status",
            Self::SystemStatus => "system_status",
            Self::EventStatus => "event_status",
            Self::NoOp => "no_op",
        }
    }

    /// What is done about it.
    pub const fn action(self) -> Action {
        match self {
            Self::SpotInterrupted
            | Self::ScheduledChange
            | Self::InstanceStopped
            | Self::InstanceTerminated
            | Self::CapacityReservationInterrupted
            | Self::EventStatus => Action::CordonAndDrain,
            Self::InstanceStatus | Self::SystemStatus => Action::ForcefulTermination,
            Self::RebalanceRecommendation => Action::Tell,
            Self::NoOp => Action::Nothing,
        }
    }

    /// The reason of the event on node and claim; `None`: nothing is told.
    pub const fn event(self) -> Option<&'static str> {
        match self {
            Self::SpotInterrupted => Some("SpotInterrupted"),
            Self::RebalanceRecommendation => Some("SpotRebalanceRecommendation"),
            Self::ScheduledChange
            | Self::InstanceStatus
            | Self::SystemStatus
            | Self::EventStatus => Some("InstanceUnhealthy"),
            Self::InstanceStopped => Some("InstanceStopping"),
            Self::InstanceTerminated => Some("InstanceTerminating"),
            Self::CapacityReservationInterrupted => Some("CapacityReservationInstanceInterrupted"),
            Self::NoOp => None,
        }
    }

    /// Whether the pool that the machine came from is short of capacity, and is not to be asked again
    /// for a while.
    pub const fn says_capacity_is_short(self) -> bool {
        matches!(self, Self::SpotInterrupted | Self::CapacityReservationInterrupted)
    }
}

/// What is done about a kind of notice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Action {
    /// The claim is deleted: its node is drained with all due respect, and replaced.
    CordonAndDrain,
    /// The claim is deleted with its termination timestamp set to now: nothing is waited for.
    ForcefulTermination,
    /// An event, and nothing else.
    Tell,
    /// Nothing.
    Nothing,
}

/// What was said, of which instances.
///
/// Invariant: ids are sorted, each once; none with [`Kind::NoOp`], at least one with any other kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    kind: Kind,
    instances: Vec<InstanceId>,
    at: Option<Timestamp>,
}

impl Notice {
    /// A notice of `kind` about these instances; about none it is [`Kind::NoOp`].
    pub fn new(kind: Kind, mut instances: Vec<InstanceId>, at: Option<Timestamp>) -> Self {
        instances.sort_unstable();
        instances.dedup();
        if kind == Kind::NoOp {
            instances.clear();
        }
        let kind = if instances.is_empty() { Kind::NoOp } else { kind };
        Self { kind, instances, at }
    }

    /// What happens.
    pub const fn kind(&self) -> Kind {
        self.kind
    }

    /// To which machines; they may be anybody's.
    pub fn instances(&self) -> &[InstanceId] {
        &self.instances
    }

    /// When it was said, or since when a check fails, where that is known.
    pub const fn at(&self) -> Option<Timestamp> {
        self.at
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn kinds_have_words_of_their_own() {
        let words: BTreeSet<&str> = Kind::ALL.iter().map(|kind| kind.as_str()).collect();
        assert_eq!(words.len(), Kind::ALL.len());
    }

    #[test]
    fn what_ends_a_machine_is_told_and_what_does_nothing_is_not() {
        for kind in Kind::ALL {
            assert_eq!(kind.event().is_none(), kind.action() == Action::Nothing, "{kind:?}");
        }
    }

    #[test]
    fn a_notice_about_nobody_is_none() {
        let id = InstanceId::from("i-0123456789abcdef0");
        let notice = Notice::new(Kind::SpotInterrupted, vec![id.clone(), id.clone()], None);
        assert_eq!((notice.kind(), notice.instances()), (Kind::SpotInterrupted, &[id.clone()][..]));
        assert_eq!(Notice::new(Kind::SpotInterrupted, Vec::new(), None).kind(), Kind::NoOp);
        assert!(Notice::new(Kind::NoOp, vec![id], None).instances().is_empty());
    }
}
