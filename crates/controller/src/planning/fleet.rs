//! From the store to checked moves: lower the fleet, consolidate, check; and, once what a move launches
//! is ready, whether it still holds.
//!
//! In: what is known, what is under way, the time. Out: moves that the checker accepts, with an answer for
//! every node; or why a move that has begun does not hold any more. As [`super`], it sends nothing and
//! takes a core for as long as it runs.

use std::collections::{BTreeMap, BTreeSet};

use ::disruption::{Consolidation, Drift, Drifted, Kept, Rotation, consolidate, drift, still_go};
use api::names;
use checker::{CheckedPlan, MoveViolation, Violation};
use executor::MoveRecord;
use model::fleet::{Cluster, Place, Reason};
use model::{
    Move, MovePrices, NewNode, NodeClaimName, NodeFill, NodeIndex, NodeName, NodeState, Objective,
    OfferingIndex, Plan, Pod, PodIndex, Snapshot,
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
    /// A node may not go.
    #[error("node {0}: {1}")]
    Barred(NodeName, Kept),
    /// Where else a pod would run cannot be said.
    #[error("where else pod {0} would run cannot be said")]
    NotPlanned(String),
    /// A pod does not fit any more.
    #[error("{0} of its {1} pods do not fit any more, {2} among them")]
    NoRoom(usize, usize, String),
    /// The checker refuses their seats.
    #[error("the checker refuses the seats: {}", first(.0))]
    Refused(Vec<Violation>),
}

impl Planner {
    fn fleet(
        &self,
        tables: &Tables,
        circumstances: &Circumstances,
        without_marks: &[String],
    ) -> Result<LoweredFleet, LowerError> {
        let mut inputs = inputs(tables);
        let nodes = inputs.objects.nodes.iter_mut();
        for node in nodes.filter(|node| without_marks.contains(&node.metadata.name)) {
            node.spec.taints.retain(|taint| taint.key != names::DISRUPTED_TAINT);
        }
        snapshot::lower_fleet(inputs, &self.catalog, &self.options(circumstances, false))
    }

    /// Looks for moves in `tables`.
    pub(crate) fn moves(
        &self,
        tables: &Tables,
        circumstances: &Circumstances,
        under_way: &UnderWay,
        (drifted, rotation): (&Drifted, &Rotation),
    ) -> Result<Moves, MovesError> {
        let mut fleet = self.fleet(tables, circumstances, &[])?;
        under_way.mark(&mut fleet.cluster);
        let LoweredFleet { lowered, cluster } = fleet;
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

    /// Whether the move of `record` still holds: what goes may go, and its pods fit on what is Ready.
    pub(crate) fn holds(
        &self,
        tables: &Tables,
        circumstances: &Circumstances,
        under_way: &UnderWay,
        (record, removed): (&MoveRecord, &[String]),
    ) -> Result<(), NotHeld> {
        let mut fleet = self.fleet(tables, circumstances, removed)?;
        under_way.mark(&mut fleet.cluster);
        let LoweredFleet { lowered, cluster } = fleet;
        let names: Vec<NodeName> =
            removed.iter().map(|name| NodeName::from(name.as_str())).collect();
        let reason = Reason::parse(&record.reason).unwrap_or(Reason::Underutilized);
        still_go(&cluster, &names, reason, circumstances.now)
            .map_err(|(node, kept)| NotHeld::Barred(node, kept))?;
        let pods = pods_of(&cluster, &names)?;
        let own = |name: &NodeName| {
            let claim = cluster.nodes.iter().find(|node| node.name.as_ref() == Some(name));
            let claim = claim.and_then(|node| node.claim.as_ref()).map(NodeClaimName::as_str);
            record.takes.iter().any(|one| one == name.as_str())
                || claim.is_some_and(|claim| record.launched.iter().any(|one| one == claim))
        };
        let others = cluster.nodes.iter().filter(|node| node.nominated);
        let others = others.filter_map(|node| node.name.clone()).filter(|name| !own(name));
        let without: Vec<NodeName> = names.iter().cloned().chain(others).collect();
        let moving = moving(&lowered.snapshot, &pods, &without);
        let plan = self.seats(&moving, circumstances);
        let homeless = plan.unschedulable.iter().flat_map(|group| &group.pods);
        let homeless: Vec<PodIndex> =
            homeless.chain(plan.new_nodes.iter().flat_map(|node| &node.pods)).copied().collect();
        if let Some(pod) = homeless.first() {
            let name = moving.pod(*pod).name.to_string();
            return Err(NotHeld::NoRoom(homeless.len(), pods.len(), name));
        }
        checker::check(&moving, plan).map(drop).map_err(NotHeld::Refused)
    }
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
    let ranked = planner::alternatives(&moving, &plan, objective);
    let alternatives = worthwhile(moves, &ranked);
    let plan = checker::check(&moving, plan).map_err(MovesError::Unsound)?;
    Ok(Some(Launches { snapshot: moving, plan, alternatives }))
}

/// Of the alternatives of each launched node, those with which its move still saves: a move that falls
/// through to a dearer machine than those that go would not.
fn worthwhile(moves: &[Move], ranked: &[Vec<planner::Alternative>]) -> Vec<Vec<OfferingIndex>> {
    let mut ranked = ranked.iter();
    let mut all = Vec::new();
    for one in moves {
        // What is left of the saving, shared by what is launched; launching dearer costs more too, and
        // the half that is not shared out is more than that.
        let launched = i64::try_from(one.launched.len().max(1)).unwrap_or(i64::MAX);
        let left = one.saving.get().saturating_mul(1000).saturating_sub(one.price.get());
        let share = left / 2 / launched;
        for _ in &one.launched {
            let of_node = ranked.next().map_or(&[][..], Vec::as_slice);
            let cheap = of_node.iter().filter(|one| one.regret.get() <= share);
            all.push(cheap.map(|one| one.offering).collect());
        }
    }
    all
}
