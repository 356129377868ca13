//! Plans made again and again in one process: from a snapshot in memory to a plan.
//!
//! Runs as a process of its own, from the release build of this tool: `first-answer --plans N LIST
//! POOLS [--all | --at SECONDS] [--where CONDITION]...`, with the arguments of `stowage plan`.
//! Prints nanoseconds.

use clap::Args;
use planner::{Seed, Timestamp};

use super::measure::{Spread, timed};
use super::selection::Selection;

/// What to plan, and how often.
#[derive(Debug, Args)]
pub(crate) struct Options {
    #[arg(long)]
    plans: u32,
    #[command(flatten)]
    selection: Selection,
}

/// Plans as often as asked and prints the spread of the times.
pub(crate) fn run(options: &Options) -> anyhow::Result<()> {
    let snapshot = options.selection.snapshot()?;
    let settings = planner::Settings {
        price_weights: false,
        objective: model::Objective::LIST_PRICES,
        work_limit: 0,
    };
    let mut times = Vec::new();
    for _ in 0..options.plans {
        let (time, plan) =
            timed(|| Ok(planner::plan(&snapshot, &settings, Timestamp(0), Seed(0))))?;
        drop(plan);
        times.push(time);
    }
    println!("{}", Spread::of(times)?.encoded());
    Ok(())
}
