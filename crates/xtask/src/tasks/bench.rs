//! Offline figures: the release binary on recorded workloads, beside the peer's, into
//! `docs/benchmarks.md`.
//!
//! Needs the recorded data (`STOWAGE_DATA`), which cannot be shipped; says so and does nothing where
//! it is not set. Times are of this machine: nothing else should run on it.

#[cfg(feature = "in-process")]
pub(crate) mod first_answer;
mod machine;
mod measure;
mod page;
mod workloads;

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::Args;

use crate::workspace::{cargo, output_of, release_binary, root};
use measure::{Figures, Spread};
use workloads::{Workload, million, recorded};

/// How much to measure.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// How often each command is run; the median and the extremes are reported
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=100))]
    runs: u32,

    /// How often each plan is made in one process; the median and the extremes are reported
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=1000))]
    plans: u32,

    /// Print the figures and leave docs/benchmarks.md as it is
    #[arg(long)]
    dry_run: bool,
}

/// One line of the report.
struct Row {
    workload: Workload,
    figures: Figures,
    /// Snapshot in memory to plan, in one process; `None` where that was not measured.
    first_answer: Option<Spread>,
}

/// Measures every workload and writes the report.
pub(crate) fn run(options: &Options) -> anyhow::Result<()> {
    let Some(data) = std::env::var_os("STOWAGE_DATA").map(PathBuf::from) else {
        println!("skipped: bench: STOWAGE_DATA is not set");
        return Ok(());
    };
    for package in [&["stowage"][..], &["xtask", "--features", "in-process"]] {
        println!("building {}", package[0]);
        output_of(cargo(&["build", "--release", "--locked", "--package"]).args(package))?;
    }
    let binary = release_binary("stowage")?;
    let helper = release_binary("xtask")?;
    let scratch = helper.with_file_name("bench");
    fs::create_dir_all(&scratch).context("making a folder for what is measured")?;
    let mut rows = Vec::new();
    for workload in recorded() {
        let arguments = workload.arguments(&data);
        let figures = measure::command(&binary, &arguments, options.runs, &scratch)?;
        let first_answer = measure::first_answer(&helper, &arguments, options.plans)?;
        rows.push(Row { workload, figures, first_answer: Some(first_answer) });
        println!("{}", page::row(&rows[rows.len() - 1]));
    }
    rows.push(measure_million(&binary, &data, options, &scratch)?);
    println!("{}", page::row(&rows[rows.len() - 1]));
    if !options.dry_run {
        page::write(&root().join("docs/benchmarks.md"), &rows, options)?;
    }
    Ok(())
}

fn measure_million(
    binary: &Path,
    data: &Path,
    options: &Options,
    scratch: &Path,
) -> anyhow::Result<Row> {
    let workload = million(data, scratch)?;
    let figures = measure::command(binary, &workload.arguments(scratch), options.runs, scratch)?;
    Ok(Row { workload, figures, first_answer: None })
}
