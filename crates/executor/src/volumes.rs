//! Which volumes must be detached from a Node before its instance ends (`lifecycle.md` section 4.2).
//!
//! In: what is attached to the Node, its pods, the volume of each claim. Out: the volumes to wait for.
//! An instance that ends with a volume attached leaves it attached for minutes, and the pod that needs
//! it waits elsewhere.

use std::collections::BTreeSet;

use api::{Pod, VolumeAttachment};
use model::Timestamp;

use crate::drain::is_drainable;

/// Persistent volumes that are attached to the Node and that a drain sets free, sorted. Those of pods
/// that stay to the end are not waited for, also where other pods use them too.
///
/// `volume_of` gives the volume that a claim, by namespace and name, is bound to.
pub fn awaited_volumes<'a>(
    attachments: impl Iterator<Item = &'a VolumeAttachment>,
    pods: &[&Pod],
    volume_of: &dyn Fn(&str, &str) -> Option<String>,
    now: Timestamp,
) -> Vec<String> {
    let staying: BTreeSet<String> = (pods.iter())
        .filter(|pod| !is_drainable(pod, now))
        .flat_map(|pod| {
            let namespace = pod.metadata.namespace.as_deref().unwrap_or("default");
            let claims = pod.spec.volumes.iter();
            let claims = claims.filter_map(|volume| volume.claim_name(&pod.metadata.name));
            claims.filter_map(|claim| volume_of(namespace, &claim)).collect::<Vec<_>>()
        })
        .collect();
    let attached = attachments.filter_map(|one| one.spec.source.persistent_volume_name.clone());
    let awaited: BTreeSet<String> = attached.filter(|volume| !staying.contains(volume)).collect();
    awaited.into_iter().collect()
}
