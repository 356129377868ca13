//! Moments and durations as Kubernetes writes them.

use api::{Condition, ObjectMeta};
use model::Timestamp;

use crate::Objects;

/// A moment such as `2026-11-26T04:00:00Z`.
pub fn moment(text: &str) -> Option<Timestamp> {
    text.parse::<jiff::Timestamp>().ok().map(|moment| Timestamp(moment.as_second()))
}

/// The moment as Kubernetes writes it; empty for one that no calendar has.
pub fn moment_text(moment: Timestamp) -> String {
    jiff::Timestamp::from_second(moment.0).map_or_else(|_| String::new(), |text| text.to_string())
}

/// The latest moment that Nodes, NodeClaims and pods speak of: a dump was made then or later.
pub fn latest_moment(objects: &Objects) -> Option<Timestamp> {
    let changes = |conditions: &[Condition]| -> Option<Timestamp> {
        let all = conditions.iter().filter_map(|one| one.last_transition_time.as_deref());
        all.filter_map(moment).max()
    };
    let made = |metadata: &ObjectMeta| metadata.creation_timestamp.as_deref().and_then(moment);
    let nodes =
        objects.nodes.iter().map(|node| made(&node.metadata).max(changes(&node.status.conditions)));
    let claims = objects.node_claims.iter().map(|claim| {
        let event = claim.status.last_pod_event_time.as_deref().and_then(moment);
        made(&claim.metadata).max(changes(&claim.status.conditions)).max(event)
    });
    let pods = objects
        .pods
        .iter()
        .map(|pod| made(&pod.metadata).max(pod.status.start_time.as_deref().and_then(moment)));
    nodes.chain(claims).chain(pods).flatten().max()
}

/// Whole seconds of a duration such as `1h30m` or `90s`, parts of a second cut; `None` for what is no
/// duration, such as `Never`.
pub(super) fn seconds(text: &str) -> Option<i64> {
    let mut rest = text;
    let mut millis = 0_i64;
    while !rest.is_empty() {
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        let number: i64 = rest[..digits].parse().ok()?;
        rest = &rest[digits..];
        let (unit, length) = match rest.as_bytes() {
            [b'm', b's', ..] => (1, 2),
            [b'h', ..] => (3_600_000, 1),
            [b'm', ..] => (60_000, 1),
            [b's', ..] => (1_000, 1),
            _ => return None,
        };
        rest = &rest[length..];
        millis = millis.checked_add(number.checked_mul(unit)?)?;
    }
    (!text.is_empty()).then_some(millis / 1_000)
}

#[cfg(test)]
mod tests {
    use super::{moment, seconds};

    #[test]
    fn durations_are_read_or_are_none() {
        for (text, expected) in
            [("0s", 0), ("90s", 90), ("1h30m", 5_400), ("1500ms", 1), ("168h", 604_800)]
        {
            assert_eq!(seconds(text), Some(expected), "{text}");
        }
        for text in ["Never", "", "s", "5", "5d", "-5s"] {
            assert_eq!(seconds(text), None, "{text}");
        }
        assert_eq!(moment("1970-01-01T00:01:00Z"), Some(model::Timestamp(60)));
    }
}
