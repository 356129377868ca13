//! Nodes: what is there already, with what is bound to it.
//!
//! Rules: `scheduling.md` section 8 of Karpenter's model. A node of a pool that is not initialized
//! yet counts as what it will be: start-up taints and those of Kubernetes' own start-up are not
//! held against it, and resources that it does not report yet are those of its type.

use std::collections::BTreeMap;

use api::{ResourceList, names};
use ec2::RegionMarket;
use model::{
    Amount, CapacityType, Effect, Finding, FindingCode, InstanceTypeName, LabelKey, LabelValue,
    Labels, Listing, Machine, MicroUsdPerHour, Node, NodeName, NodePoolName, NodeState,
    ResourceName, Resources, Taint, TypeIndex, well_known,
};

use super::attach::Attach;
use super::label_keys::INITIALIZED;
use super::pools::lowered;
use super::subject::{Amounts, Subject};
use crate::claims::OPEN_TYPES;
use crate::pods::Bound;

const DISRUPTED: &str = "karpenter.sh/disrupted";
const REBOOTING: &str = "karpenter.sh/rebooting";
const NOT_READY: &str = "node.kubernetes.io/not-ready";

/// What nodes are joined with.
#[derive(Clone, Copy, Debug)]
pub(super) struct NodeContext<'a> {
    /// Types and zones.
    pub(super) market: &'a RegionMarket<'a>,
    /// Listings by type, zone, capacity type.
    pub(super) listings: &'a [Listing],
    /// Pools by name with their start-up taints and the machines of their class.
    pub(super) pools: &'a BTreeMap<NodePoolName, PoolOfNodes<'a>>,
    /// What is bound, by node.
    pub(super) bound: &'a BTreeMap<NodeName, Bound>,
    /// How many volumes nodes take.
    pub(super) attach: &'a Attach<'a>,
}

/// What a pool says about its nodes.
#[derive(Clone, Copy, Debug)]
pub(super) struct PoolOfNodes<'a> {
    /// Taints that go when a node has started.
    pub(super) startup_taints: &'a [Taint],
    /// What its types hold, in type order.
    pub(super) machines: &'a [Machine],
}

/// A node as read; its room is folded later.
#[derive(Clone, Debug)]
pub(super) struct NodeDraft {
    /// The node.
    pub(super) node: Node,
    /// Its capacity, for the limits of its pool; of a claim whose type is open, the most that it may be.
    pub(super) capacity: Resources,
}

/// Reads one node.
pub(super) fn read(node: &api::Node, context: &NodeContext<'_>) -> (NodeDraft, Vec<Finding>) {
    let name = &node.metadata.name;
    let mut subject = Subject::new("Node", name);
    let labels = labels(node);
    let value_of = |key: &str| labels.get(key).map(LabelValue::as_str);
    let pool = value_of(well_known::NODE_POOL).map(NodePoolName::from);
    let facts = pool.as_ref().and_then(|pool| context.pools.get(pool));
    let has_taint = |key: &str| node.spec.taints.iter().any(|taint| taint.key == key);
    let starting =
        pool.is_some() && (value_of(INITIALIZED) != Some("true") || has_taint(REBOOTING));
    let held = node.metadata.annotations.contains_key(names::HELD_ANNOTATION);
    let leaving = (node.spec.unschedulable && !held)
        || node.metadata.deletion_timestamp.is_some()
        || has_taint(DISRUPTED);
    let type_name = value_of(well_known::INSTANCE_TYPE);
    let open = node.metadata.annotations.get(OPEN_TYPES);
    let machine = facts.and_then(|facts| match (type_name, open) {
        (Some(name), _) => machine_of(facts.machines, context, name).cloned(),
        (None, Some(names)) => smallest(facts.machines, context, names),
        (None, None) => None,
    });
    let mut capacity = resources("status.capacity", &node.status.capacity, &mut subject);
    let mut allocatable = resources("status.allocatable", &node.status.allocatable, &mut subject);
    if let Some(machine) = machine.as_ref().filter(|_| starting) {
        let mut net = machine.capacity.clone();
        net.subtract(&machine.overhead);
        fill(&mut capacity, &machine.capacity);
        fill(&mut allocatable, &net);
    }
    // Limits hold whichever of its types the claim becomes, so it uses the most that one of them has.
    if let (Some(names), Some(facts)) = (open, facts) {
        for name in names.split(',') {
            if let Some(machine) = machine_of(facts.machines, context, name) {
                capacity.raise_to(&machine.capacity);
            }
        }
    }
    if allocatable.is_empty() {
        subject.note(
            FindingCode::BadField,
            "status.allocatable",
            "the node reports nothing that pods may ask for, so it takes none",
            "give the node's status",
        );
    }
    context.attach.tell_node(name, machine.as_ref(), &mut allocatable);
    let name = NodeName::from(name.as_str());
    let bound = context.bound.get(&name).cloned().unwrap_or_default();
    let node = Node {
        state: match (leaving, starting) {
            (true, _) => NodeState::Unschedulable,
            (false, true) => NodeState::InFlight,
            (false, false) => NodeState::Ready,
        },
        taints: taints(node, starting, facts),
        price: price(&labels, context),
        bound: bound.all,
        bound_daemons: bound.daemons,
        room: Resources::new(),
        rivals: bound.rivals.into_iter().collect(),
        matched: bound.matched.into_iter().collect(),
        apart: bound.apart.into_iter().collect(),
        name,
        pool,
        labels,
        allocatable,
    };
    (NodeDraft { node, capacity }, subject.into_findings())
}

fn labels(node: &api::Node) -> Labels {
    let mut labels: Labels = node
        .metadata
        .labels
        .iter()
        .map(|(key, value)| (LabelKey::from(key.as_str()), LabelValue::from(value.as_str())))
        .collect();
    labels
        .entry(LabelKey::from(well_known::HOSTNAME))
        .or_insert_with(|| LabelValue::from(node.metadata.name.as_str()));
    labels
}

fn resources(field: &str, list: &ResourceList, subject: &mut Subject) -> Resources {
    let amounts = Amounts::new(list);
    for (name, text) in amounts.bad {
        subject.note(
            FindingCode::BadField,
            format!("{field}.{name}"),
            format!("{text:?} is not a quantity of at least zero; none is assumed"),
            "give a quantity such as 4 or 16Gi",
        );
    }
    amounts.read.into_iter().collect()
}

/// Sets what is missing or zero to what `source` has.
fn fill(resources: &mut Resources, source: &Resources) {
    let missing: Vec<(ResourceName, Amount)> = source
        .iter()
        .filter(|(name, _)| resources.get(name.as_str()) == Amount::ZERO)
        .map(|(name, amount)| (name.clone(), amount))
        .collect();
    for (name, amount) in missing {
        resources.set(name, amount);
    }
}

fn machine_of<'a>(
    machines: &'a [Machine],
    context: &NodeContext<'_>,
    instance_type: &str,
) -> Option<&'a Machine> {
    let index = type_index(context, instance_type)?;
    let place = machines.binary_search_by_key(&index, |machine| machine.instance_type);
    machines.get(place.ok()?)
}

/// The least that any of the types in `names` holds, resource by resource: a claim whose type is open
/// may become any of them.
fn smallest(machines: &[Machine], context: &NodeContext<'_>, names: &str) -> Option<Machine> {
    let mut all = names.split(',').filter_map(|name| machine_of(machines, context, name));
    let mut least = all.next()?.clone();
    let mut net = least.capacity.clone();
    net.subtract(&least.overhead);
    for other in all {
        let mut other_net = other.capacity.clone();
        other_net.subtract(&other.overhead);
        least.capacity = lower_of(&least.capacity, &other.capacity);
        net = lower_of(&net, &other_net);
    }
    least.overhead = least.capacity.clone();
    least.overhead.subtract(&net);
    Some(least)
}

fn lower_of(a: &Resources, b: &Resources) -> Resources {
    a.iter().map(|(name, amount)| (name.clone(), amount.min(b.get(name.as_str())))).collect()
}

fn type_index(context: &NodeContext<'_>, name: &str) -> Option<TypeIndex> {
    let name = InstanceTypeName::from(name);
    let types = context.market.types();
    let place = types.binary_search_by(|one| one.name.cmp(&name));
    place.ok().map(TypeIndex::new)
}

/// The node's taints, without those that go by themselves while it starts.
fn taints(node: &api::Node, starting: bool, pool: Option<&PoolOfNodes<'_>>) -> Vec<Taint> {
    let startup = pool.map_or(&[][..], |pool| pool.startup_taints);
    let held = node.metadata.annotations.contains_key(names::HELD_ANNOTATION);
    let passing = |taint: &Taint| {
        is_ephemeral(taint)
            || taint.key == REBOOTING
            || (startup.iter()).any(|one| one.key == taint.key && one.effect == taint.effect)
    };
    node.spec
        .taints
        .iter()
        .filter_map(lowered)
        .filter(|taint| !starting || !passing(taint))
        .filter(|taint| !held || taint.key != names::UNSCHEDULABLE_TAINT)
        .collect()
}

fn is_ephemeral(taint: &Taint) -> bool {
    match (taint.key.as_str(), taint.effect) {
        (NOT_READY, Effect::NoSchedule | Effect::NoExecute)
        | ("node.kubernetes.io/unreachable", Effect::NoSchedule)
        | ("karpenter.sh/unregistered", Effect::NoExecute) => true,
        ("node.cloudprovider.kubernetes.io/uninitialized", Effect::NoSchedule) => {
            taint.value == "true"
        }
        (key, _) => key.starts_with("readiness.k8s.io/"),
    }
}

/// The list price of what the labels name; `None` where one of them or the price is missing.
/// Managed node groups state their capacity type in a label of EKS.
fn price(labels: &Labels, context: &NodeContext<'_>) -> Option<MicroUsdPerHour> {
    let value_of = |key: &str| labels.get(key).map(LabelValue::as_str);
    let instance_type = type_index(context, value_of(well_known::INSTANCE_TYPE)?)?;
    let zone = value_of(well_known::ZONE)?;
    let capacity_type = match value_of(well_known::CAPACITY_TYPE)
        .or_else(|| value_of("eks.amazonaws.com/capacityType"))?
    {
        "on-demand" | "ON_DEMAND" => CapacityType::OnDemand,
        "spot" | "SPOT" => CapacityType::Spot,
        _ => return None,
    };
    let place = context.listings.binary_search_by(|listing| {
        let here = (listing.instance_type, listing.zone.as_str());
        here.cmp(&(instance_type, zone)).then(listing.capacity_type.cmp(&capacity_type))
    });
    let listing = context.listings.get(place.ok()?)?;
    listing.price.map(|price| price.rate)
}
