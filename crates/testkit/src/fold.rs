//! Figures folded from raw facts, written for small worlds: maps of labels, no sharing.

use model::{
    DaemonSet, LabelKey, LabelValue, Labels, Node, NodeState, Offering, Resources, Snapshot, Taint,
    untolerated, well_known,
};

/// Labels that every node of a pool carries once it is up; DaemonSets may wait for them.
const UP: [&str; 2] = ["karpenter.sh/registered", "karpenter.sh/initialized"];

/// All labels that a node of `offering` will carry, the hostname excepted.
pub(crate) fn labels(snapshot: &Snapshot, offering: &Offering) -> Labels {
    let listing = snapshot.listing_of(offering);
    let pool = snapshot.pool(offering.pool);
    let mut labels = snapshot.instance_type(listing.instance_type).labels.clone();
    labels.extend(pool.labels.clone());
    labels.extend(offering.chosen_labels.clone());
    let class = &snapshot.node_class(pool.node_class).name;
    for (key, value) in [
        (well_known::ZONE, listing.zone.as_str()),
        (well_known::ZONE_ID, listing.zone_id.as_str()),
        (well_known::REGION, snapshot.region.as_str()),
        (well_known::CAPACITY_TYPE, listing.capacity_type.as_str()),
        (well_known::NODE_POOL, pool.name.as_str()),
        (well_known::NODE_CLASS, class.as_str()),
    ] {
        if !value.is_empty() {
            labels.insert(LabelKey::from(key), LabelValue::from(value));
        }
    }
    labels
}

/// What is left on a node of `offering` for pods.
pub(crate) fn offering_room(snapshot: &Snapshot, offering: &Offering) -> Resources {
    let machine = snapshot.machine_of(offering);
    let mut labels = labels(snapshot, offering);
    labels.insert(well_known::HOSTNAME.into(), "".into());
    let taints = &snapshot.pool(offering.pool).taints;
    let daemons = expected(&snapshot.daemon_sets, labels, taints, true);
    let mut room = machine.capacity.clone();
    room.subtract(&machine.overhead);
    room.subtract(&daemons);
    room
}

/// What is left on `node` for pods.
pub(crate) fn node_room(daemon_sets: &[DaemonSet], node: &Node) -> Resources {
    let of_pool = node.pool.is_some();
    let mut missing = expected(daemon_sets, node.labels.clone(), &node.taints, of_pool);
    missing.subtract(&node.bound_daemons);
    let missing: Resources = missing
        .iter()
        .filter(|(_, amount)| amount.get() > 0)
        .map(|(name, amount)| (name.clone(), amount))
        .collect();
    let mut room = node.allocatable.clone();
    room.subtract(&node.bound);
    room.subtract(&missing);
    room
}

/// A node that takes `offering`'s place once it was asked for, with nothing on it.
pub(crate) fn node_of(snapshot: &Snapshot, offering: &Offering, name: String) -> Node {
    let machine = snapshot.machine_of(offering);
    let pool = snapshot.pool(offering.pool);
    let mut labels = labels(snapshot, offering);
    labels.insert(well_known::HOSTNAME.into(), name.as_str().into());
    let mut allocatable = machine.capacity.clone();
    allocatable.subtract(&machine.overhead);
    Node {
        name: name.into(),
        pool: Some(pool.name.clone()),
        state: NodeState::InFlight,
        labels,
        taints: pool.taints.clone(),
        allocatable,
        bound: Resources::new(),
        bound_daemons: Resources::new(),
        room: Resources::new(),
        rivals: Vec::new(),
        matched: Vec::new(),
        apart: Vec::new(),
        price: snapshot.listing_of(offering).price.map(|price| price.rate),
    }
}

/// What the DaemonSets ask for that run on a node with these labels and taints.
fn expected(
    daemon_sets: &[DaemonSet],
    mut labels: Labels,
    taints: &[Taint],
    of_pool: bool,
) -> Resources {
    if of_pool {
        labels.extend(UP.map(|key| (LabelKey::from(key), LabelValue::from("true"))));
    }
    let value_of = |key: &LabelKey| labels.get(key).map(LabelValue::as_str);
    let mut sum = Resources::new();
    for set in daemon_sets {
        let mut alternatives = set.shape.alternatives.iter();
        if untolerated(taints, &set.shape.tolerations).is_none()
            && alternatives.any(|terms| terms.first_refused(value_of).is_none())
        {
            sum.add(&set.shape.requests);
        }
    }
    sum
}
