//! One size of a shape, given to both sides: nodes, bill, bound, times.

use std::time::{Duration, Instant};

use anyhow::{Context as _, anyhow};
use checker::CheckedPlan;
use model::{Objective, Plan, PreferencePrice, Profile, Snapshot, Timestamp};
use planner::{Report, Seed, Settings};
use serde::{Deserialize, Serialize};

use crate::beside;
use crate::program::{Options, Program};
use crate::shapes::{self, Shape};

/// Units of work to spend on improving, as `stowage plan` at its default effort.
const WORK: u64 = 80_000_000;

/// Units of work that the checker may spend on a bound, as `stowage plan`.
const PROOF_WORK: u64 = 30_000_000;

/// Candidate nodes that Karpenter tries at once, as in its own benchmark.
const CONCURRENCY: u32 = 5;

/// What to measure.
#[derive(Clone, Copy, Debug)]
pub struct Asked {
    /// The shape.
    pub shape: Shape,
    /// How many pods.
    pub pods: usize,
    /// The seed of the pods.
    pub seed: u64,
    /// How often the first answer is made.
    pub runs: u32,
    /// Whether Karpenter is asked too.
    pub peer: bool,
    /// Whether the search is left out.
    pub first_only: bool,
}

/// What one size came to.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Measured {
    /// Pods.
    pub pods: usize,
    /// The commit.
    pub commit: String,
    /// Our first answer.
    pub first: Ours,
    /// Our answer at the end of the search, where that was waited for.
    pub end: Option<Ours>,
    /// Our first answer by the profile `compat`, where pods prefer anything.
    #[serde(default)]
    pub compat: Option<Ours>,
    /// What no plan for the same pods costs less than, millionths of a dollar an hour.
    pub bound: i64,
    /// Karpenter's plans, by preference policy.
    pub peer: Vec<Theirs>,
}

/// A plan of ours.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Ours {
    /// Median, least and most seconds from the snapshot to the plan.
    pub seconds: [f64; 3],
    /// Nodes to buy.
    pub nodes: usize,
    /// Their list prices, millionths of a dollar an hour.
    pub cost: i64,
    /// Pods placed.
    pub placed: usize,
    /// Weights of soft rules that are met.
    pub satisfied: usize,
}

/// A plan of Karpenter's.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Theirs {
    /// `Respect` or `Ignore`.
    pub policy: String,
    /// The module and its version.
    pub version: String,
    /// Seconds to set up and solve.
    pub seconds: f64,
    /// Nodes to buy.
    pub nodes: usize,
    /// Their list prices, millionths of a dollar an hour.
    pub cost: i64,
    /// Pods placed.
    pub placed: usize,
    /// Weights of soft rules that are met.
    pub satisfied: usize,
    /// The first thing that the checker finds wrong, or nothing.
    pub refusal: Option<String>,
}

/// Measures one size.
///
/// # Errors
/// Where a plan of ours is refused, or Karpenter's side fails.
pub fn measure(asked: &Asked, commit: &str, program: &Program) -> anyhow::Result<Measured> {
    let objects = shapes::objects(asked.shape, asked.pods, asked.seed);
    let snapshot = shapes::lowered(&objects)?;
    let (first, mut last, mut report) = first_answer(&snapshot, asked)?;
    let compat = match asked.shape {
        Shape::Diverse => None,
        Shape::Preferences => {
            let snapshot = Snapshot { profile: Profile::Compat, ..snapshot.clone() };
            Some(first_answer(&snapshot, asked)?.0)
        }
    };
    let mut end = None;
    if !asked.first_only {
        let (time, (ended, of_end)) = plan(&snapshot, asked.shape, WORK);
        (last, report) = (checked(&snapshot, ended)?, of_end);
        end = Some(ours(&snapshot, last.plan(), vec![time]));
    }
    let nothing = Objective::LIST_PRICES;
    let (_, bound) =
        checker::prove_best(&snapshot, last.plan(), &report.candidates, nothing, PROOF_WORK)
            .map_err(|error| anyhow!("{error}"))
            .context("proving a bound")?;
    let mut peer = Vec::new();
    if asked.peer {
        let exchange = beside::exchange(&objects, &snapshot)?;
        peer.push(theirs(&snapshot, &exchange, false, program)?);
        if asked.shape == Shape::Preferences {
            peer.push(theirs(&snapshot, &exchange, true, program)?);
        }
    }
    let bound = bound.lower.get() / 1000;
    let commit = commit.to_owned();
    Ok(Measured { pods: asked.pods, commit, first, end, compat, bound, peer })
}

/// The first answer, made as often as `asked`, with its plan and report.
fn first_answer(snapshot: &Snapshot, asked: &Asked) -> anyhow::Result<(Ours, CheckedPlan, Report)> {
    let mut times = Vec::new();
    let mut answer = None;
    for _ in 0..asked.runs.max(1) {
        let (time, planned) = plan(snapshot, asked.shape, 0);
        times.push(time);
        answer = Some(planned);
    }
    let (plan, report) = answer.context("it is planned at least once")?;
    let checked = checked(snapshot, plan)?;
    Ok((ours(snapshot, checked.plan(), times), checked, report))
}

fn checked(snapshot: &Snapshot, plan: Plan) -> anyhow::Result<CheckedPlan> {
    checker::check(snapshot, plan).map_err(|found| anyhow!("our plan is refused: {}", found[0]))
}

fn plan(snapshot: &Snapshot, shape: Shape, work_limit: u64) -> (Duration, (Plan, Report)) {
    let preference_price = match shape {
        Shape::Diverse => PreferencePrice::NOTHING,
        Shape::Preferences => PreferencePrice::DEFAULT,
    };
    let objective = Objective { preference_price, ..Objective::LIST_PRICES };
    let settings = Settings { price_weights: false, objective, work_limit };
    #[expect(clippy::disallowed_methods, reason = "what a plan takes is measured")]
    let start = Instant::now();
    let planned = planner::plan(snapshot, &settings, Timestamp(0), Seed(0));
    (start.elapsed(), planned)
}

fn ours(snapshot: &Snapshot, plan: &Plan, mut times: Vec<Duration>) -> Ours {
    times.sort_unstable();
    let at = |place: usize| times.get(place).map_or(0.0, Duration::as_secs_f64);
    let nodes = plan.new_nodes.iter().map(|node| {
        let listing = snapshot.listing_of(snapshot.offering(node.offering));
        (listing.zone.as_str().to_owned(), node.pods.len())
    });
    let out: usize = plan.unschedulable.iter().map(|group| group.pods.len()).sum();
    Ours {
        seconds: [at((times.len() - 1) / 2), at(0), at(times.len() - 1)],
        nodes: plan.new_nodes.len(),
        cost: crate::compare::bill(snapshot, plan).get(),
        placed: snapshot.pods.len() - out,
        satisfied: shapes::satisfied(nodes),
    }
}

fn theirs(
    snapshot: &Snapshot,
    exchange: &serde_json::Value,
    ignore_preferences: bool,
    program: &Program,
) -> anyhow::Result<Theirs> {
    let options = Options { ignore_preferences, concurrency: CONCURRENCY };
    let answer = program.plan(exchange, options)?;
    let same = answer.placed_of(snapshot);
    let refused = checker::check(&same, answer.as_plan(&same)?).err();
    let nodes = answer.nodes.iter().map(|node| (node.zone.clone(), node.pods.len()));
    Ok(Theirs {
        policy: if ignore_preferences { "Ignore" } else { "Respect" }.to_owned(),
        version: format!("{} {}", answer.peer.name, answer.peer.version),
        seconds: answer.seconds(),
        nodes: answer.nodes.len(),
        cost: answer.cost_per_hour_micro_usd,
        placed: answer.pods_placed,
        satisfied: shapes::satisfied(nodes),
        refusal: refused.map(|found| format!("{} violations, first: {}", found.len(), found[0])),
    })
}
