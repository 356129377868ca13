//! From a checked plan to the claims that carry it out.
//!
//! In: the plan over its snapshot, the ranked offerings of each new node, the pools as objects, the
//! UIDs of the pods. Out: one NodeClaim for each new node, with all that its launch needs. Names come
//! from the plan's id and the node's place, so that creating a claim again never makes a second.

use std::collections::{BTreeMap, BTreeSet};

use api::{NodePool, NodePoolRequirement, QuantityText, names};
use checker::CheckedPlan;
use cloud::CHOICES_MAX;
use model::{
    Finding, FindingCode, NewNode, Offering, OfferingIndex, PodIndex, Resources, Snapshot,
    well_known,
};
use serde_json::{Value, json};

use crate::launch::{LaunchGroup, LaunchPlan};
use crate::planned_pods;
use crate::request::{Kind, ObjectRef, Request};

/// What claims are made from.
#[derive(Clone, Copy)]
pub struct ClaimSource<'a> {
    /// What was planned over.
    pub snapshot: &'a Snapshot,
    /// The plan.
    pub plan: &'a CheckedPlan,
    /// For each new node, what may be bought in its place, best first, without the planned one.
    pub alternatives: &'a [Vec<OfferingIndex>],
    /// Pools as objects, by name.
    pub pools: &'a BTreeMap<&'a str, &'a NodePool>,
    /// UID of a planned pod.
    pub pod_uid: &'a dyn Fn(PodIndex) -> Option<String>,
    /// Annotations with the hashes of the pool and its class, by pool name.
    pub hashes: &'a BTreeMap<String, BTreeMap<String, String>>,
    /// Tells this plan from all others.
    pub plan_id: &'a str,
}

impl std::fmt::Debug for ClaimSource<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ClaimSource").field("plan_id", &self.plan_id).finish_non_exhaustive()
    }
}

/// Claims to make.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Claims {
    /// One request to create a claim for each new node of the plan whose pool is still there, in the
    /// order of the nodes.
    pub requests: Vec<Request>,
    /// What they do not say of the plan.
    pub findings: Vec<Finding>,
}

/// The claims of a plan's new nodes.
pub fn claims(source: &ClaimSource<'_>) -> Claims {
    let mut claims = Claims::default();
    for (place, node) in source.plan.plan().new_nodes.iter().enumerate() {
        claims.requests.extend(claim(source, place, node, &mut claims.findings));
    }
    claims
}

/// `<pool>-<12 hexadecimal digits>`.
pub fn claim_name(pool: &str, plan_id: &str, place: usize) -> String {
    let text = format!("{plan_id}/{place}");
    let hash = text.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    });
    format!("{pool}-{:012x}", (hash ^ (hash >> 48)) & 0xffff_ffff_ffff)
}

fn claim(
    source: &ClaimSource<'_>,
    place: usize,
    node: &NewNode,
    findings: &mut Vec<Finding>,
) -> Option<Request> {
    let snapshot = source.snapshot;
    let offering = snapshot.offering(node.offering);
    let pool_name = snapshot.pool(offering.pool).name.as_str();
    let pool = source.pools.get(pool_name)?;
    let template = &pool.spec.template;
    let name = claim_name(pool_name, source.plan_id, place);
    let ranked = ranked(source, place, node);
    let mut annotations = template.metadata.annotations.clone();
    annotations.extend(source.hashes.get(pool_name).cloned().unwrap_or_default());
    annotations.insert(names::LAUNCH_ANNOTATION.to_owned(), launch_plan(snapshot, &ranked).write());
    if let Some(relaxed) = relaxes_min_values(snapshot, pool, &ranked) {
        annotations.insert(names::MIN_VALUES_RELAXED_ANNOTATION.to_owned(), relaxed.to_string());
    }
    let uids: Vec<String> = node.pods.iter().filter_map(|pod| (source.pod_uid)(*pod)).collect();
    let (planned, left_out) = planned_pods::write(&uids, &annotations);
    annotations.insert(names::PLANNED_PODS_ANNOTATION.to_owned(), planned);
    if left_out > 0 {
        findings.push(unpromised(&name, uids.len(), left_out));
    }
    let mut labels = template.metadata.labels.clone();
    labels.insert(well_known::NODE_POOL.to_owned(), pool_name.to_owned());
    labels.insert(well_known::NODE_CLASS.to_owned(), template.spec.node_class_ref.name.clone());
    labels.extend(
        offering.chosen_labels.iter().map(|(key, value)| (key.to_string(), value.to_string())),
    );
    let spec = api::NodeClaimSpec {
        taints: template.spec.taints.clone(),
        startup_taints: template.spec.startup_taints.clone(),
        requirements: requirements(snapshot, pool, offering, &ranked),
        resources: api::NodeClaimResources { requests: requests(snapshot, node) },
        node_class_ref: template.spec.node_class_ref.clone(),
        termination_grace_period: template.spec.termination_grace_period.clone(),
        expire_after: template.spec.expire_after.clone(),
    };
    let body = json!({
        "apiVersion": "karpenter.sh/v1",
        "kind": "NodeClaim",
        "metadata": {
            "name": name,
            "labels": labels,
            "annotations": annotations,
            "finalizers": [names::TERMINATION_FINALIZER],
            "ownerReferences": [{
                "apiVersion": "karpenter.sh/v1",
                "kind": "NodePool",
                "name": pool_name,
                "uid": pool.metadata.uid.as_deref().unwrap_or_default(),
                "blockOwnerDeletion": true,
            }],
        },
        "spec": spec,
    });
    Some(Request::Create { target: ObjectRef::cluster(Kind::NodeClaim, name), body })
}

fn unpromised(claim: &str, planned: usize, left_out: usize) -> Finding {
    Finding {
        code: FindingCode::NotHonoured,
        object: format!("NodeClaim {claim}"),
        field: format!("metadata.annotations[{}]", names::PLANNED_PODS_ANNOTATION),
        message: format!(
            "{left_out} of the {planned} pods that it is for are not named, as annotations have \
             256 KiB at most: others may take their seats"
        ),
        remedy: "use fewer or shorter annotations in the pool's template, or smaller nodes"
            .to_owned(),
        count: u64::try_from(left_out).unwrap_or(u64::MAX),
    }
}

/// The planned offering and its alternatives, best first; at most [`CHOICES_MAX`] of each capacity
/// type are launched.
fn ranked<'s>(source: &ClaimSource<'s>, place: usize, node: &NewNode) -> Vec<&'s Offering> {
    let others = source.alternatives.get(place).map_or(&[][..], Vec::as_slice);
    let all = std::iter::once(&node.offering).chain(others);
    all.map(|offering| source.snapshot.offering(*offering)).collect()
}

/// Choices by capacity type; the capacity type of the best comes first. Choices that differ in
/// labels of the pool only are one.
fn launch_plan(snapshot: &Snapshot, ranked: &[&Offering]) -> LaunchPlan {
    let mut plan = LaunchPlan::default();
    let mut seen = BTreeSet::new();
    for offering in ranked {
        let listing = snapshot.listing_of(offering);
        let Some(price) = listing.price else { continue };
        if !seen.insert(offering.listing) {
            continue;
        }
        let choice = cloud::Choice {
            instance_type: snapshot.instance_type(listing.instance_type).name.clone(),
            zone: listing.zone.clone(),
            price: price.rate,
        };
        let place = plan.groups.iter().position(|g| g.capacity_type == listing.capacity_type);
        let place = place.unwrap_or_else(|| {
            let capacity_type = listing.capacity_type;
            plan.groups.push(LaunchGroup { capacity_type, choices: Vec::new() });
            plan.groups.len() - 1
        });
        let choices = &mut plan.groups[place].choices;
        if choices.len() < CHOICES_MAX {
            choices.push(choice);
        }
    }
    plan
}

/// What the node must be: what may be launched, the labels chosen, and what else the pool requires.
fn requirements(
    snapshot: &Snapshot,
    pool: &NodePool,
    offering: &Offering,
    ranked: &[&Offering],
) -> Vec<NodePoolRequirement> {
    let listings = || ranked.iter().map(|offering| snapshot.listing_of(offering));
    let one_of = |key: &str, values: BTreeSet<String>| NodePoolRequirement {
        key: key.to_owned(),
        operator: "In".to_owned(),
        min_values: min_values(pool, key)
            .map(|least| least.min(i32::try_from(values.len()).unwrap_or(i32::MAX))),
        values: values.into_iter().collect(),
    };
    let types = listings().map(|l| snapshot.instance_type(l.instance_type).name.to_string());
    let mut all = vec![
        one_of(well_known::INSTANCE_TYPE, types.collect()),
        one_of(well_known::ZONE, listings().map(|l| l.zone.to_string()).collect()),
        one_of(
            well_known::CAPACITY_TYPE,
            listings().map(|l| l.capacity_type.as_str().to_owned()).collect(),
        ),
        one_of(well_known::NODE_POOL, BTreeSet::from([pool.metadata.name.clone()])),
    ];
    let chosen = offering.chosen_labels.iter();
    all.extend(
        chosen.map(|(key, value)| one_of(key.as_str(), BTreeSet::from([value.to_string()]))),
    );
    let own: BTreeSet<String> = all.iter().map(|one| one.key.clone()).collect();
    let pools = pool.spec.template.spec.requirements.iter();
    all.extend(pools.filter(|one| !own.contains(&one.key)).cloned());
    all
}

/// How many values of `key` the pool asks for.
fn min_values(pool: &NodePool, key: &str) -> Option<i32> {
    let all = pool.spec.template.spec.requirements.iter();
    all.filter(|one| one.key == key).filter_map(|one| one.min_values).max()
}

/// Whether what may be launched has fewer values of some label than the pool asks for; `None` where it
/// asks for none.
fn relaxes_min_values(snapshot: &Snapshot, pool: &NodePool, ranked: &[&Offering]) -> Option<bool> {
    let asked = pool.spec.template.spec.requirements.iter();
    let mut asked = asked.filter_map(|one| Some((one.key.as_str(), one.min_values?))).peekable();
    asked.peek()?;
    let has_few = |(key, least): (&str, i32)| {
        let key = model::LabelKey::from(key);
        let values = ranked.iter().filter_map(|one| snapshot.labels_of(one).get(&key));
        let values: BTreeSet<&str> = values.collect();
        i32::try_from(values.len()).is_ok_and(|open| open < least)
    };
    Some(asked.any(has_few))
}

/// What the pods ask for and what DaemonSets take.
fn requests(snapshot: &Snapshot, node: &NewNode) -> api::ResourceList {
    let offering = snapshot.offering(node.offering);
    let machine = snapshot.machine_of(offering);
    let mut sum = machine.capacity.clone();
    sum.subtract(&machine.overhead);
    sum.subtract(&offering.room);
    for pod in &node.pods {
        sum.add(&snapshot.shape_of(*pod).requests);
    }
    resource_list(&sum)
}

/// Amounts as canonical quantities, what is not above zero left out, and what no Node reports.
pub fn resource_list(resources: &Resources) -> api::ResourceList {
    let is_told = |name: &str| well_known::is_reported(name);
    let above =
        resources.iter().filter(|(name, amount)| amount.get() > 0 && is_told(name.as_str()));
    let quantity = |name: &str, amount| QuantityText::from(model::canonical_quantity(name, amount));
    above.map(|(name, amount)| (name.to_string(), quantity(name.as_str(), amount))).collect()
}

/// The launch that a claim carries.
pub fn launch_plan_of(claim: &api::NodeClaim) -> Option<LaunchPlan> {
    LaunchPlan::read(claim.metadata.annotations.get(names::LAUNCH_ANNOTATION)?)
}

impl LaunchPlan {
    /// As the annotation has it: `{"groups":[{"capacityType":"spot","choices":[[type, zone,
    /// micro-USD per hour], …]}, …]}`.
    pub fn write(&self) -> String {
        let groups: Vec<Value> = (self.groups.iter())
            .map(|group| {
                let choices = group.choices.iter();
                let choices: Vec<Value> = choices
                    .map(|c| json!([c.instance_type.as_str(), c.zone.as_str(), c.price.get()]))
                    .collect();
                json!({ "capacityType": group.capacity_type.as_str(), "choices": choices })
            })
            .collect();
        json!({ "groups": groups }).to_string()
    }

    /// Reads what [`Self::write`] wrote; `None` where it is something else.
    pub fn read(text: &str) -> Option<Self> {
        #[derive(serde::Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Group {
            capacity_type: String,
            choices: Vec<(String, String, i64)>,
        }
        #[derive(serde::Deserialize)]
        struct Groups {
            groups: Vec<Group>,
        }
        let read: Groups = serde_json::from_str(text).ok()?;
        let groups = read.groups.into_iter().map(|group| {
            let capacity_type = match group.capacity_type.as_str() {
                "on-demand" => model::CapacityType::OnDemand,
                "spot" => model::CapacityType::Spot,
                "reserved" => model::CapacityType::Reserved,
                _ => return None,
            };
            let choices =
                group.choices.into_iter().map(|(instance_type, zone, price)| cloud::Choice {
                    instance_type: instance_type.into(),
                    zone: zone.into(),
                    price: model::MicroUsdPerHour::new(price),
                });
            Some(LaunchGroup { capacity_type, choices: choices.collect() })
        });
        Some(Self { groups: groups.collect::<Option<_>>()? })
    }
}
