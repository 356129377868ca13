//! Allocatable as nodes reported it, in place of the estimate.
//!
//! The estimate takes a flat share of memory for hypervisor and kernel; real nodes differ by up to
//! some per cent either way (aws#6611, aws#1959), which decides whether pods sized for a machine
//! fit it.

use model::{InstanceTypeName, Resources};

use crate::facts::TypeFacts;
use crate::settings::{AmiFamily, EvictionHard, NodeClassSettings, Reserved};

/// One measurement. It holds for classes that leave kubelet's reservations, thresholds and
/// `podsPerCore` at their defaults and whose `maxPods` is the one measured with: a reservation that
/// the class sets changes allocatable, and the measurement knows nothing of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MeasuredAllocatable {
    /// The type that was measured.
    pub instance_type: InstanceTypeName,
    /// The image family; `None` holds for every Linux family.
    pub ami_family: Option<AmiFamily>,
    /// The class's `maxPods`; `None` is not set.
    pub max_pods: Option<u32>,
    /// What the node reported, of the resources that were measured.
    pub allocatable: Resources,
    /// Where that is written.
    pub source: String,
    /// Its date, `YYYY-MM-DD`.
    pub date: String,
}

impl MeasuredAllocatable {
    /// Whether this measurement is of `facts` under `settings`.
    pub fn applies(&self, facts: &TypeFacts, settings: &NodeClassSettings) -> bool {
        let family = match self.ami_family {
            Some(family) => family == settings.ami_family,
            None => !settings.ami_family.is_windows(),
        };
        family
            && self.instance_type == facts.name
            && self.max_pods == settings.max_pods
            && settings.pods_per_core.is_none_or(|per_core| per_core == 0)
            && settings.kube_reserved == Reserved::default()
            && settings.system_reserved == Reserved::default()
            && settings.eviction_hard == EvictionHard::default()
    }

    /// Makes capacity less overhead equal what was measured, resource by resource.
    ///
    /// Less than estimated: more is reserved than the estimate knows, so overhead grows. More than
    /// estimated: the kubelet still reserves what it is told to, so the machine itself holds more
    /// and capacity grows.
    pub fn adjust(&self, capacity: &mut Resources, overhead: &mut Resources) {
        for (name, measured) in self.allocatable.iter() {
            let estimated = capacity.get(name.as_str()).get() - overhead.get(name.as_str()).get();
            let surplus = measured.get() - estimated;
            let (side, change) =
                if surplus > 0 { (&mut *capacity, surplus) } else { (&mut *overhead, -surplus) };
            side.add(&[(name.clone(), model::Amount::new(change))].into_iter().collect());
        }
    }
}
