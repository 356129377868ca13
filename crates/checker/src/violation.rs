//! What can be wrong with a plan.

use std::fmt;

use model::{
    Amount, CapacityType, InstanceTypeName, LabelKey, LabelValue, NodeName, NodePoolName, PodName,
    Reason, ResourceName, RivalsName, SelectionName, SupplyName, Taint, ZoneName,
};

/// Where a plan puts pods.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    /// A node that the plan buys.
    NewNode {
        /// Its position in the plan, from 0.
        position: usize,
        /// Its pool.
        pool: NodePoolName,
        /// Its type.
        instance_type: InstanceTypeName,
    },
    /// A node that is there.
    Node(NodeName),
    /// A group of pods left out, by its position in the plan, from 0.
    LeftOut(usize),
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NewNode { position, pool, instance_type } => {
                write!(f, "new node {position} ({pool}, {instance_type})")
            }
            Self::Node(name) => write!(f, "node {name}"),
            Self::LeftOut(position) => write!(f, "unschedulable group {position}"),
        }
    }
}

/// One thing that is wrong with a plan, or with a figure that it rests on. Amounts are in the
/// resource's base unit.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Violation {
    /// An index points beyond its list.
    #[error("{owner} refers to {list}[{index}], and there are only {length}")]
    BadIndex {
        /// What holds the index, such as `new node 3`.
        owner: String,
        /// The list's name in the snapshot.
        list: &'static str,
        /// The index.
        index: usize,
        /// How long the list is.
        length: usize,
    },
    /// A shape without any alternative, where one that admits everything or nothing belongs.
    #[error("shapes[{shape}] has no alternative; what asks for nothing has one empty alternative")]
    NoAlternative {
        /// Its position in the snapshot.
        shape: usize,
    },
    /// A pod is nowhere in the plan.
    #[error("pod {pod} is nowhere in the plan")]
    PodMissing {
        /// The pod.
        pod: PodName,
    },
    /// A pod is in the plan more than once.
    #[error("pod {pod} is on {first} and again on {second}")]
    PodTwice {
        /// The pod.
        pod: PodName,
        /// Where it was seen first.
        first: Place,
        /// Where it was seen again.
        second: Place,
    },
    /// A node or group without pods.
    #[error("{place} has no pods")]
    EmptyPlace {
        /// The node or group.
        place: Place,
    },
    /// Pods are not ascending, or nodes are not in node order.
    #[error("{place} is out of order, or its pods are")]
    OutOfOrder {
        /// The node or group.
        place: Place,
    },
    /// A group of pods left out has pods of different shapes.
    #[error("{place} has pods of different shapes: {pod} and {other}")]
    MixedShapes {
        /// The group.
        place: Place,
        /// Its first pod.
        pod: PodName,
        /// The first pod of another shape.
        other: PodName,
    },
    /// A purchase without a known price.
    #[error("{place} is bought at an unknown price")]
    UnknownPrice {
        /// The node.
        place: Place,
    },
    /// A purchase that the pool's requirements refuse.
    #[error("{place}: the pool's requirement on {key} refuses {}", shown(.value.as_ref()))]
    PoolRequirement {
        /// The node.
        place: Place,
        /// The label.
        key: LabelKey,
        /// What the node would carry.
        value: Option<LabelValue>,
    },
    /// Too few values of a label open to a node.
    #[error("{place}: {open} values of {key} are open to it, and the pool asks for {least}")]
    FewValues {
        /// The node.
        place: Place,
        /// The label.
        key: LabelKey,
        /// How many the pool asks for.
        least: i64,
        /// How many there are.
        open: i64,
    },
    /// A chosen label that the pool's requirements do not name.
    #[error("{place}: label {key} is chosen and the pool does not ask for it")]
    ChosenUnasked {
        /// The node.
        place: Place,
        /// The label.
        key: LabelKey,
    },
    /// A chosen label whose value is not free to choose.
    #[error("{place}: label {key} is chosen as {value} and is {fixed} by pool, type or listing")]
    ChosenFixed {
        /// The node.
        place: Place,
        /// The label.
        key: LabelKey,
        /// The value chosen.
        value: LabelValue,
        /// The value that it has.
        fixed: LabelValue,
    },
    /// The machine that room and limits are computed from is another type's.
    #[error("{place}: the machine is a {machine}, the listing a {listing}")]
    WrongMachine {
        /// The node.
        place: Place,
        /// The machine's type.
        machine: InstanceTypeName,
        /// The listing's type.
        listing: InstanceTypeName,
    },
    /// An offering's folded room is not what raw facts give.
    #[error(
        "offering {offering} ({pool}, {instance_type}, {zone}): room for {resource} is folded as {folded}, raw facts give {recomputed}",
        folded = .folded.get(), recomputed = .recomputed.get()
    )]
    OfferingRoom {
        /// Its position in the snapshot.
        offering: usize,
        /// Its pool.
        pool: NodePoolName,
        /// Its type.
        instance_type: InstanceTypeName,
        /// Its zone.
        zone: ZoneName,
        /// The first resource that differs.
        resource: ResourceName,
        /// In the snapshot.
        folded: Amount,
        /// Capacity less overhead less DaemonSets.
        recomputed: Amount,
    },
    /// A node's folded room is not what raw facts give.
    #[error(
        "node {node}: room for {resource} is folded as {folded}, raw facts give {recomputed}",
        folded = .folded.get(), recomputed = .recomputed.get()
    )]
    NodeRoom {
        /// The node.
        node: NodeName,
        /// The first resource that differs.
        resource: ResourceName,
        /// In the snapshot.
        folded: Amount,
        /// Allocatable less bound less DaemonSets still to come.
        recomputed: Amount,
    },
    /// Pods on a node that takes none.
    #[error("{place} takes no pods and is given {pods}")]
    TakesNoPods {
        /// The node.
        place: Place,
        /// How many.
        pods: usize,
    },
    /// A pod on a node whose taint it does not tolerate.
    #[error("pod {pod} does not tolerate {taint} of {place}")]
    Untolerated {
        /// The first such pod there.
        pod: PodName,
        /// The node.
        place: Place,
        /// The taint.
        taint: Taint,
    },
    /// A pod on a node whose labels its selector or affinity refuses.
    #[error("pod {pod} asks for labels that {place} does not have")]
    NotAdmitted {
        /// The first such pod there.
        pod: PodName,
        /// The node.
        place: Place,
    },
    /// More is asked of a node than there is.
    #[error(
        "{place} is overfull: its pods ask for {asked} of {resource}, there is room for {room}",
        asked = .asked.get(), room = .room.get()
    )]
    Overfull {
        /// The node.
        place: Place,
        /// The resource.
        resource: ResourceName,
        /// The sum of the planned pods' requests.
        asked: Amount,
        /// What there is for them.
        room: Amount,
    },
    /// Pods of one group of rivals on one node.
    #[error(
        "{place} may have one pod of {rivals}: it is given {planned}{}",
        if *.before { " and had one before" } else { "" }
    )]
    Rivals {
        /// The node.
        place: Place,
        /// The group.
        rivals: RivalsName,
        /// How many of its pods the plan puts there.
        planned: u64,
        /// Whether the node had one before.
        before: bool,
    },
    /// More pods in a domain than a spread allows.
    #[error(
        "{place} has pod {pod}, which is spread over {key} with a skew of {max_skew} at most: there \
         are {load} of {selection} in its domain, and {least} in another"
    )]
    Spread {
        /// The first pod there that carries the spread.
        pod: PodName,
        /// The first node of the domain.
        place: Place,
        /// The label whose values are the domains.
        key: LabelKey,
        /// The pods that are spread.
        selection: SelectionName,
        /// By how many pods a domain may exceed the least.
        max_skew: i64,
        /// Pods that count in the domain.
        load: i64,
        /// The fewest pods in any eligible domain.
        least: i64,
    },
    /// A pod apart from those that it goes with.
    #[error(
        "{place} has pod {pod}, which goes with {selection} over {key}, and none of these is there"
    )]
    Alone {
        /// The first such pod there.
        pod: PodName,
        /// The node.
        place: Place,
        /// The label whose values are the domains.
        key: LabelKey,
        /// The pods that are missing.
        selection: SelectionName,
    },
    /// Pods in one domain that keep apart.
    #[error(
        "{place} has pod {pod}, and over {key} {} {selection}: {pods} are in the way",
        if *.own { "it keeps away from" } else { "others there keep away from" }
    )]
    NotApart {
        /// The first such pod there.
        pod: PodName,
        /// The node.
        place: Place,
        /// The label whose values are the domains.
        key: LabelKey,
        /// The pods that are kept away from.
        selection: SelectionName,
        /// Whether the pod keeps away; else it is one of those that others keep away from.
        own: bool,
        /// How many are in the way.
        pods: i64,
    },
    /// Pods that go with each other, none of which can be the first.
    #[error("pod {pod} on {place} waits for pods that wait for it")]
    Stuck {
        /// The first such pod there.
        pod: PodName,
        /// The node.
        place: Place,
    },
    /// Purchases beyond what a supply has.
    #[error("supply {supply} has {cap} units and the plan takes {planned}")]
    Supply {
        /// The supply.
        supply: SupplyName,
        /// How many units there are.
        cap: i64,
        /// How many nodes draw on it.
        planned: i64,
    },
    /// Purchases beyond a pool's limit.
    #[error(
        "pool {pool} may have {limit} of {resource}: it has {used} and the plan adds {planned}",
        limit = .limit.get(), used = .used.get(), planned = .planned.get()
    )]
    Limit {
        /// The pool.
        pool: NodePoolName,
        /// The resource, `nodes` included.
        resource: ResourceName,
        /// The limit.
        limit: Amount,
        /// What nodes that are there take.
        used: Amount,
        /// What the plan adds.
        planned: Amount,
    },
    /// A node of a pool although each of its pods could open a node of a pool of greater weight.
    #[error(
        "{place} has weight {weight}, and pools of greater weight, such as {greater}, can hold each of its pods"
    )]
    Weight {
        /// The node.
        place: Place,
        /// Its pool's weight.
        weight: i32,
        /// A pool of greater weight that can hold the node's first pod.
        greater: NodePoolName,
    },
    /// A pod is left out although a node has room.
    #[error("pod {pod} is left out and fits on {place}")]
    HasRoom {
        /// The first pod of its group.
        pod: PodName,
        /// The first node with room.
        place: Place,
    },
    /// A pod is left out although a node that holds it could be bought.
    #[error(
        "pod {pod} is left out and pool {pool} may still buy a {instance_type} ({capacity_type}, {zone}) that holds it"
    )]
    CouldBeBought {
        /// The first pod of its group.
        pod: PodName,
        /// The pool.
        pool: NodePoolName,
        /// The type.
        instance_type: InstanceTypeName,
        /// The zone.
        zone: ZoneName,
        /// How it would be bought.
        capacity_type: CapacityType,
    },
    /// A reason that holds and is not given.
    #[error("pod {pod} lacks the reason {reason:?}")]
    ReasonMissing {
        /// The first pod of its group.
        pod: PodName,
        /// What was recomputed.
        reason: Reason,
    },
    /// A reason that does not hold.
    #[error("pod {pod} is given the reason {reason:?}, which does not hold")]
    ReasonFalse {
        /// The first pod of its group.
        pod: PodName,
        /// What is claimed.
        reason: Reason,
    },
    /// A reason that holds with other numbers.
    #[error("pod {pod} is given the reason {claimed:?}, true is {recomputed:?}")]
    ReasonWrong {
        /// The first pod of its group.
        pod: PodName,
        /// What is claimed.
        claimed: Reason,
        /// What was recomputed.
        recomputed: Reason,
    },
    /// The right reasons in another order.
    #[error("the reasons for pod {pod} are out of order")]
    ReasonsOutOfOrder {
        /// The first pod of its group.
        pod: PodName,
    },
}

fn shown(value: Option<&LabelValue>) -> String {
    value.map_or("its absence".to_owned(), |value| format!("{value:?}"))
}
