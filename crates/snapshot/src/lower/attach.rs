//! How many volumes nodes can have attached, as resources of machines and nodes.
//!
//! In: shapes of pods, CSINodes, machines. Out: for each driver of which pods have volumes to count, how many a
//! machine or node takes. What the CSINode says of a driver counts, no number being no limit; while it does not
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
        let names = names.filter(|name| driver(name).is_some());
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
                let volumes = match driver(name) {
                    Some(well_known::EBS_DRIVER) => attachable_volumes(facts, settings).into(),
                    _ => well_known::VOLUMES_UNLIMITED,
                };
                machine.capacity.set(name.clone(), Amount::new(volumes));
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
            let drivers = self.nodes.get(node).into_iter().flat_map(|node| &node.spec.drivers);
            let told = drivers.into_iter().find(|one| driver(name) == Some(&*one.name));
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

/// The driver whose volumes a resource counts.
fn driver(resource: &ResourceName) -> Option<&str> {
    resource.as_str().strip_prefix(well_known::ATTACHABLE_VOLUMES)
}
