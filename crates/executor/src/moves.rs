//! Moves that are under way: nodes that go together once what is launched for them is ready.
//!
//! In: the record of a move, which each claim that goes carries as an annotation, with the claims, their
//! Nodes and the claims that were launched, as they are now. Out: the next stage with its requests. Nodes
//! are marked first, replacements are launched then, and the marked claims are deleted last, after the
//! driver had the move checked against fresh state; a move that cannot be finished is taken back.
//! Whatever a restart must know is in the record: a move that it finds half begun is taken back, one
//! whose replacements are there goes on, and one that is half deleted is checked again for the rest.

use std::collections::BTreeMap;

use api::{Condition, Node, NodeClaim, Taint, names};
use model::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::launch::{delete, target, write_conditions};
use crate::request::{EventKind, Kind, Note, ObjectRef, Request, uid};
use crate::time;

/// Seconds from its beginning for which a move stays as it is before anything is deleted: what was
/// computed is looked at again after so long, as in Karpenter.
pub const MOVE_VALIDATION: i64 = 15;
/// Seconds after which a move that is not finished is taken back: as Karpenter's queue of commands.
pub const MOVE_TIMEOUT: i64 = 600;

/// What each claim that goes is annotated with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct MoveRecord {
    /// Tells this move from all others.
    pub id: String,
    /// As the condition `DisruptionReason` has it, such as `Underutilized`.
    pub reason: String,
    /// When it began, RFC 3339.
    pub began: String,
    /// Claims that go.
    pub claims: Vec<String>,
    /// Claims that are launched in their place.
    pub launched: Vec<String>,
    /// Nodes that stay and take pods.
    pub takes: Vec<String>,
}

impl MoveRecord {
    /// The record that a claim carries; `None` where it carries none that can be read.
    pub fn of(claim: &NodeClaim) -> Option<Self> {
        serde_json::from_str(claim.metadata.annotations.get(names::MOVE_ANNOTATION)?).ok()
    }

    /// When it began; what cannot be read is long ago, so that the move is over.
    pub fn began(&self) -> Timestamp {
        time::parse(&self.began).unwrap_or(Timestamp(0))
    }

    fn write(&self) -> String {
        json!(self).to_string()
    }
}

/// A claim that goes, as it is now.
#[derive(Clone, Copy, Debug)]
pub struct Going<'a> {
    /// The claim; `None`: it is gone.
    pub claim: Option<&'a NodeClaim>,
    /// Its Node.
    pub node: Option<&'a Node>,
}

/// A claim that was launched, as it is now.
#[derive(Clone, Copy, Debug)]
pub struct Launched<'a> {
    /// The claim; `None`: it is not there.
    pub claim: Option<&'a NodeClaim>,
    /// Its Node.
    pub node: Option<&'a Node>,
    /// Whether it was asked for a moment ago and is not to be seen yet.
    pub expected: bool,
}

/// A move as it is now.
#[derive(Clone, Debug)]
pub struct MoveView<'a> {
    /// Its record.
    pub record: &'a MoveRecord,
    /// Claims that go, in the record's order.
    pub going: Vec<Going<'a>>,
    /// Claims that are launched, in the record's order.
    pub launched: Vec<Launched<'a>>,
    /// Whether whoever looks began the move and is still to ask for what it launches.
    pub beginning: bool,
}

/// Requests about one claim and its Node.
pub type OfClaim = (String, Vec<Request>);

/// What is next.
#[derive(Clone, Debug, PartialEq)]
pub enum Stage {
    /// Nodes are still to be marked.
    Mark(Vec<OfClaim>),
    /// All are marked: what is launched is to be asked for.
    Launch,
    /// Time has to pass, or a launched node has to come; notes say so.
    Wait(Vec<Request>),
    /// All is ready: the move is to be checked again, and [`finish`] is next where it holds.
    Check,
    /// Nothing is left to do: what goes is going.
    Over,
    /// It cannot be finished, for this reason, and is taken back.
    GiveUp(String, Vec<OfClaim>),
}

/// The next stage of a move.
pub fn carry(view: &MoveView<'_>, now: Timestamp) -> Stage {
    let staying = staying(view);
    if staying.is_empty() {
        return Stage::Over;
    }
    if let Some(why) = obstacle(view, &staying, now) {
        return Stage::GiveUp(why, give_up(view));
    }
    let marks: Vec<OfClaim> = (staying.iter())
        .map(|(claim, node)| (claim.metadata.name.clone(), mark(view.record, claim, *node, now)))
        .filter(|(_, requests)| !requests.is_empty())
        .collect();
    if !marks.is_empty() {
        return Stage::Mark(marks);
    }
    if view.beginning {
        return Stage::Launch;
    }
    let waits = waits(view, &staying);
    if !waits.is_empty() || now < time::after(view.record.began(), MOVE_VALIDATION) {
        return Stage::Wait(waits);
    }
    Stage::Check
}

/// Deletes what goes, after the move was found to hold.
pub fn finish(view: &MoveView<'_>, reason: &'static str) -> Vec<OfClaim> {
    let staying = staying(view).into_iter();
    staying.map(|(claim, _)| (claim.metadata.name.clone(), vec![delete(claim, reason)])).collect()
}

/// Takes a move back: taints, conditions, and the records last.
pub fn give_up(view: &MoveView<'_>) -> Vec<OfClaim> {
    let staying = staying(view).into_iter();
    staying.map(|(claim, node)| (claim.metadata.name.clone(), unmark(claim, node))).collect()
}

/// Marks of a move that no record stands behind, as of a controller that ended in the middle, are
/// taken off.
pub fn heal(claim: &NodeClaim, node: Option<&Node>) -> Vec<Request> {
    let recorded = MoveRecord::of(claim).is_some();
    if recorded || claim.is_deleting() || claim.is_true(names::REBOOTING) {
        return Vec::new();
    }
    unmark(claim, node)
}

/// Claims that go and are not going yet.
fn staying<'a>(view: &MoveView<'a>) -> Vec<(&'a NodeClaim, Option<&'a Node>)> {
    let there = view.going.iter().filter_map(|one| Some((one.claim?, one.node)));
    there.filter(|(claim, _)| !claim.is_deleting()).collect()
}

/// Why the move cannot be finished.
fn obstacle(
    view: &MoveView<'_>,
    staying: &[(&NodeClaim, Option<&Node>)],
    now: Timestamp,
) -> Option<String> {
    if now >= time::after(view.record.began(), MOVE_TIMEOUT) {
        return Some(format!("it was not finished within {MOVE_TIMEOUT} s"));
    }
    if let Some((claim, _)) = staying.iter().find(|(_, node)| node.is_none()) {
        return Some(format!("the Node of NodeClaim {} is gone", claim.metadata.name));
    }
    if view.beginning {
        return None;
    }
    let is_recorded =
        |claim: &NodeClaim| MoveRecord::of(claim).is_some_and(|one| one.id == view.record.id);
    if let Some((claim, _)) = staying.iter().find(|(claim, _)| !is_recorded(claim)) {
        return Some(format!("NodeClaim {} was not marked for it", claim.metadata.name));
    }
    let names = view.record.launched.iter().zip(&view.launched);
    names.into_iter().find_map(|(name, launched)| match launched.claim {
        None if launched.expected => None,
        None => Some(format!("its replacement NodeClaim {name} is gone")),
        Some(claim) if claim.is_deleting() => {
            Some(format!("its replacement NodeClaim {name} is being deleted"))
        }
        Some(_) => None,
    })
}

/// Notes on what is waited for.
fn waits(view: &MoveView<'_>, staying: &[(&NodeClaim, Option<&Node>)]) -> Vec<Request> {
    let names = view.record.launched.iter().zip(&view.launched);
    let waits = names.filter_map(|(name, launched)| {
        let Some(claim) = launched.claim else {
            return Some(("DisruptionLaunching", format!("Launching NodeClaim: {name}")));
        };
        let ready = claim.is_true(names::INITIALIZED) && launched.node.is_some_and(is_ready);
        let reason = "DisruptionWaitingReadiness";
        (!ready).then(|| (reason, format!("Waiting on readiness to continue disruption: {name}")))
    });
    let about: Vec<&NodeClaim> = staying.iter().map(|(claim, _)| *claim).collect();
    waits.flat_map(|(reason, message)| notes(&about, reason, &message)).collect()
}

fn notes(claims: &[&NodeClaim], reason: &'static str, message: &str) -> Vec<Request> {
    let note = |claim: &&NodeClaim| {
        Request::Note(Note {
            about: target(claim),
            uid: uid(&claim.metadata),
            kind: EventKind::Normal,
            reason,
            message: message.to_owned(),
        })
    };
    claims.iter().map(note).collect()
}

/// Whether pods may run on it: a new Node is held until its seats are reserved.
fn is_ready(node: &Node) -> bool {
    let mut conditions = node.status.conditions.iter();
    let ready = conditions.any(|one| one.kind == names::READY && one.status == "True");
    ready && !node.spec.unschedulable
}

/// What of a claim's and its Node's marks is missing.
fn mark(
    record: &MoveRecord,
    claim: &NodeClaim,
    node: Option<&Node>,
    now: Timestamp,
) -> Vec<Request> {
    let mut requests = Vec::new();
    let written = record.write();
    if claim.metadata.annotations.get(names::MOVE_ANNOTATION) != Some(&written) {
        requests.push(annotate(claim, &json!(written)));
    }
    let known = claim.condition(names::DISRUPTION_REASON);
    if !known.is_some_and(|one| one.status == "True" && one.reason == record.reason) {
        let mut conditions = without_reason(claim);
        conditions.push(Condition {
            kind: names::DISRUPTION_REASON.to_owned(),
            status: "True".to_owned(),
            reason: record.reason.clone(),
            message: record.reason.clone(),
            last_transition_time: Some(time::format(now).into()),
            observed_generation: claim.metadata.generation,
        });
        // Before the record, which changes the version that is the precondition.
        requests.insert(0, write_conditions(claim, &conditions));
    }
    if let Some(node) = node.filter(|node| !is_tainted(node)) {
        let mut taints = node.spec.taints.clone();
        taints.push(Taint {
            key: names::DISRUPTED_TAINT.to_owned(),
            effect: "NoSchedule".to_owned(),
            ..Taint::default()
        });
        requests.push(tainted(node, &taints));
    }
    requests
}

fn unmark(claim: &NodeClaim, node: Option<&Node>) -> Vec<Request> {
    let mut requests = Vec::new();
    if claim.condition(names::DISRUPTION_REASON).is_some() {
        requests.push(write_conditions(claim, &without_reason(claim)));
    }
    let staying = node.filter(|node| node.metadata.deletion_timestamp.is_none());
    if let Some(node) = staying.filter(|node| is_tainted(node)) {
        let others = node.spec.taints.iter().filter(|taint| taint.key != names::DISRUPTED_TAINT);
        requests.push(tainted(node, &others.cloned().collect::<Vec<_>>()));
    }
    if claim.metadata.annotations.contains_key(names::MOVE_ANNOTATION) {
        requests.push(annotate(claim, &Value::Null));
    }
    requests
}

fn is_tainted(node: &Node) -> bool {
    node.spec.taints.iter().any(|taint| taint.key == names::DISRUPTED_TAINT)
}

fn without_reason(claim: &NodeClaim) -> Vec<Condition> {
    let all = claim.status.conditions.iter();
    all.filter(|one| one.kind != names::DISRUPTION_REASON).cloned().collect()
}

fn annotate(claim: &NodeClaim, value: &Value) -> Request {
    let annotations = BTreeMap::from([(names::MOVE_ANNOTATION, value)]);
    let body = json!({ "metadata": { "annotations": annotations } });
    Request::Patch { target: target(claim), status: false, body }
}

fn tainted(node: &Node, taints: &[Taint]) -> Request {
    Request::Patch {
        target: ObjectRef::cluster(Kind::Node, node.metadata.name.clone()),
        status: false,
        body: json!({
            "metadata": { "resourceVersion": node.metadata.resource_version },
            "spec": { "taints": taints },
        }),
    }
}
