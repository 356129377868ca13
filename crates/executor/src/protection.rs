//! For how long a pod's own annotation keeps it where it is (`disruption.md` section 2).
//!
//! In: a pod. Out: until when `karpenter.sh/do-not-disrupt` holds, and what people are told of it.

use api::{Pod, names};
use model::Timestamp;

use crate::request::{EventKind, Note, ObjectRef, uid};
use crate::time;

/// Seconds for which it is said that a protection has ended: as long as an event is not repeated.
const ELAPSED_FOR: i64 = 120;

/// How long a pod must not be disrupted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protection {
    /// Not at all.
    None,
    /// The annotation is neither `true` nor a duration above zero, so it protects nothing.
    Invalid,
    /// For as long as it runs; or by a duration that has not begun, as the pod has not started.
    Always,
    /// Before this moment: its start and the duration.
    Until(Timestamp),
}

impl Protection {
    /// Whether it holds at `now`.
    pub fn holds(self, now: Timestamp) -> bool {
        match self {
            Self::None | Self::Invalid => false,
            Self::Always => true,
            Self::Until(until) => now < until,
        }
    }
}

/// How long `pod` must not be disrupted. A duration counts from `status.startTime`.
pub fn protection(pod: &Pod) -> Protection {
    let Some(value) = pod.metadata.annotations.get(names::DO_NOT_DISRUPT_ANNOTATION) else {
        return Protection::None;
    };
    if value == "true" {
        return Protection::Always;
    }
    let Some(seconds) = time::go_seconds(value).filter(|seconds| *seconds > 0) else {
        return Protection::Invalid;
    };
    let started = pod.status.start_time.as_deref().and_then(time::parse);
    started.map_or(Protection::Always, |started| Protection::Until(time::after(started, seconds)))
}

/// What people are told of a pod's annotation at `now`. `bars`: whether it keeps a node that would
/// otherwise go; that a protection holds is said in this case alone.
pub fn protection_note(pod: &Pod, bars: bool, now: Timestamp) -> Option<Note> {
    let annotation = names::DO_NOT_DISRUPT_ANNOTATION;
    let (kind, reason, message) = match protection(pod) {
        Protection::Invalid => {
            let value = &pod.metadata.annotations[annotation];
            let message = format!(
                "annotation {annotation} is {value:?}, neither \"true\" nor a duration above zero \
                 such as 30m: it protects nothing"
            );
            (EventKind::Warning, "InvalidDoNotDisruptAnnotation", message)
        }
        Protection::Until(until) if bars && now < until => {
            let message =
                format!("annotation {annotation} protects it until {}", time::format(until));
            (EventKind::Normal, "DoNotDisruptUntil", message)
        }
        Protection::Until(until) if until <= now && now < time::after(until, ELAPSED_FOR) => {
            let message =
                format!("annotation {annotation} protected it until {}", time::format(until));
            (EventKind::Normal, "DoNotDisruptGracePeriodElapsed", message)
        }
        Protection::None | Protection::Always | Protection::Until(_) => return None,
    };
    Some(Note { about: ObjectRef::pod(pod), uid: uid(&pod.metadata), kind, reason, message })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_duration_counts_from_the_start_and_what_is_no_duration_protects_nothing() {
        let (start, at) = ("2026-11-26T00:00:00Z", |seconds: i64| {
            Protection::Until(Timestamp(1_795_651_200 + seconds))
        });
        for (value, started, expected) in [
            ("true", Some(start), Protection::Always),
            ("5m", Some(start), at(300)),
            ("1h30m", Some(start), at(5400)),
            ("0.5h", Some(start), at(1800)),
            ("1500ms", Some(start), at(2)),
            ("5m", None, Protection::Always),
            ("false", Some(start), Protection::Invalid),
            ("True", Some(start), Protection::Invalid),
            ("", Some(start), Protection::Invalid),
            ("0s", Some(start), Protection::Invalid),
            ("-5m", Some(start), Protection::Invalid),
            ("5", Some(start), Protection::Invalid),
            ("1d", Some(start), Protection::Invalid),
        ] {
            // A pod that was made a day earlier: its age does not count.
            let pod = json!({
                "metadata": {
                    "creationTimestamp": "2026-11-25T00:00:00Z",
                    "annotations": { "karpenter.sh/do-not-disrupt": value },
                },
                "status": { "startTime": started },
            });
            let pod: Pod = serde_json::from_value(pod).unwrap();
            assert_eq!(protection(&pod), expected, "{value:?} {started:?}");
        }
        assert_eq!(protection(&Pod::default()), Protection::None);
    }

    #[test]
    fn what_is_said_is_what_holds() {
        let pod = |value: &str| -> Pod {
            serde_json::from_value(json!({
                "metadata": { "name": "p", "annotations": { "karpenter.sh/do-not-disrupt": value } },
                "status": { "startTime": "1970-01-01T00:00:00Z" },
            }))
            .unwrap()
        };
        for (value, bars, now, expected) in [
            ("true", true, 0, None),
            ("yes", false, 0, Some("InvalidDoNotDisruptAnnotation")),
            ("1m", false, 59, None),
            ("1m", true, 59, Some("DoNotDisruptUntil")),
            ("1m", true, 60, Some("DoNotDisruptGracePeriodElapsed")),
            ("1m", false, 179, Some("DoNotDisruptGracePeriodElapsed")),
            ("1m", false, 180, None),
        ] {
            let note = protection_note(&pod(value), bars, Timestamp(now));
            assert_eq!(note.map(|note| note.reason), expected, "{value} at {now}");
        }
    }
}
