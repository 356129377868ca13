//! A node class's hash, and its status from what its selectors stand for (`lifecycle.md` sections 8.2
//! and 8.3, `api.md` section 10).

use api::{AmiStatus, Ec2NodeClass, SecurityGroupStatus, SubnetStatus, names};
use cloud::ResolvedNodeClass;
use model::Timestamp;
use serde_json::{Value, json};

use crate::conditions::{self, Wanted};
use crate::hashes::stamp;
use crate::registration::{with, without};
use crate::request::{CloudRequest, EventKind, Kind, Note, ObjectRef, Request, uid};

/// Conditions that the root depends on.
const REQUIRED: [&str; 5] = [
    "SubnetsReady",
    "SecurityGroupsReady",
    "AMIsReady",
    "InstanceProfileReady",
    "ValidationSucceeded",
];

/// A node class with what belongs to it.
#[derive(Clone, Copy, Debug)]
pub struct NodeClassView<'a> {
    /// The class.
    pub class: &'a Ec2NodeClass,
    /// What its selectors stand for, if that was asked since it last changed.
    pub resolved: Option<&'a ResolvedNodeClass>,
    /// How many claims refer to it.
    pub claims: usize,
    /// Whether what was made for it was given back.
    pub released: bool,
    /// The authority that kubelets are told to trust, base64 of PEM: a part of the class's hash.
    pub ca_bundle: &'a str,
}

/// What to do next about a node class.
pub fn node_class(view: &NodeClassView<'_>, now: Timestamp) -> Vec<Request> {
    let class = view.class;
    let target = ObjectRef::cluster(Kind::Ec2NodeClass, class.metadata.name.clone());
    let finalized = class.metadata.finalizers.iter().any(|one| one == names::NODE_CLASS_FINALIZER);
    if class.metadata.deletion_timestamp.is_some() {
        return if finalized { end(view, target) } else { Vec::new() };
    }
    if !finalized {
        let finalizers = with(&class.metadata.finalizers, names::NODE_CLASS_FINALIZER);
        return vec![metadata(class, target, &json!({ "finalizers": finalizers }))];
    }
    let hash = api::drift::class_annotations(class, view.ca_bundle);
    if let Some(change) = stamp(&class.metadata, &hash) {
        return vec![metadata(class, target, &change)];
    }
    view.resolved.map_or_else(Vec::new, |resolved| {
        let mut requests = resolve(class, resolved, target, now);
        // After the status, which says why the class is not ready even if this fails.
        if lacks_profile(class, resolved) {
            requests.push(Request::Cloud(CloudRequest::Prepare(Box::new(class.clone()))));
        }
        requests
    })
}

/// Whether the profile for the class's role is to be made.
fn lacks_profile(class: &Ec2NodeClass, resolved: &ResolvedNodeClass) -> bool {
    let has_role = class.spec.role.as_ref().is_some_and(|role| !role.is_empty());
    has_role && resolved.instance_profile.is_none()
}

fn end(view: &NodeClassView<'_>, target: ObjectRef) -> Vec<Request> {
    let class = view.class;
    if view.claims > 0 {
        return vec![Request::Note(Note {
            about: target,
            uid: uid(&class.metadata),
            kind: EventKind::Normal,
            reason: "WaitingOnNodeClaimTermination",
            message: format!("waiting for {} NodeClaims that refer to the class", view.claims),
        })];
    }
    if !view.released {
        return vec![Request::Cloud(CloudRequest::Release(Box::new(class.clone())))];
    }
    let finalizers = without(&class.metadata.finalizers, names::NODE_CLASS_FINALIZER);
    vec![metadata(class, target, &json!({ "finalizers": finalizers }))]
}

fn metadata(class: &Ec2NodeClass, target: ObjectRef, change: &Value) -> Request {
    let mut body = json!({ "metadata": change });
    body["metadata"]["resourceVersion"] = json!(class.metadata.resource_version);
    Request::Patch { target, status: false, body }
}

fn resolve(
    class: &Ec2NodeClass,
    resolved: &ResolvedNodeClass,
    target: ObjectRef,
    now: Timestamp,
) -> Vec<Request> {
    let wanted: Vec<Wanted<'_>> =
        REQUIRED.iter().map(|kind| wanted(kind, class, resolved)).collect();
    let old = &class.status;
    let conditions =
        conditions::set(&old.conditions, &wanted, &REQUIRED, class.metadata.generation, now);
    let (subnets, groups, amis) = found(resolved);
    let same = conditions.is_none()
        && old.subnets == subnets
        && old.security_groups == groups
        && old.amis == amis
        && old.instance_profile == resolved.instance_profile;
    if same {
        return Vec::new();
    }
    let conditions = conditions.unwrap_or_else(|| old.conditions.clone());
    vec![Request::Patch {
        target,
        status: true,
        body: json!({
            "metadata": { "resourceVersion": class.metadata.resource_version },
            "status": {
                "subnets": subnets,
                "securityGroups": groups,
                "amis": amis,
                "instanceProfile": resolved.instance_profile,
                "conditions": conditions,
            },
        }),
    }]
}

/// A condition as it should be. A profile that is still to be made is no failure, which would end claims
/// that wait for the class: it is not known to be ready, as in Karpenter.
fn wanted<'a>(kind: &'a str, class: &Ec2NodeClass, resolved: &'a ResolvedNodeClass) -> Wanted<'a> {
    let waits = lacks_profile(class, resolved);
    let is_unknown = |condition: &str| waits && condition == "InstanceProfileReady";
    let problems = &resolved.problems;
    match problems.iter().find(|problem| problem.condition == kind) {
        Some(problem) if is_unknown(kind) => {
            Wanted::unknown(kind, problem.reason, &problem.message)
        }
        Some(problem) => Wanted::no(kind, problem.reason, &problem.message),
        None if kind == "ValidationSucceeded" && !problems.is_empty() => {
            let (reason, message) = ("DependenciesNotReady", "another condition does not hold");
            if problems.iter().all(|problem| is_unknown(problem.condition)) {
                Wanted::unknown(kind, reason, message)
            } else {
                Wanted::no(kind, reason, message)
            }
        }
        None => Wanted::yes(kind),
    }
}

fn found(
    resolved: &ResolvedNodeClass,
) -> (Vec<SubnetStatus>, Vec<SecurityGroupStatus>, Vec<AmiStatus>) {
    // By id: the order by free addresses changes with every launch, and would be a write each time.
    let mut subnets: Vec<SubnetStatus> = (resolved.subnets.iter())
        .map(|one| SubnetStatus {
            id: one.id.clone(),
            zone: one.zone.clone(),
            zone_id: one.zone_id.clone(),
        })
        .collect();
    subnets.sort_by(|a, b| a.id.cmp(&b.id));
    let groups = (resolved.security_groups.iter())
        .map(|one| SecurityGroupStatus { id: one.id.clone(), name: one.name.clone() })
        .collect();
    let amis = (resolved.images.iter())
        .map(|one| AmiStatus {
            id: one.id.clone(),
            name: one.name.clone(),
            deprecated: one.deprecated,
            requirements: one.requirements.clone(),
        })
        .collect();
    (subnets, groups, amis)
}
