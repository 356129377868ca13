//! From the store to checked moves: lower the fleet, make a pass over it, check; and, once what a move launches
//! is ready, whether it still holds.
//!
//! In: what is known, what is under way, the time. Out: moves that the checker accepts, with an answer for
//! every node; or why a move that has begun does not hold any more. As [`super`], it sends nothing and
//! takes a core for as long as it runs.

use std::collections::BTreeSet;
use std::sync::Arc;

use ::disruption::Rotation;
use checker::{CheckedPlan, MoveViolation, Violation};
use executor::MoveRecord;
use model::fleet::{Cluster, Reason};
use model::{
    InstanceTypeName, MicroUsdPerHour, Move, MovePrices, NodeClaimName, NodeIndex, NodeName,
    Objective, OfferingIndex, Snapshot,
};
use planner::{Arguments, Begun, Moving, NoPlace, Pass, Question, Seed, Settings};
use snapshot::{LowerError, Lowered, LoweredFleet};

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

/// A pass over what runs, with all that it was made from.
#[derive(Debug)]
pub(crate) struct Looked {
    /// What was asked.
    pub(crate) question: Question,
    /// What runs, and what there is to say about it.
    pub(crate) lowered: Lowered,
    /// The nodes that are answered for.
    pub(crate) cluster: Cluster,
    /// Moves and answers.
    pub(crate) pass: Pass,
}

/// Moves that may be made, and what becomes of every node.
#[derive(Debug)]
pub(crate) struct Moves {
    /// What they were found in.
    pub(crate) looked: Arc<Looked>,
    /// Those that move pods or launch nodes; what is empty goes by itself.
    pub(crate) nodes: Vec<MoveNodes>,
    /// What is launched for all moves, in their order.
    pub(crate) launches: Option<Launches>,
}

/// The nodes of a move, by name.
#[derive(Clone, Debug)]
pub(crate) struct MoveNodes {
    /// Why.
    pub(crate) reason: Reason,
    /// What it saves.
    pub(crate) saving: MicroUsdPerHour,
    /// How many pods it evicts.
    pub(crate) evictions: usize,
    /// Those that go.
    pub(crate) removed: Vec<NodeName>,
    /// Those that take their pods.
    pub(crate) takes: Vec<NodeName>,
    /// Types of what is launched, in the order of the move.
    pub(crate) launched: Vec<InstanceTypeName>,
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
    Refused(Vec<MoveViolation>, Arc<Looked>),
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
    /// Pods have no place.
    #[error(transparent)]
    NoPlace(#[from] NoPlace),
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
        rotation: &Rotation,
    ) -> Result<Moves, MovesError> {
        let LoweredFleet { lowered, cluster, drifted } =
            self.fleet(tables, circumstances, under_way)?;
        let (settings, now) = (self.settings(), circumstances.now);
        let consolidation = ::disruption::Settings {
            objective: settings.objective,
            prices: MovePrices {
                eviction: ::disruption::eviction_price(self.spending.eviction_price, &cluster),
                ..MovePrices::default()
            },
            nodes_per_move: NODES_PER_MOVE,
            spot_for_spot: self.spending.spot_for_spot,
            work_limit: self.spending.work_limit,
        };
        let (seed, rotation) = (Seed(circumstances.seed), rotation.clone());
        let question = Question { consolidation, settings, drifted, rotation, now, seed };
        let pass = planner::pass(&lowered.snapshot, &cluster, &question);
        let looked = Arc::new(Looked { question, lowered, cluster, pass });
        let snapshot = &looked.lowered.snapshot;
        let moves = looked.pass.found.moves.clone();
        let prices = looked.question.consolidation.prices;
        let checked = checker::check_moves(snapshot, &looked.cluster, moves, prices, now);
        let checked = checked.map_err(|found| MovesError::Refused(found, Arc::clone(&looked)))?;
        let of_pods = checked.moves().iter().filter(|one| one.reason != Reason::Empty);
        let of_pods: Vec<Move> = of_pods.cloned().collect();
        let nodes = of_pods.iter().map(|one| MoveNodes::new(snapshot, one)).collect();
        let launches = launches(snapshot, &of_pods, settings.objective)?;
        Ok(Moves { looked, nodes, launches })
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
        let LoweredFleet { lowered, mut cluster, drifted: _ } =
            self.fleet(tables, circumstances, under_way)?;
        let begun = Begun {
            reason: Reason::parse(&record.reason).unwrap_or(Reason::Underutilized),
            removed: removed.iter().map(|name| name.as_str().into()).collect(),
            launched: record.launched.iter().map(|name| name.as_str().into()).collect(),
            takes: record.takes.iter().map(|name| name.as_str().into()).collect(),
        };
        begun.claim_seats(&mut cluster);
        let (snapshot, settings) = (&lowered.snapshot, self.settings());
        let decided = begun.seated(snapshot, &cluster, &arguments(&settings, circumstances))?;
        let held = checker::check_again(snapshot, &cluster, &decided, circumstances.now);
        held.map(drop).map_err(NotHeld::Refused)
    }
}

impl MoveNodes {
    fn new(snapshot: &Snapshot, one: &Move) -> Self {
        let name = |node: NodeIndex| snapshot.node(node).name.clone();
        let launched = one.launched.iter().map(|node| {
            let listing = snapshot.listing_of(snapshot.offering(node.offering));
            snapshot.instance_type(listing.instance_type).name.clone()
        });
        Self {
            reason: one.reason,
            saving: one.saving,
            evictions: one.evictions(),
            removed: one.removed.iter().map(|node| name(*node)).collect(),
            takes: one.taken.iter().map(|fill| name(fill.node)).collect(),
            launched: launched.collect(),
        }
    }
}

const fn arguments<'a>(settings: &'a Settings, circumstances: &Circumstances) -> Arguments<'a> {
    Arguments { settings, now: circumstances.now, seed: Seed(circumstances.seed) }
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
    let Moving { snapshot: moving, plan } = planner::launches(snapshot, moves);
    let ranked = planner::move_alternatives(snapshot, moves, objective).into_iter().flatten();
    let alternatives = ranked.map(|of| of.iter().map(|one| one.offering).collect()).collect();
    let plan = checker::check(&moving, plan).map_err(MovesError::Unsound)?;
    Ok(Some(Launches { snapshot: moving, plan, alternatives }))
}
