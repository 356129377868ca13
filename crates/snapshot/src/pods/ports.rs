//! Host ports: pods that want the same port of a node cannot share it.
//!
//! Input: pod specs. Output: groups of rivals, one for each port, protocol and address that pods to plan
//! ask for, and which of them a pod is in. Who names no address takes the port on all of them: it is in
//! the groups of all, and in one more with those that name none.
//!
//! A port that a DaemonSet takes is also a resource, of which each node has one, its pod one, and so has every
//! pod of the group: where the DaemonSet will run, none is left.

use std::collections::{BTreeMap, BTreeSet};

use api::PodSpec;
use model::{Resources, RivalsIndex, well_known};

/// A port under a protocol.
type Port = (i32, String);

/// An address of the node; `None` is all of them.
type Address = Option<String>;

/// Every port of a node that some pod to plan asks for.
#[derive(Debug, Default)]
pub(super) struct HostPorts {
    /// Position of the first group.
    first: usize,
    /// Sorted.
    groups: Vec<(Port, Address)>,
    /// Those that some DaemonSet takes.
    held: BTreeSet<RivalsIndex>,
}

impl HostPorts {
    /// Those that pods to plan with these `specs` ask for, as groups from position `first` on.
    pub(super) fn new<'a>(specs: impl Iterator<Item = &'a PodSpec>, first: usize) -> Self {
        let asked: BTreeSet<(Port, Address)> = specs.flat_map(asked).collect();
        Self { first, groups: asked.into_iter().collect(), held: BTreeSet::new() }
    }

    /// The same, knowing what DaemonSets of these `specs` take.
    pub(super) fn beside<'a>(mut self, specs: impl Iterator<Item = &'a PodSpec>) -> Self {
        self.held = specs.flat_map(|spec| self.taken(spec)).collect();
        self
    }

    /// One of each of `groups` that some DaemonSet takes.
    pub(super) fn requests(&self, groups: &[RivalsIndex]) -> Resources {
        let held = groups.iter().filter(|group| self.held.contains(group));
        held.map(|group| name(&self.groups[group.get() - self.first]))
            .fold(Resources::new(), |sum, name| sum.with(&name, 1))
    }

    /// Names of the groups, in order.
    pub(super) fn names(&self) -> impl Iterator<Item = String> {
        self.groups.iter().map(name)
    }

    /// Groups that a pod with this `spec` is in, ascending.
    pub(super) fn carried(&self, spec: &PodSpec) -> Vec<RivalsIndex> {
        self.of(spec, false)
    }

    /// Groups that have nobody beside a pod with this `spec`, ascending: who has the port on one address
    /// keeps out those that want it on all.
    pub(super) fn taken(&self, spec: &PodSpec) -> Vec<RivalsIndex> {
        self.of(spec, true)
    }

    fn of(&self, spec: &PodSpec, keeps_out: bool) -> Vec<RivalsIndex> {
        if self.groups.is_empty() {
            return Vec::new();
        }
        let asked: BTreeMap<Port, BTreeSet<Address>> =
            asked(spec).fold(BTreeMap::new(), |mut asked, (port, address)| {
                asked.entry(port).or_default().insert(address);
                asked
            });
        let is_in = |(port, address): &(Port, Address)| {
            asked.get(port).is_some_and(|own| {
                keeps_out && address.is_none() || own.contains(address) || own.contains(&None)
            })
        };
        let groups = self.groups.iter().enumerate().filter(|(_, group)| is_in(group));
        groups.map(|(place, _)| RivalsIndex::new(self.first + place)).collect()
    }
}

/// The name of a group, which is that of its resource where a DaemonSet takes the port.
fn name(((port, protocol), address): &(Port, Address)) -> String {
    match address {
        Some(address) => format!("{}{port}/{protocol} on {address}", well_known::HOST_PORT),
        None => format!("{}{port}/{protocol}", well_known::HOST_PORT),
    }
}

/// The host ports of containers and sidecars. On the host's network every port is one of the host's.
fn asked(spec: &PodSpec) -> impl Iterator<Item = (Port, Address)> {
    let sidecars = spec.init_containers.iter();
    let sidecars = sidecars.filter(|one| one.restart_policy.as_deref() == Some("Always"));
    let ports = spec.containers.iter().chain(sidecars).flat_map(|container| &container.ports);
    ports.filter_map(|port| {
        let own = if spec.host_network { port.container_port } else { 0 };
        let number = if port.host_port > 0 { port.host_port } else { own };
        let protocol = port.protocol.as_deref().filter(|protocol| !protocol.is_empty());
        let address = port.host_ip.as_deref();
        let address = address.filter(|address| !["", "0.0.0.0", "::"].contains(address));
        let port = (number, protocol.unwrap_or("TCP").to_owned());
        (number > 0).then(|| (port, address.map(str::to_owned)))
    })
}
