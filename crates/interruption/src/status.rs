//! Status checks and planned events of machines, as EC2 describes them every minute.

use model::{InstanceId, Timestamp};

use crate::notice::{Kind, Notice};

/// A check that fails for so long, in seconds, says that the machine is lost; Karpenter's own number.
pub const IMPAIRED_AT_LEAST: i64 = 120;

/// Codes of planned events that end a machine's use; others are not known.
pub const SCHEDULED_EVENTS: [&str; 5] = [
    "instance-reboot",
    "system-reboot",
    "system-maintenance",
    "instance-retirement",
    "instance-stop",
];

/// How a check of a machine goes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Check {
    /// It passes, has not been made yet, or there is none.
    #[default]
    Passes,
    /// It fails, since this moment where EC2 says it.
    Fails(Option<Timestamp>),
}

/// Something that EC2 plans for a machine.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ScheduledEvent {
    /// Its code, such as `instance-retirement`.
    pub code: String,
    /// Its description. Of an event that is over it begins with `[Completed]` or `[Canceled]`.
    pub description: String,
    /// When it begins at the earliest, where EC2 says so.
    pub not_before: Option<Timestamp>,
}

impl ScheduledEvent {
    /// Whether it is still to come, and ends the machine's use.
    fn counts(&self) -> bool {
        let text = self.description.as_str();
        let is_over = text.starts_with("[Completed]") || text.starts_with("[Canceled]");
        SCHEDULED_EVENTS.contains(&self.code.as_str()) && !is_over
    }
}

/// How a machine is. The check of attached volumes is left out: it does not say whether the node needs
/// the volume that fails.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InstanceStatus {
    /// Which machine; it may be anybody's.
    pub id: InstanceId,
    /// The check of the machine itself.
    pub instance: Check,
    /// The check of what it runs on.
    pub system: Check,
    /// What is planned for it.
    pub events: Vec<ScheduledEvent>,
}

/// What a machine's status comes to at `now`: one notice for each category that fails.
pub fn notices(status: &InstanceStatus, now: Timestamp) -> Vec<Notice> {
    let about = |kind, at| Notice::new(kind, vec![status.id.clone()], at);
    let mut notices = Vec::new();
    for (check, kind) in
        [(status.instance, Kind::InstanceStatus), (status.system, Kind::SystemStatus)]
    {
        // A failure of no known age is a young one: the next look is in a minute.
        if let Check::Fails(Some(since)) = check
            && now.0.saturating_sub(since.0) >= IMPAIRED_AT_LEAST
        {
            notices.push(about(kind, Some(since)));
        }
    }
    if let Some(event) = status.events.iter().find(|event| event.counts()) {
        notices.push(about(Kind::EventStatus, event.not_before));
    }
    notices
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::notice::Action;

    const NOW: Timestamp = Timestamp(10_000);

    fn status(instance: Check, system: Check, events: &[(&str, &str)]) -> InstanceStatus {
        let events = events.iter().map(|(code, description)| ScheduledEvent {
            code: (*code).to_owned(),
            description: (*description).to_owned(),
            not_before: None,
        });
        let id = InstanceId::from("i-0123456789abcdef0");
        InstanceStatus { id, instance, system, events: events.collect() }
    }

    fn kinds(status: &InstanceStatus) -> Vec<Kind> {
        notices(status, NOW).iter().map(Notice::kind).collect()
    }

    #[test]
    fn a_check_that_fails_for_two_minutes_ends_the_machine() {
        let fails = |seconds: i64| Check::Fails(Some(Timestamp(NOW.0 - seconds)));
        for (instance, system, expected) in [
            (Check::Passes, Check::Passes, vec![]),
            (fails(119), Check::Fails(None), vec![]),
            (fails(120), Check::Passes, vec![Kind::InstanceStatus]),
            (fails(0), fails(121), vec![Kind::SystemStatus]),
            (fails(500), fails(500), vec![Kind::InstanceStatus, Kind::SystemStatus]),
            // A clock that is behind EC2's ends nothing.
            (fails(-60), Check::Passes, vec![]),
        ] {
            let found = kinds(&status(instance, system, &[]));
            assert_eq!(found, expected);
            assert!(found.iter().all(|kind| kind.action() == Action::ForcefulTermination));
        }
    }

    #[test]
    fn planned_events_drain_until_they_are_over() {
        let of = |events: &[(&str, &str)]| kinds(&status(Check::Passes, Check::Passes, events));
        for code in SCHEDULED_EVENTS {
            assert_eq!(of(&[(code, "The instance is scheduled")]), [Kind::EventStatus], "{code}");
            assert_eq!(of(&[(code, "[Completed] The instance")]), [], "{code}");
            assert_eq!(of(&[(code, "[Canceled] The instance")]), [], "{code}");
        }
        assert_eq!(of(&[("something-new", "")]), []);
        assert_eq!(of(&[("instance-stop", "[Completed] x"), ("system-reboot", "x")]).len(), 1);
    }
}
