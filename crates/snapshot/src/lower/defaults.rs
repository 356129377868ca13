//! The pools that are assumed where the input has none.
//!
//! `default`: categories c, m, r. `default-gpu`: categories g and p, only where a pod asks for
//! GPUs. Both: generation above 2, no bare metal, amd64 on demand unless widened.

use std::collections::BTreeSet;

use model::{
    CapacityType, LabelKey, Labels, NodeClassName, Operator, PodShape, Requirement, Requirements,
    well_known,
};

use super::pools::{PoolDraft, one_of};

/// Resources that only GPU types have.
const GPUS: [&str; 2] = [well_known::NVIDIA_GPU, "amd.com/gpu"];

/// How the assumed pools are widened; `amd64` and on-demand are always in.
#[derive(Clone, Copy, Debug)]
pub(super) struct Widening<'a> {
    /// Values of `kubernetes.io/arch`.
    pub(super) architectures: &'a [String],
    /// Capacity types.
    pub(super) capacity_types: &'a [CapacityType],
}

/// The assumed pools and what they are in one line.
pub(super) fn pools(
    shapes: &[PodShape],
    class: &NodeClassName,
    widening: Widening<'_>,
) -> (Vec<PoolDraft>, String) {
    let mut architectures = BTreeSet::from(["amd64"]);
    architectures.extend(widening.architectures.iter().map(String::as_str));
    let mut capacity_types = BTreeSet::from([CapacityType::OnDemand.as_str()]);
    capacity_types.extend(widening.capacity_types.iter().map(|one| one.as_str()));
    let architectures: Vec<&str> = architectures.into_iter().collect();
    let capacity_types: Vec<&str> = capacity_types.into_iter().collect();
    let pool = |name: &str, categories: &[&str]| {
        let requirements: Requirements = [
            one_of(well_known::ARCH, &architectures),
            one_of(well_known::CAPACITY_TYPE, &capacity_types),
            one_of("karpenter.k8s.aws/instance-category", categories),
            one_of("karpenter.k8s.aws/instance-hypervisor", &["nitro", "xen"]),
            above("karpenter.k8s.aws/instance-generation", 2),
        ]
        .into_iter()
        .collect();
        PoolDraft::new(name, class.clone(), requirements, Labels::new())
    };
    let mut pools = vec![pool("default", &["c", "m", "r"])];
    let wants_gpus = shapes
        .iter()
        .any(|shape| GPUS.iter().any(|gpu| shape.requests.get(gpu) > model::Amount::ZERO));
    let mut categories = "c m r".to_owned();
    if wants_gpus {
        pools.push(pool("default-gpu", &["g", "p"]));
        categories.push_str(" (g p for pods that ask for GPUs)");
    }
    let description = format!(
        "no NodePool given, assumed: {}, {}, categories {categories}, generation > 2, no metal",
        architectures.join(" "),
        capacity_types.join(" "),
    );
    (pools, description)
}

fn above(key: &str, bound: i64) -> (LabelKey, Requirement) {
    let requirement = Requirement::new(Operator::Gt, &[bound.to_string()]);
    (LabelKey::from(key), requirement.expect("Gt takes one integer"))
}
