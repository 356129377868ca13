//! One cluster through Karpenter's scheduler and ours: who places which pods, at what cost, and what
//! the checker says of either plan.
//!
//! Ours is asked for exactly the pods that Karpenter placed, as a bill is comparable for the same pods
//! alone; and once for all pods, of which it must place no fewer.

use std::fmt;

use model::{MicroUsdPerHour, Plan, Snapshot};
use serde_json::Value;

use crate::beside;
use crate::cluster::Cluster;
use crate::kinds::Kind;
use crate::program::{Options, Program};

/// What plans: ours, or one that is broken on purpose.
pub type Planner<'a> = &'a dyn Fn(&Snapshot) -> Plan;

/// One side's plan for the pods that Karpenter placed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Side {
    /// Nodes to buy.
    pub nodes: usize,
    /// Their list prices.
    pub cost: MicroUsdPerHour,
    /// Pods placed when asked for all.
    pub placed: usize,
}

/// A way in which ours is worse.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Difference {
    /// The checker refuses our plan.
    Unsound(String),
    /// Ours leaves out so many of the pods that Karpenter placed.
    LeftOut(usize),
    /// Ours costs more for the same pods, by so much.
    Dearer(MicroUsdPerHour),
    /// Ours costs more for the same pods, by so much, and would not if all pools had one weight: it keeps
    /// to weights where Karpenter takes a lesser pool in a domain that it chose before.
    ForWeights(MicroUsdPerHour),
    /// Of all pods, ours places so many fewer.
    Fewer(usize),
}

impl Difference {
    /// Its kind in a word.
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Unsound(_) => "unsound",
            Self::LeftOut(_) => "left out",
            Self::Dearer(_) => "dearer",
            Self::ForWeights(_) => "dearer for weights",
            Self::Fewer(_) => "fewer",
        }
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unsound(problem) => write!(f, "the checker refuses ours: {problem}"),
            Self::LeftOut(pods) => write!(f, "ours leaves out {pods} pods that Karpenter placed"),
            Self::Dearer(more) => write!(f, "ours costs {} micro-USD an hour more", more.get()),
            Self::ForWeights(more) => {
                write!(f, "ours costs {} micro-USD an hour more, for weights", more.get())
            }
            Self::Fewer(pods) => write!(f, "of all pods ours places {pods} fewer"),
        }
    }
}

/// What came of one cluster.
#[derive(Clone, Debug)]
pub struct Compared {
    /// Pods that wait for a node.
    pub pods: usize,
    /// Karpenter's side.
    pub theirs: Side,
    /// Our side.
    pub ours: Side,
    /// What the checker finds in Karpenter's plan; where there is anything, its bill is no bill.
    pub refusals: Vec<String>,
    /// How ours is worse, if it is.
    pub difference: Option<Difference>,
    /// What our lowering does not honour of these objects.
    pub not_honoured: Vec<String>,
}

/// Work for each plan of ours: a cluster of these sizes is through well before.
const WORK: u64 = 10_000_000;

/// Our planner.
pub fn ours(snapshot: &Snapshot) -> Plan {
    let settings = planner::Settings {
        price_weights: false,
        objective: model::Objective::LIST_PRICES,
        work_limit: WORK,
    };
    planner::plan(snapshot, &settings, model::Timestamp(0), planner::Seed(0)).0
}

/// Compares both plans of `objects`.
///
/// # Errors
/// Where the objects cannot be lowered or Karpenter's side fails.
pub fn compare(
    objects: &[Value],
    program: &Program,
    planner: Planner<'_>,
) -> anyhow::Result<Compared> {
    let lowered = beside::lowered(objects)?;
    let snapshot = &lowered.snapshot;
    let exchange = beside::exchange(objects, snapshot)?;
    let answer = program.plan(&exchange, Options::default())?;
    let same = answer.placed_of(snapshot);
    let placed = same.pods.len();
    let theirs = answer.as_plan(&same)?;
    let (their_nodes, their_cost) = (theirs.new_nodes.len(), bill(&same, &theirs));
    let refusals = match checker::check(&same, theirs) {
        Ok(_) => Vec::new(),
        Err(found) => found.iter().map(refusal).collect(),
    };
    let plan = planner(&same);
    let (our_nodes, our_cost) = (plan.new_nodes.len(), bill(&same, &plan));
    let out = left_out_of(&plan);
    let all = planner(snapshot);
    let all_out = left_out_of(&all);
    let fewer = (placed + all_out).saturating_sub(snapshot.pods.len());
    let unsound = [(&same, plan), (snapshot, all)]
        .into_iter()
        .find_map(|(snapshot, plan)| checker::check(snapshot, plan).err());
    let difference = match unsound {
        Some(found) => Some(Difference::Unsound(found[0].to_string())),
        None if out > 0 => Some(Difference::LeftOut(out)),
        None if our_cost > their_cost => {
            let more = our_cost - their_cost;
            let is_for_weights = bill(&same, &planner(&of_one_weight(&same))) <= their_cost;
            Some(if is_for_weights {
                Difference::ForWeights(more)
            } else {
                Difference::Dearer(more)
            })
        }
        None if fewer > 0 => Some(Difference::Fewer(fewer)),
        None => None,
    };
    let not_honoured = (lowered.findings.iter())
        .filter(|finding| finding.code == model::FindingCode::NotHonoured)
        .map(|finding| finding.message.clone());
    Ok(Compared {
        pods: snapshot.pods.len(),
        theirs: Side { nodes: their_nodes, cost: their_cost, placed },
        ours: Side { nodes: our_nodes, cost: our_cost, placed: snapshot.pods.len() - all_out },
        refusals,
        difference,
        not_honoured: not_honoured.collect(),
    })
}

/// The cluster of `seed`, or the first after it in the same row for which our plan uses at least
/// `nodes` nodes; `None` where all twenty of the row need fewer.
///
/// # Errors
/// Where a cluster cannot be lowered.
pub fn of_seed(seed: u64, nodes: usize, choice: &[Kind]) -> anyhow::Result<Option<Cluster>> {
    const ROW: u64 = 20;
    for attempt in 0..ROW {
        let cluster = Cluster::drawn(seed * ROW + attempt, choice)?;
        let plan = ours(&beside::lowered(&cluster.objects)?.snapshot);
        if plan.new_nodes.len() + plan.existing.len() >= nodes {
            return Ok(Some(cluster));
        }
    }
    Ok(None)
}

fn of_one_weight(snapshot: &Snapshot) -> Snapshot {
    let mut equal = snapshot.clone();
    for pool in &mut equal.pools {
        pool.weight = 0;
    }
    equal
}

fn left_out_of(plan: &Plan) -> usize {
    plan.unschedulable.iter().map(|group| group.pods.len()).sum()
}

/// List prices of what `plan` buys.
pub fn bill(snapshot: &Snapshot, plan: &Plan) -> MicroUsdPerHour {
    let price = |node: &model::NewNode| {
        let listing = snapshot.listing_of(snapshot.offering(node.offering));
        listing.price.map_or(MicroUsdPerHour::ZERO, |price| price.rate)
    };
    plan.new_nodes.iter().map(price).sum()
}

/// The kind of a violation and what it says.
fn refusal(violation: &checker::Violation) -> String {
    let told = format!("{violation:?}");
    let kind: String = told.chars().take_while(char::is_ascii_alphanumeric).collect();
    format!("{kind}: {violation}")
}
