//! What of a machine pods cannot use: kube-reserved, system-reserved and eviction threshold.
//!
//! Karpenter's AWS provider v1.15 (`scheduling.md` section 21.2 of its behaviour). Soft eviction
//! does not lower allocatable.

use model::{Amount, Resources, well_known};

use crate::capacity::{capacity, eni_limited_pods, pods};
use crate::facts::TypeFacts;
use crate::settings::{AmiFamily, NodeClassSettings, Reserved, Threshold};

const MIB: i64 = 1 << 20;
const GIB: i64 = 1 << 30;

/// What of each slice of a core is reserved, up to a number of millicores, in ten-thousandths.
const CPU_SLICES: [(i64, i64); 4] = [(1000, 600), (2000, 100), (4000, 50), (i64::MAX, 25)];

/// Kube-reserved memory: this much per pod and once, in MiB.
const MEMORY_PER_POD_MIB: i64 = 11;
const MEMORY_BASE_MIB: i64 = 255;

/// Overhead of `facts` under `settings` in CPU, memory and local disk.
pub fn overhead(facts: &TypeFacts, settings: &NodeClassSettings) -> Resources {
    overhead_of(facts, settings, &capacity(facts, settings))
}

/// As [`overhead`], where the capacity is known already.
pub(crate) fn overhead_of(
    facts: &TypeFacts,
    settings: &NodeClassSettings,
    capacity: &Resources,
) -> Resources {
    let kube = settings.kube_reserved;
    let mut overhead = amounts(Reserved {
        cpu: Some(kube.cpu.unwrap_or_else(|| kube_reserved_cpu(facts))),
        memory: Some(kube.memory.unwrap_or_else(|| kube_reserved_memory(facts, settings))),
        ephemeral_storage: Some(kube.ephemeral_storage.unwrap_or(Amount::new(GIB))),
    });
    overhead.add(&amounts(settings.system_reserved));
    let eviction = settings.eviction_hard;
    overhead.add(&amounts(Reserved {
        cpu: None,
        memory: Some(threshold(
            eviction.memory_available.unwrap_or(Threshold::Amount(Amount::new(100 * MIB))),
            capacity.get(well_known::MEMORY),
        )),
        ephemeral_storage: Some(threshold(
            eviction.nodefs_available.unwrap_or(Threshold::Share(100_000)),
            capacity.get(well_known::EPHEMERAL_STORAGE),
        )),
    }));
    overhead
}

fn amounts(reserved: Reserved) -> Resources {
    let Reserved { cpu, memory, ephemeral_storage } = reserved;
    [
        (well_known::CPU, cpu),
        (well_known::MEMORY, memory),
        (well_known::EPHEMERAL_STORAGE, ephemeral_storage),
    ]
    .into_iter()
    .filter_map(|(name, amount)| Some((name.into(), amount?)))
    .collect()
}

/// Each slice is cut to whole millicores by itself.
fn kube_reserved_cpu(facts: &TypeFacts) -> Amount {
    let milli = i64::from(facts.vcpu) * 1000;
    let mut reserved = 0;
    let mut from = 0;
    for (to, ten_thousandths) in CPU_SLICES {
        reserved += (milli.min(to) - from).max(0) * ten_thousandths / 10_000;
        from = to;
    }
    Amount::new(reserved)
}

/// By the pods that the interfaces allow, whatever `maxPods` says, where the family's bootstrap
/// computes it so; else by the pods of the class.
fn kube_reserved_memory(facts: &TypeFacts, settings: &NodeClassSettings) -> Amount {
    let pods = match settings.ami_family {
        AmiFamily::Al2 | AmiFamily::Al2023 | AmiFamily::Custom => eni_limited_pods(facts, 0),
        AmiFamily::Bottlerocket
        | AmiFamily::Windows2019
        | AmiFamily::Windows2022
        | AmiFamily::Windows2025 => pods(facts, settings),
    };
    Amount::new((MEMORY_PER_POD_MIB * i64::from(pods) + MEMORY_BASE_MIB) * MIB)
}

fn threshold(threshold: Threshold, capacity: Amount) -> Amount {
    match threshold {
        Threshold::Amount(amount) => amount,
        // The kubelet reads 100 % as switched off.
        Threshold::Share(1_000_000..) => Amount::ZERO,
        Threshold::Share(millionths) => {
            let share = i128::from(capacity.get()) * i128::from(millionths);
            let rounded_up = (share + 999_999) / 1_000_000;
            Amount::new(i64::try_from(rounded_up).unwrap_or(i64::MAX))
        }
    }
}
