//! The snapshot after a plan.
//!
//! Input: a snapshot and a plan whose indices are its own. Output: the same moment once the plan was
//! asked for and before anything else happens: new nodes are in flight, placed pods are promised to
//! their nodes and gone from the pods that want one, pools use more, supplies have less; pods left
//! out still wait.

use std::collections::BTreeSet;

use model::{Node, Plan, PodIndex, Resources, Snapshot, well_known};

use crate::fold;

/// The snapshot after `plan`. New nodes are called `<pool>-<number>`, numbers from 0 in plan order
/// per pool, skipping names that are taken.
pub fn apply(snapshot: &Snapshot, plan: &Plan) -> Snapshot {
    let mut after = snapshot.clone();
    let mut names: BTreeSet<String> =
        (snapshot.nodes.iter()).map(|node| node.name.as_str().to_owned()).collect();
    let mut placed = vec![false; snapshot.pods.len()];
    let mut promise = |node: &mut Node, pods: &[PodIndex]| {
        for pod in pods {
            placed[pod.get()] = true;
            node.bound.add(&snapshot.shape_of(*pod).requests);
            node.rivals.extend(&snapshot.shape_of(*pod).rivals);
            count(&mut node.matched, &snapshot.shape_of(*pod).rules.matches);
            count(&mut node.apart, &snapshot.shape_of(*pod).rules.apart);
        }
        node.rivals.sort_unstable();
        node.rivals.dedup();
    };
    for fill in &plan.existing {
        let node = &mut after.nodes[fill.node.get()];
        promise(node, &fill.pods);
        node.room = fold::node_room(&snapshot.daemon_sets, node);
    }
    let mut next = vec![0_usize; snapshot.pools.len()];
    for bought in &plan.new_nodes {
        let offering = snapshot.offering(bought.offering);
        let pool = &mut after.pools[offering.pool.get()];
        let number = &mut next[offering.pool.get()];
        let name = loop {
            let name = format!("{}-{:05}", pool.name, *number);
            *number += 1;
            if names.insert(name.clone()) {
                break name;
            }
        };
        let machine = snapshot.machine_of(offering);
        pool.used.add(&machine.capacity);
        pool.used.add(&Resources::new().with(well_known::NODES, 1));
        let mut node = fold::node_of(snapshot, offering, name);
        promise(&mut node, &bought.pods);
        if let Some(supply) = snapshot.supply_of(offering) {
            after.supplies[supply.get()].cap -= 1;
        }
        node.room = fold::node_room(&snapshot.daemon_sets, &node);
        if !pool.min_values.is_empty() {
            // It may yet become a machine of any of these values, which hold its pods and maybe no more.
            node.allocatable.subtract(&node.room);
            node.room = fold::node_room(&snapshot.daemon_sets, &node);
        }
        after.nodes.push(node);
    }
    after.nodes.sort_by(|a, b| a.name.cmp(&b.name));
    let mut placed = placed.into_iter();
    after.pods.retain(|_| !placed.next().unwrap_or(false));
    after
}

/// Counts one more pod of each of `these`.
pub(crate) fn count<I: Copy + Ord>(counts: &mut Vec<(I, i64)>, these: &[I]) {
    for one in these {
        match counts.binary_search_by_key(one, |entry| entry.0) {
            Ok(place) => counts[place].1 += 1,
            Err(place) => counts.insert(place, (*one, 1)),
        }
    }
}
