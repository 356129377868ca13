//! The fleet after moves.
//!
//! Input: a snapshot, its cluster and moves whose indices are its own. Output: the same moment once all
//! of them are done: nodes that went are gone, launched ones are ready and quiet, and every pod runs
//! where its move says.

use std::collections::{BTreeMap, BTreeSet};

use model::fleet::{Cluster, Node, Place, Pod};
use model::{
    Amount, Move, NodeIndex, NodeName, NodeState, PodIndex, Resources, Snapshot, well_known,
};

use crate::apply::count;
use crate::fold;
use crate::world::managed;

/// The snapshot and the cluster after `moves`. Launched nodes are called `<pool>-<number>`, numbers from
/// 0, skipping names that are taken.
pub fn carry_out(snapshot: &Snapshot, cluster: &Cluster, moves: &[Move]) -> (Snapshot, Cluster) {
    let mut after = (snapshot.clone(), cluster.clone());
    let (snapshot_after, cluster_after) = (&mut after.0, &mut after.1);
    let mut pods: BTreeMap<PodIndex, Pod> = BTreeMap::new();
    for pod in cluster.nodes.iter().flat_map(|node| &node.pods) {
        if let Place::Pod(index) = pod.place {
            pods.insert(index, pod.clone());
        }
    }
    let gone: BTreeSet<NodeIndex> = moves.iter().flat_map(|one| &one.removed).copied().collect();
    let gone_names: BTreeSet<&NodeName> =
        gone.iter().map(|node| &snapshot.node(*node).name).collect();
    cluster_after
        .nodes
        .retain(|node| node.name.as_ref().is_none_or(|name| !gone_names.contains(name)));
    for fill in moves.iter().flat_map(|one| &one.taken) {
        let node = &mut snapshot_after.nodes[fill.node.get()];
        move_in(snapshot, node, &fill.pods);
        let known =
            cluster_after.nodes.iter_mut().find(|one| one.name.as_ref() == Some(&node.name));
        if let Some(known) = known {
            known.pods.extend(fill.pods.iter().map(|pod| pods[pod].clone()));
        }
    }
    for index in &gone {
        give_back(snapshot, snapshot_after, *index);
    }
    let mut number = 0_usize;
    for launched in moves.iter().flat_map(|one| &one.launched) {
        let offering = snapshot.offering(launched.offering);
        let pool = offering.pool.get();
        let name = loop {
            let name = format!("{}-{number:05}", snapshot.pools[pool].name);
            number += 1;
            if snapshot_after.nodes.iter().all(|node| node.name.as_str() != name) {
                break name;
            }
        };
        let used = &mut snapshot_after.pools[pool].used;
        used.add(&snapshot.machine_of(offering).capacity);
        used.add(&Resources::new().with(well_known::NODES, 1));
        let mut node = fold::node_of(snapshot, offering, name);
        node.state = NodeState::Ready;
        if let Some(supply) = snapshot.supply_of(offering) {
            snapshot_after.supplies[supply.get()].cap -= 1;
        }
        move_in(snapshot, &mut node, &launched.pods);
        let moved = launched.pods.iter().map(|pod| pods[pod].clone());
        cluster_after.nodes.push(Node { pods: moved.collect(), ..managed(&node) });
        snapshot_after.nodes.push(node);
    }
    let mut place = 0..;
    snapshot_after.nodes.retain(|_| {
        place.next().is_none_or(|place| {
            place >= snapshot.nodes.len() || !gone.contains(&NodeIndex::new(place))
        })
    });
    snapshot_after.nodes.sort_by(|a, b| a.name.cmp(&b.name));
    cluster_after.nodes.sort_by(|a, b| a.name.cmp(&b.name));
    after
}

fn move_in(snapshot: &Snapshot, node: &mut model::Node, pods: &[PodIndex]) {
    for pod in pods {
        let shape = snapshot.shape_of(*pod);
        node.bound.add(&shape.requests);
        node.rivals.extend(&shape.rivals);
        count(&mut node.matched, &shape.rules.matches);
        count(&mut node.apart, &shape.rules.apart);
    }
    node.rivals.sort_unstable();
    node.rivals.dedup();
    node.room = fold::node_room(&snapshot.daemon_sets, node);
}

/// What a node that goes gives back to the limits of its pool.
fn give_back(before: &Snapshot, after: &mut Snapshot, index: NodeIndex) {
    let node = before.node(index);
    let Some(pool) = after.pools.iter_mut().find(|pool| Some(&pool.name) == node.pool.as_ref())
    else {
        return;
    };
    let type_name = node.labels.get(well_known::INSTANCE_TYPE);
    let class = before.node_class(pool.node_class);
    let machine = class.machines.iter().find(|machine| {
        let name = &before.instance_type(machine.instance_type).name;
        type_name.is_some_and(|wanted| wanted.as_str() == name.as_str())
    });
    pool.used.subtract(machine.map_or(&node.allocatable, |machine| &machine.capacity));
    let nodes = pool.used.get(well_known::NODES).get() - 1;
    pool.used.set(well_known::NODES.into(), Amount::new(nodes));
}
