//! From the store to checked moves: lower the fleet, consolidate, check; and, once what a move launches
//! is ready, whether it still holds.
//!
//! In: what is known, what is under way, the time. Out: moves that the checker accepts, with an answer for
//! every node; or why a move that has begun does not hold any more. As [`super`], it sends nothing and
//! takes a core for as long as it runs.

use std::collections::{BTreeMap, BTreeSet};

use ::disruption::{Consolidation, Drift, Drifted, Rotation, consolidate, drift};
use checker::{CheckedPlan, MoveViolation, Violation};
use executor::MoveRecord;
use model::fleet::{Cluster, Place, Reason};
use model::{
    DecidedMove, Move, MovePrices, NewNode, NodeClaimName, NodeFill, NodeIndex, NodeName,
    NodeState, Objective, OfferingIndex, Plan, Pod, PodIndex, Seat, Snapshot,
};
use planner::{Seed, Settings};
use snapshot::{LowerError, LoweredFleet};

use super::{Circumstances, Planner, inputs};
use crate::store::Tables;

/// Most nodes that one move takes out. Measured on the sets of the benchmark: larger moves find nothing
/// that several of them do not.
const NODES_PER_MOVE: usize = 16;

/// What is under way, and what else is not in the objects.
#[derive(Clone, Debug, Default)]
pub(crate) struct UnderWay {
    /// Claims that go.
    pub(crate) going: BTreeSet<String>,
    /// Claims and Nodes that must stay as they are: pods will run there.
    pub(crate) wanted: BTreeSet<String>,
}

impl UnderWay {
    /// Writes it into a cluster.
    pub(crate) fn mark(&self, cluster: &mut Cluster) {
        for node in &mut cluster.nodes {
            let claim = node.claim.as_ref().map(NodeClaimName::as_str);
            let name = node.name.as_ref().map(NodeName::as_str);
            let is_in =
                |set: &BTreeSet<String>| claim.into_iter().chain(name).any(|one| set.contains(one));
            node.deleting |= claim.is_some_and(|claim| self.going.contains(claim));
            node.nominated |= is_in(&self.wanted);
        }
    }
}

/// Moves that may be made, and what becomes of every node.
#[derive(Debug)]
pub(crate) struct Moves {
    /// What was looked at.
    pub(crate) cluster: Cluster,
    /// Moves and answers.
    pub(crate) found: Consolidation,
    /// Names of the nodes of each move that go, and of those that take their pods.
    pub(crate) nodes: Vec<MoveNodes>,
    /// What is launched for all moves, in their order.
    pub(crate) launches: Option<Launches>,
    /// Which drifted nodes may go, and why the others do not.
    pub(crate) drift: Drift,
    /// The first of them for whose pods there is a place, if any, with what is launched for it.
    pub(crate) replaced: Option<(MoveNodes, Option<Launches>)>,
}

/// The nodes of a move, by name.
#[derive(Clone, Debug, Default)]
pub(crate) struct MoveNodes {
    /// Those that go.
    pub(crate) removed: Vec<NodeName>,
    /// Those that take their pods.
    pub(crate) takes: Vec<NodeName>,
    /// How many are launched.
    pub(crate) launched: usize,
}

/// What is launched, proved as a plan of the pods that move.
#[derive(Debug)]
pub(crate) struct Launches {
    /// The snapshot of which the plan is: its pods are those that move.
    pub(crate) snapshot: Snapshot,
    /// The plan.
    pub(crate) plan: CheckedPlan,
    /// For each new node, what may be bought in its place, best first.
    pub(crate) alternatives: Vec<Vec<OfferingIndex>>,
}

/// Why there are no moves.
#[derive(Debug, thiserror::Error)]
pub(crate) enum MovesError {
    /// The input cannot be lowered.
    #[error(transparent)]
    Lower(#[from] LowerError),
    /// The checker refuses the moves; a bug of ours, so none of them is made.
    #[error("the checker refuses moves, please report this bug: {}", first(.0))]
    Refused(Vec<MoveViolation>),
    /// The same of what they launch.
    #[error("the checker refuses what moves launch, please report this bug: {}", first(.0))]
    Unsound(Vec<Violation>),
}

fn first<V: ToString>(violations: &[V]) -> String {
    let first = violations.first().map(ToString::to_string).unwrap_or_default();
    format!("{first} ({} violations)", violations.len())
}

/// Why a move that has begun does not hold any more.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NotHeld {
    /// The input cannot be lowered.
    #[error(transparent)]
    Lower(#[from] LowerError),
    /// Where else a pod would run cannot be said.
    #[error("where else pod {0} would run cannot be said")]
    NotPlanned(String),
    /// Pods do not fit any more.
    #[error("{0} of its {1} pods do not fit any more, {2} among them")]
    NoRoom(usize, usize, String),
    /// The checker refuses it.
    #[error("{}", first(.0))]
    Refused(Vec<MoveViolation>),
}

impl Planner {
    fn fleet(
        &self,
        tables: &Tables,
        circumstances: &Circumstances,
        under_way: &UnderWay,
    ) -> Result<LoweredFleet, LowerError> {
        let options = self.options(circumstances, false);
        let mut fleet = snapshot::lower_fleet(inputs(tables), &self.catalog, &options)?;
        under_way.mark(&mut fleet.cluster);
        Ok(fleet)
    }

    /// Looks for moves in `tables`.
    pub(crate) fn moves(
        &self,
        tables: &Tables,
        circumstances: &Circumstances,
        under_way: &UnderWay,
        (drifted, rotation): (&Drifted, &Rotation),
    ) -> Result<Moves, MovesError> {
        let LoweredFleet { lowered, cluster } = self.fleet(tables, circumstances, under_way)?;
        let (snapshot, prices) = (&lowered.snapshot, MovePrices::default());
        let settings = ::disruption::Settings {
            objective: Objective { restart_cost: 0 },
            prices,
            nodes_per_move: NODES_PER_MOVE,
            work_limit: self.work_limit,
        };
        let now = circumstances.now;
        let found = consolidate(snapshot, &cluster, &settings, rotation, now);
        let moves = found.moves.clone();
        let checked = checker::check_moves(snapshot, &cluster, moves, prices, now);
        let checked = checked.map_err(MovesError::Refused)?;
        let name = |node: NodeIndex| snapshot.node(node).name.clone();
        let nodes = (checked.moves().iter())
            .map(|one| MoveNodes {
                removed: one.removed.iter().map(|node| name(*node)).collect(),
                takes: one.taken.iter().map(|fill| name(fill.node)).collect(),
                launched: one.launched.len(),
            })
            .collect();
        let launches = launches(snapshot, checked.moves(), settings.objective)?;
        let drift = drift(&cluster, drifted, now);
        let mut replaced = None;
        for place in &drift.go {
            replaced = self.replace(snapshot, (&cluster, drifted), *place, circumstances)?;
            if replaced.is_some() {
                break;
            }
        }
        Ok(Moves { cluster, found, nodes, launches, drift, replaced })
    }

    /// What is launched for one node, whatever it costs; `None` where its pods have no place.
    fn replace(
        &self,
        snapshot: &Snapshot,
        (cluster, drifted): (&Cluster, &Drifted),
        place: usize,
        circumstances: &Circumstances,
    ) -> Result<Option<(MoveNodes, Option<Launches>)>, MovesError> {
        let names: Vec<NodeName> = cluster.nodes[place].name.iter().cloned().collect();
        let Ok(pods) = pods_of(cluster, &names) else { return Ok(None) };
        // Drifted nodes are about to go themselves, and the seats of others are theirs.
        let is_drifted = |node: &model::fleet::Node| {
            node.claim.as_ref().is_some_and(|claim| drifted.contains_key(claim))
        };
        let others = cluster.nodes.iter().filter(|node| node.nominated || is_drifted(node));
        let others = others.filter_map(|node| node.name.clone());
        let without: Vec<NodeName> = names.iter().cloned().chain(others).collect();
        let moving = moving(snapshot, &pods, &without);
        let plan = self.seats(&moving, circumstances);
        if !plan.unschedulable.is_empty() {
            return Ok(None);
        }
        let takes = plan.existing.iter().map(|fill| moving.node(fill.node).name.clone());
        let nodes =
            MoveNodes { removed: names, takes: takes.collect(), launched: plan.new_nodes.len() };
        let ranked = planner::alternatives(&moving, &plan, Objective { restart_cost: 0 });
        let alternatives =
            ranked.iter().map(|of| of.iter().map(|one| one.offering).collect()).collect();
        let plan = checker::check(&moving, plan).map_err(MovesError::Unsound)?;
        let launches = Launches { snapshot: moving, plan, alternatives };
        let launches = (nodes.launched > 0).then_some(launches);
        Ok(Some((nodes, launches)))
    }

    /// Where the pods of `moving` run.
    fn seats(&self, moving: &Snapshot, circumstances: &Circumstances) -> Plan {
        let settings = Settings {
            price_weights: false,
            objective: Objective { restart_cost: 0 },
            work_limit: self.work_limit,
        };
        planner::plan(moving, &settings, circumstances.now, Seed(circumstances.seed)).0
    }

    /// Whether the move of `record` still holds: the nodes `removed` may go, and their pods fit on what is
    /// ready. Seats are planned anew, as pods came and went since; the checker says whether that holds.
    pub(crate) fn holds(
        &self,
        tables: &Tables,
        circumstances: &Circumstances,
        under_way: &UnderWay,
        (record, removed): (&MoveRecord, &[String]),
    ) -> Result<(), NotHeld> {
        let LoweredFleet { lowered, mut cluster } = self.fleet(tables, circumstances, under_way)?;
        let removed: Vec<NodeName> =
            removed.iter().map(|name| NodeName::from(name.as_str())).collect();
        for node in cluster.nodes.iter_mut().filter(|node| takes(record, node)) {
            // Other moves may count on it as well: whoever comes later is checked against what is left.
            node.nominated = false;
        }
        let pods = pods_of(&cluster, &removed)?;
        let others = cluster.nodes.iter().filter(|node| node.nominated || node.deleting);
        let others = others.filter_map(|node| node.name.clone());
        let without: Vec<NodeName> = removed.iter().cloned().chain(others).collect();
        let moving = moving(&lowered.snapshot, &pods, &without);
        let plan = self.seats(&moving, circumstances);
        let homeless = plan.unschedulable.iter().flat_map(|group| &group.pods);
        let homeless: Vec<PodIndex> =
            homeless.chain(plan.new_nodes.iter().flat_map(|node| &node.pods)).copied().collect();
        if let Some(pod) = homeless.first() {
            let name = moving.pod(*pod).name.to_string();
            return Err(NotHeld::NoRoom(homeless.len(), pods.len(), name));
        }
        let seats = plan.existing.iter().flat_map(|fill| {
            let seat = Seat::Kept(moving.node(fill.node).name.clone());
            fill.pods.iter().map(move |pod| (*pod, seat.clone()))
        });
        let decided = DecidedMove {
            reason: Reason::parse(&record.reason).unwrap_or(Reason::Underutilized),
            removed,
            launched: record.launched.iter().map(|name| name.as_str().into()).collect(),
            seats: seats.map(|(pod, seat)| (moving.pod(pod).name.clone(), seat)).collect(),
        };
        let held = checker::check_again(&lowered.snapshot, &cluster, &decided, circumstances.now);
        held.map(drop).map_err(NotHeld::Refused)
    }
}

/// Whether the node takes pods of the move: it was launched for it, or stays for them.
fn takes(record: &MoveRecord, node: &model::fleet::Node) -> bool {
    let claim = node.claim.as_ref().map(NodeClaimName::as_str);
    let name = node.name.as_ref().map(NodeName::as_str);
    claim.is_some_and(|claim| record.launched.iter().any(|one| one == claim))
        || name.is_some_and(|name| record.takes.iter().any(|one| one == name))
}

/// The pods that have to move from nodes.
fn pods_of(cluster: &Cluster, names: &[NodeName]) -> Result<Vec<PodIndex>, NotHeld> {
    let is_removed = |name: &NodeName| names.contains(name);
    let nodes = cluster.nodes.iter().filter(|node| node.name.as_ref().is_some_and(is_removed));
    let pods = nodes.flat_map(|node| &node.pods).filter(|pod| pod.reschedulable);
    let mut pods = pods
        .map(|pod| match &pod.place {
            Place::Pod(index) => Ok(*index),
            Place::Unknown | Place::NotHonoured(_) => {
                Err(NotHeld::NotPlanned(pod.name.to_string()))
            }
        })
        .collect::<Result<Vec<_>, _>>()?;
    pods.sort_unstable();
    Ok(pods)
}

/// The snapshot in which only `pods` want a node, and those in `without` and those that are not ready
/// take none.
fn moving(snapshot: &Snapshot, pods: &[PodIndex], without: &[NodeName]) -> Snapshot {
    let mut moving = snapshot.clone();
    moving.pods = pods.iter().map(|pod| Pod::clone(snapshot.pod(*pod))).collect();
    for node in &mut moving.nodes {
        if without.contains(&node.name) || node.state != NodeState::Ready {
            node.state = NodeState::Unschedulable;
        }
    }
    moving
}

/// What the moves launch, as a plan of the pods that move; `None` where they launch nothing.
fn launches(
    snapshot: &Snapshot,
    moves: &[Move],
    objective: Objective,
) -> Result<Option<Launches>, MovesError> {
    if moves.iter().all(|one| one.launched.is_empty()) {
        return Ok(None);
    }
    let mut pods: Vec<PodIndex> = moves.iter().flat_map(Move::pods).collect();
    pods.sort_unstable();
    let place_of = |pod: &PodIndex| {
        PodIndex::new(pods.binary_search(pod).expect("the pod is one of those that move"))
    };
    let placed = |all: &[PodIndex]| all.iter().map(place_of).collect::<Vec<_>>();
    let removed: Vec<NodeName> = (moves.iter().flat_map(|one| &one.removed))
        .map(|node| snapshot.node(*node).name.clone())
        .collect();
    let moving = moving(snapshot, &pods, &removed);
    let launched = moves.iter().flat_map(|one| &one.launched);
    let new_nodes: Vec<NewNode> = launched
        .map(|node| NewNode { offering: node.offering, pods: placed(&node.pods) })
        .collect();
    let mut fills: BTreeMap<NodeIndex, Vec<PodIndex>> = BTreeMap::new();
    for fill in moves.iter().flat_map(|one| &one.taken) {
        fills.entry(fill.node).or_default().extend(placed(&fill.pods));
    }
    let existing = fills.into_iter().map(|(node, mut pods)| {
        pods.sort_unstable();
        NodeFill { node, pods }
    });
    let plan = Plan { new_nodes, existing: existing.collect(), unschedulable: Vec::new() };
    let ranked = planner::move_alternatives(snapshot, moves, objective).into_iter().flatten();
    let alternatives = ranked.map(|of| of.iter().map(|one| one.offering).collect()).collect();
    let plan = checker::check(&moving, plan).map_err(MovesError::Unsound)?;
    Ok(Some(Launches { snapshot: moving, plan, alternatives }))
}
