//! The kinds of rule that random clusters are made of, and which of them are on.
//!
//! A kind that our solver does not honour yet, or that is not compared yet, is off: plans would differ for
//! this reason alone. It is switched on here when that lands.

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

/// A kind with its name, and why it is off.
#[derive(Clone, Copy, Debug)]
pub struct Known {
    /// The kind.
    pub kind: Kind,
    /// Its name on the command line and in reports.
    pub name: &'static str,
    /// Why clusters do not have it unless asked; empty where they do.
    pub off: &'static str,
}

const fn on(kind: Kind, name: &'static str) -> Known {
    Known { kind, name, off: "" }
}

const fn off(kind: Kind, name: &'static str, off: &'static str) -> Known {
    Known { kind, name, off }
}

/// Every kind.
pub const ALL: [Known; 25] = [
    on(Kind::NodeSelector, "node-selector"),
    on(Kind::AffinityTerms, "affinity-terms"),
    on(Kind::Exclusions, "exclusions"),
    on(Kind::Taints, "taints"),
    on(Kind::ZonalSpread, "zonal-spread"),
    on(Kind::HostnameSpread, "hostname-spread"),
    on(Kind::HostnameAntiAffinity, "hostname-anti-affinity"),
    on(Kind::ZonalAntiAffinity, "zonal-anti-affinity"),
    on(Kind::HostPorts, "host-ports"),
    on(Kind::Volumes, "volumes"),
    on(Kind::Requests, "requests"),
    on(Kind::DaemonSets, "daemon-sets"),
    on(Kind::Weights, "weights"),
    on(Kind::Limits, "limits"),
    on(Kind::ExistingNodes, "existing-nodes"),
    on(Kind::Architectures, "architectures"),
    on(Kind::CapacityTypes, "capacity-types"),
    on(Kind::ZonalAffinity, "zonal-affinity"),
    on(Kind::AffinityToOthers, "affinity-to-others"),
    on(Kind::AntiAffinityToOthers, "anti-affinity-to-others"),
    on(Kind::NamespaceSelectors, "namespace-selectors"),
    on(Kind::NodePreferences, "node-preferences"),
    on(Kind::SoftTaints, "soft-taints"),
    off(
        Kind::PodPreferences,
        "pod-preferences",
        "what each side grants of it is not weighed against the bill yet",
    ),
    on(Kind::MinValues, "min-values"),
];

/// The kinds that clusters have unless others are asked for.
pub fn by_default() -> Vec<Kind> {
    ALL.iter().filter(|known| known.off.is_empty()).map(|known| known.kind).collect()
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
