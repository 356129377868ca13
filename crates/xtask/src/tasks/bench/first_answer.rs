//! Plans made again and again in one process: from a snapshot in memory to a plan.
//!
//! Runs as a process of its own, from the release build of this tool: `first-answer --plans N LIST
//! POOLS [--all | --at SECONDS] [--where CONDITION]...`, with the arguments of `stowage plan`.
//! Prints nanoseconds.

use std::fs;
use std::path::PathBuf;

use anyhow::Context as _;
use clap::Args;
use planner::{Seed, Timestamp};
use snapshot::{Filter, LowerOptions, ReadOptions, Source, Window};

use super::measure::{Spread, timed};

/// What to plan, and how often.
#[derive(Debug, Args)]
pub(crate) struct Options {
    #[arg(long)]
    plans: u32,
    files: Vec<PathBuf>,
    #[arg(long)]
    all: bool,
    #[arg(long)]
    at: Option<i64>,
    #[arg(long = "where")]
    conditions: Vec<Filter>,
}

/// Plans as often as asked and prints the spread of the times.
pub(crate) fn run(options: &Options) -> anyhow::Result<()> {
    let snapshot = snapshot_of(options)?;
    let settings = planner::Settings {
        price_weights: false,
        objective: model::Objective { restart_cost: 0 },
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

fn snapshot_of(options: &Options) -> anyhow::Result<model::Snapshot> {
    let mut sources = Vec::new();
    for file in &options.files {
        let name = file.display().to_string();
        let bytes = fs::read(file).with_context(|| format!("reading {name}"))?;
        sources.push(Source { name, bytes });
    }
    let window = options.all.then_some(Window::All).or(options.at.map(Window::At));
    let read_options =
        ReadOptions { window, filters: options.conditions.clone(), ..ReadOptions::default() };
    let inputs = snapshot::read(&sources, &read_options)?;
    let lower_options = LowerOptions {
        region: "us-east-1".to_owned(),
        pods: None,
        architectures: Vec::new(),
        capacity_types: Vec::new(),
        estimate_prices: false,
    };
    Ok(snapshot::lower(inputs, &ec2::Catalog::embedded(), &lower_options)?.snapshot)
}
