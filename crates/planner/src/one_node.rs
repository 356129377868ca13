//! Services that are wholly on one node though nothing is saved by it.
//!
//! In: a snapshot, a plan, the services whose pods it places, what was minimised. Out: a finding, where there are
//! such. A service counts where all of these hold:
//!
//! - the plan places two of its pods or more, all on one node, and none of its pods is anywhere else;
//! - no rule between pods is about any of them, so that nobody asked for it;
//! - another node of the plan, new or there, admits one of them, has room for it beside all that the plan puts
//!   there, and is charged no more for it. With that pod there instead the plan buys the same nodes and comes to no
//!   more: which of the two is planned was a tie.
//!
//! New nodes of pools that ask for several values are not looked at, as room there may be kept for their sake.
//! Two pods that could only change places are not looked for.

use model::{
    Finding, FindingCode, LabelKey, LabelValue, NodeState, Objective, Plan, PodIndex, PodShape,
    Resources, Snapshot, TAINT_WEIGHT, Taint, is_disliked, untolerated,
};

/// Most nodes looked at for all services together: nodes are mostly full, so that a service that has no tie
/// looks at all of them; 200,000 take some tens of milliseconds.
const LOOKS_MAX: usize = 200_000;

/// One finding for all such of `services` in the plan: the first by name, and how many there are. Each comes with all
/// of its pods, and with its name as findings have it.
pub fn on_one_node<'s>(
    snapshot: &Snapshot,
    plan: &Plan,
    services: impl IntoIterator<Item = (&'s str, &'s [PodIndex])>,
    objective: Objective,
) -> Option<Finding> {
    let mut services = services.into_iter().peekable();
    services.peek()?;
    let nodes = Nodes::new(snapshot, plan, objective);
    let mut looks = LOOKS_MAX;
    let mut found: Vec<&str> = Vec::new();
    for (name, pods) in services {
        if nodes.only_one(pods).is_some_and(|own| nodes.has_tie(pods, own, &mut looks)) {
            found.push(name);
        }
    }
    let first = found.iter().min()?;
    Some(Finding {
        code: FindingCode::Note,
        object: (*first).to_owned(),
        field: String::new(),
        message:
            "all its pods are on one node of the plan, and another has room for one of them at \
                  the same cost"
                .to_owned(),
        remedy: "spread them over kubernetes.io/hostname if they are to outlive a node".to_owned(),
        count: u64::try_from(found.len()).unwrap_or(u64::MAX),
    })
}

/// Nodes under the plan: new ones, then those that are there.
struct Nodes<'a> {
    snapshot: &'a Snapshot,
    plan: &'a Plan,
    objective: Objective,
    /// Of each pod.
    place: Vec<Option<usize>>,
    /// What is left on each; `None` for those that take no pods or are not looked at.
    left: Vec<Option<Resources>>,
}

impl<'a> Nodes<'a> {
    fn new(snapshot: &'a Snapshot, plan: &'a Plan, objective: Objective) -> Self {
        let new = plan.new_nodes.iter().map(|node| {
            let offering = snapshot.offering(node.offering);
            let is_open = snapshot.pool(offering.pool).min_values.is_empty();
            is_open.then(|| offering.room.clone())
        });
        let there = snapshot.nodes.iter().map(|node| match node.state {
            NodeState::Ready | NodeState::InFlight => Some(node.room.clone()),
            NodeState::Unschedulable => None,
        });
        let left = new.chain(there).collect();
        let place = vec![None; snapshot.pods.len()];
        let mut nodes = Self { snapshot, plan, objective, place, left };
        for (position, node) in plan.new_nodes.iter().enumerate() {
            nodes.put(&node.pods, position);
        }
        for fill in &plan.existing {
            nodes.put(&fill.pods, plan.new_nodes.len() + fill.node.get());
        }
        nodes
    }

    fn put(&mut self, pods: &[PodIndex], node: usize) {
        for pod in pods {
            self.place[pod.get()] = Some(node);
            if let Some(left) = &mut self.left[node] {
                left.subtract(&self.snapshot.shape_of(*pod).requests);
            }
        }
    }

    /// The node that all of two or more pods are on.
    fn only_one(&self, pods: &[PodIndex]) -> Option<usize> {
        let (first, rest) = pods.split_first()?;
        let own = self.place[first.get()]?;
        let together = rest.iter().all(|pod| self.place[pod.get()] == Some(own));
        (!rest.is_empty() && together).then_some(own)
    }

    /// Whether one of `pods`, which no rule is about, could be on another node than `own`.
    fn has_tie(&self, pods: &[PodIndex], own: usize, looks: &mut usize) -> bool {
        let shapes = || pods.iter().map(|pod| self.snapshot.shape_of(*pod));
        if !shapes().all(is_free) {
            return false;
        }
        let mut met: Vec<&PodShape> = Vec::new();
        for shape in shapes() {
            if met.contains(&shape) {
                continue;
            }
            for node in (0..self.left.len()).filter(|node| *node != own) {
                if *looks == 0 {
                    return false;
                }
                *looks -= 1;
                if self.takes(node, shape) && self.is_no_worse(shape, (node, own)) {
                    return true;
                }
            }
            met.push(shape);
        }
        false
    }

    /// Whether a pod of `shape` may be on `node` and has room there.
    fn takes(&self, node: usize, shape: &PodShape) -> bool {
        let has_room = self.left[node].as_ref().is_some_and(|left| shape.requests.fits_in(left));
        let admits = || {
            let label = |key: &LabelKey| self.label(node, key);
            shape.alternatives.iter().any(|one| one.first_refused(label).is_none())
        };
        has_room && untolerated(self.taints(node), &shape.tolerations).is_none() && admits()
    }

    /// Whether a pod of `shape` is charged no more on `node` than on `own`.
    fn is_no_worse(&self, shape: &PodShape, (node, own): (usize, usize)) -> bool {
        self.term(node) <= self.term(own) && self.missed(node, shape) <= self.missed(own, shape)
    }

    /// The interruption term of a pod there.
    fn term(&self, node: usize) -> i64 {
        let new = self.plan.new_nodes.get(node).map(|new| self.snapshot.offering(new.offering));
        new.map_or(0, |offering| self.objective.term(self.snapshot.listing_of(offering)).get())
    }

    /// The weight of what such a pod prefers and does not have there; nothing where it has no price.
    fn missed(&self, node: usize, shape: &PodShape) -> i64 {
        if self.objective.preference_price.is_nothing() {
            return 0;
        }
        let label = |key: &LabelKey| self.label(node, key);
        let missed =
            shape.preferences.iter().filter(|one| one.labels.first_refused(label).is_some());
        let weight: i64 = missed.map(|one| one.weight).sum();
        weight + if is_disliked(self.taints(node), &shape.tolerations) { TAINT_WEIGHT } else { 0 }
    }

    fn taints(&self, node: usize) -> &'a [Taint] {
        match self.plan.new_nodes.get(node) {
            Some(new) => &self.snapshot.pool(self.snapshot.offering(new.offering).pool).taints,
            None => &self.there(node).taints,
        }
    }

    fn label(&self, node: usize, key: &LabelKey) -> Option<&'a str> {
        match self.plan.new_nodes.get(node) {
            Some(new) => self.snapshot.labels_of(self.snapshot.offering(new.offering)).get(key),
            None => self.there(node).labels.get(key).map(LabelValue::as_str),
        }
    }

    fn there(&self, node: usize) -> &'a model::Node {
        &self.snapshot.nodes[node - self.plan.new_nodes.len()]
    }
}

/// Whether no rule between pods is about such a pod.
fn is_free(shape: &PodShape) -> bool {
    let model::PodRules { matches, spreads, together, apart, soft, affinity: _ } = &shape.rules;
    let none = matches.is_empty() && spreads.is_empty() && together.is_empty() && apart.is_empty();
    none && soft.is_empty() && shape.rivals.is_empty()
}
