//! Messages of EventBridge, as they are on the queue.
//!
//! What a message is, is told by its source and detail type; an event of another kind is a notice that
//! asks for nothing. Fields that are not needed may be missing or new; those that are needed and wrong
//! make the message unreadable.

use model::{InstanceId, Timestamp};
use serde::Deserialize;

use crate::notice::{Kind, Notice};

/// Most bytes of a body: what SQS took as the largest message when EventBridge's own limit of 256 KiB
/// was set.
pub const BODY_MAX: usize = 256 * 1024;
/// Most instances that one message may name: AWS Health names at most 100 entities in one event.
pub const INSTANCES_MAX: usize = 1_000;

/// Why a message cannot be read. It is deleted and counted, as it will never be readable.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    /// The body is longer than [`BODY_MAX`].
    #[error("the message has {0} bytes, more than {BODY_MAX}")]
    TooLong(usize),
    /// More instances than [`INSTANCES_MAX`].
    #[error("the message names {0} instances, more than {INSTANCES_MAX}")]
    TooMany(usize),
    /// It is no JSON of an event, or lacks what an event of its kind has.
    #[error("the message is no event of EventBridge: {0}")]
    NoEvent(String),
    /// What should be the id of an instance is none.
    #[error("the message names an instance by what is no id")]
    NoInstance,
}

impl Unreadable {
    /// A word from a closed list, for metric labels and logs.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::TooLong(_) => "too_long",
            Self::TooMany(_) => "too_many_instances",
            Self::NoEvent(_) => "no_event",
            Self::NoInstance => "no_instance",
        }
    }
}

#[derive(Deserialize)]
struct Event {
    #[serde(rename = "detail-type")]
    detail_type: String,
    source: String,
    #[serde(default)]
    time: Option<String>,
    #[serde(default)]
    detail: serde_json::Value,
}

/// The detail of events about one machine.
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct OneInstance {
    instance_id: String,
    #[serde(default)]
    state: Option<String>,
}

/// The detail of an event of AWS Health.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Health {
    #[serde(default)]
    service: String,
    #[serde(default)]
    event_type_category: String,
    #[serde(default)]
    affected_entities: Vec<Entity>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Entity {
    #[serde(default)]
    entity_value: String,
}

/// Reads the body of a message.
///
/// # Errors
/// Where it is too long, no event, or lacks what an event of its kind has.
pub fn parse(body: &str) -> Result<Notice, Unreadable> {
    if body.len() > BODY_MAX {
        return Err(Unreadable::TooLong(body.len()));
    }
    let event: Event = serde_json::from_str(body).map_err(|error| no_event(&error))?;
    let at = event.time.as_deref().and_then(moment);
    let kind = match (event.source.as_str(), event.detail_type.as_str()) {
        ("aws.ec2", "EC2 Spot Instance Interruption Warning") => Kind::SpotInterrupted,
        ("aws.ec2", "EC2 Instance Rebalance Recommendation") => Kind::RebalanceRecommendation,
        ("aws.ec2", "EC2 Capacity Reservation Instance Interruption Warning") => {
            Kind::CapacityReservationInterrupted
        }
        ("aws.ec2", "EC2 Instance State-change Notification") => {
            return state_change(event.detail, at);
        }
        ("aws.health", "AWS Health Event") => return health(event.detail, at),
        _ => return Ok(Notice::new(Kind::NoOp, Vec::new(), at)),
    };
    let detail: OneInstance =
        serde_json::from_value(event.detail).map_err(|error| no_event(&error))?;
    Ok(Notice::new(kind, vec![instance(&detail.instance_id)?], at))
}

fn state_change(detail: serde_json::Value, at: Option<Timestamp>) -> Result<Notice, Unreadable> {
    let detail: OneInstance = serde_json::from_value(detail).map_err(|error| no_event(&error))?;
    let kind = match detail.state.as_deref() {
        Some("stopping" | "stopped") => Kind::InstanceStopped,
        Some("shutting-down" | "terminated") => Kind::InstanceTerminated,
        Some(_) => Kind::NoOp,
        None => return Err(Unreadable::NoEvent("a change of state without the state".to_owned())),
    };
    Ok(Notice::new(kind, vec![instance(&detail.instance_id)?], at))
}

/// Only what EC2 plans for machines concerns nodes; entities of other kinds, such as volumes, do not.
fn health(detail: serde_json::Value, at: Option<Timestamp>) -> Result<Notice, Unreadable> {
    let detail: Health = serde_json::from_value(detail).map_err(|error| no_event(&error))?;
    if detail.service != "EC2" || detail.event_type_category != "scheduledChange" {
        return Ok(Notice::new(Kind::NoOp, Vec::new(), at));
    }
    let count = detail.affected_entities.len();
    if count > INSTANCES_MAX {
        return Err(Unreadable::TooMany(count));
    }
    let entities = detail.affected_entities.iter();
    let ids = entities.filter_map(|entity| instance(&entity.entity_value).ok());
    Ok(Notice::new(Kind::ScheduledChange, ids.collect(), at))
}

/// An id: `i-` and 8 or 17 hexadecimal digits, as EC2 gives them.
fn instance(text: &str) -> Result<InstanceId, Unreadable> {
    let digits = text.strip_prefix("i-").ok_or(Unreadable::NoInstance)?;
    let is_id = matches!(digits.len(), 8 | 17) && digits.bytes().all(|one| one.is_ascii_hexdigit());
    if is_id { Ok(InstanceId::from(text)) } else { Err(Unreadable::NoInstance) }
}

fn moment(text: &str) -> Option<Timestamp> {
    text.parse::<jiff::Timestamp>().ok().map(|at| Timestamp(at.as_second()))
}

fn no_event(error: &serde_json::Error) -> Unreadable {
    Unreadable::NoEvent(error.to_string())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const ID: &str = "i-0123456789abcdef0";

    fn event(source: &str, detail_type: &str, detail: &serde_json::Value) -> String {
        json!({
            "version": "0", "id": "12345678-1234-1234-1234-123456789012", "account": "123456789012",
            "time": "2026-11-26T00:00:00Z", "region": "us-east-1", "source": source,
            "resources": [format!("arn:aws:ec2:us-east-1a:instance/{ID}")],
            "detail-type": detail_type, "detail": detail,
        })
        .to_string()
    }

    fn kind_of(source: &str, detail_type: &str, detail: &serde_json::Value) -> Kind {
        let notice = parse(&event(source, detail_type, detail)).unwrap();
        assert_eq!(notice.at(), Some(Timestamp(1_795_651_200)));
        let expected: &[InstanceId] = match notice.kind() {
            Kind::NoOp => &[],
            _ => &[InstanceId::from(ID)],
        };
        assert_eq!(notice.instances(), expected);
        notice.kind()
    }

    #[test]
    fn each_detail_type_is_its_kind() {
        let detail = json!({ "instance-id": ID, "instance-action": "terminate" });
        for (detail_type, kind) in [
            ("EC2 Spot Instance Interruption Warning", Kind::SpotInterrupted),
            ("EC2 Instance Rebalance Recommendation", Kind::RebalanceRecommendation),
            (
                "EC2 Capacity Reservation Instance Interruption Warning",
                Kind::CapacityReservationInterrupted,
            ),
            ("EC2 Instance Launch Successful", Kind::NoOp),
        ] {
            assert_eq!(kind_of("aws.ec2", detail_type, &detail), kind);
            // A name alone proves nothing: others may send events of any name.
            assert_eq!(kind_of("com.example", detail_type, &detail), Kind::NoOp);
        }
    }

    #[test]
    fn a_change_of_state_is_told_by_the_state() {
        for (state, kind) in [
            ("pending", Kind::NoOp),
            ("running", Kind::NoOp),
            ("stopping", Kind::InstanceStopped),
            ("stopped", Kind::InstanceStopped),
            ("shutting-down", Kind::InstanceTerminated),
            ("terminated", Kind::InstanceTerminated),
            ("hibernating", Kind::NoOp),
        ] {
            let detail = json!({ "instance-id": ID, "state": state });
            let detail_type = "EC2 Instance State-change Notification";
            assert_eq!(kind_of("aws.ec2", detail_type, &detail), kind);
        }
    }

    #[test]
    fn of_aws_health_only_what_ec2_plans_for_machines_counts() {
        let detail = |service: &str, category: &str, entities: &[&str]| {
            let entities: Vec<_> =
                entities.iter().map(|one| json!({ "entityValue": one })).collect();
            json!({
                "service": service, "eventTypeCategory": category, "affectedEntities": entities,
                "startTime": "Thu, 26 Nov 2026 00:00:00 GMT", "eventTypeCode": "AWS_EC2_X",
            })
        };
        let kind = |detail| kind_of("aws.health", "AWS Health Event", &detail);
        let entities = [ID, "vol-0123456789abcdef0", ID];
        assert_eq!(kind(detail("EC2", "scheduledChange", &entities)), Kind::ScheduledChange);
        assert_eq!(kind(detail("EC2", "issue", &entities)), Kind::NoOp);
        assert_eq!(kind(detail("RDS", "scheduledChange", &entities)), Kind::NoOp);
        assert_eq!(kind(detail("EC2", "scheduledChange", &[])), Kind::NoOp);
        let many: Vec<String> = (0..=INSTANCES_MAX).map(|n| format!("i-{n:017x}")).collect();
        let many: Vec<&str> = many.iter().map(String::as_str).collect();
        let detail = |count| detail("EC2", "scheduledChange", &many[..count]);
        let all = parse(&event("aws.health", "AWS Health Event", &detail(INSTANCES_MAX))).unwrap();
        assert_eq!(all.instances().len(), INSTANCES_MAX);
        let more = parse(&event("aws.health", "AWS Health Event", &detail(INSTANCES_MAX + 1)));
        assert_eq!(more, Err(Unreadable::TooMany(INSTANCES_MAX + 1)));
    }

    #[test]
    fn what_is_no_event_is_unreadable_and_no_failure() {
        let warning = "EC2 Spot Instance Interruption Warning";
        let change = "EC2 Instance State-change Notification";
        for (body, word) in [
            (String::new(), "no_event"),
            ("null".to_owned(), "no_event"),
            ("[]".to_owned(), "no_event"),
            ("{\"detail-type\":1}".to_owned(), "no_event"),
            ("[".repeat(10_000), "no_event"),
            (event("aws.ec2", warning, &json!({})), "no_event"),
            (event("aws.ec2", warning, &json!(null)), "no_event"),
            (event("aws.ec2", change, &json!({ "instance-id": ID })), "no_event"),
            (event("aws.ec2", warning, &json!({ "instance-id": "i-../../x" })), "no_instance"),
            (event("aws.ec2", warning, &json!({ "instance-id": "" })), "no_instance"),
            ("x".repeat(BODY_MAX + 1), "too_long"),
        ] {
            assert_eq!(parse(&body).unwrap_err().as_str(), word, "{body:.80}");
        }
    }

    #[test]
    fn every_cut_of_a_message_is_an_answer() {
        let detail = json!({ "instance-id": ID });
        let whole = event("aws.ec2", "EC2 Spot Instance Interruption Warning", &detail);
        for end in 0..whole.len() {
            assert!(parse(&whole[..end]).is_err(), "{end}");
        }
        assert!(parse(&whole).is_ok());
    }

    #[test]
    fn a_moment_that_cannot_be_read_is_none() {
        let body = json!({ "source": "x", "detail-type": "y", "time": "yesterday" }).to_string();
        assert_eq!(parse(&body).unwrap().at(), None);
    }
}
