//! Consolidation: what runs now is made to run for less.
//!
//! In: a snapshot whose pods are those that may have to move, the cluster they run in, settings, what
//! the pass before left, `now`. Out: moves within all budgets, those with the fewest evictions for a
//! dollar first, and one typed answer for every node. Pure and deterministic; work is counted. Nothing
//! is waited for here: whoever carries a move out looks at it again before it begins, and again before
//! it drains.

use std::collections::BTreeMap;

use model::fleet::{Cluster, Node, Place, Reason};
use model::{
    Candidate, Move, MovePrices, NodeIndex, NodeName, NodePoolName, NodeState, Objective, PodIndex,
    Snapshot, Timestamp, well_known,
};
use solver::{Tenant, Yard, YardSettings};

use crate::answers;
use crate::budget::Allowance;
use crate::choose::{Chosen, choose};
use crate::decide::until;
use crate::eligibility::pool_of;
use crate::kept::Kept;
use crate::quiet::{Quiet, quiet};
use crate::rules;
use crate::search::{BY_TURNS, Search};

/// What governs a pass.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// What is minimised beside list prices.
    pub objective: Objective,
    /// What moves cost, and over what time they have to pay.
    pub prices: MovePrices,
    /// Most nodes that one move takes out.
    pub nodes_per_move: usize,
    /// Whether spot nodes may come in the place of spot nodes alone, as by Karpenter's gate
    /// `SpotToSpotConsolidation`; see [`solver::SPOT_TYPES_MIN`].
    pub spot_for_spot: bool,
    /// Units of work to spend; one is some 100 ns.
    pub work_limit: u64,
}

/// What one pass leaves for the next; may be lost.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rotation {
    /// The node whose turn is next; `None`: all were looked at.
    pub next: Option<NodeName>,
}

/// What becomes of a node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// It goes, by this one of the moves.
    Goes(usize),
    /// It stays.
    Kept(Kept),
}

/// What a pass came to.
#[must_use]
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Consolidation {
    /// What is done, in this order as far as it cannot be done at once.
    pub moves: Vec<Move>,
    /// One for each of [`Cluster::nodes`].
    pub answers: Vec<Answer>,
    /// Each pool's allowance before anything of this pass.
    pub allowances: BTreeMap<NodePoolName, Allowance>,
    /// To be handed in next time.
    pub rotation: Rotation,
    /// When to look again at the latest, if nothing changes; `None`: time alone changes nothing.
    pub again: Option<Timestamp>,
    /// What pods may be worth, from which the checker proves what no moves go below.
    pub candidates: Vec<Candidate>,
    /// Units of work done.
    pub work_used: u64,
}

/// Finds moves at `now`, those that save most for an eviction before all others; `rotation` is what the pass
/// before left.
pub fn consolidate(
    snapshot: &Snapshot,
    cluster: &Cluster,
    settings: &Settings,
    rotation: &Rotation,
    now: Timestamp,
) -> Consolidation {
    let allowances: BTreeMap<NodePoolName, Allowance> = cluster
        .pools
        .iter()
        .map(|pool| {
            let allowance = Allowance::new(cluster, pool, Reason::Underutilized, now);
            (pool.name.clone(), allowance)
        })
        .collect();
    let lots = Lots::new(snapshot, cluster, &allowances, now);
    let yard_settings = YardSettings {
        objective: settings.objective,
        prices: settings.prices,
        most_of_group: (cluster.pools.iter())
            .map(|pool| allowances[&pool.name].left())
            .chain([usize::MAX])
            .collect(),
        most_nodes: settings.nodes_per_move,
        spot_for_spot: settings.spot_for_spot,
    };
    let yard = Yard::new(snapshot, &lots.tenants, yard_settings);
    let order = order(snapshot, &lots.tenants, &yard, rotation);
    let looks = vec![None; yard.len()];
    let (nodes_per_move, work_limit) = (settings.nodes_per_move, settings.work_limit);
    let mut search = Search {
        yard,
        order,
        looks,
        nodes_per_move,
        work_limit,
        several_limit: 0,
        asked: BY_TURNS,
    };
    let place_of = lots.place_of();
    let chosen =
        |yard: &Yard| choose(cluster, &allowances, &place_of, yard.moves(Reason::Underutilized));
    search.trade(|yard| !chosen(yard).moves.is_empty());
    let (mut kept, next) = answers::looked(snapshot, settings, &lots, &search);
    let Chosen { moves, passed } = chosen(&search.yard);
    kept.extend(lots.kept);
    kept.extend(passed);
    let answers = answers::answers(cluster, &place_of, &moves, kept);
    let again = answers.iter().filter_map(|answer| match answer {
        Answer::Goes(_) => None,
        Answer::Kept(kept) => until(kept, now),
    });
    Consolidation {
        again: again.min(),
        moves,
        answers,
        allowances,
        rotation: Rotation { next },
        candidates: search.yard.candidates(snapshot),
        work_used: search.yard.work_used(),
    }
}

/// The nodes as tenants, and why others are none.
pub(crate) struct Lots {
    pub(crate) tenants: Vec<Tenant>,
    /// The place in the cluster of each tenant; `None`: the cluster does not know it.
    pub(crate) places: Vec<Option<usize>>,
    /// Why nodes of the cluster may not go, by place.
    kept: BTreeMap<usize, Kept>,
}

impl Lots {
    fn new(
        snapshot: &Snapshot,
        cluster: &Cluster,
        allowances: &BTreeMap<NodePoolName, Allowance>,
        now: Timestamp,
    ) -> Self {
        let mut lots = Self { tenants: Vec::new(), places: Vec::new(), kept: BTreeMap::new() };
        let mut known = vec![false; snapshot.nodes.len()];
        for (place, node) in cluster.nodes.iter().enumerate() {
            let index = index_of(snapshot, node);
            if let Some(index) = index {
                known[index.get()] = true;
            }
            let may_go = may_go(snapshot, cluster, allowances, (node, index), now);
            let pods = may_go.as_ref().map_or(Vec::new(), Clone::clone);
            let group =
                cluster.pools.iter().position(|pool| Some(&pool.name) == node.pool.as_ref());
            if let Some(index) = index {
                lots.tenants.push(Tenant {
                    node: index,
                    price: snapshot.node(index).price,
                    may_go: may_go.is_ok(),
                    takes: takes(snapshot.node(index), cluster, node, now),
                    group: group.unwrap_or(cluster.pools.len()),
                    pods,
                });
                lots.places.push(Some(place));
            }
            if let Err(kept) = may_go {
                lots.kept.insert(place, kept);
            }
        }
        for (position, _) in known.iter().enumerate().filter(|(_, known)| !**known) {
            let node = NodeIndex::new(position);
            lots.tenants.push(Tenant {
                node,
                price: None,
                pods: Vec::new(),
                may_go: false,
                takes: snapshot.node(node).state == NodeState::Ready,
                group: cluster.pools.len(),
            });
            lots.places.push(None);
        }
        lots
    }

    /// The place in the cluster of each node that it knows.
    fn place_of(&self) -> BTreeMap<NodeIndex, usize> {
        let known = self.tenants.iter().zip(&self.places);
        known.filter_map(|(tenant, place)| Some((tenant.node, (*place)?))).collect()
    }
}

/// The node's place in the snapshot.
pub(crate) fn index_of(snapshot: &Snapshot, node: &Node) -> Option<NodeIndex> {
    let name = node.name.as_ref()?;
    let place = snapshot.nodes.binary_search_by(|one| one.name.cmp(name)).ok()?;
    Some(NodeIndex::new(place))
}

/// The pods that would have to move, or why the node stays.
fn may_go(
    snapshot: &Snapshot,
    cluster: &Cluster,
    allowances: &BTreeMap<NodePoolName, Allowance>,
    (node, index): (&Node, Option<NodeIndex>),
    now: Timestamp,
) -> Result<Vec<PodIndex>, Kept> {
    let pool = pool_of(cluster, node, now)?;
    let mut wanted = Err(Kept::Unknown);
    for (rule, _) in rules::trading() {
        wanted = (rule.wants)(node, pool, now);
        if wanted.is_ok() {
            break;
        }
    }
    wanted?;
    is_known(snapshot, index.ok_or(Kept::Unknown)?)?;
    let mut pods = Vec::new();
    for pod in node.pods.iter().filter(|pod| pod.reschedulable) {
        match &pod.place {
            Place::Pod(index) => pods.push(*index),
            Place::Unknown => {
                return Err(Kept::PodNotPlanned { pod: pod.name.clone(), field: String::new() });
            }
            Place::NotHonoured(field) => {
                let field = field.clone();
                return Err(Kept::PodNotPlanned { pod: pod.name.clone(), field });
            }
        }
    }
    let allowance = allowances[&pool.name];
    if allowance.left() == 0 {
        return Err(Kept::Budget {
            reason: Reason::Underutilized,
            allowed: allowance.allowed.unwrap_or(usize::MAX),
            total: allowance.total,
            consuming: allowance.consuming,
            taken: 0,
        });
    }
    pods.sort_unstable();
    Ok(pods)
}

/// Whether it can be said what the node is.
fn is_known(snapshot: &Snapshot, index: NodeIndex) -> Result<(), Kept> {
    let labels = &snapshot.node(index).labels;
    let Some(name) = labels.get(well_known::INSTANCE_TYPE) else {
        return Err(Kept::NoLabel(well_known::INSTANCE_TYPE));
    };
    let place = snapshot.types.binary_search_by(|one| one.name.as_str().cmp(name.as_str()));
    if place.is_err() {
        return Err(Kept::TypeNotFound(name.to_string()));
    }
    for key in [well_known::CAPACITY_TYPE, well_known::ZONE] {
        if !labels.contains_key(key) {
            return Err(Kept::NoLabel(key));
        }
    }
    Ok(())
}

/// Whether pods of other nodes may be moved to the node: it is there to stay, nothing is about to come,
/// and it is not within its own time of quiet.
fn takes(known: &model::Node, cluster: &Cluster, node: &Node, now: Timestamp) -> bool {
    let stays = known.state == NodeState::Ready
        && !node.deleting
        && !node.terminating
        && !node.nominated
        && node.initialized;
    let pool = node.pool.as_ref().and_then(|name| cluster.pool(name));
    let Some(pool) = pool else { return stays };
    let is_quiet = quiet(node, pool, now);
    let goes_empty =
        node.pods.iter().all(|pod| !pod.counts()) && is_quiet == Quiet::Yes && node.claim.is_some();
    stays && !goes_empty && !matches!(is_quiet, Quiet::NotYet { .. })
}

/// Who may go, those that save most for an eviction first, beginning with whoever's turn it is.
fn order(snapshot: &Snapshot, tenants: &[Tenant], yard: &Yard, rotation: &Rotation) -> Vec<usize> {
    let mut order: Vec<usize> =
        (0..tenants.len()).filter(|&tenant| tenants[tenant].may_go).collect();
    let name = |tenant: usize| &snapshot.node(tenants[tenant].node).name;
    order.sort_by(|&a, &b| {
        let worth = |one: usize| i128::from(yard.worth(one).get());
        let pods = |one: usize| i128::try_from(tenants[one].pods.len() + 1).unwrap_or(i128::MAX);
        let by_ratio = (worth(b) * pods(a)).cmp(&(worth(a) * pods(b)));
        by_ratio.then_with(|| name(a).cmp(name(b)))
    });
    let next = rotation.next.as_ref();
    if let Some(first) = next.and_then(|next| order.iter().position(|&one| name(one) == next)) {
        order.rotate_left(first);
    }
    order
}
