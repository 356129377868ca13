//! What nodes have and do not report, as resources of machines and nodes: volumes that they can have attached, and
//! ports that DaemonSets take.
//!
//! In: shapes of pods, CSINodes, machines. Out: one of each port; and for each driver of which pods have volumes
//! to count, how many a machine or node takes. What the CSINode says of a driver counts, no number being no limit; while it does not
//! have the driver, the number of the node's type does, which is known for EBS alone.

use std::collections::BTreeMap;

use api::CsiNode;
use ec2::{NodeClassSettings, RegionMarket, attachable_volumes};
use model::{Amount, Machine, PodShape, ResourceName, Resources, well_known};

use crate::Objects;

/// What is asked for and what nodes say.
#[derive(Debug)]
pub(super) struct Attach<'a> {
    /// The resources that pods ask for, by name.
    asked: Vec<ResourceName>,
    nodes: BTreeMap<&'a str, &'a CsiNode>,
}

impl<'a> Attach<'a> {
    /// What `shapes` ask for, and the CSINodes of `objects`.
    pub(super) fn new(objects: &'a Objects, shapes: &[PodShape]) -> Self {
        let names = shapes.iter().flat_map(|shape| shape.requests.iter().map(|(name, _)| name));
        let names = names.filter(|name| !well_known::is_reported(name.as_str()));
        let mut asked: Vec<ResourceName> = names.cloned().collect();
        asked.sort_unstable();
        asked.dedup();
        let nodes = objects.csi_nodes.iter();
        Self { asked, nodes: nodes.map(|node| (node.metadata.name.as_str(), node)).collect() }
    }

    /// Tells each of `machines`, of a class with these `settings`, what it takes.
    pub(super) fn tell_machines(
        &self,
        machines: &mut [Machine],
        market: &RegionMarket<'_>,
        settings: &NodeClassSettings,
    ) {
        for name in &self.asked {
            for machine in &mut *machines {
                let facts = &market.facts()[machine.instance_type.get()];
                let amount = match driver(name) {
                    Some(well_known::EBS_DRIVER) => attachable_volumes(facts, settings).into(),
                    Some(_) => well_known::VOLUMES_UNLIMITED,
                    None => 1,
                };
                machine.capacity.set(name.clone(), Amount::new(amount));
            }
        }
    }

    /// Sets in `allocatable` what the node of that name takes, which holds as much as `machine`, where that is
    /// known.
    pub(super) fn tell_node(
        &self,
        node: &str,
        machine: Option<&Machine>,
        allocatable: &mut Resources,
    ) {
        for name in &self.asked {
            let Some(own) = driver(name) else {
                allocatable.set(name.clone(), Amount::new(1));
                continue;
            };
            let drivers = self.nodes.get(node).into_iter().flat_map(|node| &node.spec.drivers);
            let told = drivers.into_iter().find(|one| &*one.name == own);
            let count = match (told, machine) {
                (Some(told), _) => told.allocatable.count.map(i64::from),
                (None, Some(machine)) => Some(machine.capacity.get(name.as_str()).get()),
                (None, None) => None,
            };
            let count = count.unwrap_or(well_known::VOLUMES_UNLIMITED);
            allocatable.set(name.clone(), Amount::new(count));
        }
    }
}

/// The driver whose volumes a resource counts; none where it is a port.
fn driver(resource: &ResourceName) -> Option<&str> {
    resource.as_str().strip_prefix(well_known::ATTACHABLE_VOLUMES)
}

#[cfg(test)]
mod tests {
    use model::TypeIndex;

    use super::*;

    #[test]
    fn a_node_takes_what_its_driver_says_else_what_its_type_does() {
        let node = |name: &str, drivers: &str| -> CsiNode {
            let text = format!(
                r#"{{"metadata": {{"name": "{name}"}}, "spec": {{"drivers": [{drivers}]}}}}"#
            );
            serde_json::from_str(&text).unwrap()
        };
        let csi_nodes = vec![
            node("told", r#"{"name": "ebs.csi.aws.com", "allocatable": {"count": 5}}"#),
            node("any", r#"{"name": "ebs.csi.aws.com", "allocatable": {}}"#),
            node("other", r#"{"name": "other.io", "allocatable": {"count": 7}}"#),
        ];
        let objects = Objects { csi_nodes, ..Objects::default() };
        let name = format!("{}{}", well_known::ATTACHABLE_VOLUMES, well_known::EBS_DRIVER);
        let requests = Resources::new().with(&name, 1);
        let shape = PodShape { requests, ..PodShape::default() };
        let attach = Attach::new(&objects, &[shape]);
        let machine = Machine {
            instance_type: TypeIndex::new(0),
            capacity: Resources::new().with(&name, 24),
            overhead: Resources::new(),
        };
        for (node, machine, expected) in [
            ("told", Some(&machine), 5),
            ("any", Some(&machine), well_known::VOLUMES_UNLIMITED),
            ("other", Some(&machine), 24),
            ("absent", Some(&machine), 24),
            ("absent", None, well_known::VOLUMES_UNLIMITED),
        ] {
            let mut allocatable = Resources::new();
            attach.tell_node(node, machine, &mut allocatable);
            assert_eq!(allocatable.get(&name).get(), expected, "{node} {machine:?}");
        }
    }
}
