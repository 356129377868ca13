//! What is done about a claim when its machine is said to be going (`lifecycle.md` section 10).
//!
//! In: the claim with its Nodes, what was said. Out: what people are told, and the requests that end the
//! claim. Level-triggered: once nothing but notes is left to ask for, the notice was acted upon, and what
//! it came with may be forgotten; a notice that comes twice, late or out of order asks for nothing more.

use ::interruption::{Action, Kind as Notice};
use api::{Node, NodeClaim, names};
use model::Timestamp;
use serde_json::json;

use crate::launch::{delete, target};
use crate::request::{EventKind, Kind, Note, ObjectRef, Request, uid};
use crate::time;

/// What to do about `claim`, of whose machine `notice` was said.
pub fn interrupt(
    claim: &NodeClaim,
    nodes: &[&Node],
    notice: Notice,
    now: Timestamp,
) -> Vec<Request> {
    let mut requests = Vec::new();
    if let Some(reason) = notice.event() {
        let kind = match notice {
            Notice::RebalanceRecommendation => EventKind::Normal,
            _ => EventKind::Warning,
        };
        requests.extend(tell(claim, nodes, kind, reason, said(notice)));
    }
    let deadline = match notice.action() {
        Action::Nothing | Action::Tell => return requests,
        Action::CordonAndDrain => None,
        Action::ForcefulTermination => Some(now),
    };
    let stamp = deadline.filter(|at| deadline_of(claim).is_none_or(|before| before > *at));
    if claim.is_deleting() && stamp.is_none() {
        return requests;
    }
    let message = "the claim is ended, as its machine is going; its pods are planned elsewhere";
    let reason = "TerminatingOnInterruption";
    requests.extend(tell(claim, nodes, EventKind::Warning, reason, message));
    let mut annotations = json!({ names::INTERRUPTED_ANNOTATION: notice.as_str() });
    if let Some(at) = stamp {
        annotations[names::TERMINATION_TIMESTAMP_ANNOTATION] = json!(time::format(at));
    }
    requests.push(Request::Patch {
        target: target(claim),
        status: false,
        body: json!({ "metadata": { "annotations": annotations } }),
    });
    if !claim.is_deleting() {
        requests.push(delete(claim, notice.as_str()));
    }
    requests
}

fn deadline_of(claim: &NodeClaim) -> Option<Timestamp> {
    let annotation = claim.metadata.annotations.get(names::TERMINATION_TIMESTAMP_ANNOTATION);
    annotation.and_then(|text| time::parse(text))
}

const fn said(notice: Notice) -> &'static str {
    match notice {
        Notice::SpotInterrupted => "EC2 takes the spot machine back in two minutes",
        Notice::RebalanceRecommendation => {
            "EC2 says that the spot machine is more likely to be taken back than others"
        }
        Notice::ScheduledChange => "AWS Health plans a change of the machine",
        Notice::InstanceStopped => "the machine is being stopped, and not by this controller",
        Notice::InstanceTerminated => "the machine is being terminated",
        Notice::CapacityReservationInterrupted => {
            "the owner of the machine's capacity reservation takes it back"
        }
        Notice::InstanceStatus => "EC2's check of the machine has failed for two minutes",
        Notice::SystemStatus => {
            "EC2's check of what the machine runs on has failed for two minutes"
        }
        Notice::EventStatus => "EC2 plans to restart, stop or retire the machine",
        Notice::NoOp => "nothing",
    }
}

/// The same to the claim and to its Nodes.
fn tell(
    claim: &NodeClaim,
    nodes: &[&Node],
    kind: EventKind,
    reason: &'static str,
    message: &str,
) -> Vec<Request> {
    let note =
        |about, uid| Request::Note(Note { about, uid, kind, reason, message: message.to_owned() });
    let of_nodes = nodes.iter().map(|node| {
        note(ObjectRef::cluster(Kind::Node, node.metadata.name.clone()), uid(&node.metadata))
    });
    of_nodes.chain([note(target(claim), uid(&claim.metadata))]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp(1_795_651_200);

    fn claim(deleting: bool, deadline: Option<i64>) -> NodeClaim {
        let at = deleting.then(|| time::format(NOW));
        let deadline = deadline.map(|seconds| time::format(time::after(NOW, seconds)));
        serde_json::from_value(json!({
            "metadata": {
                "name": "general-1", "uid": "u", "deletionTimestamp": at,
                "annotations": { names::TERMINATION_TIMESTAMP_ANNOTATION: deadline.unwrap_or_default() },
            },
            "spec": { "nodeClassRef": { "group": "g", "kind": "EC2NodeClass", "name": "n" } },
        }))
        .unwrap()
    }

    /// Reasons of events, then the annotations that are written, then the reason of the deletion.
    fn asked(
        claim: &NodeClaim,
        notice: Notice,
    ) -> (Vec<&'static str>, Vec<String>, Vec<&'static str>) {
        let node: Node = serde_json::from_value(json!({ "metadata": { "name": "n" } })).unwrap();
        let (mut told, mut stamps, mut deleted) = (Vec::new(), Vec::new(), Vec::new());
        for request in interrupt(claim, &[&node], notice, NOW) {
            match request {
                Request::Note(note) if note.about.kind == Kind::NodeClaim => told.push(note.reason),
                Request::Note(_) => {}
                Request::Patch { body, .. } => {
                    let annotations = body["metadata"]["annotations"].as_object().unwrap();
                    stamps.extend(annotations.keys().cloned());
                }
                Request::Delete { reason, uid, .. } => {
                    assert_eq!(uid, "u");
                    deleted.push(reason);
                }
                other => panic!("{other:?}"),
            }
        }
        (told, stamps, deleted)
    }

    #[test]
    fn each_notice_does_what_it_says_and_the_same_again_nothing() {
        for notice in Notice::ALL {
            let (told, stamps, deleted) = asked(&claim(false, None), notice);
            let told_of: Vec<&str> = notice.event().into_iter().collect();
            match notice.action() {
                Action::Nothing | Action::Tell => {
                    assert_eq!((told, stamps.len(), deleted.len()), (told_of, 0, 0), "{notice:?}");
                    continue;
                }
                Action::CordonAndDrain => assert_eq!(stamps, [names::INTERRUPTED_ANNOTATION]),
                Action::ForcefulTermination => {
                    let both =
                        [names::TERMINATION_TIMESTAMP_ANNOTATION, names::INTERRUPTED_ANNOTATION];
                    assert_eq!(stamps, both);
                }
            }
            assert_eq!(told, [&told_of[..], &["TerminatingOnInterruption"]].concat());
            assert_eq!(deleted, [notice.as_str()]);
            let (told, stamps, deleted) = asked(&claim(true, Some(0)), notice);
            assert_eq!((told, stamps.len(), deleted.len()), (told_of, 0, 0), "{notice:?}");
        }
    }

    #[test]
    fn a_machine_that_fails_its_checks_hastens_an_end_that_is_under_way() {
        let drained = claim(true, None);
        assert_eq!(asked(&drained, Notice::SpotInterrupted).1, [""; 0]);
        assert_eq!(asked(&drained, Notice::SystemStatus).1.len(), 2);
        assert_eq!(asked(&drained, Notice::SystemStatus).2, [""; 0]);
        assert_eq!(asked(&claim(true, Some(600)), Notice::SystemStatus).1.len(), 2);
        assert_eq!(asked(&claim(true, Some(-5)), Notice::SystemStatus).1, [""; 0]);
    }
}
