//! What a machine holds before anything is reserved.
//!
//! Karpenter's AWS provider v1.15 (`scheduling.md` section 21.1 of its behaviour, held by the
//! golden test). Discovered capacity is the business of [`crate::MeasuredAllocatable`].

use model::{Amount, Resources, well_known};

use crate::facts::{AcceleratorKind, Architecture, TypeFacts};
use crate::settings::{AmiFamily, InstanceStorePolicy, NodeClassSettings};

const MIB: i64 = 1 << 20;

/// Memory that the kernel keeps for contiguous allocation on arm64, in MiB.
const ARM64_CMA_MIB: u32 = 64;

/// Pods per node where the image family does not derive them from network interfaces.
const DEFAULT_PODS: u32 = 110;

/// Capacity of `facts` under `settings`: CPU, memory, local disk, pods, GPUs and the like.
pub fn capacity(facts: &TypeFacts, settings: &NodeClassSettings) -> Resources {
    let mut capacity = Resources::new();
    let mut add = |name: &str, amount: i64| {
        let sum = capacity.get(name).get().saturating_add(amount);
        capacity.set(name.into(), Amount::new(sum));
    };
    add(well_known::CPU, i64::from(facts.vcpu) * 1000);
    add(well_known::MEMORY, memory_mib(facts, settings) * MIB);
    add(well_known::EPHEMERAL_STORAGE, ephemeral_storage(facts, settings).get());
    add(well_known::PODS, i64::from(pods(facts, settings)));
    for gpu in &facts.gpus {
        if let Some(name) = gpu_resource(&gpu.manufacturer) {
            add(name, i64::from(gpu.count));
        }
    }
    for accelerator in &facts.accelerators {
        if accelerator.kind == AcceleratorKind::Neuron {
            let (count, cores) = (i64::from(accelerator.count), i64::from(accelerator.cores));
            add("aws.amazon.com/neuron", count);
            add("aws.amazon.com/neuroncore", count * cores);
        }
    }
    let efa = settings.network_interfaces.map_or(facts.efa, |interfaces| interfaces.efa);
    add("vpc.amazonaws.com/efa", i64::from(efa));
    add("vpc.amazonaws.com/pod-eni", i64::from(facts.branch_enis));
    if settings.ami_family.is_windows() {
        let addresses = i64::from(facts.ipv4_per_eni.saturating_sub(1));
        add("vpc.amazonaws.com/PrivateIPv4Address", addresses);
    }
    capacity
}

/// Pods at most: `maxPods`, else by network interfaces where the family supports it, else 110;
/// never above `podsPerCore` times CPUs where that applies.
pub fn pods(facts: &TypeFacts, settings: &NodeClassSettings) -> u32 {
    let by_interfaces = || {
        let efa_only =
            settings.network_interfaces.map_or(0, |interfaces| interfaces.efa_only_on_default_card);
        eni_limited_pods(facts, settings.reserved_enis.saturating_add(efa_only))
    };
    let pods = settings.max_pods.unwrap_or_else(|| match settings.ami_family {
        AmiFamily::Al2 | AmiFamily::Al2023 | AmiFamily::Bottlerocket | AmiFamily::Custom => {
            by_interfaces()
        }
        AmiFamily::Windows2019 | AmiFamily::Windows2022 | AmiFamily::Windows2025 => DEFAULT_PODS,
    });
    match settings.pods_per_core {
        Some(per_core) if per_core > 0 && settings.ami_family != AmiFamily::Bottlerocket => {
            pods.min(per_core.saturating_mul(facts.vcpu))
        }
        _ => pods,
    }
}

/// Pods that get an address from the default card's interfaces less `unusable_enis`, and two that
/// use the host's network: interfaces × (addresses − 1) + 2; 0 where no interface is left.
///
/// Source: the AWS VPC CNI's `eni-max-pods`. Prefix delegation is not modelled; its users set
/// `maxPods`.
pub fn eni_limited_pods(facts: &TypeFacts, unusable_enis: u32) -> u32 {
    let usable = facts.enis.saturating_sub(unusable_enis);
    if usable == 0 {
        return 0;
    }
    usable.saturating_mul(facts.ipv4_per_eni.saturating_sub(1)).saturating_add(2)
}

/// EC2's figure less what the kernel keeps on arm64, less the estimated share of hypervisor and
/// kernel, rounded up to whole MiB.
fn memory_mib(facts: &TypeFacts, settings: &NodeClassSettings) -> i64 {
    let stated = match facts.architecture {
        Architecture::Arm64 => facts.memory_mib.saturating_sub(ARM64_CMA_MIB),
        Architecture::Amd64 | Architecture::Amd64Mac | Architecture::Arm64Mac => facts.memory_mib,
    };
    let share = u64::from(stated) * u64::from(settings.vm_memory_overhead_millionths);
    let kept = i64::try_from(share.div_ceil(1_000_000)).unwrap_or(i64::MAX);
    (i64::from(stated) - kept).max(0)
}

fn ephemeral_storage(facts: &TypeFacts, settings: &NodeClassSettings) -> Amount {
    if let (Some(InstanceStorePolicy::Raid0), Some(disks)) =
        (settings.instance_store_policy, facts.local_storage)
    {
        return Amount::new(i64::from(disks.total_gb) * 1_000_000_000);
    }
    settings.ephemeral_volume.unwrap_or_else(|| settings.ami_family.default_ephemeral_volume())
}

fn gpu_resource(manufacturer: &str) -> Option<&'static str> {
    match manufacturer {
        "NVIDIA" => Some(well_known::NVIDIA_GPU),
        "AMD" => Some("amd.com/gpu"),
        "Habana" => Some("habana.ai/gaudi"),
        _ => None,
    }
}
