//! The exchange file, version 1: a snapshot as `benches/karpenter` reads it.
//!
//! What each field means is in `docs/side-by-side.md`. Everything is written from the lowered
//! snapshot, so that both sides plan with the same machines, prices and requests.

use anyhow::ensure;
use model::{Labels, Listing, Machine, NodeClassIndex, NodePool, Resources, ShapeIndex, Snapshot};
use serde_json::{Map, Value, json};

use crate::spec;

/// An exchange file of pods that arrive in batches where nothing runs; `base` has what can be bought.
pub fn arrivals(base: &Snapshot, batches: &[Vec<ShapeIndex>]) -> anyhow::Result<Value> {
    let mut document = with_pods(base, batches.concat())?;
    document["batches"] = batches.iter().map(|batch| counted(batch)).collect();
    Ok(document)
}

/// The group of pods of one shape.
pub fn group(shape: ShapeIndex) -> String {
    format!("default/shape-{}", shape.get())
}

/// The shape of which [`group`] gave the name.
pub fn shape_of(group: &str) -> Option<ShapeIndex> {
    group.strip_prefix("default/shape-")?.parse().ok().map(ShapeIndex::new)
}

/// A node that is there, as the exchange file says it: its name, what it is, and its pods' shapes.
pub struct Running<'a> {
    /// Its name.
    pub name: &'a str,
    /// What it is.
    pub offering: &'a model::Offering,
    /// The shapes of its pods.
    pub shapes: Vec<ShapeIndex>,
}

/// An exchange file of what runs: `base` has what can be bought, and neither nodes nor pods count.
pub fn fleet(base: &Snapshot, nodes: &[Running<'_>]) -> anyhow::Result<Value> {
    let mut document =
        with_pods(base, nodes.iter().flat_map(|node| &node.shapes).copied().collect())?;
    let node = |node: &Running<'_>| {
        let listing = base.listing_of(node.offering);
        json!({
            "name": node.name,
            "pool": base.pool(node.offering.pool).name.as_str(),
            "instanceType": base.instance_type(listing.instance_type).name.as_str(),
            "zone": listing.zone.as_str(),
            "capacityType": listing.capacity_type.as_str(),
            "pods": counted(&node.shapes),
        })
    };
    document["nodes"] = nodes.iter().map(node).collect();
    Ok(document)
}

/// `base` with pods of these shapes, a group for each shape.
fn with_pods(base: &Snapshot, mut shapes: Vec<ShapeIndex>) -> anyhow::Result<Value> {
    shapes.sort_unstable();
    let pods = shapes.iter().map(|shape| model::Pod { name: group(*shape).into(), shape: *shape });
    document(&Snapshot { pods: pods.collect(), ..base.clone() })
}

/// How many pods there are of each group.
fn counted(shapes: &[ShapeIndex]) -> Value {
    let mut pods = Map::new();
    for shape in shapes {
        let count = pods.entry(group(*shape)).or_insert(json!(0));
        *count = json!(count.as_u64().unwrap_or(0) + 1);
    }
    Value::Object(pods)
}

/// The snapshot as an exchange file.
///
/// # Errors
/// Where the snapshot has existing nodes, which version 1 cannot say.
pub fn document(snapshot: &Snapshot) -> anyhow::Result<Value> {
    let nodes = snapshot.nodes.len();
    ensure!(
        nodes == 0,
        "the input has {nodes} existing nodes: leave them out, the format has none"
    );
    let classes = (0..snapshot.node_classes.len()).map(|index| node_class(snapshot, index));
    let daemon_sets = snapshot.daemon_sets.iter().map(|daemon_set| {
        let (namespace, name) = split(daemon_set.name.as_str());
        json!({"namespace": namespace, "name": name, "spec": spec::pod(&daemon_set.shape)})
    });
    Ok(json!({
        "version": 1,
        "region": snapshot.region.as_str(),
        "nodeClasses": classes.collect::<Vec<_>>(),
        "pools": snapshot.pools.iter().map(|each| pool(snapshot, each)).collect::<Vec<_>>(),
        "daemonSets": daemon_sets.collect::<Vec<_>>(),
        "pods": groups(snapshot),
    }))
}

pub(crate) fn node_class(snapshot: &Snapshot, position: usize) -> Value {
    let class = &snapshot.node_classes[position];
    // Listings that no pool of the class may buy are left out: its subnets may not have the zone.
    let mut bought = vec![false; snapshot.listings.len()];
    for offering in &snapshot.offerings {
        let pool = snapshot.pool(offering.pool);
        bought[offering.listing.get()] |= pool.node_class == NodeClassIndex::new(position);
    }
    let listings: Vec<_> =
        snapshot.listings.iter().zip(bought).filter(|(_, bought)| *bought).collect();
    let types = class.machines.iter().map(|machine| {
        let of_type = |listing: &&Listing| listing.instance_type == machine.instance_type;
        let listings = listings.iter().map(|(listing, _)| *listing).filter(of_type);
        instance_type(snapshot, machine, listings)
    });
    json!({"name": class.name.as_str(), "instanceTypes": types.collect::<Vec<_>>()})
}

fn instance_type<'a>(
    snapshot: &Snapshot,
    machine: &Machine,
    listings: impl Iterator<Item = &'a Listing>,
) -> Value {
    let sold = snapshot.instance_type(machine.instance_type);
    // A listing without a price is never bought by either side.
    let offerings = listings.filter_map(|listing| {
        let price = listing.price?.rate.get();
        Some(json!({
            "zone": listing.zone.as_str(),
            "zoneId": listing.zone_id.as_str(),
            "capacityType": listing.capacity_type.as_str(),
            "priceMicroUsd": price,
            "available": true,
        }))
    });
    json!({
        "name": sold.name.as_str(),
        "labels": labels(&sold.labels),
        "capacity": amounts(&machine.capacity),
        "overhead": amounts(&machine.overhead),
        "offerings": offerings.collect::<Vec<_>>(),
    })
}

fn pool(snapshot: &Snapshot, pool: &NodePool) -> Value {
    let taints = pool.taints.iter().map(
        |taint| json!({"key": taint.key, "value": taint.value, "effect": taint.effect.as_str()}),
    );
    let limits = pool.limits.iter().map(|(name, limit)| {
        let left = limit.get() - pool.used.get(name.as_str()).get();
        (name.as_str().to_owned(), json!(left.max(0)))
    });
    json!({
        "name": pool.name.as_str(),
        "weight": pool.weight,
        "nodeClass": snapshot.node_class(pool.node_class).name.as_str(),
        "requirements": spec::expressions(&pool.requirements),
        "labels": labels(&pool.labels),
        "taints": taints.collect::<Vec<_>>(),
        "limits": limits.collect::<Map<_, _>>(),
    })
}

/// Equal pods that follow each other are one group: the order of ties moves Karpenter's bill.
fn groups(snapshot: &Snapshot) -> Vec<Value> {
    let mut groups: Vec<(ShapeIndex, &str, usize)> = Vec::new();
    for pod in &snapshot.pods {
        match groups.last_mut() {
            Some((shape, _, count)) if *shape == pod.shape => *count += 1,
            _ => groups.push((pod.shape, pod.name.as_str(), 1)),
        }
    }
    let written = |(shape, name, count)| {
        let (namespace, _) = split(name);
        let spec = spec::pod(snapshot.shape(shape));
        json!({"name": name, "count": count, "namespace": namespace, "spec": spec})
    };
    groups.into_iter().map(written).collect()
}

/// `namespace/name` as its two parts.
fn split(name: &str) -> (&str, &str) {
    name.split_once('/').unwrap_or(("default", name))
}

pub(crate) fn labels(labels: &Labels) -> Map<String, Value> {
    let text = |(key, value): (&model::LabelKey, &model::LabelValue)| {
        (key.as_str().to_owned(), json!(value.as_str()))
    };
    labels.iter().map(text).collect()
}

pub(crate) fn amounts(resources: &Resources) -> Map<String, Value> {
    resources.iter().map(|(name, amount)| (name.as_str().to_owned(), json!(amount.get()))).collect()
}
