//! Whether a node differs from what its pool and class say now: the condition `Drifted`
//! (`disruption.md` section 7.1).
//!
//! In: a claim, its pool, its class, the hashes of both, its instance as the cloud has it. Out: the
//! condition, set with the reason or removed. What cannot be compared is not drifted: hashes of another
//! version; images, subnets and security groups of a class that are not found at the moment.

use std::collections::BTreeMap;

use api::{Condition, Ec2NodeClass, NodeClaim, NodePool, names};
use cloud::Instance;
use model::{Operator, Requirement, Timestamp};

use crate::launch::write_conditions;
use crate::request::Request;
use crate::time;

/// What a claim is compared with.
#[derive(Clone, Copy, Debug)]
pub struct DriftView<'a> {
    /// The claim.
    pub claim: &'a NodeClaim,
    /// Its pool.
    pub pool: &'a NodePool,
    /// Its class.
    pub class: &'a Ec2NodeClass,
    /// Hashes of both, as [`api::drift::annotations`] has them.
    pub hashes: &'a BTreeMap<String, String>,
    /// Its instance, as a complete list had it lately; `None`: none did since the process began.
    pub instance: Option<&'a Instance>,
}

const OTHER_GROUPS: &str = "SecurityGroupDrift";
const OTHER_SUBNET: &str = "SubnetDrift";

/// The change of the condition `Drifted`; `None` where it is as it should be.
pub fn drift(view: &DriftView<'_>, now: Timestamp) -> Option<Request> {
    let claim = view.claim;
    if claim.is_deleting() {
        return None;
    }
    let reason = claim.is_true(names::LAUNCHED).then(|| drifted(view)).flatten();
    let known = claim.condition(names::DRIFTED);
    let before = known.map(|one| one.reason.as_str());
    // What was seen of an instance stays said until it is seen again.
    let unseen = view.instance.is_none() && matches!(before, Some(OTHER_GROUPS | OTHER_SUBNET));
    if before == reason || (unseen && reason.is_none()) {
        return None;
    }
    let others = claim.status.conditions.iter().filter(|one| one.kind != names::DRIFTED);
    let mut conditions: Vec<Condition> = others.cloned().collect();
    if let Some(reason) = reason {
        let since = known.and_then(|one| one.last_transition_time.clone());
        conditions.push(Condition {
            kind: names::DRIFTED.to_owned(),
            status: "True".to_owned(),
            reason: reason.to_owned(),
            message: reason.to_owned(),
            last_transition_time: since.or_else(|| Some(time::format(now).into())),
            observed_generation: claim.metadata.generation,
        });
    }
    Some(write_conditions(claim, &conditions))
}

/// Since when the claim is drifted.
pub fn drifted_since(claim: &NodeClaim) -> Option<Timestamp> {
    let condition = claim.condition(names::DRIFTED).filter(|one| one.status == "True")?;
    time::parse(condition.last_transition_time.as_deref()?)
}

/// The first reason that holds, in Karpenter's order and words.
fn drifted(view: &DriftView<'_>) -> Option<&'static str> {
    let by_hash = api::drift::drifted(view.claim, view.hashes);
    if by_hash == Some("NodePoolDrifted") {
        return by_hash;
    }
    let labels = &view.claim.metadata.labels;
    let requirements = view.pool.spec.template.spec.requirements.iter();
    let mut unmet =
        requirements.filter(|one| !admits(&one.operator, &one.values, labels.get(&one.key)));
    if unmet.next().is_some() {
        return Some("RequirementsDrifted");
    }
    if by_hash.is_some() {
        return Some("NodeClassDrift");
    }
    if has_other_image(view) {
        return Some("AMIDrift");
    }
    view.instance.and_then(|instance| elsewhere(view.class, instance))
}

/// Whether the class gives machines other security groups than the instance has, or another subnet.
fn elsewhere(class: &Ec2NodeClass, instance: &Instance) -> Option<&'static str> {
    let mut groups: Vec<&String> = class.status.security_groups.iter().map(|one| &one.id).collect();
    groups.sort();
    let same = groups.into_iter().eq(&instance.security_group_ids);
    if is_found(class, names::SECURITY_GROUPS_READY)
        && !class.status.security_groups.is_empty()
        && !instance.security_group_ids.is_empty()
        && !same
    {
        return Some(OTHER_GROUPS);
    }
    let subnets = &class.status.subnets;
    let is_outside = |subnet: &String| subnets.iter().all(|one| one.id != *subnet);
    let found = is_found(class, names::SUBNETS_READY) && !subnets.is_empty();
    (found && instance.subnet_id.as_ref().is_some_and(is_outside)).then_some(OTHER_SUBNET)
}

/// Whether the condition holds for the class as it is now.
fn is_found(class: &Ec2NodeClass, condition: &str) -> bool {
    let mut conditions = class.status.conditions.iter().filter(|one| one.kind == condition);
    conditions
        .any(|one| one.status == "True" && one.observed_generation == class.metadata.generation)
}

/// Whether the class gives machines of the claim's kind other images than the one it was started from.
fn has_other_image(view: &DriftView<'_>) -> bool {
    let (class, labels) = (view.class, &view.claim.metadata.labels);
    let found = is_found(class, names::AMIS_READY);
    let Some(image) = view.claim.status.image_id.as_ref().filter(|_| found) else {
        return false;
    };
    let mut images = class.status.amis.iter().filter(|ami| {
        let requirements = ami.requirements.iter();
        requirements.clone().all(|one| admits(&one.operator, &one.values, labels.get(&one.key)))
    });
    let is_there = images.clone().any(|ami| ami.id == *image);
    images.next().is_some() && !is_there
}

/// Whether a label's value is one that the requirement admits; one that cannot be read admits all.
fn admits(operator: &str, values: &[String], value: Option<&String>) -> bool {
    let operator = Operator::parse(operator);
    let requirement = operator.and_then(|operator| Requirement::new(operator, values).ok());
    requirement.is_none_or(|one| one.admits(value.map(String::as_str)))
}
