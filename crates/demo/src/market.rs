//! What the simulated region sells, and what the Node of a machine says of itself, from the embedded catalog.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use ec2::{Catalog, MarketOptions, NodeClassSettings};
use model::CapacityType;
use testcluster::kubelets::{Machine, NodeShape};

pub(crate) const REGION: &str = "us-east-1";
pub(crate) const ZONES: [&str; 3] = ["us-east-1a", "us-east-1b", "us-east-1c"];
/// A few sizes of one family each of Intel, AMD and Graviton, small enough for bars to differ.
pub(crate) const TYPES: [&str; 9] = [
    "m7i.large",
    "m7i.xlarge",
    "m7i.2xlarge",
    "m7i.4xlarge",
    "c7a.large",
    "c7a.xlarge",
    "c7a.2xlarge",
    "m7g.large",
    "m7g.xlarge",
];

/// Prices in micro-USD an hour by type, zone and whether it is spot: the same as the offline command's.
static PRICES: LazyLock<BTreeMap<(String, String, bool), i64>> = LazyLock::new(prices);
static SHAPES: LazyLock<BTreeMap<String, NodeShape>> = LazyLock::new(shapes);

/// USD an hour; `None` for what is not sold.
pub(crate) fn usd_per_hour(instance_type: &str, zone: &str, is_spot: bool) -> Option<f64> {
    let micros = PRICES.get(&(instance_type.to_owned(), zone.to_owned(), is_spot))?;
    i32::try_from(*micros).ok().map(|micros| f64::from(micros) / 1e6)
}

/// The Node of a machine: what its type has, and what EKS' images leave of it to pods.
pub(crate) fn node(machine: &Machine) -> NodeShape {
    let shape = SHAPES.get(&machine.instance_type).cloned().unwrap_or_default();
    shape.with_registration(machine)
}

fn prices() -> BTreeMap<(String, String, bool), i64> {
    let catalog = Catalog::embedded();
    let Ok(market) = catalog.region(REGION) else { return BTreeMap::new() };
    let mut prices = BTreeMap::new();
    for listing in market.listings(&MarketOptions { estimate_prices: true }).listings {
        let name = market.types()[listing.instance_type.get()].name.to_string();
        let is_spot = listing.capacity_type == CapacityType::Spot;
        let is_sold = TYPES.contains(&name.as_str()) && ZONES.contains(&listing.zone.as_str());
        if let Some(price) = listing.price.filter(|_| is_sold) {
            prices.insert((name, listing.zone.to_string(), is_spot), price.rate.get());
        }
    }
    prices
}

fn shapes() -> BTreeMap<String, NodeShape> {
    let catalog = Catalog::embedded();
    let Ok(market) = catalog.region(REGION) else { return BTreeMap::new() };
    let machines = market.machines(&NodeClassSettings::default()).into_iter();
    machines
        .map(|machine| {
            let name = market.types()[machine.instance_type.get()].name.to_string();
            let mut left = machine.capacity.clone();
            left.subtract(&machine.overhead);
            let (capacity, allocatable) = (quantities(&machine.capacity), quantities(&left));
            (name, NodeShape { capacity, allocatable, ..NodeShape::default() })
        })
        .filter(|(name, _)| TYPES.contains(&name.as_str()))
        .collect()
}

fn quantities(resources: &model::Resources) -> BTreeMap<String, String> {
    let above = resources.iter().filter(|(_, amount)| amount.get() > 0);
    let text = |name: &str, amount| model::canonical_quantity(name, amount);
    above.map(|(name, amount)| (name.to_string(), text(name.as_str(), amount))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_that_is_sold_has_prices_and_a_shape() {
        for name in TYPES {
            for zone in ZONES {
                let [on_demand, spot] =
                    [false, true].map(|is_spot| usd_per_hour(name, zone, is_spot));
                assert!(
                    spot > Some(0.0) && spot < on_demand,
                    "{name} {zone}: {spot:?} {on_demand:?}"
                );
            }
            assert!(SHAPES.contains_key(name), "{name}");
        }
    }
}
