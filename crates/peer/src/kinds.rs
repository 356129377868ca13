//! The kinds of rule that random clusters are made of.

use std::fmt;
use std::str::FromStr;

/// A kind of rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// `nodeSelector` on a zone, a family or an architecture.
    NodeSelector,
    /// Required node affinity of several terms, of which one must hold.
    AffinityTerms,
    /// Required node affinity by `NotIn`, `Gt`, `Lt` and `Exists`.
    Exclusions,
    /// A pool whose nodes have a taint, and pods that tolerate it.
    Taints,
    /// `DoNotSchedule` over zones.
    ZonalSpread,
    /// `DoNotSchedule` over nodes.
    HostnameSpread,
    /// Required anti-affinity to the pod's own label over nodes.
    HostnameAntiAffinity,
    /// Required anti-affinity to the pod's own label over zones.
    ZonalAntiAffinity,
    /// Ports of the host.
    HostPorts,
    /// Volumes that can be used from one zone, or from those of their class.
    Volumes,
    /// Init containers, sidecars and pod overhead.
    Requests,
    /// DaemonSets, some of them on some nodes only.
    DaemonSets,
    /// A second pool of a greater weight.
    Weights,
    /// A limit on a pool.
    Limits,
    /// Nodes that are there, with pods.
    ExistingNodes,
    /// A pool of another architecture.
    Architectures,
    /// Spot beside on demand, and pods that ask for one of them.
    CapacityTypes,
    /// Required affinity to the pod's own label over zones.
    ZonalAffinity,
    /// Required affinity to another workload's label.
    AffinityToOthers,
    /// Required anti-affinity to another workload's label.
    AntiAffinityToOthers,
    /// Terms that select namespaces by their labels.
    NamespaceSelectors,
    /// Preferred node affinity.
    NodePreferences,
    /// A pool whose nodes have a taint of effect `PreferNoSchedule`, and pods that tolerate it.
    SoftTaints,
    /// Preferred terms between pods, `ScheduleAnyway`.
    PodPreferences,
    /// `minValues` of a pool.
    MinValues,
}

/// A kind with its name.
#[derive(Clone, Copy, Debug)]
pub struct Known {
    /// The kind.
    pub kind: Kind,
    /// Its name on the command line and in reports.
    pub name: &'static str,
}

const fn known(kind: Kind, name: &'static str) -> Known {
    Known { kind, name }
}

/// Every kind.
pub const ALL: [Known; 25] = [
    known(Kind::NodeSelector, "node-selector"),
    known(Kind::AffinityTerms, "affinity-terms"),
    known(Kind::Exclusions, "exclusions"),
    known(Kind::Taints, "taints"),
    known(Kind::ZonalSpread, "zonal-spread"),
    known(Kind::HostnameSpread, "hostname-spread"),
    known(Kind::HostnameAntiAffinity, "hostname-anti-affinity"),
    known(Kind::ZonalAntiAffinity, "zonal-anti-affinity"),
    known(Kind::HostPorts, "host-ports"),
    known(Kind::Volumes, "volumes"),
    known(Kind::Requests, "requests"),
    known(Kind::DaemonSets, "daemon-sets"),
    known(Kind::Weights, "weights"),
    known(Kind::Limits, "limits"),
    known(Kind::ExistingNodes, "existing-nodes"),
    known(Kind::Architectures, "architectures"),
    known(Kind::CapacityTypes, "capacity-types"),
    known(Kind::ZonalAffinity, "zonal-affinity"),
    known(Kind::AffinityToOthers, "affinity-to-others"),
    known(Kind::AntiAffinityToOthers, "anti-affinity-to-others"),
    known(Kind::NamespaceSelectors, "namespace-selectors"),
    known(Kind::NodePreferences, "node-preferences"),
    known(Kind::SoftTaints, "soft-taints"),
    known(Kind::PodPreferences, "pod-preferences"),
    known(Kind::MinValues, "min-values"),
];

/// The kinds that clusters have unless others are asked for: all.
pub fn by_default() -> Vec<Kind> {
    ALL.iter().map(|known| known.kind).collect()
}

impl Kind {
    /// Its name on the command line and in reports.
    pub fn name(self) -> &'static str {
        let known = ALL.iter().find(|known| known.kind == self);
        known.expect("ALL has every kind").name
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Kind {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        let known = ALL.iter().find(|known| known.name == name);
        known.map(|known| known.kind).ok_or_else(|| {
            let names: Vec<_> = ALL.iter().map(|known| known.name).collect();
            format!("there is no kind of rule {name:?}; there are {}", names.join(", "))
        })
    }
}
