//! Which domains a spread counts, and that preferences take none of them away.
//!
//! A domain counts where there is a node, or where the pod itself could have one launched. A pod that requires a zone
//! that it prefers could not have one launched in another, and would be spread over that zone alone.

use std::collections::{BTreeMap, BTreeSet};

use model::{LabelKey, Plan, PodIndex, PodShape, ShapeIndex, Snapshot, well_known};

use crate::alternatives::admits;
use crate::remains::Remains;

/// The pods of `plan` for which domains of a spread of theirs that count in `snapshot` do not in `strict`, once it
/// is carried out.
pub(super) fn narrowed(snapshot: &Snapshot, strict: &Snapshot, plan: &Plan) -> Vec<PodIndex> {
    let remains = Remains::after(snapshot, plan);
    let mut known: BTreeMap<(ShapeIndex, ShapeIndex), bool> = BTreeMap::new();
    let bought = plan.new_nodes.iter().flat_map(|node| &node.pods);
    let placed = bought.chain(plan.existing.iter().flat_map(|fill| &fill.pods)).copied();
    let is_narrowed = |pod: &PodIndex| {
        let shapes = (snapshot.pod(*pod).shape, strict.pod(*pod).shape);
        *known.entry(shapes).or_insert_with(|| {
            let (before, after) = (snapshot.shape(shapes.0), strict.shape(shapes.1));
            is_narrower(snapshot, &remains, before, after)
        })
    };
    placed.filter(is_narrowed).collect()
}

/// Whether pods of `after` can be launched in fewer domains of the spreads of `before` than these.
fn is_narrower(
    snapshot: &Snapshot,
    remains: &Remains,
    before: &PodShape,
    after: &PodShape,
) -> bool {
    let spreads = before.rules.spreads.iter().map(|spread| &snapshot.spread(*spread).key);
    let keys: BTreeSet<&LabelKey> =
        spreads.filter(|key| key.as_str() != well_known::HOSTNAME).collect();
    let is_other = before.alternatives != after.alternatives;
    is_other
        && keys.into_iter().any(|key| {
            !opened(snapshot, remains, before, key)
                .is_subset(&opened(snapshot, remains, after, key))
        })
}

/// The domains of `key` in which a pod of `shape` could have a node launched.
fn opened<'a>(
    snapshot: &'a Snapshot,
    remains: &Remains,
    shape: &PodShape,
    key: &LabelKey,
) -> BTreeSet<&'a str> {
    let offerings = snapshot.offerings.iter();
    let open = offerings.filter(|offering| {
        snapshot.listing_of(offering).price.is_some()
            && admits(snapshot, offering, shape)
            && remains.have(snapshot, offering)
    });
    open.filter_map(|offering| snapshot.labels_of(offering).get(key)).collect()
}
