//! New nodes grouped by pool, type, zone and capacity type.

use std::collections::BTreeMap;

use model::{ListingIndex, MicroUsdPerHour, PoolIndex, Resources, well_known};

use super::ROWS_MAX;
use super::heading::plural;
use super::text::{Align, aligned};
use crate::answer::Answer;
use crate::money::{cents, count, price};

const ALIGNS: [Align; 10] = [
    Align::Right,
    Align::Left,
    Align::Left,
    Align::Left,
    Align::Left,
    Align::Right,
    Align::Right,
    Align::Right,
    Align::Right,
    Align::Right,
];

const TITLES: [&str; 10] =
    ["nodes", "pool", "type", "zone", "capacity", "USD/h each", "USD/h", "cpu %", "mem %", "gpu %"];

/// Nodes to buy, dearest group first, and those that are already there and get pods.
pub(super) fn render(answer: &Answer<'_>) -> String {
    let buys = if answer.plan.new_nodes.is_empty() {
        "No nodes to buy.\n".to_owned()
    } else {
        bought(answer)
    };
    let fills = &answer.plan.existing;
    if fills.is_empty() {
        return buys;
    }
    let pods = fills.iter().map(|fill| fill.pods.len()).sum();
    format!(
        "{buys}{} {} to {} existing {}.\n",
        count(pods),
        plural(pods, "pod goes", "pods go"),
        count(fills.len()),
        plural(fills.len(), "node", "nodes"),
    )
}

/// Nodes of one pool and listing.
#[derive(Default)]
struct Group {
    nodes: usize,
    cost: MicroUsdPerHour,
    use_of: Use,
}

/// What is taken by pods and DaemonSets, and what there is.
#[derive(Default)]
struct Use {
    taken: Resources,
    allocatable: Resources,
}

fn bought(answer: &Answer<'_>) -> String {
    let groups = groups(answer);
    let mut order: Vec<_> = groups.iter().collect();
    order.sort_by_key(|(key, group)| (std::cmp::Reverse(group.cost), **key));
    let mut rows = vec![TITLES.map(str::to_owned).to_vec()];
    for ((pool, listing), group) in order.iter().take(ROWS_MAX) {
        rows.push(row(answer, *pool, *listing, group));
    }
    let mut all = Group::default();
    for (_, group) in &order {
        all.include(group);
    }
    if order.len() > 1 {
        rows.push(total_row(&all));
    }
    let table = aligned(&ALIGNS, &rows);
    let Some(hidden) = order.get(ROWS_MAX..).filter(|hidden| !hidden.is_empty()) else {
        return table;
    };
    let mut rest = Group::default();
    for (_, group) in hidden {
        rest.include(group);
    }
    format!(
        "{table}  ... and {} more groups: {} nodes, {} USD/h (in the sum above)\n",
        count(hidden.len()),
        count(rest.nodes),
        cents(rest.cost)
    )
}

fn groups(answer: &Answer<'_>) -> BTreeMap<(PoolIndex, ListingIndex), Group> {
    let mut groups: BTreeMap<_, Group> = BTreeMap::new();
    for node in &answer.plan.new_nodes {
        let offering = answer.offering(node);
        let rate = (answer.snapshot.listing_of(offering).price)
            .map(|price| price.rate)
            .unwrap_or_default();
        let mut taken = answer.requests(node);
        taken.add(&answer.daemons(offering));
        let group = Group {
            nodes: 1,
            cost: rate,
            use_of: Use { taken, allocatable: answer.allocatable(offering) },
        };
        (groups.entry((offering.pool, offering.listing))).or_default().include(&group);
    }
    groups
}

impl Group {
    fn include(&mut self, other: &Self) {
        self.nodes += other.nodes;
        self.cost += other.cost;
        self.use_of.taken.add(&other.use_of.taken);
        self.use_of.allocatable.add(&other.use_of.allocatable);
    }
}

impl Use {
    /// Percent taken of `resources` together, with one decimal, rounded down; `-` where there is
    /// none.
    fn percent(&self, resources: &[&str]) -> String {
        let sum = |of: &Resources| -> i128 {
            (resources.iter()).map(|name| i128::from(of.get(name).get())).sum()
        };
        let allocatable = sum(&self.allocatable);
        if allocatable <= 0 {
            return "-".to_owned();
        }
        let tenths = sum(&self.taken) * 1000 / allocatable;
        format!("{}.{}", tenths / 10, tenths % 10)
    }

    fn cells(&self) -> [String; 3] {
        [
            self.percent(&[well_known::CPU]),
            self.percent(&[well_known::MEMORY]),
            self.percent(&[well_known::NVIDIA_GPU, "amd.com/gpu"]),
        ]
    }
}

fn row(answer: &Answer<'_>, pool: PoolIndex, listing: ListingIndex, group: &Group) -> Vec<String> {
    let snapshot = answer.snapshot;
    let sold = snapshot.listing(listing);
    let each = sold.price.map_or_else(String::new, |each| price(each.rate, each.estimated));
    let mut row = vec![
        count(group.nodes),
        snapshot.pool(pool).name.to_string(),
        snapshot.instance_type(sold.instance_type).name.to_string(),
        sold.zone.to_string(),
        sold.capacity_type.to_string(),
        each,
        cents(group.cost),
    ];
    row.extend(group.use_of.cells());
    row
}

fn total_row(all: &Group) -> Vec<String> {
    let mut row = vec![count(all.nodes), "in all".to_owned()];
    row.extend(std::iter::repeat_n(String::new(), 4));
    row.push(cents(all.cost));
    row.extend(all.use_of.cells());
    row
}
