//! What consolidation comes to: a fleet grows in batches, most of its pods leave, and it is consolidated
//! until it rests.
//!
//! Runs as a process of its own, from the release build of this tool: `consolidate LIST POOLS [--all |
//! --at SECONDS] [--where CONDITION]... --pods N`, with the arguments of `stowage plan`. Prints one line
//! of JSON for each seed. Every pass is held against the checker.

mod fleet;
mod peer;

use std::collections::BTreeMap;
use std::path::PathBuf;

use anyhow::{Context as _, anyhow, ensure};
use clap::Args;
use disruption::{Answer, Consolidation, Rotation, Settings};
use model::{MovePrices, Objective, Timestamp};

use super::machine;
use super::measure::timed;
use super::measured::{Measured, Run};
use super::selection::Selection;
use fleet::{Fleet, Lots};
use peer::Peer;

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
    /// What an eviction costs, millionths of a dollar; several are run one by one from the same start
    #[arg(long, value_delimiter = ',', default_value = "0")]
    evictions: Vec<i64>,
    /// Most nodes that one move takes out
    #[arg(long, default_value_t = 16)]
    nodes_per_move: usize,
    /// Units of work of one pass
    #[arg(long, default_value_t = 20_000_000)]
    work: u64,
    /// Units of work to spend on the bound; 0 leaves it out
    #[arg(long, default_value_t = 80_000_000)]
    bound_work: u64,
    /// The program of benches/karpenter, built: the fleet is what it buys, and its methods run too
    #[arg(long, value_name = "PROGRAM", requires = "answers")]
    peer: Option<PathBuf>,
    /// The folder where the program's answers are kept, and read again where they are there
    #[arg(long, value_name = "DIR")]
    answers: Option<PathBuf>,
    /// Most passes
    #[arg(long, default_value_t = 100)]
    passes: usize,
}

/// Consolidates for each seed and prints what it came to.
pub(crate) fn run(options: &Options) -> anyhow::Result<()> {
    let base = options.selection.snapshot()?;
    for seed in options.seed..options.seed + options.seeds {
        println!("{}", serde_json::to_string(&measured(options, &base, seed)?)?);
    }
    Ok(())
}

fn measured(options: &Options, base: &model::Snapshot, seed: u64) -> anyhow::Result<Measured> {
    let peer = match (&options.peer, &options.answers) {
        (Some(program), Some(folder)) => Some(Peer { program, folder }),
        _ => None,
    };
    let batches = Fleet::batches(base, options.pods, options.batches, &mut Lots::new(seed));
    let mut fleet = match &peer {
        None => Fleet::grown(base, &batches),
        Some(peer) => {
            let grown = peer.grown(base, &batches, seed)?;
            let left_out = grown.unscheduled;
            ensure!(
                left_out == 0,
                "{left_out} pods found no node: the start would not be the same"
            );
            Fleet::bought(base, &grown)?
        }
    };
    fleet.leave(options.leave, &mut Lots::new(seed.wrapping_add(1_000_003)));
    let mut runs = Vec::new();
    for eviction in &options.evictions {
        runs.push(until_rest(options, fleet.clone(), *eviction)?);
    }
    Ok(Measured {
        seed,
        commit: machine::commit()?,
        pods: fleet.pods(),
        start: fleet.point(0),
        bound: fleet.bound(options.bound_work),
        runs,
        peer: peer.map(|peer| peer.consolidated(&fleet, seed)).transpose()?,
    })
}

fn until_rest(options: &Options, mut fleet: Fleet<'_>, eviction: i64) -> anyhow::Result<Run> {
    let settings = settings(options, eviction);
    fleet.drop_empty();
    let mut run = Run {
        eviction: Some(eviction),
        one_pass: fleet.point(0),
        rest: fleet.point(0),
        passes: 0,
        first_seconds: 0.0,
        seconds: 0.0,
        at_rest: false,
        answers: BTreeMap::new(),
        curve: vec![fleet.point(0)],
    };
    let (mut rotation, mut idle, mut passes) = (Rotation::default(), 0, 0);
    while idle < 2 && passes < options.passes {
        let (snapshot, cluster) = fleet.as_running();
        let (time, found) = timed(|| {
            Ok(disruption::consolidate(&snapshot, &cluster, &settings, &rotation, Timestamp(0)))
        })?;
        passes += 1;
        run.seconds += time.as_secs_f64();
        if passes == 1 {
            run.first_seconds = time.as_secs_f64();
        }
        let Consolidation { moves, answers, rotation: next, .. } = found;
        ensure!(answers.len() == cluster.nodes.len(), "a node has no answer");
        for answer in answers.into_iter().filter(|_| passes == 1) {
            let name = match answer {
                Answer::Goes(_) => "goes",
                Answer::Kept(kept) => kept.as_str(),
            };
            *run.answers.entry(name.to_owned()).or_default() += 1;
        }
        rotation = next;
        checker::check_moves(&snapshot, &cluster, moves.clone(), settings.prices, Timestamp(0))
            .map(drop)
            .map_err(|found| anyhow!("{}", found[0]))
            .context("the checker refuses a move")?;
        idle = if moves.is_empty() && rotation.next.is_none() { idle + 1 } else { 0 };
        run.passes += usize::from(!moves.is_empty());
        run.curve.extend(fleet.along(&moves, run.rest.evictions));
        fleet.carry_out(&moves);
        fleet.drop_empty();
        let evictions = moves.iter().map(model::Move::evictions).sum::<usize>();
        run.rest = fleet.point(run.rest.evictions + evictions);
        if passes == 1 {
            run.one_pass = run.rest;
        }
    }
    run.at_rest = idle >= 2;
    Ok(run)
}

fn settings(options: &Options, eviction: i64) -> Settings {
    Settings {
        objective: Objective::LIST_PRICES,
        prices: MovePrices { eviction, ..MovePrices::default() },
        nodes_per_move: options.nodes_per_move,
        spot_for_spot: false,
        work_limit: options.work,
    }
}
