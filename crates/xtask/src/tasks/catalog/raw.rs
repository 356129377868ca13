//! The recorded raw files as values: `ec2/*.json` and `ec2/*.csv` of the data folder.
//!
//! A missing column, a quoted field or a number that does not parse is an error that names file
//! and line; nothing is guessed.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context as _, ensure};
use serde::Deserialize;

/// One type of `instance-types.json`; only the fields that the catalog keeps.
#[derive(Deserialize)]
pub(super) struct RawType {
    pub(super) instance_type: String,
    pub(super) vcpu: u32,
    pub(super) memory_mib: u32,
    pub(super) architectures: Vec<String>,
    pub(super) cpu_manufacturer: String,
    pub(super) cpu_clock_ghz: Option<serde_json::Number>,
    pub(super) hypervisor: Option<String>,
    pub(super) bare_metal: bool,
    pub(super) burstable: bool,
    pub(super) current_generation: bool,
    pub(super) usage_classes: Vec<String>,
    pub(super) gpus: Vec<RawGpu>,
    pub(super) accelerators: Vec<RawAccelerator>,
    pub(super) local_storage: Option<RawStorage>,
    pub(super) network: RawNetwork,
    pub(super) ebs: RawEbs,
    pub(super) vpc_limits: Option<RawVpcLimits>,
    pub(super) placement_strategies: Vec<String>,
    pub(super) nitro_enclaves: String,
}

#[derive(Deserialize)]
pub(super) struct RawGpu {
    pub(super) name: String,
    pub(super) manufacturer: String,
    pub(super) count: u32,
    pub(super) memory_mib: u32,
}

#[derive(Deserialize)]
pub(super) struct RawAccelerator {
    pub(super) kind: String,
    pub(super) name: String,
    pub(super) manufacturer: String,
    pub(super) count: u32,
    pub(super) cores_per_device: Option<u32>,
}

#[derive(Deserialize)]
pub(super) struct RawStorage {
    pub(super) total_gb: u32,
    pub(super) nvme: String,
}

#[derive(Deserialize)]
pub(super) struct RawNetwork {
    pub(super) karpenter_bandwidth_mbps: Option<u32>,
    pub(super) max_enis_default_card: u32,
    pub(super) ipv4_per_eni: u32,
    pub(super) network_cards: u32,
    pub(super) efa_interfaces: u32,
    pub(super) encryption_in_transit: bool,
}

#[derive(Deserialize)]
pub(super) struct RawEbs {
    pub(super) optimized: String,
    pub(super) max_attachments: u32,
    pub(super) attachment_limit_type: String,
    pub(super) max_mbps: Option<u32>,
}

#[derive(Deserialize)]
pub(super) struct RawVpcLimits {
    pub(super) trunking: bool,
    pub(super) branch_interfaces: u32,
}

/// Karpenter's documentation of one type.
#[derive(Deserialize)]
pub(super) struct RawReference {
    pub(super) labels: BTreeMap<String, String>,
    pub(super) resources: BTreeMap<String, String>,
}

/// What the regions sell and charge; keys are (region, type) unless said otherwise.
pub(super) struct RawMarket {
    /// (region, zone) to zone id, empty where ambiguous.
    pub(super) zones: BTreeMap<(String, String), String>,
    /// Zones that offer the type, sorted.
    pub(super) offerings: BTreeMap<(String, String), Vec<String>>,
    pub(super) prices: BTreeMap<(String, String), RawPrice>,
    /// (region, family) to the ratio's text.
    pub(super) ratios: BTreeMap<(String, String), String>,
    /// Band 0 to 4 and savings in whole per cent.
    pub(super) interruption: BTreeMap<(String, String), (u8, i8)>,
}

/// An on-demand price and where it comes from.
pub(super) struct RawPrice {
    pub(super) usd_per_hour: String,
    pub(super) grade: Grade,
}

/// Date, source and quality of a price.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Grade {
    pub(super) as_of: String,
    pub(super) source: String,
    pub(super) quality: String,
}

/// `instance-types.json` by name.
pub(super) fn types(folder: &Path) -> anyhow::Result<BTreeMap<String, RawType>> {
    let list: Vec<RawType> = json(&folder.join("instance-types.json"))?;
    Ok(list.into_iter().map(|raw| (raw.instance_type.clone(), raw)).collect())
}

/// `karpenter-reference.json` by type.
pub(super) fn reference(folder: &Path) -> anyhow::Result<BTreeMap<String, RawReference>> {
    json(&folder.join("karpenter-reference.json"))
}

fn json<T: serde::de::DeserializeOwned>(path: &Path) -> anyhow::Result<T> {
    let text = read(path)?;
    serde_json::from_str(&text).with_context(|| format!("reading {}", path.display()))
}

/// The market files: zones, offerings, prices, ratios, interruption.
pub(super) fn market(folder: &Path) -> anyhow::Result<RawMarket> {
    let mut offerings: BTreeMap<(String, String), Vec<String>> = BTreeMap::new();
    for [region, zone, name] in csv(folder, "offerings.csv", ["region", "zone", "instance_type"])? {
        offerings.entry((region, name)).or_default().push(zone);
    }
    for zones in offerings.values_mut() {
        zones.sort();
    }
    let zones = csv(folder, "zones.csv", ["region", "zone", "zone_id"])?
        .into_iter()
        .map(|[region, zone, id]| ((region, zone), id))
        .collect();
    let ratio_columns = ["region", "family", "median_ratio_to_us_east_1"];
    let ratios = csv(folder, "region-price-ratios.csv", ratio_columns)?
        .into_iter()
        .map(|[region, family, ratio]| ((region, family), ratio))
        .collect();
    Ok(RawMarket {
        zones,
        offerings,
        prices: prices(folder)?,
        ratios,
        interruption: interruption(folder)?,
    })
}

fn prices(folder: &Path) -> anyhow::Result<BTreeMap<(String, String), RawPrice>> {
    let columns = ["region", "instance_type", "usd_per_hour", "as_of", "source", "quality"];
    let rows = csv(folder, "on-demand-prices.csv", columns)?;
    let price = |[region, name, usd_per_hour, as_of, source, quality]: [String; 6]| {
        let grade = Grade { as_of, source, quality };
        let price = RawPrice { usd_per_hour, grade };
        ((region, name), price)
    };
    Ok(rows.into_iter().map(price).collect())
}

fn interruption(folder: &Path) -> anyhow::Result<BTreeMap<(String, String), (u8, i8)>> {
    let columns = ["region", "instance_type", "os", "band", "savings_pct"];
    let mut found = BTreeMap::new();
    for [region, name, os, band, savings] in csv(folder, "spot-interruption.csv", columns)? {
        ensure!(os == "Linux", "spot-interruption.csv: {name}: os {os}");
        let figures = (
            band.parse().with_context(|| format!("band {band}"))?,
            savings.parse().with_context(|| format!("savings_pct {savings}"))?,
        );
        found.insert((region, name), figures);
    }
    Ok(found)
}

/// The named columns of every row.
fn csv<const N: usize>(
    folder: &Path,
    file: &str,
    columns: [&str; N],
) -> anyhow::Result<Vec<[String; N]>> {
    let text = read(&folder.join(file))?;
    ensure!(!text.contains('"'), "{file}: quoted fields are not read");
    let mut lines = text.lines();
    let header: Vec<&str> = lines.next().context("an empty file")?.split(',').collect();
    let mut places = [0; N];
    for (place, column) in places.iter_mut().zip(columns) {
        let found = header.iter().position(|name| *name == column);
        *place = found.with_context(|| format!("{file}: no column {column}"))?;
    }
    let mut rows = Vec::new();
    for (line, number) in lines.zip(2..) {
        let fields: Vec<&str> = line.split(',').collect();
        ensure!(
            fields.len() == header.len(),
            "{file}:{number}: {} fields, expected {}",
            fields.len(),
            header.len()
        );
        rows.push(places.map(|place| fields[place].to_owned()));
    }
    Ok(rows)
}

fn read(path: &Path) -> anyhow::Result<String> {
    std::fs::read_to_string(path).with_context(|| format!("reading {}", path.display()))
}
