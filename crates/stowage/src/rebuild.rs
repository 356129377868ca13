//! From a claimed plan, which speaks in names, to a plan over a snapshot, which speaks in indices.
//!
//! Only names are resolved here; whether the plan holds is for the checker to say.

use std::collections::BTreeMap;

use model::{
    Candidate, Certificate, NanoUsdPerHour, NewNode, NodeFill, NodeIndex, OfferingIndex, Plan,
    PodIndex, Reason, ShapeIndex, Snapshot, Unschedulable,
};

use crate::wire::{self, Claim};

/// A claimed plan over the snapshot.
#[derive(Debug)]
pub(crate) struct Rebuilt {
    /// The plan; pods and nodes are put in order.
    pub(crate) plan: Plan,
    /// What its pods are claimed to be worth; what is not named is worth nothing. One or two.
    pub(crate) candidates: Vec<Candidate>,
}

/// Resolves every name, or says which ones the snapshot does not have.
pub(crate) fn rebuild(snapshot: &Snapshot, claim: &Claim) -> Result<Rebuilt, Vec<String>> {
    let mut resolver = Resolver::new(snapshot);
    let plan = Plan {
        new_nodes: claim.nodes.iter().filter_map(|node| resolver.new_node(node)).collect(),
        existing: resolver.existing(claim),
        unschedulable: resolver.unschedulable(claim),
    };
    let mut candidates = vec![resolver.certificate("certificate", &claim.certificate)];
    if let Some(of_cost) = &claim.cost_certificate {
        candidates.push(resolver.certificate("costCertificate", of_cost));
    }
    let candidates = candidates.into_iter().map(Candidate::new).collect();
    if resolver.problems.is_empty() {
        Ok(Rebuilt { plan, candidates })
    } else {
        Err(resolver.problems)
    }
}

/// Pool, instance type, zone, capacity type and supply; the last is empty where there is none.
type OfferingName<'a> = [&'a str; 5];

struct Resolver<'a> {
    snapshot: &'a Snapshot,
    pods: BTreeMap<&'a str, PodIndex>,
    nodes: BTreeMap<&'a str, NodeIndex>,
    /// They differ in chosen labels.
    offerings: BTreeMap<OfferingName<'a>, Vec<OfferingIndex>>,
    problems: Vec<String>,
}

impl<'a> Resolver<'a> {
    fn new(snapshot: &'a Snapshot) -> Self {
        let mut offerings: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for (position, offering) in snapshot.offerings.iter().enumerate() {
            let listing = snapshot.listing_of(offering);
            let name = [
                snapshot.pool(offering.pool).name.as_str(),
                snapshot.instance_type(listing.instance_type).name.as_str(),
                listing.zone.as_str(),
                listing.capacity_type.as_str(),
                listing.supply.map_or("", |supply| snapshot.supply(supply).name.as_str()),
            ];
            offerings.entry(name).or_default().push(OfferingIndex::new(position));
        }
        let pods = snapshot.pods.iter().enumerate();
        let nodes = snapshot.nodes.iter().enumerate();
        Self {
            snapshot,
            pods: pods.map(|(at, pod)| (pod.name.as_str(), PodIndex::new(at))).collect(),
            nodes: nodes.map(|(at, node)| (node.name.as_str(), NodeIndex::new(at))).collect(),
            offerings,
            problems: Vec::new(),
        }
    }

    fn new_node(&mut self, node: &wire::NewNode) -> Option<NewNode> {
        let wire::NewNode { node_pool, instance_type, zone, capacity_type, supply, labels, .. } =
            node;
        let supply = supply.as_deref().unwrap_or_default();
        let name: OfferingName<'_> = [node_pool, instance_type, zone, capacity_type, supply];
        let alike = self.offerings.get(&name).map_or(&[][..], Vec::as_slice);
        let offering = alike.iter().copied().find(|index| {
            let chosen = &self.snapshot.offering(*index).chosen_labels;
            chosen.len() == labels.len()
                && (chosen.iter().zip(labels)).all(|((key, value), (claimed, claimed_value))| {
                    key.as_str() == claimed && value.as_str() == claimed_value
                })
        });
        let pods = self.pods(&format!("node {}", node.name), &node.pods);
        if offering.is_none() {
            let from = if supply.is_empty() { String::new() } else { format!(" from {supply}") };
            self.problems.push(format!(
                "node {}: pool {node_pool} cannot buy {capacity_type} {instance_type} in {zone}{from} \
                 with the labels {labels:?}",
                node.name
            ));
        }
        Some(NewNode { offering: offering?, pods })
    }

    fn existing(&mut self, claim: &Claim) -> Vec<NodeFill> {
        let mut fills = Vec::new();
        for node in &claim.existing {
            let pods = self.pods(&format!("node {}", node.name), &node.pods);
            match self.nodes.get(node.name.as_str()) {
                Some(index) => fills.push(NodeFill { node: *index, pods }),
                None => self.problems.push(format!("node {}: there is no such node", node.name)),
            }
        }
        fills.sort_by_key(|fill| fill.node);
        fills
    }

    /// Groups pods of one shape and like reasons, as the planner does.
    fn unschedulable(&mut self, claim: &Claim) -> Vec<Unschedulable> {
        let mut groups: BTreeMap<(ShapeIndex, Vec<Reason>), Vec<PodIndex>> = BTreeMap::new();
        for left_out in &claim.unschedulable {
            let owner = format!("unschedulable pod {}", left_out.pod);
            let pods = self.pods(&owner, std::slice::from_ref(&left_out.pod));
            let reasons: Result<Vec<Reason>, String> =
                left_out.reasons.iter().map(wire::ReasonClaim::to_model).collect();
            match reasons {
                Err(problem) => self.problems.push(format!("{owner}: {problem}")),
                Ok(reasons) => {
                    for pod in pods {
                        let shape = self.snapshot.pod(pod).shape;
                        groups.entry((shape, reasons.clone())).or_default().push(pod);
                    }
                }
            }
        }
        let group = |((_, reasons), mut pods): (_, Vec<PodIndex>)| {
            pods.sort_unstable();
            Unschedulable { pods, reasons }
        };
        groups.into_iter().map(group).collect()
    }

    fn certificate(&mut self, field: &str, claim: &wire::CertificateClaim) -> Certificate {
        let mut worths = vec![None; self.snapshot.shapes.len()];
        for worth in &claim.worths {
            let owner = format!("{field}, pod {}", worth.pod);
            let number: Option<i64> = worth.worth_nano_usd_per_hour.parse().ok();
            let Some(number) = number else {
                self.problems.push(format!(
                    "{owner}: {:?} is not a whole number of nano-USD per hour",
                    worth.worth_nano_usd_per_hour
                ));
                continue;
            };
            for pod in self.pods(&owner, std::slice::from_ref(&worth.pod)) {
                let slot = &mut worths[self.snapshot.pod(pod).shape.get()];
                if slot.replace(NanoUsdPerHour::new(number)).is_some() {
                    self.problems.push(format!("{owner}: pods of its shape have a worth already"));
                }
            }
        }
        Certificate { worths: worths.into_iter().map(Option::unwrap_or_default).collect() }
    }

    /// The pods of these names, ascending; one named twice stays twice.
    fn pods(&mut self, owner: &str, names: &[String]) -> Vec<PodIndex> {
        let mut pods = Vec::with_capacity(names.len());
        for name in names {
            match self.pods.get(name.as_str()) {
                Some(pod) => pods.push(*pod),
                None => self.problems.push(format!("{owner}: the input has no pod {name}")),
            }
        }
        pods.sort_unstable();
        pods
    }
}
