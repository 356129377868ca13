//! Labels that every node of an instance type carries.
//!
//! Derivations as Karpenter's AWS provider v1.15 makes them; the golden test holds them against
//! its documentation. Zone, region, capacity type, pool and class are not the type's own.

use model::{LabelKey, LabelValue, Labels, well_known};

use crate::facts::{AcceleratorKind, Hypervisor, TypeFacts};

const PREFIX: &str = "karpenter.k8s.aws/instance-";

/// The labels of `facts` on a Linux node of default tenancy.
pub fn labels(facts: &TypeFacts) -> Labels {
    let mut labels = Labels::new();
    let mut set = |key: String, value: String| {
        labels.insert(LabelKey::new(key), LabelValue::new(value));
    };
    set(well_known::INSTANCE_TYPE.to_owned(), facts.name.to_string());
    set(
        well_known::ARCH.to_owned(),
        facts.architecture.as_str().to_owned(),
    );
    set(well_known::OS.to_owned(), "linux".to_owned());
    let own = [
        Some(name_parts(facts)),
        Some(machine(facts)),
        gpu(facts),
        accelerator(facts),
    ];
    for (suffix, value) in own.into_iter().flatten().flatten() {
        set(format!("{PREFIX}{suffix}"), value);
    }
    labels
}

type Suffixed = Vec<(&'static str, String)>;

/// What the name itself says.
fn name_parts(facts: &TypeFacts) -> Suffixed {
    let name = facts.name.as_str();
    let category_end = name
        .find(|letter: char| !letter.is_ascii_lowercase())
        .unwrap_or(name.len());
    let (category, rest) = name.split_at(category_end);
    let mut parts = vec![
        ("category", category.to_owned()),
        ("family", facts.family().to_owned()),
        ("size", facts.size().to_owned()),
        (
            "capability-flex",
            facts.family().contains("-flex").to_string(),
        ),
    ];
    if let Some(generation) = generation(rest) {
        parts.push(("generation", generation.to_owned()));
    }
    parts
}

/// The digits after the category; `-6tb` in `u-6tb1` is a size in terabytes, not a generation.
fn generation(after_category: &str) -> Option<&str> {
    let digits_end = |text: &str| {
        text.find(|letter: char| !letter.is_ascii_digit())
            .unwrap_or(text.len())
    };
    let rest = match after_category.strip_prefix('-') {
        Some(size) => size[digits_end(size)..].strip_prefix("tb")?,
        None => after_category,
    };
    Some(&rest[..digits_end(rest)]).filter(|digits| !digits.is_empty())
}

fn machine(facts: &TypeFacts) -> Suffixed {
    let hypervisor = match facts.hypervisor {
        Hypervisor::Nitro => "nitro",
        Hypervisor::Xen => "xen",
        Hypervisor::Metal => "",
    };
    let mut parts = vec![
        ("cpu", facts.vcpu.to_string()),
        ("cpu-manufacturer", kebab(&facts.cpu_manufacturer)),
        (
            "encryption-in-transit-supported",
            facts.features.encryption_in_transit.to_string(),
        ),
        ("hypervisor", hypervisor.to_owned()),
        ("memory", facts.memory_mib.to_string()),
        ("tenancy", "default".to_owned()),
    ];
    let nvme = facts.local_storage.filter(|disks| disks.nvme);
    let optional = [
        ("cpu-sustained-clock-speed-mhz", facts.clock_mhz),
        ("ebs-bandwidth", facts.ebs_mbps),
        ("network-bandwidth", facts.bandwidth_mbps),
        ("local-nvme", nvme.map(|disks| disks.total_gb)),
    ];
    for (suffix, number) in optional {
        parts.extend(number.map(|number| (suffix, number.to_string())));
    }
    parts
}

/// Only where there is exactly one model.
fn gpu(facts: &TypeFacts) -> Option<Suffixed> {
    let [gpu] = facts.gpus.as_slice() else {
        return None;
    };
    Some(vec![
        ("gpu-name", kebab(&gpu.name)),
        ("gpu-manufacturer", kebab(&gpu.manufacturer)),
        ("gpu-count", gpu.count.to_string()),
        ("gpu-memory", gpu.memory_mib.to_string()),
    ])
}

/// Only for inference and Neuron, and only where there is exactly one model.
fn accelerator(facts: &TypeFacts) -> Option<Suffixed> {
    let mut labelled = facts.accelerators.iter().filter(|one| match one.kind {
        AcceleratorKind::Neuron | AcceleratorKind::Inference => true,
        AcceleratorKind::Fpga | AcceleratorKind::Media => false,
    });
    let accelerator = labelled.next().filter(|_| labelled.next().is_none())?;
    Some(vec![
        ("accelerator-name", kebab(&accelerator.name)),
        ("accelerator-manufacturer", kebab(&accelerator.manufacturer)),
        ("accelerator-count", accelerator.count.to_string()),
    ])
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
