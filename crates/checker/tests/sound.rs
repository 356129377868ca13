//! Plans of a plain first fit are accepted, on random worlds too, and each pod that they move to a
//! place without room is missed.

use model::{
    NewNode, NodeFill, NodeIndex, NodeState, OfferingIndex, Plan, PodIndex, PodShape, Resources,
    Snapshot, Unschedulable, untolerated,
};
use proptest::prelude::*;
use testkit::{apply, assert_sound, rename, shuffle_pods, world, worlds};

use checker::check;

use crate::support::explained;

/// A node being filled.
struct Bin {
    room: Resources,
    pods: Vec<PodIndex>,
    which: Which,
}

enum Which {
    New(usize),
    There(usize),
}

/// Places pods one by one: on the first node that takes them, else on a new node of the first
/// offering that holds them and is within limits, pools by weight.
fn first_fit(snapshot: &Snapshot) -> Plan {
    let mut bins: Vec<Bin> = (snapshot.nodes.iter().enumerate())
        .filter(|(_, node)| node.state != NodeState::Unschedulable)
        .map(|(position, node)| Bin {
            room: node.room.clone(),
            pods: Vec::new(),
            which: Which::There(position),
        })
        .collect();
    let mut used: Vec<Resources> = snapshot.pools.iter().map(|pool| pool.used.clone()).collect();
    let mut supplies: Vec<i64> = snapshot.supplies.iter().map(|supply| supply.cap).collect();
    let mut left: Vec<Vec<PodIndex>> = vec![Vec::new(); snapshot.shapes.len()];
    for (position, pod) in snapshot.pods.iter().enumerate() {
        let shape = snapshot.shape(pod.shape);
        let index = PodIndex::new(position);
        let bin = bins.iter_mut().find(|bin| {
            shape.requests.fits_in(&bin.room)
                && admits(snapshot, shape, &bin.which)
                && !meets_rival(snapshot, shape, &bin.which, &bin.pods)
        });
        if let Some(bin) = bin {
            bin.room.subtract(&shape.requests);
            bin.pods.push(index);
        } else if let Some(offering) = buyable(snapshot, shape, &used, &supplies) {
            let bought = &snapshot.offerings[offering];
            let mut room = bought.room.clone();
            room.subtract(&shape.requests);
            used[bought.pool.get()].add(&draw(snapshot, offering));
            if let Some(supply) = snapshot.supply_of(bought) {
                supplies[supply.get()] -= 1;
            }
            bins.push(Bin { room, pods: vec![index], which: Which::New(offering) });
        } else {
            left[pod.shape.get()].push(index);
        }
    }
    plan_of(snapshot, bins, left)
}

fn plan_of(snapshot: &Snapshot, bins: Vec<Bin>, left: Vec<Vec<PodIndex>>) -> Plan {
    let mut plan = Plan::default();
    for bin in bins.into_iter().filter(|bin| !bin.pods.is_empty()) {
        match bin.which {
            Which::New(offering) => plan
                .new_nodes
                .push(NewNode { offering: OfferingIndex::new(offering), pods: bin.pods }),
            Which::There(node) => {
                let node = NodeIndex::new(node);
                plan.existing.push(NodeFill { node, pods: bin.pods });
            }
        }
    }
    let groups = left.into_iter().filter(|pods| !pods.is_empty());
    plan.unschedulable = groups.map(|pods| Unschedulable { pods, reasons: Vec::new() }).collect();
    explained(snapshot, plan)
}

fn admits(snapshot: &Snapshot, shape: &PodShape, which: &Which) -> bool {
    let (taints, alternative) = match which {
        Which::New(offering) => {
            let offering = &snapshot.offerings[*offering];
            let labels = snapshot.labels_of(offering);
            let mut terms = shape.alternatives.iter();
            let any = terms.any(|terms| terms.first_refused(|key| labels.get(key)).is_none());
            (&snapshot.pool(offering.pool).taints, any)
        }
        Which::There(node) => {
            let node = &snapshot.nodes[*node];
            let value = |key: &model::LabelKey| node.labels.get(key).map(model::LabelValue::as_str);
            let mut terms = shape.alternatives.iter();
            let any = terms.any(|terms| terms.first_refused(value).is_none());
            (&node.taints, any)
        }
    };
    alternative && untolerated(taints, &shape.tolerations).is_none()
}

fn draw(snapshot: &Snapshot, offering: usize) -> Resources {
    let capacity = &snapshot.machine_of(&snapshot.offerings[offering]).capacity;
    capacity.clone().with("nodes", 1)
}

/// Whether one of `pods`, or what was on the node before, is a rival of `shape`.
fn meets_rival(snapshot: &Snapshot, shape: &PodShape, which: &Which, pods: &[PodIndex]) -> bool {
    let before = match which {
        Which::New(_) => &[][..],
        Which::There(node) => &snapshot.nodes[*node].rivals,
    };
    let planned = pods.iter().flat_map(|pod| &snapshot.shape_of(*pod).rivals);
    before.iter().chain(planned).any(|group| shape.rivals.contains(group))
}

fn buyable(
    snapshot: &Snapshot,
    shape: &PodShape,
    used: &[Resources],
    supplies: &[i64],
) -> Option<usize> {
    (0..snapshot.offerings.len()).find(|position| {
        let offering = &snapshot.offerings[*position];
        let pool = offering.pool.get();
        let mut after = used[pool].clone();
        after.add(&draw(snapshot, *position));
        let mut limits = snapshot.pools[pool].limits.iter();
        snapshot.listing_of(offering).price.is_some()
            && snapshot.supply_of(offering).is_none_or(|supply| supplies[supply.get()] > 0)
            && shape.requests.fits_in(&offering.room)
            && admits(snapshot, shape, &Which::New(*position))
            && limits.all(|(name, limit)| after.get(name.as_str()) <= *limit)
    })
}

/// Moves one pod to the end of another place of the plan.
fn misplace(plan: &Plan, from: usize, to: usize) -> Plan {
    let mut moved = plan.clone();
    let mut places: Vec<&mut Vec<PodIndex>> = Vec::new();
    places.extend(moved.new_nodes.iter_mut().map(|node| &mut node.pods));
    places.extend(moved.existing.iter_mut().map(|fill| &mut fill.pods));
    let (from, to) = (from % places.len(), to % places.len());
    if places[from].len() > 1 {
        let pod = places[from].remove(0);
        places[to].push(pod);
        places[to].sort_unstable();
    }
    moved
}

/// Whether each node of the plan holds its pods, by the folded figures.
fn holds(snapshot: &Snapshot, plan: &Plan) -> bool {
    let new = plan.new_nodes.iter().map(|node| {
        let position = node.offering.get();
        (&node.pods, &snapshot.offerings[position].room, Which::New(position))
    });
    let there = plan.existing.iter().map(|fill| {
        let position = fill.node.get();
        (&fill.pods, &snapshot.nodes[position].room, Which::There(position))
    });
    new.chain(there).all(|(pods, room, which)| {
        let mut sum = Resources::new();
        for pod in pods {
            sum.add(&snapshot.shape_of(*pod).requests);
        }
        let apart = pods.iter().enumerate().all(|(position, pod)| {
            !meets_rival(snapshot, snapshot.shape_of(*pod), &which, &pods[..position])
        });
        let shapes = pods.iter().map(|pod| snapshot.shape_of(*pod));
        apart
            && sum.fits_in(room)
            && shapes.into_iter().all(|shape| admits(snapshot, shape, &which))
    })
}

/// A world without spreads, terms between pods and least values, of which a first fit knows nothing.
fn unspread(text: &str) -> Snapshot {
    let lines = text.lines().map(|line| {
        let between = ["spread=", "with=", "apart="];
        let words = line.split(' ');
        let words = words.filter(|word| !between.iter().any(|start| word.starts_with(start)));
        words.collect::<Vec<&str>>().join(" ")
    });
    let mut snapshot = world(&lines.collect::<Vec<String>>().join("\n"));
    snapshot.pools.iter_mut().for_each(|pool| pool.min_values.clear());
    snapshot
}

proptest! {
    #[test]
    fn first_fit_is_accepted_and_stays(text in worlds(), seed in any::<u64>()) {
        let snapshot = unspread(&text);
        for snapshot in [shuffle_pods(&snapshot, seed), rename(&snapshot, seed), snapshot] {
            let plan = first_fit(&snapshot);
            assert_sound(&snapshot, &plan, first_fit, check);
            prop_assert_eq!(apply(&snapshot, &plan).nodes.len(), snapshot.nodes.len() + plan.new_nodes.len());
        }
    }

    #[test]
    fn a_pod_that_is_moved_is_accepted_only_where_it_fits(
        text in worlds(),
        from in any::<prop::sample::Index>(),
        to in any::<prop::sample::Index>(),
    ) {
        let snapshot = unspread(&text);
        let plan = first_fit(&snapshot);
        let places = plan.new_nodes.len() + plan.existing.len();
        prop_assume!(places > 1);
        let moved = misplace(&plan, from.index(places), to.index(places));
        if !holds(&snapshot, &moved) {
            prop_assert!(check(&snapshot, moved).is_err());
        }
    }
}
