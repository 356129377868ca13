//! Where nodes are, as far as rules between pods care.
//!
//! In: the labels that such rules look at, hostnames aside. Out: *sites*, the distinct combinations of
//! their values, and the site of every offering and node. Without such rules all is one site.

use std::collections::{BTreeMap, BTreeSet};

use model::{LabelKey, LabelValue, Snapshot};

/// Sites of a snapshot.
#[derive(Clone, Debug)]
pub(crate) struct Sites {
    /// The labels, sorted.
    pub(crate) keys: Vec<LabelKey>,
    /// The values of each label, sorted: the domains.
    pub(crate) domains: Vec<Vec<LabelValue>>,
    /// For each site the domain of each label; `None` where the label is missing.
    pub(crate) all: Vec<Vec<Option<usize>>>,
    /// The site of each offering.
    pub(crate) of_offering: Vec<usize>,
    /// The site of each node of the snapshot.
    pub(crate) of_node: Vec<usize>,
}

impl Sites {
    /// Sites as `keys` tell them apart.
    pub(crate) fn new(snapshot: &Snapshot, keys: BTreeSet<&LabelKey>) -> Self {
        let keys: Vec<LabelKey> = keys.into_iter().cloned().collect();
        let offerings = snapshot.offerings.iter().map(|offering| {
            let labels = snapshot.labels_of(offering);
            keys.iter().map(|key| labels.get(key).map(str::to_owned)).collect::<Vec<_>>()
        });
        let nodes = snapshot.nodes.iter().map(|node| {
            let value = |key| node.labels.get(key).map(|value| value.as_str().to_owned());
            keys.iter().map(value).collect::<Vec<_>>()
        });
        let (offerings, nodes): (Vec<_>, Vec<_>) = (offerings.collect(), nodes.collect());
        let distinct: BTreeSet<&Vec<Option<String>>> = offerings.iter().chain(&nodes).collect();
        let domains: Vec<Vec<LabelValue>> = (0..keys.len())
            .map(|key| {
                let values: BTreeSet<&String> =
                    distinct.iter().filter_map(|site| site[key].as_ref()).collect();
                values.into_iter().map(|value| LabelValue::from(value.as_str())).collect()
            })
            .collect();
        let domain = |(value, domains): (&Option<String>, &Vec<LabelValue>)| {
            let value = LabelValue::from(value.as_deref()?);
            domains.binary_search(&value).ok()
        };
        let all = distinct.iter().map(|site| site.iter().zip(&domains).map(domain).collect());
        let all = all.collect();
        let place: BTreeMap<&Vec<Option<String>>, usize> =
            distinct.iter().enumerate().map(|(place, site)| (*site, place)).collect();
        Self {
            of_offering: offerings.iter().map(|site| place[site]).collect(),
            of_node: nodes.iter().map(|site| place[site]).collect(),
            all,
            keys,
            domains,
        }
    }
}
