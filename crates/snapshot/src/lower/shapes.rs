//! Pods of objects and of recorded lists as one list with sorted, distinct shapes.

use model::{Pod, PodShape, Requirements, ShapeIndex};

use crate::RecordedPods;
use crate::pods::PodSet;

/// Sorted shapes, and the pods of objects followed by those of recorded lists.
pub(super) fn merge(pods: &mut PodSet, recorded: RecordedPods) -> (Vec<PodShape>, Vec<Pod>) {
    let of_objects = std::mem::take(&mut pods.shapes);
    let of_recorded = recorded.shapes.into_iter().map(|requests| PodShape {
        requests,
        alternatives: vec![Requirements::new()],
        ..PodShape::default()
    });
    let offset = of_objects.len();
    let met: Vec<PodShape> = of_objects.into_iter().chain(of_recorded).collect();
    let mut shapes = met.clone();
    shapes.sort();
    shapes.dedup();
    let sorted: Vec<ShapeIndex> = met
        .iter()
        .map(|shape| {
            let place = shapes.binary_search(shape);
            ShapeIndex::new(place.expect("every shape is in the sorted list"))
        })
        .collect();
    let own =
        std::mem::take(&mut pods.pods).into_iter().map(|(name, shape)| (name, shape as usize));
    let recorded = recorded.pods.into_iter().map(|(name, shape)| (name, offset + shape as usize));
    let pods =
        own.chain(recorded).map(|(name, shape)| Pod { name, shape: sorted[shape] }).collect();
    (shapes, pods)
}
