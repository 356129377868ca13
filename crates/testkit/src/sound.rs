//! What every plan must satisfy.

use std::collections::BTreeSet;
use std::fmt::Debug;

use model::{Plan, PodName, Snapshot};

use crate::apply;

/// Asserts that the checker accepts `plan`, and that once it is applied, planning again changes
/// nothing: no node bought, no pod placed, the same pods left out, which the checker accepts too.
///
/// Solver and checker come in as closures, so that this crate depends on neither.
///
/// # Panics
/// Where one of these does not hold, with the checker's violations or the second plan.
pub fn assert_sound<C, E: Debug>(
    snapshot: &Snapshot,
    plan: &Plan,
    replan: impl Fn(&Snapshot) -> Plan,
    check: impl Fn(&Snapshot, Plan) -> Result<C, E>,
) {
    let refused = check(snapshot, plan.clone()).err();
    assert!(refused.is_none(), "the plan is refused: {refused:#?}");
    let after = apply(snapshot, plan);
    let again = replan(&after);
    assert!(
        again.new_nodes.is_empty() && again.existing.is_empty(),
        "planning again changes something: {again:#?}"
    );
    assert_eq!(
        left_out(snapshot, plan),
        left_out(&after, &again),
        "planning again leaves out other pods"
    );
    let refused = check(&after, again).err();
    assert!(refused.is_none(), "the second plan is refused: {refused:#?}");
}

/// The names of the pods that `plan` leaves out.
pub fn left_out(snapshot: &Snapshot, plan: &Plan) -> BTreeSet<PodName> {
    let groups = plan.unschedulable.iter();
    groups.flat_map(|group| &group.pods).map(|pod| snapshot.pod(*pod).name.clone()).collect()
}
