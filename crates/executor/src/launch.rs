//! From a claim to an instance.
//!
//! In: a claim that has none, what is remembered of the attempts. Out: the launch to ask for, the
//! status to write, or the claim's end. One group of choices, all of one capacity type, is one launch
//! with one token; capacity errors fall through to the next group without planning again.

use std::collections::BTreeSet;

use api::names;
use cloud::{ClaimIdentity, ClientToken, ErrorClass, Instance, LaunchRequest};
use model::{CapacityType, NodeClaimName, NodePoolName, Timestamp, well_known};
use serde_json::json;

use crate::claims::launch_plan_of;
use crate::conditions::{self, Wanted};
use crate::health::is_over;
use crate::request::{CloudRequest, EventKind, Kind, Note, ObjectRef, Request, uid};
use crate::time;
use crate::view::{ClaimMemory, ClaimView};

/// Seconds that a claim may take to launch, from the last change of its condition: `lifecycle.md`
/// section 1.4 of Karpenter's model.
pub const LAUNCH_TTL: i64 = 5 * 60;
/// Seconds that its node may take to register; same source.
pub const REGISTRATION_TTL: i64 = 15 * 60;

/// Seconds that the start of a claim may take; past them it is ended, and its pods are planned again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StartLimits {
    /// Until it is launched.
    pub launch: i64,
    /// From then until its node is registered.
    pub registration: i64,
}

impl Default for StartLimits {
    /// Karpenter's, which cannot be set there.
    fn default() -> Self {
        Self { launch: LAUNCH_TTL, registration: REGISTRATION_TTL }
    }
}

/// First wait after a failure that is not for lack of capacity, doubled up to [`BACKOFF_MAX`].
const BACKOFF_FIRST: i64 = 1;
const BACKOFF_MAX: i64 = 60;
/// Seconds between two looks for an instance by its tag.
const SEARCH_EVERY: i64 = 5;
/// The event where nothing that a claim may be is to be had.
const NO_CAPACITY: &str = "InsufficientCapacityError";
/// What EC2 says of a token that was used with other parameters.
const TOKEN_USED: &str = "IdempotentParameterMismatch";

/// The conditions that a claim's root depends on.
pub(crate) const REQUIRED: [&str; 3] = [names::LAUNCHED, names::REGISTERED, names::INITIALIZED];

/// All that a claim may be launched as.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LaunchPlan {
    /// One launch each, tried in order.
    pub groups: Vec<LaunchGroup>,
}

/// Choices of one capacity type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LaunchGroup {
    /// On-demand or spot.
    pub capacity_type: CapacityType,
    /// Best first.
    pub choices: Vec<cloud::Choice>,
}

/// What to do next about the launch of a claim that is not being deleted. The driver has at most one
/// request to the cloud under way for a claim, and does not ask before its answer is taken in.
pub fn launch(view: &ClaimView<'_>, memory: &mut ClaimMemory, now: Timestamp) -> Vec<Request> {
    let claim = view.claim;
    if claim.is_deleting() || claim.is_true(names::LAUNCHED) {
        return Vec::new();
    }
    if !claim.metadata.finalizers.iter().any(|one| one == names::TERMINATION_FINALIZER) {
        return vec![add_finalizer(claim)];
    }
    if let Some(instance) = memory.launch.launch.clone().or_else(|| adopted(memory)) {
        memory.launch.launch = Some(instance.clone());
        return launched(view, &instance, now);
    }
    if let Some(requests) = answered(view, memory, now) {
        return requests;
    }
    if memory.launch.not_before.is_some_and(|moment| now < moment) {
        return Vec::new();
    }
    if memory.launch.search {
        memory.launch.not_before = Some(time::after(now, SEARCH_EVERY));
        return vec![Request::Cloud(CloudRequest::FindInstances(name(claim)))];
    }
    match class_of(view) {
        Ok(class) => ask(view, memory, class, now),
        Err(requests) => requests(now),
    }
}

/// Ends claims that do not launch, or whose nodes do not register, in time.
pub fn liveness(view: &ClaimView<'_>, limits: StartLimits, now: Timestamp) -> Vec<Request> {
    let claim = view.claim;
    if claim.is_deleting() || claim.is_true(names::REGISTERED) {
        return Vec::new();
    }
    let launched = claim.is_true(names::LAUNCHED);
    let reason = if launched { "registration_timeout" } else { "launch_timeout" };
    is_over(claim, limits, now).then(|| delete(claim, reason)).into_iter().collect()
}

/// An instance that carries the claim's tag, found after the token was refused.
fn adopted(memory: &ClaimMemory) -> Option<Instance> {
    let (_, found) = memory.found.as_ref().filter(|_| memory.launch.search)?;
    found.iter().find(|instance| !instance.state.is_ending()).cloned()
}

/// Works in the answer to a launch, if there is one.
fn answered(
    view: &ClaimView<'_>,
    memory: &mut ClaimMemory,
    now: Timestamp,
) -> Option<Vec<Request>> {
    let claim = view.claim;
    let failed = match memory.launch.answer.take()? {
        Ok(launch) => {
            memory.launch.refused.extend(launch.refused);
            memory.launch.launch = Some(launch.instance.clone());
            return Some(launched(view, &launch.instance, now));
        }
        Err(failed) => failed,
    };
    memory.launch.refused.extend(failed.refused);
    let error = failed.error;
    if error.class == ErrorClass::Capacity {
        memory.launch.group += 1;
        memory.launch.failures = 0;
        return None;
    }
    memory.launch.search |= error.code == TOKEN_USED;
    memory.launch.failures = memory.launch.failures.saturating_add(1);
    let doublings = memory.launch.failures.saturating_sub(1).min(6);
    let wait = match error.class {
        ErrorClass::Retry { after: Some(after) } => i64::try_from(after.as_secs()).unwrap_or(1),
        _ => (BACKOFF_FIRST << doublings).min(BACKOFF_MAX),
    };
    memory.launch.not_before = Some(time::after(now, wait));
    let message = format!("{}: {}", error.code, error.message);
    Some(status(claim, Wanted::unknown(names::LAUNCHED, "LaunchFailed", &message), now))
}

/// Asks for the next group of choices, or ends the claim where none is left.
fn ask(
    view: &ClaimView<'_>,
    memory: &mut ClaimMemory,
    class: &api::Ec2NodeClass,
    now: Timestamp,
) -> Vec<Request> {
    let claim = view.claim;
    let Some(plan) = launch_plan_of(claim) else {
        let message = "the claim carries no launch (annotation stowage.sh/launch); delete it, and \
                       its pods are planned again";
        return status(claim, Wanted::unknown(names::LAUNCHED, "NoLaunchPlan", message), now);
    };
    let written = group_of(claim);
    memory.launch.group = memory.launch.group.max(written);
    let group = usize::try_from(memory.launch.group).unwrap_or(usize::MAX);
    let Some(group) = plan.groups.get(group) else {
        return exhausted(claim, memory);
    };
    // After a restart nothing else says which groups were refused, and a group that was refused may
    // have machines by then: asking it again could launch beside one of a later group.
    if memory.launch.group > written {
        return vec![write_group(claim, memory.launch.group)];
    }
    let request = LaunchRequest {
        claim: ClaimIdentity {
            name: name(claim),
            uid: uid(&claim.metadata),
            pool: NodePoolName::from(pool_of(claim)),
        },
        token: ClientToken::new(&uid(&claim.metadata), memory.launch.group),
        node_class: class.clone(),
        capacity_type: group.capacity_type,
        choices: group.choices.clone(),
        labels: claim.metadata.labels.clone(),
        taints: kubelet_taints(claim),
    };
    vec![Request::Cloud(CloudRequest::Launch(Box::new(request)))]
}

/// The group of choices that the claim says is asked for.
fn group_of(claim: &api::NodeClaim) -> u32 {
    let written = claim.metadata.annotations.get(names::LAUNCH_GROUP_ANNOTATION);
    written.and_then(|group| group.parse().ok()).unwrap_or(0)
}

fn write_group(claim: &api::NodeClaim, group: u32) -> Request {
    Request::Patch {
        target: target(claim),
        status: false,
        body: json!({ "metadata": {
            "resourceVersion": claim.metadata.resource_version,
            "annotations": { names::LAUNCH_GROUP_ANNOTATION: group.to_string() },
        }}),
    }
}

/// The claim's taints and start-up taints, and the one that registration removes.
fn kubelet_taints(claim: &api::NodeClaim) -> Vec<api::Taint> {
    let unregistered = api::Taint {
        key: names::UNREGISTERED_TAINT.to_owned(),
        effect: "NoExecute".to_owned(),
        ..api::Taint::default()
    };
    let own = claim.spec.taints.iter().chain(&claim.spec.startup_taints);
    own.cloned().chain([unregistered]).collect()
}

/// Nothing that the claim may be is to be had: it goes, and its pods are planned again.
fn exhausted(claim: &api::NodeClaim, memory: &ClaimMemory) -> Vec<Request> {
    let refused = memory.launch.refused.len();
    let first = memory.launch.refused.first();
    let code = first.map_or("InsufficientInstanceCapacity", |refusal| refusal.code.as_str());
    let message = format!(
        "none of the {refused} choices could be launched ({code}); the claim is deleted and its \
         pods are planned again without them"
    );
    vec![note(claim, NO_CAPACITY, message), delete(claim, "insufficient_capacity")]
}

/// The same news for pods that the claim was for and that still wait. `requests` is what [`launch`]
/// asked for, `pods` all that wait.
pub fn capacity_notes<'a>(
    claim: &api::NodeClaim,
    requests: &[Request],
    pods: impl Iterator<Item = &'a api::Pod>,
) -> Vec<Request> {
    let told = requests.iter().find_map(|request| match request {
        Request::Note(note) if note.reason == NO_CAPACITY => Some(note),
        _ => None,
    });
    let Some(told) = told else { return Vec::new() };
    let planned: BTreeSet<String> = claim.planned_pods().into_iter().collect();
    let waiting = pods.filter(|pod| planned.contains(&uid(&pod.metadata)));
    waiting
        .map(|pod| {
            let (about, uid) = (ObjectRef::pod(pod), uid(&pod.metadata));
            let message = format!("NodeClaim {}: {}", claim.metadata.name, told.message);
            Request::Note(Note { about, uid, message, ..told.clone() })
        })
        .collect()
}

type Otherwise<'a> = Box<dyn FnOnce(Timestamp) -> Vec<Request> + 'a>;

/// The claim's node class, where it may be launched from (`lifecycle.md` section 6.1).
fn class_of<'a>(view: &ClaimView<'a>) -> Result<&'a api::Ec2NodeClass, Otherwise<'a>> {
    let claim = view.claim;
    let class = view.node_class.filter(|class| class.metadata.deletion_timestamp.is_none());
    let Some(class) = class else {
        return Err(Box::new(move |_| {
            let message = format!(
                "EC2NodeClass {:?} is not there or is being deleted; the claim is deleted",
                claim.spec.node_class_ref.name
            );
            vec![note(claim, "NodeClassNotReady", message), delete(claim, "nodeclass_not_ready")]
        }));
    };
    let ready = class.status.conditions.iter().find(|condition| condition.kind == names::READY);
    let observed = ready.and_then(|ready| ready.observed_generation);
    let status_text = ready.map_or("Unknown", |ready| ready.status.as_str());
    match status_text {
        "True" if observed.is_none() || observed == class.metadata.generation => Ok(class),
        "True" | "Unknown" => Err(Box::new(move |now| {
            let message = "the node class is not resolved yet";
            let wanted = Wanted::unknown(names::LAUNCHED, "NodeClassReadinessUnknown", message);
            status(claim, wanted, now)
        })),
        _ => Err(Box::new(move |_| vec![delete(claim, "nodeclass_not_ready")])),
    }
}

/// Writes down what was launched: labels on the claim, then its status, so that a claim that is
/// `Launched` has the labels that registration gives to its Node. A crash between the two asks for the
/// launch again, by the same token.
///
/// Differs from Karpenter: what the instance is wins over what the claim's labels say. They agree, as
/// nothing else is launched, but for labels of a machine that was lost between the two writes.
fn launched(view: &ClaimView<'_>, instance: &Instance, now: Timestamp) -> Vec<Request> {
    let claim = view.claim;
    // What is written once is not mended later: a claim without its type's labels and capacity would be
    // a node that no pod selects and no plan counts. They come with the next plan, or the limit ends it.
    let Some(machine) = (view.machine)(&instance.instance_type) else {
        let message = format!(
            "instance {} runs, and what {} holds under EC2NodeClass {} is not known until a pool of it is \
             planned: look at the conditions of the class and its pools",
            instance.id, instance.instance_type, claim.spec.node_class_ref.name
        );
        return status(claim, Wanted::unknown(names::LAUNCHED, "MachineUnknown", &message), now);
    };
    let mut labels = claim.metadata.labels.clone();
    labels.extend(machine.labels);
    labels.insert(well_known::INSTANCE_TYPE.to_owned(), instance.instance_type.to_string());
    labels.insert(well_known::ZONE.to_owned(), instance.zone.to_string());
    labels.insert(well_known::CAPACITY_TYPE.to_owned(), instance.capacity_type.as_str().to_owned());
    if labels != claim.metadata.labels {
        return vec![Request::Patch {
            target: target(claim),
            status: false,
            body: json!({ "metadata": { "labels": labels } }),
        }];
    }
    let wanted = [Wanted::yes(names::LAUNCHED)];
    let generation = claim.metadata.generation;
    let conditions = conditions::set(&claim.status.conditions, &wanted, &REQUIRED, generation, now);
    vec![Request::Patch {
        target: target(claim),
        status: true,
        body: json!({ "status": {
            "providerID": instance.provider_id(),
            "imageID": instance.image_id,
            "capacity": machine.capacity,
            "allocatable": machine.allocatable,
            "conditions": conditions.unwrap_or_else(|| claim.status.conditions.clone()),
        }}),
    }]
}

fn add_finalizer(claim: &api::NodeClaim) -> Request {
    let mut finalizers = claim.metadata.finalizers.clone();
    finalizers.push(names::TERMINATION_FINALIZER.to_owned());
    Request::Patch {
        target: target(claim),
        status: false,
        body: json!({ "metadata": {
            "finalizers": finalizers,
            "resourceVersion": claim.metadata.resource_version,
        }}),
    }
}

/// Sets one condition of a claim, where that changes anything.
pub(crate) fn status(claim: &api::NodeClaim, wanted: Wanted<'_>, now: Timestamp) -> Vec<Request> {
    statuses(claim, &[wanted], now)
}

/// Sets conditions of a claim in one write, where that changes anything.
pub(crate) fn statuses(
    claim: &api::NodeClaim,
    wanted: &[Wanted<'_>],
    now: Timestamp,
) -> Vec<Request> {
    let generation = claim.metadata.generation;
    let changed = conditions::set(&claim.status.conditions, wanted, &REQUIRED, generation, now);
    changed.map(|changed| write_conditions(claim, &changed)).into_iter().collect()
}

/// Writes the conditions of a claim, if it is as it was read.
pub(crate) fn write_conditions(claim: &api::NodeClaim, conditions: &[api::Condition]) -> Request {
    Request::Patch {
        target: target(claim),
        status: true,
        body: json!({
            "metadata": { "resourceVersion": claim.metadata.resource_version },
            "status": { "conditions": conditions },
        }),
    }
}

pub(crate) fn delete(claim: &api::NodeClaim, reason: &'static str) -> Request {
    Request::Delete {
        target: target(claim),
        uid: uid(&claim.metadata),
        grace_seconds: None,
        reason,
    }
}

fn note(claim: &api::NodeClaim, reason: &'static str, message: String) -> Request {
    Request::Note(Note {
        about: target(claim),
        uid: uid(&claim.metadata),
        kind: EventKind::Warning,
        reason,
        message,
    })
}

pub(crate) fn target(claim: &api::NodeClaim) -> ObjectRef {
    ObjectRef::cluster(Kind::NodeClaim, claim.metadata.name.clone())
}

pub(crate) fn name(claim: &api::NodeClaim) -> NodeClaimName {
    NodeClaimName::from(claim.metadata.name.as_str())
}

fn pool_of(claim: &api::NodeClaim) -> &str {
    claim.metadata.labels.get(well_known::NODE_POOL).map_or("", String::as_str)
}
