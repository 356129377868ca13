//! What consolidation comes to: a fleet grows in batches, most of its pods leave, and it is consolidated
//! until it rests.
//!
//! Runs as a process of its own, from the release build of this tool: `consolidate LIST POOLS [--all |
//! --at SECONDS] [--where CONDITION]... --pods N`, with the arguments of `stowage plan`. Prints one line
//! of JSON for each seed. Every pass is held against the checker.

mod fleet;

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, anyhow};
use clap::Args;
use disruption::{Answer, Consolidation, Rotation, Settings};
use model::{MovePrices, Objective, Timestamp};
use serde::Serialize;

use super::measure::timed;
use super::selection::Selection;
use crate::workspace::output_of;
use fleet::{Fleet, Lots};

/// Where the fleet comes from, and how it is consolidated.
#[derive(Debug, Args)]
pub(crate) struct Options {
    #[command(flatten)]
    selection: Selection,
    /// Pods that arrive, at random from the list, again from its beginning where it is shorter
    #[arg(long, default_value_t = 800)]
    pods: usize,
    /// In so many batches
    #[arg(long, default_value_t = 10)]
    batches: usize,
    /// Of a hundred pods so many leave
    #[arg(long, default_value_t = 60)]
    leave: usize,
    /// The first seed
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// How many seeds
    #[arg(long, default_value_t = 5)]
    seeds: u64,
    /// What an eviction costs, millionths of a dollar
    #[arg(long, default_value_t = 0)]
    eviction: i64,
    /// Most nodes that one move takes out
    #[arg(long, default_value_t = 16)]
    nodes_per_move: usize,
    /// Units of work of one pass
    #[arg(long, default_value_t = 20_000_000)]
    work: u64,
    /// Units of work to spend on the bound; 0 leaves it out
    #[arg(long, default_value_t = 80_000_000)]
    bound_work: u64,
    /// Also run Karpenter's methods on the same start states: the program of benches/karpenter, built
    #[arg(long, value_name = "PROGRAM")]
    peer: Option<PathBuf>,
    /// Most passes
    #[arg(long, default_value_t = 100)]
    passes: usize,
}

/// What one seed came to; money in USD per hour.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Line {
    seed: u64,
    eviction: i64,
    pods: usize,
    start: f64,
    start_nodes: usize,
    one_pass: f64,
    rest: f64,
    rest_nodes: usize,
    bound: Option<f64>,
    evictions: usize,
    removed: usize,
    launched: usize,
    largest_move: usize,
    passes: usize,
    first_seconds: f64,
    seconds: f64,
    peer: Option<serde_json::Value>,
    kept: std::collections::BTreeMap<&'static str, usize>,
}

/// Consolidates for each seed and prints what it came to.
pub(crate) fn run(options: &Options) -> anyhow::Result<()> {
    let base = options.selection.snapshot()?;
    for seed in options.seed..options.seed + options.seeds {
        let fleet = Fleet::grown(&base, options.pods, options.batches, &mut Lots::new(seed));
        let line = rest(options, fleet, seed)?;
        println!("{}", serde_json::to_string(&line)?);
    }
    Ok(())
}

fn rest(options: &Options, mut fleet: Fleet<'_>, seed: u64) -> anyhow::Result<Line> {
    fleet.leave(options.leave, &mut Lots::new(seed.wrapping_add(1_000_003)));
    let bound = fleet.bound(options.bound_work);
    let peer = options.peer.as_deref().map(|program| peer(program, &fleet, seed)).transpose()?;
    let (start, start_nodes) = (fleet.cost(), fleet.nodes());
    let mut line = Line {
        seed,
        eviction: options.eviction,
        pods: fleet.pods(),
        start,
        start_nodes,
        one_pass: start,
        rest: start,
        rest_nodes: start_nodes,
        bound,
        evictions: 0,
        removed: 0,
        launched: 0,
        largest_move: 0,
        passes: 0,
        first_seconds: 0.0,
        seconds: 0.0,
        peer,
        kept: std::collections::BTreeMap::new(),
    };
    let settings = settings(options);
    let mut rotation = Rotation::default();
    let mut idle = 0;
    while idle < 2 && line.passes < options.passes {
        fleet.drop_empty();
        let (snapshot, cluster) = fleet.as_running();
        let (time, found) = timed(|| {
            Ok(disruption::consolidate(&snapshot, &cluster, &settings, &rotation, Timestamp(0)))
        })?;
        line.passes += 1;
        line.seconds += time.as_secs_f64();
        if line.passes == 1 {
            line.first_seconds = time.as_secs_f64();
        }
        let Consolidation { moves, answers, rotation: next, .. } = found;
        rotation = next;
        checker::check_moves(&snapshot, &cluster, moves.clone(), settings.prices, Timestamp(0))
            .map(drop)
            .map_err(|found| anyhow!("{}", found[0]))
            .context("the checker refuses a move")?;
        idle = if moves.is_empty() && rotation.next.is_none() { idle + 1 } else { 0 };
        line.evictions += moves.iter().map(model::Move::evictions).sum::<usize>();
        line.removed += moves.iter().map(|one| one.removed.len()).sum::<usize>();
        line.launched += moves.iter().map(|one| one.launched.len()).sum::<usize>();
        let largest = moves.iter().map(|one| one.removed.len()).max().unwrap_or(0);
        line.largest_move = line.largest_move.max(largest);
        if moves.is_empty() {
            for answer in answers {
                if let Answer::Kept(kept) = answer {
                    *line.kept.entry(kept.as_str()).or_default() += 1;
                }
            }
        }
        fleet.carry_out(&moves);
        line.rest = fleet.cost();
        line.rest_nodes = fleet.nodes();
        if line.passes == 1 {
            line.one_pass = line.rest;
        }
    }
    Ok(line)
}

/// What Karpenter's methods make of the fleet: the result of the program, as it is.
fn peer(program: &Path, fleet: &Fleet<'_>, seed: u64) -> anyhow::Result<serde_json::Value> {
    let file =
        std::env::temp_dir().join(format!("stowage-fleet-{}-{seed}.json", std::process::id()));
    std::fs::write(&file, serde_json::to_vec(&fleet.exchange()?)?)
        .with_context(|| format!("writing {}", file.display()))?;
    let printed = output_of(Command::new(program).arg("--consolidate").arg(&file));
    std::fs::remove_file(&file).with_context(|| format!("removing {}", file.display()))?;
    serde_json::from_str(&printed?).context("reading the result of benches/karpenter")
}

fn settings(options: &Options) -> Settings {
    Settings {
        objective: Objective { restart_cost: 0 },
        prices: MovePrices { eviction: options.eviction, ..MovePrices::default() },
        nodes_per_move: options.nodes_per_move,
        work_limit: options.work,
    }
}
