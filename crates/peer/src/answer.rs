//! What the program of `benches/karpenter` answers, and the same as a plan over our snapshot.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Context as _;
use model::{NewNode, NodeFill, NodeIndex, OfferingIndex, Plan, PodIndex, Snapshot, Unschedulable};
use serde::Deserialize;

/// The result, version 1, as far as it is looked at; `docs/side-by-side.md` says what each field is.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Answer {
    /// What was run.
    pub peer: Identity,
    /// One entry, as the program is asked to plan once.
    pub runs: Vec<Run>,
    /// The sum over the nodes.
    pub cost_per_hour_micro_usd: i64,
    /// Pods that have a node.
    pub pods_placed: usize,
    /// Nodes that are bought.
    pub nodes: Vec<Bought>,
    /// Nodes that were there and get pods.
    pub existing: Vec<Filled>,
    /// Pods without a node, by group and by what Karpenter said.
    pub unscheduled: Vec<LeftOut>,
}

/// The module and the Go that compiled it.
#[derive(Clone, Debug, Deserialize)]
pub struct Identity {
    /// The module.
    pub name: String,
    /// Its version.
    pub version: String,
    /// The Go.
    pub go: String,
}

/// Times of one solve.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Run {
    /// To count domains and make the scheduler.
    pub setup_seconds: f64,
    /// To solve.
    pub solve_seconds: f64,
}

/// A node that is bought.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Bought {
    /// Its pool.
    pub pool: String,
    /// Its type, the cheapest on the claim's list.
    pub instance_type: String,
    /// Its zone.
    pub zone: String,
    /// `on-demand` or `spot`.
    pub capacity_type: String,
    /// How many pods of each group.
    pub pods: BTreeMap<String, usize>,
}

/// A node that was there.
#[derive(Clone, Debug, Deserialize)]
pub struct Filled {
    /// Its name.
    pub name: String,
    /// How many pods of each group.
    pub pods: BTreeMap<String, usize>,
}

/// Pods of one group that go nowhere.
#[derive(Clone, Debug, Deserialize)]
pub struct LeftOut {
    /// The group.
    pub group: String,
    /// How many.
    pub count: usize,
    /// What Karpenter said.
    pub error: String,
}

impl Answer {
    /// The groups that go nowhere, where every pod is a group of its own name.
    pub fn left_out(&self) -> BTreeSet<&str> {
        self.unscheduled.iter().map(|each| each.group.as_str()).collect()
    }

    /// `snapshot` with those of its pods alone that the answer places.
    pub fn placed_of(&self, snapshot: &Snapshot) -> Snapshot {
        let left_out = self.left_out();
        let pods = snapshot.pods.iter().filter(|pod| !left_out.contains(pod.name.as_str()));
        Snapshot { pods: pods.cloned().collect(), ..snapshot.clone() }
    }

    /// Seconds to set up and solve.
    pub fn seconds(&self) -> f64 {
        self.runs.first().map_or(0.0, |run| run.setup_seconds + run.solve_seconds)
    }

    /// The same as a plan over `snapshot`, whose pods are the groups by name; pods that the answer does
    /// not place are left out without a reason.
    ///
    /// # Errors
    /// Where the answer names what the snapshot does not have.
    pub fn as_plan(&self, snapshot: &Snapshot) -> anyhow::Result<Plan> {
        let names = snapshot.pods.iter().enumerate();
        let by_name: BTreeMap<&str, PodIndex> =
            names.map(|(position, pod)| (pod.name.as_str(), PodIndex::new(position))).collect();
        let pods_of = |groups: &BTreeMap<String, usize>| {
            let mut pods = groups
                .keys()
                .map(|group| by_name.get(group.as_str()).copied())
                .collect::<Option<Vec<_>>>()
                .context("the answer names a pod that is not planned")?;
            pods.sort_unstable();
            anyhow::Ok(pods)
        };
        let offerings = offerings(snapshot);
        let mut plan = Plan::default();
        for node in &self.nodes {
            let key = (&*node.pool, &*node.instance_type, &*node.zone, &*node.capacity_type);
            let offering = *offerings.get(&key).context("the answer buys what is not offered")?;
            plan.new_nodes.push(NewNode { offering, pods: pods_of(&node.pods)? });
        }
        for node in &self.existing {
            let found = snapshot.nodes.iter().position(|one| one.name.as_str() == node.name);
            let index = NodeIndex::new(found.context("the answer fills a node that is not there")?);
            plan.existing.push(NodeFill { node: index, pods: pods_of(&node.pods)? });
        }
        plan.existing.sort_by_key(|fill| fill.node);
        let left_out = self.left_out();
        plan.unschedulable = (snapshot.pods.iter().enumerate())
            .filter(|(_, pod)| left_out.contains(pod.name.as_str()))
            .map(|(position, _)| Unschedulable {
                pods: vec![PodIndex::new(position)],
                reasons: Vec::new(),
            })
            .collect();
        Ok(plan)
    }
}

/// An offering's pool, type, zone and capacity type.
type Key<'a> = (&'a str, &'a str, &'a str, &'a str);

fn offerings(snapshot: &Snapshot) -> BTreeMap<Key<'_>, OfferingIndex> {
    let all = snapshot.offerings.iter().enumerate().rev();
    all.map(|(position, offering)| {
        let listing = snapshot.listing_of(offering);
        let key = (
            snapshot.pool(offering.pool).name.as_str(),
            snapshot.instance_type(listing.instance_type).name.as_str(),
            listing.zone.as_str(),
            listing.capacity_type.as_str(),
        );
        (key, OfferingIndex::new(position))
    })
    .collect()
}
