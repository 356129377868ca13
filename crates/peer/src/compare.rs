//! One cluster through Karpenter's scheduler and ours: who places which pods, at what cost, and what
//! the checker says of either plan.
//!
//! Ours is asked for exactly the pods that Karpenter placed, as a bill is comparable for the same pods
//! alone; and once for all pods, of which it must place no fewer. Where pods prefer nodes, what Karpenter's
//! plan grants each of them is required of ours; and with preferences at their default price ours must not
//! come to more.

use std::fmt;

use checker::{CheckedPlan, Preferences};
use model::{MicroUsdPerHour, NanoUsdPerHour, Objective, Plan, PreferencePrice, Snapshot};
use serde_json::Value;

use crate::beside;
use crate::cluster::Cluster;
use crate::granted::{granted, satisfied};
use crate::kinds::Kind;
use crate::program::{Options, Program};

/// What plans: ours, or one that is broken on purpose.
pub type Planner<'a> = &'a dyn Fn(&Snapshot, Objective) -> Plan;

/// List prices, with preferences at their default price.
pub const PRICED: Objective =
    Objective { preference_price: PreferencePrice::DEFAULT, ..Objective::LIST_PRICES };

/// One side's plan for the pods that Karpenter placed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Side {
    /// Nodes to buy.
    pub nodes: usize,
    /// Their list prices.
    pub cost: MicroUsdPerHour,
    /// The weight of what pods prefer of the labels of their nodes and have.
    pub satisfied: i64,
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
    /// With preferences at their default price, ours comes to so much more for the same pods.
    Unpleasant(NanoUsdPerHour),
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
            Self::Unpleasant(_) => "dearer with preferences",
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
            Self::Unpleasant(more) => {
                let more = more.get();
                write!(f, "with preferences ours comes to {more} nano-USD an hour more")
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

/// The refusal that no rule of Kubernetes is behind: Karpenter chooses a domain first and then the pool,
/// ours opens a node of a lesser pool only for a pod that no greater one can hold.
pub(crate) const WEIGHT: &str = "Weight";

impl Compared {
    /// What the checker has against Karpenter's plan; weights come last, as what a rule of Kubernetes refuses
    /// counts as that.
    pub fn refusal(&self) -> Option<&str> {
        first_refusal(&self.refusals)
    }
}

fn first_refusal(refusals: &[String]) -> Option<&str> {
    let by_rule = refusals.iter().find(|refusal| !refusal.starts_with(WEIGHT));
    by_rule.or(refusals.first()).map(String::as_str)
}

/// Work for each plan of ours: a cluster of these sizes is through well before.
const WORK: u64 = 10_000_000;

/// Our planner.
pub fn ours(snapshot: &Snapshot, objective: Objective) -> Plan {
    planned(snapshot, objective, WORK)
}

fn planned(snapshot: &Snapshot, objective: Objective, work_limit: u64) -> Plan {
    let settings = planner::Settings { price_weights: false, objective, work_limit };
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
    let Theirs { same, equal, judged: theirs } = of_theirs(objects, snapshot, program)?;
    let ours = Judged::of(&equal, planner(&equal, Objective::LIST_PRICES));
    let all = Judged::of(snapshot, planner(snapshot, Objective::LIST_PRICES));
    let out = same.pods.len() - ours.placed;
    let unsound = ours.unsound.iter().chain(&all.unsound).next();
    let difference = match unsound {
        Some(found) => Some(Difference::Unsound(found.clone())),
        None if out > 0 => Some(Difference::LeftOut(out)),
        None if ours.cost > theirs.cost => Some(dearer(&equal, (&ours, &theirs), planner)),
        None if all.placed < same.pods.len() => {
            Some(Difference::Fewer(same.pods.len() - all.placed))
        }
        None => unpleasant(&same, &theirs, planner),
    };
    let not_honoured = (lowered.findings.iter())
        .filter(|finding| finding.code == model::FindingCode::NotHonoured)
        .map(|finding| finding.message.clone());
    Ok(Compared {
        pods: snapshot.pods.len(),
        theirs: Side {
            nodes: theirs.nodes,
            cost: theirs.cost,
            satisfied: satisfied(&same, &theirs.plan),
            placed: same.pods.len(),
        },
        ours: Side {
            nodes: ours.nodes,
            cost: ours.cost,
            satisfied: satisfied(&same, &ours.plan),
            placed: all.placed,
        },
        refusals: theirs.refusals,
        difference,
        not_honoured: not_honoured.collect(),
    })
}

/// Karpenter's side.
struct Theirs {
    /// The pods that it places.
    same: Snapshot,
    /// The same, requiring what they are granted of what they prefer: Karpenter takes it as required too, so
    /// that weights come after it.
    equal: Snapshot,
    /// Where it places them, as judged over `equal`.
    judged: Judged,
}

fn of_theirs(objects: &[Value], snapshot: &Snapshot, program: &Program) -> anyhow::Result<Theirs> {
    let exchange = beside::exchange(objects, snapshot)?;
    let answer = program.plan(&exchange, Options::default())?;
    let same = answer.placed_of(snapshot);
    let plan = answer.as_plan(&same)?;
    let equal = granted(&same, &plan);
    let judged = Judged::of(&equal, plan);
    Ok(Theirs { same, equal, judged })
}

/// What the checker has against Karpenter's plan of `objects`, as [`Compared::refusal`] has it.
///
/// # Errors
/// Where the objects cannot be lowered or Karpenter's side fails.
pub fn refused(objects: &[Value], program: &Program) -> anyhow::Result<Option<String>> {
    let lowered = beside::lowered(objects)?;
    let theirs = of_theirs(objects, &lowered.snapshot, program)?;
    Ok(first_refusal(&theirs.judged.refusals).map(str::to_owned))
}

/// A plan with what the checker says of it.
struct Judged {
    plan: Plan,
    nodes: usize,
    cost: MicroUsdPerHour,
    placed: usize,
    /// The first violation.
    unsound: Option<String>,
    /// All of them, each with its kind.
    refusals: Vec<String>,
    /// Nothing where there are violations.
    preferences: Preferences,
}

impl Judged {
    fn of(snapshot: &Snapshot, plan: Plan) -> Self {
        let (nodes, cost) = (plan.new_nodes.len(), bill(snapshot, &plan));
        let left_out: usize = plan.unschedulable.iter().map(|group| group.pods.len()).sum();
        let placed = snapshot.pods.len() - left_out;
        let checked = checker::check(snapshot, plan.clone());
        let (found, preferences) = match checked.as_ref().map(CheckedPlan::preferences) {
            Ok(preferences) => (&[][..], preferences.clone()),
            Err(found) => (&found[..], Preferences::default()),
        };
        let unsound = found.first().map(ToString::to_string);
        let refusals = found.iter().map(refusal).collect();
        Self { plan, nodes, cost, placed, unsound, refusals, preferences }
    }

    /// List prices and what is given up at the price of preferences.
    fn objective(&self) -> i64 {
        self.cost.get().saturating_mul(1000).saturating_add(self.preferences.price(PRICED).get())
    }
}

/// That ours is dearer, and whether it would be if all pools had one weight.
fn dearer(
    snapshot: &Snapshot,
    (ours, theirs): (&Judged, &Judged),
    planner: Planner<'_>,
) -> Difference {
    let more = ours.cost - theirs.cost;
    let equal = of_one_weight(snapshot);
    let is_for_weights = bill(&equal, &planner(&equal, Objective::LIST_PRICES)) <= theirs.cost;
    if is_for_weights { Difference::ForWeights(more) } else { Difference::Dearer(more) }
}

/// Whether ours comes to more with preferences at their default price, where pods have any and Karpenter's
/// plan holds without them.
fn unpleasant(snapshot: &Snapshot, theirs: &Judged, planner: Planner<'_>) -> Option<Difference> {
    let theirs = Judged::of(snapshot, theirs.plan.clone());
    if theirs.preferences.weight == 0 {
        return None;
    }
    let ours = Judged::of(snapshot, planner(snapshot, PRICED));
    if let Some(found) = ours.unsound {
        return Some(Difference::Unsound(found));
    }
    let more = ours.objective() - theirs.objective();
    (more > 0).then(|| Difference::Unpleasant(NanoUsdPerHour::new(more)))
}

/// The cluster of `seed`, or the first after it in the same row for which our first answer uses at least
/// `nodes` nodes; `None` where all twenty of the row need fewer.
///
/// # Errors
/// Where a cluster cannot be lowered.
pub fn of_seed(seed: u64, nodes: usize, choice: &[Kind]) -> anyhow::Result<Option<Cluster>> {
    const ROW: u64 = 20;
    for attempt in 0..ROW {
        let cluster = Cluster::drawn(seed * ROW + attempt, choice)?;
        let snapshot = beside::lowered(&cluster.objects)?.snapshot;
        let plan = planned(&snapshot, Objective::LIST_PRICES, 0);
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
