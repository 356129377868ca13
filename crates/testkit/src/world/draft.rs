//! A world as written: objects refer to each other by name, nothing is sorted or folded.

use std::collections::{BTreeMap, BTreeSet};

use model::{
    Amount, CapacityType, DaemonSet, InstanceTypeName, InterruptionBand, LabelKey, Labels,
    MicroUsdPerHour, NodeClassName, NodeInclusion, NodeName, NodePoolName, NodeState, PodName,
    PodShape, Requirements, ResourceName, Resources, RivalsName, SelectionName, SoftAsk,
    SupplyName, Taint, ZoneName,
};

/// All objects of a world.
#[derive(Debug, Default)]
pub(super) struct Draft {
    pub(super) region: Option<String>,
    pub(super) zones: Vec<ZoneName>,
    /// With what each class takes beside the type's own overhead.
    pub(super) classes: BTreeMap<NodeClassName, Resources>,
    pub(super) types: Vec<TypeDraft>,
    pub(super) pools: Vec<PoolDraft>,
    pub(super) daemon_sets: Vec<DaemonSet>,
    pub(super) supplies: Vec<SupplyDraft>,
    pub(super) nodes: Vec<NodeDraft>,
    pub(super) pods: Vec<PodDraft>,
}

/// A spread as written.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct SpreadDraft {
    pub(super) key: LabelKey,
    pub(super) selection: SelectionName,
    pub(super) max_skew: i64,
    pub(super) min_domains: i64,
    pub(super) node_affinity: NodeInclusion,
    pub(super) node_taints: NodeInclusion,
}

/// A soft rule between pods as written.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct SoftDraft {
    pub(super) key: LabelKey,
    pub(super) selection: SelectionName,
    pub(super) asks: SoftAsk,
    pub(super) weight: i64,
}

/// A term between pods as written.
pub(super) type TermDraft = (LabelKey, SelectionName);

/// What pods are, which groups of rivals and selections they are in, and how they are spread.
#[derive(Clone, Debug)]
pub(super) struct PodDraft {
    pub(super) name: PodName,
    pub(super) shape: PodShape,
    pub(super) rivals: BTreeSet<RivalsName>,
    /// The node that it runs on.
    pub(super) home: Option<NodeName>,
    pub(super) matches: BTreeSet<SelectionName>,
    pub(super) spreads: BTreeSet<SpreadDraft>,
    /// Labels and selections that it goes with.
    pub(super) together: BTreeSet<TermDraft>,
    /// Those that it keeps away from.
    pub(super) apart: BTreeSet<TermDraft>,
    /// What it would rather have of other pods.
    pub(super) soft: Vec<SoftDraft>,
    /// What its volumes ask of nodes.
    pub(super) volumes: Requirements,
}

/// One listing of a supply.
#[derive(Debug)]
pub(super) struct SupplyDraft {
    pub(super) name: SupplyName,
    pub(super) cap: i64,
    pub(super) instance_type: Option<InstanceTypeName>,
    pub(super) zone: Option<ZoneName>,
    pub(super) capacity_type: CapacityType,
    pub(super) price: Option<MicroUsdPerHour>,
}

/// What a type costs under one capacity type.
#[derive(Debug)]
pub(super) struct Prices {
    /// `None` is unknown.
    pub(super) everywhere: Option<MicroUsdPerHour>,
    pub(super) by_zone: BTreeMap<ZoneName, Option<MicroUsdPerHour>>,
}

#[derive(Debug)]
pub(super) struct TypeDraft {
    pub(super) name: InstanceTypeName,
    pub(super) labels: Labels,
    pub(super) capacity: Resources,
    pub(super) overhead: Resources,
    /// Empty: the world's.
    pub(super) zones: Vec<ZoneName>,
    pub(super) prices: BTreeMap<CapacityType, Prices>,
    /// Of its spot listings.
    pub(super) band: Option<InterruptionBand>,
}

#[derive(Debug)]
pub(super) struct PoolDraft {
    pub(super) name: NodePoolName,
    pub(super) weight: i32,
    pub(super) requirements: Requirements,
    pub(super) labels: Labels,
    pub(super) taints: Vec<Taint>,
    pub(super) min_values: Vec<(LabelKey, i64)>,
    pub(super) limits: Vec<(ResourceName, Amount)>,
    pub(super) class: Option<NodeClassName>,
    pub(super) used: Resources,
}

#[derive(Debug)]
pub(super) struct NodeDraft {
    pub(super) name: NodeName,
    pub(super) pool: Option<NodePoolName>,
    pub(super) state: NodeState,
    pub(super) instance_type: Option<InstanceTypeName>,
    pub(super) zone: Option<ZoneName>,
    pub(super) capacity_type: CapacityType,
    pub(super) labels: Labels,
    pub(super) taints: Vec<Taint>,
    /// Overrides the machine's.
    pub(super) allocatable: Resources,
    pub(super) bound: Resources,
    pub(super) daemons: Resources,
    pub(super) rivals: BTreeSet<RivalsName>,
    pub(super) matched: BTreeMap<SelectionName, i64>,
    pub(super) apart: BTreeMap<TermDraft, i64>,
    pub(super) price: NodePrice,
}

/// Where a node's price comes from.
#[derive(Debug)]
pub(super) enum NodePrice {
    /// From the listing of its type, zone and capacity type.
    Listed,
    /// From the line; `None` is unknown.
    Given(Option<MicroUsdPerHour>),
}
