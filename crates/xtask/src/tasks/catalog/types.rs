//! `types.tsv`: one line per instance type, with what labels, capacity and overhead need.

use std::collections::BTreeMap;

use anyhow::{Context as _, bail, ensure};

use super::raw::{RawAccelerator, RawGpu, RawType};

/// The columns; the reader in `ec2` expects this line.
const COLUMNS: &str = "#type\tarch\tvcpu\tmemory_mib\tcpu_manufacturer\tclock_mhz\thypervisor\t\
    bandwidth_mbps\tenis\tipv4_per_eni\tnetwork_cards\tefa\tbranch_enis\tebs_mbps\tvolumes\t\
    disk_gb\tgpus\taccelerators\tusage\tfeatures\n";

/// The whole file, sorted by name.
pub(super) fn text(types: &BTreeMap<String, RawType>) -> anyhow::Result<String> {
    let mut text = COLUMNS.to_owned();
    for (name, raw) in types {
        let fields = fields(raw).with_context(|| format!("instance type {name}"))?;
        text.push_str(&fields.join("\t"));
        text.push('\n');
    }
    Ok(text)
}

fn fields(raw: &RawType) -> anyhow::Result<Vec<String>> {
    ensure!(
        raw.bare_metal == raw.hypervisor.is_none(),
        "bare_metal and hypervisor contradict each other"
    );
    let branches = raw
        .vpc_limits
        .as_ref()
        .filter(|limits| limits.trunking)
        .map_or(0, |limits| limits.branch_interfaces);
    let clock = raw.cpu_clock_ghz.as_ref().map(|ghz| thousandths(&ghz.to_string())).transpose()?;
    Ok(vec![
        raw.instance_type.clone(),
        architecture(&raw.architectures)?.to_owned(),
        raw.vcpu.to_string(),
        raw.memory_mib.to_string(),
        raw.cpu_manufacturer.clone(),
        optional(clock),
        raw.hypervisor.clone().unwrap_or_else(|| "metal".to_owned()),
        optional(raw.network.karpenter_bandwidth_mbps),
        raw.network.max_enis_default_card.to_string(),
        raw.network.ipv4_per_eni.to_string(),
        raw.network.network_cards.to_string(),
        raw.network.efa_interfaces.to_string(),
        branches.to_string(),
        optional(ebs_bandwidth(raw)?),
        volumes(raw)?,
        disk(raw)?,
        list(raw.gpus.iter().map(gpu)),
        list(raw.accelerators.iter().map(accelerator)),
        usage(&raw.usage_classes)?,
        features(raw)?,
    ])
}

/// The first architecture that Karpenter supports; a Mac's own where there is none.
fn architecture(architectures: &[String]) -> anyhow::Result<&'static str> {
    for name in architectures {
        match name.as_str() {
            "x86_64" => return Ok("amd64"),
            "arm64" => return Ok("arm64"),
            "x86_64_mac" => return Ok("amd64_mac"),
            "arm64_mac" => return Ok("arm64_mac"),
            "i386" => {}
            other => bail!("unknown architecture {other}"),
        }
    }
    bail!("no supported architecture among {architectures:?}")
}

/// The bandwidth where EBS optimisation is on by default.
fn ebs_bandwidth(raw: &RawType) -> anyhow::Result<Option<u32>> {
    if raw.ebs.optimized != "default" {
        return Ok(None);
    }
    let bandwidth = raw.ebs.max_mbps.context("ebs.max_mbps is missing")?;
    Ok(Some(bandwidth))
}

fn volumes(raw: &RawType) -> anyhow::Result<String> {
    let kind = match raw.ebs.attachment_limit_type.as_str() {
        "shared" => 's',
        "dedicated" => 'd',
        other => bail!("unknown attachment_limit_type {other}"),
    };
    Ok(format!("{}{kind}", raw.ebs.max_attachments))
}

fn disk(raw: &RawType) -> anyhow::Result<String> {
    let Some(storage) = &raw.local_storage else {
        return Ok("-".to_owned());
    };
    let kind = match storage.nvme.as_str() {
        "required" => 'n',
        "supported" | "unsupported" => 'o',
        other => bail!("unknown local_storage.nvme {other}"),
    };
    Ok(format!("{}{kind}", storage.total_gb))
}

fn gpu(gpu: &RawGpu) -> String {
    let RawGpu { name, manufacturer, count, memory_mib } = gpu;
    format!("{name}:{manufacturer}:{count}:{memory_mib}")
}

fn accelerator(accelerator: &RawAccelerator) -> String {
    let RawAccelerator { kind, name, manufacturer, count, cores_per_device } = accelerator;
    let cores = cores_per_device.unwrap_or(0);
    format!("{kind}:{name}:{manufacturer}:{count}:{cores}")
}

fn usage(classes: &[String]) -> anyhow::Result<String> {
    let mut letters = String::new();
    for class in classes {
        letters.push(match class.as_str() {
            "capacity-block" => 'b',
            "on-demand" => 'o',
            "spot" => 's',
            other => bail!("unknown usage class {other}"),
        });
    }
    Ok(letters)
}

/// `c` current generation, `e` encryption in transit, `n` enclaves, `p` cluster placement,
/// `t` burstable.
fn features(raw: &RawType) -> anyhow::Result<String> {
    let enclaves = match raw.nitro_enclaves.as_str() {
        "supported" => true,
        "unsupported" => false,
        other => bail!("unknown nitro_enclaves {other}"),
    };
    let cluster = raw.placement_strategies.iter().any(|name| name == "cluster");
    let letters: String = [
        ('c', raw.current_generation),
        ('e', raw.network.encryption_in_transit),
        ('n', enclaves),
        ('p', cluster),
        ('t', raw.burstable),
    ]
    .into_iter()
    .filter_map(|(letter, has)| has.then_some(letter))
    .collect();
    Ok(if letters.is_empty() { "-".to_owned() } else { letters })
}

fn optional(number: Option<u32>) -> String {
    number.map_or_else(|| "-".to_owned(), |number| number.to_string())
}

fn list(items: impl Iterator<Item = String>) -> String {
    let joined = items.collect::<Vec<_>>().join(",");
    if joined.is_empty() { "-".to_owned() } else { joined }
}

/// `2.3` gives 2300, exactly.
fn thousandths(decimal: &str) -> anyhow::Result<u32> {
    let (whole, fraction) = decimal.split_once('.').unwrap_or((decimal, ""));
    ensure!(fraction.len() <= 3, "{decimal} has more than three decimals");
    let digits = format!("{whole}{fraction:0<3}");
    digits.parse().with_context(|| format!("{decimal} is not a number"))
}
