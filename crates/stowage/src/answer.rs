//! What both renderers show: the checked plan with the names, costs and circumstances around it.

use std::collections::{BTreeMap, BTreeSet};

use model::{Amount, Finding, NewNode, Offering, Plan, Resources, ShapeIndex, Snapshot};

use crate::bill::Bill;

/// A plan ready to be shown.
pub(crate) struct Answer<'a> {
    /// What was planned.
    pub(crate) snapshot: &'a Snapshot,
    /// The plan, after the checker has passed it.
    pub(crate) plan: &'a Plan,
    /// What the planner says about it.
    pub(crate) report: &'a planner::Report,
    /// What it costs, and what bounds that from below.
    pub(crate) bill: Bill,
    /// Why no search for a cheaper plan went on.
    pub(crate) search_end: SearchEnd,
    /// What was wrong with the input or not honoured.
    pub(crate) findings: &'a [Finding],
    /// What the table's first line and the JSON's head say.
    pub(crate) circumstances: Circumstances<'a>,
}

/// What ended the search for a cheaper plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SearchEnd {
    /// Nothing was left to try.
    Through,
    /// The work that this flag allows was done.
    WorkLimit(&'static str),
    /// The time was over.
    TimeLimit,
}

/// The question that the plan answers.
pub(crate) struct Circumstances<'a> {
    /// `pending` or `all`.
    pub(crate) pods: &'static str,
    /// Where the facts are from.
    pub(crate) catalog: CatalogDates,
    /// What pools are, where none was given; empty where some were.
    pub(crate) default_pools: String,
    /// Attribution of the embedded sample; empty where files were given.
    pub(crate) attribution: &'a str,
    /// The seed of the run.
    pub(crate) seed: u64,
}

/// Dates of the embedded facts.
pub(crate) struct CatalogDates {
    /// Of the newest source, `YYYY-MM-DD`.
    pub(crate) newest: String,
    /// Of the region's on-demand prices, by date.
    pub(crate) prices: Vec<PriceDate>,
}

/// On-demand prices of one date, source and quality.
pub(crate) struct PriceDate {
    /// `YYYY-MM` or `YYYY-MM-DD`.
    pub(crate) as_of: String,
    /// The source's name in the catalog.
    pub(crate) source: String,
    /// How it held up against other sources.
    pub(crate) quality: String,
    /// How many types have such a price.
    pub(crate) types: u64,
}

impl CatalogDates {
    /// The span of the price dates, such as `2024-04 to 2026-07-20`; `None` without prices.
    pub(crate) fn price_span(&self) -> Option<String> {
        let dates = || self.prices.iter().map(|price| price.as_of.as_str());
        let (first, last) = (dates().min()?, dates().max()?);
        Some(if first == last { first.to_owned() } else { format!("{first} to {last}") })
    }
}

impl Answer<'_> {
    /// Names of the new nodes in plan order: `<pool>-0001`, … per pool, without names that nodes
    /// already have.
    pub(crate) fn node_names(&self) -> Vec<String> {
        let taken: BTreeSet<&str> =
            (self.snapshot.nodes.iter()).map(|node| node.name.as_str()).collect();
        let mut last = vec![0_usize; self.snapshot.pools.len()];
        let mut names = Vec::with_capacity(self.plan.new_nodes.len());
        for node in &self.plan.new_nodes {
            let pool = self.offering(node).pool;
            let name = loop {
                last[pool.get()] += 1;
                let number = last[pool.get()];
                let name = format!("{}-{number:04}", self.snapshot.pool(pool).name);
                if !taken.contains(name.as_str()) {
                    break name;
                }
            };
            names.push(name);
        }
        names
    }

    /// What `node` buys.
    pub(crate) fn offering(&self, node: &NewNode) -> &Offering {
        self.snapshot.offering(node.offering)
    }

    /// What pods and DaemonSets may ask for in total on a node of `offering`.
    pub(crate) fn allocatable(&self, offering: &Offering) -> Resources {
        let machine = self.snapshot.machine_of(offering);
        let mut allocatable = machine.capacity.clone();
        allocatable.subtract(&machine.overhead);
        allocatable
    }

    /// What DaemonSet pods take of a node of `offering`.
    pub(crate) fn daemons(&self, offering: &Offering) -> Resources {
        let mut daemons = self.allocatable(offering);
        daemons.subtract(&offering.room);
        daemons
    }

    /// What the pods of `node` ask for together.
    pub(crate) fn requests(&self, node: &NewNode) -> Resources {
        // Nodes have many pods of few shapes: a million pods are added up shape by shape.
        let mut pods_of: BTreeMap<ShapeIndex, i64> = BTreeMap::new();
        for pod in &node.pods {
            *pods_of.entry(self.snapshot.pod(*pod).shape).or_default() += 1;
        }
        let mut requests = Resources::new();
        for (shape, pods) in pods_of {
            let each = self.snapshot.shape(shape).requests.iter();
            let all = each.map(|(name, amount)| {
                let amount = amount.get().saturating_mul(pods);
                (name.clone(), Amount::new(amount))
            });
            requests.add(&all.collect());
        }
        requests
    }
}
