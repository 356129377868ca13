//! Every pod is in exactly one place, places have pods, and lists are in order.

use model::{Plan, PodIndex, Snapshot};

use crate::found::Found;
use crate::{Place, Violation, facts};

/// A place of the plan, cheap to copy.
#[derive(Clone, Copy)]
enum Spot {
    New(usize),
    Existing(usize),
    LeftOut(usize),
}

struct Census<'a> {
    snapshot: &'a Snapshot,
    plan: &'a Plan,
    spots: Vec<Option<Spot>>,
}

/// Reports pods that are nowhere or twice, empty places, lists out of order, mixed groups.
pub(super) fn check(snapshot: &Snapshot, plan: &Plan, found: &mut Found) {
    let mut census = Census { snapshot, plan, spots: vec![None; snapshot.pods.len()] };
    for (position, node) in plan.new_nodes.iter().enumerate() {
        census.visit(Spot::New(position), &node.pods, found);
    }
    for (position, fill) in plan.existing.iter().enumerate() {
        census.visit(Spot::Existing(position), &fill.pods, found);
        let before = position.checked_sub(1).map(|before| &plan.existing[before]);
        if before.is_some_and(|before| before.node >= fill.node) {
            found.push(Violation::OutOfOrder { place: census.place(Spot::Existing(position)) });
        }
    }
    for (position, group) in plan.unschedulable.iter().enumerate() {
        census.visit(Spot::LeftOut(position), &group.pods, found);
        census.one_shape(Spot::LeftOut(position), &group.pods, found);
    }
    for (pod, spot) in snapshot.pods.iter().zip(&census.spots) {
        if spot.is_none() {
            found.push(Violation::PodMissing { pod: pod.name.clone() });
        }
    }
}

impl Census<'_> {
    fn visit(&mut self, spot: Spot, pods: &[PodIndex], found: &mut Found) {
        if pods.is_empty() {
            found.push(Violation::EmptyPlace { place: self.place(spot) });
        }
        if !pods.is_sorted() {
            found.push(Violation::OutOfOrder { place: self.place(spot) });
        }
        for pod in pods {
            match self.spots[pod.get()] {
                None => self.spots[pod.get()] = Some(spot),
                Some(first) => found.push(Violation::PodTwice {
                    pod: self.snapshot.pod(*pod).name.clone(),
                    first: self.place(first),
                    second: self.place(spot),
                }),
            }
        }
    }

    fn one_shape(&self, spot: Spot, pods: &[PodIndex], found: &mut Found) {
        let Some(first) = pods.first().map(|first| self.snapshot.pod(*first)) else {
            return;
        };
        let mut all = pods.iter().map(|pod| self.snapshot.pod(*pod));
        if let Some(other) = all.find(|pod| pod.shape != first.shape) {
            found.push(Violation::MixedShapes {
                place: self.place(spot),
                pod: first.name.clone(),
                other: other.name.clone(),
            });
        }
    }

    fn place(&self, spot: Spot) -> Place {
        match spot {
            Spot::New(position) => {
                let offering = self.plan.new_nodes[position].offering;
                facts::new_node(self.snapshot, position, offering)
            }
            Spot::Existing(position) => {
                facts::node(self.snapshot, self.plan.existing[position].node)
            }
            Spot::LeftOut(position) => Place::LeftOut(position),
        }
    }
}
