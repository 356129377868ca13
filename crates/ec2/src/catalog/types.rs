//! `types.tsv` with the lines of `overrides.tsv` applied.

use std::collections::BTreeMap;

use model::InstanceTypeName;

use super::rows::{CatalogError, Row, rows};
use crate::facts::{
    Accelerator, AcceleratorKind, Architecture, Features, Gpu, Hypervisor, LocalStorage, TypeFacts,
    UsageClasses, VolumeLimit,
};

/// The columns of `types.tsv`; overrides name them.
#[cfg(test)]
pub(super) const COLUMNS: [&str; 20] = [
    "type",
    "arch",
    "vcpu",
    "memory_mib",
    "cpu_manufacturer",
    "clock_mhz",
    "hypervisor",
    "bandwidth_mbps",
    "enis",
    "ipv4_per_eni",
    "network_cards",
    "efa",
    "branch_enis",
    "ebs_mbps",
    "volumes",
    "disk_gb",
    "gpus",
    "accelerators",
    "usage",
    "features",
];

/// A line of `overrides.tsv`.
pub(super) struct Override<'t> {
    pub(super) name: &'t str,
    pub(super) field: &'t str,
    /// What `types.tsv` says.
    #[cfg_attr(not(test), expect(dead_code, reason = "tests hold it against types.tsv"))]
    pub(super) instead_of: &'t str,
    pub(super) value: &'t str,
    number: u32,
}

/// Every type, by name.
pub(super) fn read(types: &str, overrides: &str) -> Result<Vec<TypeFacts>, CatalogError> {
    let mut by_type: BTreeMap<&str, Vec<Override<'_>>> = BTreeMap::new();
    for replaced in self::overrides(overrides)? {
        by_type.entry(replaced.name).or_default().push(replaced);
    }
    rows(types)
        .map(|row| {
            let mut facts = type_facts(row)?;
            for replaced in by_type.get(facts.name.as_str()).into_iter().flatten() {
                apply(replaced, &mut facts)?;
            }
            Ok(facts)
        })
        .collect()
}

/// The lines of `overrides.tsv`; each carries source and date for its readers.
pub(super) fn overrides(text: &str) -> Result<Vec<Override<'_>>, CatalogError> {
    rows(text).map(override_row).collect()
}

fn override_row(mut row: Row<'_>) -> Result<Override<'_>, CatalogError> {
    let (name, field, instead_of, value) = (row.text()?, row.text()?, row.text()?, row.text()?);
    let number = value.parse().map_err(|_| row.error("is not a number"))?;
    let (_source, _date) = (row.text()?, row.text()?);
    row.end()?;
    Ok(Override { name, field, instead_of, value, number })
}

fn apply(replaced: &Override<'_>, facts: &mut TypeFacts) -> Result<(), CatalogError> {
    let number = replaced.number;
    match replaced.field {
        "clock_mhz" => facts.clock_mhz = Some(number),
        "bandwidth_mbps" => facts.bandwidth_mbps = Some(number),
        "enis" => facts.enis = number,
        "branch_enis" => facts.branch_enis = number,
        _ => {
            return Err(CatalogError {
                line: format!("{} {} {}", replaced.name, replaced.field, replaced.value),
                field: 2,
                problem: "is not a field that can be overridden",
            });
        }
    }
    Ok(())
}

fn type_facts(mut row: Row<'_>) -> Result<TypeFacts, CatalogError> {
    let facts = TypeFacts {
        name: InstanceTypeName::from(row.text()?),
        architecture: row.one_of(architecture)?,
        vcpu: row.number()?,
        memory_mib: row.number()?,
        cpu_manufacturer: row.text()?.to_owned(),
        clock_mhz: row.known_number()?,
        hypervisor: row.one_of(hypervisor)?,
        bandwidth_mbps: row.known_number()?,
        enis: row.number()?,
        ipv4_per_eni: row.number()?,
        network_cards: row.number()?,
        efa: row.number()?,
        branch_enis: row.number()?,
        ebs_mbps: row.known_number()?,
        volumes: row.one_of(volumes)?,
        local_storage: row.known_one_of(local_storage)?,
        gpus: row.list(gpu)?,
        accelerators: row.list(accelerator)?,
        usage: row.one_of(usage)?,
        features: row.one_of(features)?,
    };
    row.end()?;
    Ok(facts)
}

fn architecture(text: &str) -> Option<Architecture> {
    Some(match text {
        "amd64" => Architecture::Amd64,
        "arm64" => Architecture::Arm64,
        "amd64_mac" => Architecture::Amd64Mac,
        "arm64_mac" => Architecture::Arm64Mac,
        _ => return None,
    })
}

fn hypervisor(text: &str) -> Option<Hypervisor> {
    Some(match text {
        "nitro" => Hypervisor::Nitro,
        "xen" => Hypervisor::Xen,
        "metal" => Hypervisor::Metal,
        _ => return None,
    })
}

/// Such as `27s` (shared with network interfaces) or `128d` (dedicated).
fn volumes(text: &str) -> Option<VolumeLimit> {
    let shared = text.ends_with('s');
    let number = text.strip_suffix(if shared { 's' } else { 'd' })?;
    Some(VolumeLimit { attachments: number.parse().ok()?, shared })
}

/// Such as `950n` (NVMe) or `1680o` (others).
fn local_storage(text: &str) -> Option<LocalStorage> {
    let nvme = text.ends_with('n');
    let number = text.strip_suffix(if nvme { 'n' } else { 'o' })?;
    Some(LocalStorage { total_gb: number.parse().ok()?, nvme })
}

/// `name:manufacturer:count:memory_mib`.
fn gpu(text: &str) -> Option<Gpu> {
    let mut parts = text.split(':');
    let gpu = Gpu {
        name: parts.next()?.to_owned(),
        manufacturer: parts.next()?.to_owned(),
        count: parts.next()?.parse().ok()?,
        memory_mib: parts.next()?.parse().ok()?,
    };
    parts.next().is_none().then_some(gpu)
}

/// `kind:name:manufacturer:count:cores`.
fn accelerator(text: &str) -> Option<Accelerator> {
    let mut parts = text.split(':');
    let accelerator = Accelerator {
        kind: match parts.next()? {
            "neuron" => AcceleratorKind::Neuron,
            "inference" => AcceleratorKind::Inference,
            "fpga" => AcceleratorKind::Fpga,
            "media" => AcceleratorKind::Media,
            _ => return None,
        },
        name: parts.next()?.to_owned(),
        manufacturer: parts.next()?.to_owned(),
        count: parts.next()?.parse().ok()?,
        cores: parts.next()?.parse().ok()?,
    };
    parts.next().is_none().then_some(accelerator)
}

fn usage(text: &str) -> Option<UsageClasses> {
    let mut usage = UsageClasses::default();
    for letter in text.chars() {
        match letter {
            'b' => usage.capacity_block = true,
            'o' => usage.on_demand = true,
            's' => usage.spot = true,
            _ => return None,
        }
    }
    Some(usage)
}

fn features(text: &str) -> Option<Features> {
    let mut features = Features::default();
    for letter in text.chars() {
        match letter {
            'c' => features.current_generation = true,
            'e' => features.encryption_in_transit = true,
            'n' => features.enclaves = true,
            'p' => features.cluster_placement = true,
            't' => features.burstable = true,
            '-' => {}
            _ => return None,
        }
    }
    Some(features)
}
