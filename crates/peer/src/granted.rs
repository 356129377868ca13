//! What a plan grants of what pods prefer, as what they require.
//!
//! Two plans are compared at equal satisfied weight where the one is made of pods that require what the
//! other gives them, and prefer nothing. Pools' weights are then judged as if it were required, as it is to
//! Karpenter.

use model::{LabelKey, LabelValue, Plan, PodShape, Requirement, Snapshot, Taint, is_disliked};

/// `snapshot` in which pods require what `plan` grants them of what they prefer, and prefer nothing; the
/// same where no pod prefers anything.
pub(crate) fn granted(snapshot: &Snapshot, plan: &Plan) -> Snapshot {
    let is_soft = |taint: &Taint| taint.effect == model::Effect::PreferNoSchedule;
    let of_nodes = snapshot.nodes.iter().flat_map(|node| &node.taints);
    let mut taints = snapshot.pools.iter().flat_map(|pool| &pool.taints).chain(of_nodes);
    let prefers = |shape: &PodShape| !shape.preferences.is_empty();
    if !taints.any(is_soft) && !snapshot.shapes.iter().any(prefers) {
        return snapshot.clone();
    }
    let mut shapes: Vec<PodShape> =
        snapshot.pods.iter().map(|pod| snapshot.shape(pod.shape).clone()).collect();
    for node in &plan.new_nodes {
        let offering = snapshot.offering(node.offering);
        let labels = snapshot.labels_of(offering);
        let taints = &snapshot.pool(offering.pool).taints;
        for pod in &node.pods {
            require(snapshot, &mut shapes[pod.get()], taints, |key| labels.get(key));
        }
    }
    for fill in &plan.existing {
        let node = snapshot.node(fill.node);
        for pod in &fill.pods {
            require(snapshot, &mut shapes[pod.get()], &node.taints, |key| {
                node.labels.get(key).map(LabelValue::as_str)
            });
        }
    }
    for shape in &mut shapes {
        shape.preferences.clear();
    }
    snapshot.with_shapes(shapes)
}

/// The weight of what the pods of `plan` prefer of their nodes' labels and have.
pub(crate) fn satisfied(snapshot: &Snapshot, plan: &Plan) -> i64 {
    let mut sum = 0;
    for node in &plan.new_nodes {
        let labels = snapshot.labels_of(snapshot.offering(node.offering));
        for pod in &node.pods {
            sum += weight_had(snapshot.shape_of(*pod), |key| labels.get(key));
        }
    }
    for fill in &plan.existing {
        let node = snapshot.node(fill.node);
        for pod in &fill.pods {
            let shape = snapshot.shape_of(*pod);
            sum += weight_had(shape, |key| node.labels.get(key).map(LabelValue::as_str));
        }
    }
    sum
}

fn weight_had<'v>(shape: &PodShape, label: impl Fn(&LabelKey) -> Option<&'v str>) -> i64 {
    let had = shape.preferences.iter().filter(|one| one.labels.first_refused(&label).is_none());
    had.map(|one| one.weight).sum()
}

/// What of the preferences of `shape` a node with these taints and labels grants becomes required.
fn require<'v>(
    snapshot: &Snapshot,
    shape: &mut PodShape,
    taints: &[Taint],
    label: impl Fn(&LabelKey) -> Option<&'v str>,
) {
    let mut asked: Vec<(LabelKey, Requirement)> = Vec::new();
    for preference in &shape.preferences {
        if preference.labels.first_refused(&label).is_none() {
            let each = preference.labels.iter();
            asked.extend(each.map(|(key, requirement)| (key.clone(), requirement.clone())));
        }
    }
    if !is_disliked(taints, &shape.tolerations) {
        asked.extend(snapshot.other_pools(shape));
    }
    shape.require(&asked);
}
