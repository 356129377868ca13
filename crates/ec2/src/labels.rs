//! Labels that every node of an instance type carries.
//!
//! Derivations as Karpenter's AWS provider v1.15 makes them; the golden test holds them against
//! its documentation. Zone, region, capacity type, pool and class are not the type's own.

use std::collections::BTreeMap;
use std::fmt::{Display, Write as _};

use model::{LabelKey, LabelValue, Labels, well_known};

use crate::facts::{AcceleratorKind, Hypervisor, TypeFacts};

/// A key of the AWS provider.
macro_rules! instance {
    ($suffix:literal) => {
        concat!("karpenter.k8s.aws/instance-", $suffix)
    };
}

/// The labels of `facts` on a Linux node of default tenancy.
pub fn labels(facts: &TypeFacts) -> Labels {
    Labeller::default().labels(facts)
}

/// Makes the labels of many types, which share their keys: a region has some 30,000 labels.
#[derive(Default)]
pub(crate) struct Labeller {
    keys: BTreeMap<&'static str, LabelKey>,
    value: String,
}

/// Takes a key and its value.
type Set<'s> = dyn FnMut(&'static str, &dyn Display) + 's;

impl Labeller {
    /// As [`labels`].
    pub(crate) fn labels(&mut self, facts: &TypeFacts) -> Labels {
        let mut labels = Vec::new();
        let mut set = |key: &'static str, value: &dyn Display| {
            self.value.clear();
            write!(self.value, "{value}").expect("writing to a string cannot fail");
            let key = self.keys.entry(key).or_insert_with(|| key.into());
            labels.push((key.clone(), LabelValue::new(self.value.as_str())));
        };
        set(well_known::INSTANCE_TYPE, &facts.name);
        set(well_known::ARCH, &facts.architecture.as_str());
        set(well_known::OS, &"linux");
        name_parts(facts, &mut set);
        machine(facts, &mut set);
        gpu(facts, &mut set);
        accelerator(facts, &mut set);
        labels.into_iter().collect()
    }
}

/// What the name itself says.
fn name_parts(facts: &TypeFacts, set: &mut Set<'_>) {
    let name = facts.name.as_str();
    let category_end = name.find(|letter: char| !letter.is_ascii_lowercase()).unwrap_or(name.len());
    let (category, rest) = name.split_at(category_end);
    set(instance!("category"), &category);
    if let Some(generation) = generation(rest) {
        set(instance!("generation"), &generation);
    }
    set(instance!("family"), &facts.family());
    set(instance!("size"), &facts.size());
    let flex = facts.family().contains("-flex");
    set(instance!("capability-flex"), &flex);
}

/// The digits after the category; `-6tb` in `u-6tb1` is a size in terabytes, not a generation.
fn generation(after_category: &str) -> Option<&str> {
    let digits_end =
        |text: &str| text.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(text.len());
    let rest = match after_category.strip_prefix('-') {
        Some(size) => size[digits_end(size)..].strip_prefix("tb")?,
        None => after_category,
    };
    Some(&rest[..digits_end(rest)]).filter(|digits| !digits.is_empty())
}

fn machine(facts: &TypeFacts, set: &mut Set<'_>) {
    let hypervisor = match facts.hypervisor {
        Hypervisor::Nitro => "nitro",
        Hypervisor::Xen => "xen",
        Hypervisor::Metal => "",
    };
    set(instance!("cpu"), &facts.vcpu);
    set(instance!("cpu-manufacturer"), &kebab(&facts.cpu_manufacturer));
    set(instance!("encryption-in-transit-supported"), &facts.features.encryption_in_transit);
    set(instance!("hypervisor"), &hypervisor);
    set(instance!("memory"), &facts.memory_mib);
    set(instance!("tenancy"), &"default");
    let nvme = facts.local_storage.filter(|disks| disks.nvme);
    let optional = [
        (instance!("cpu-sustained-clock-speed-mhz"), facts.clock_mhz),
        (instance!("ebs-bandwidth"), facts.ebs_mbps),
        (instance!("network-bandwidth"), facts.bandwidth_mbps),
        (instance!("local-nvme"), nvme.map(|disks| disks.total_gb)),
    ];
    for (key, number) in optional {
        if let Some(number) = number {
            set(key, &number);
        }
    }
}

/// Only where there is exactly one model.
fn gpu(facts: &TypeFacts, set: &mut Set<'_>) {
    let [gpu] = facts.gpus.as_slice() else {
        return;
    };
    set(instance!("gpu-name"), &kebab(&gpu.name));
    set(instance!("gpu-manufacturer"), &kebab(&gpu.manufacturer));
    set(instance!("gpu-count"), &gpu.count);
    set(instance!("gpu-memory"), &gpu.memory_mib);
}

/// Only for inference and Neuron, and only where there is exactly one model.
fn accelerator(facts: &TypeFacts, set: &mut Set<'_>) {
    let mut labelled = facts.accelerators.iter().filter(|one| match one.kind {
        AcceleratorKind::Neuron | AcceleratorKind::Inference => true,
        AcceleratorKind::Fpga | AcceleratorKind::Media => false,
    });
    let (Some(accelerator), None) = (labelled.next(), labelled.next()) else {
        return;
    };
    set(instance!("accelerator-name"), &kebab(&accelerator.name));
    set(instance!("accelerator-manufacturer"), &kebab(&accelerator.manufacturer));
    set(instance!("accelerator-count"), &accelerator.count);
}

fn kebab(name: &str) -> String {
    name.to_ascii_lowercase().replace(' ', "-")
}

#[cfg(test)]
mod tests {
    use super::generation;

    #[test]
    fn generation_is_read_after_the_category_and_a_size_in_terabytes() {
        for (rest, expected) in [
            ("7i.large", Some("7")),
            ("10x.large", Some("10")),
            ("-6tb1.56xlarge", Some("1")),
            ("7i-12tb.224xlarge", Some("7")),
            ("6-b200.48xlarge", Some("6")),
            ("-m4.metal", None),
            (".large", None),
        ] {
            assert_eq!(generation(rest), expected, "{rest}");
        }
    }
}
