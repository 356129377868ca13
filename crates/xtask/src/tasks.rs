//! The list of all tasks; each is one file with its arguments and a `run`.

mod bench;
mod catalog;
mod chart;
mod ci;
mod crds;
mod demo;
mod image;
mod test_binaries;
mod tidy;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Developer tasks of the Stowage workspace.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
pub(crate) struct Cli {
    #[command(subcommand)]
    task: Task,
}

#[derive(Debug, Subcommand)]
enum Task {
    /// Offline figures on the recorded workloads, into docs/benchmarks.md.
    Bench(bench::Options),
    /// The embedded EC2 catalog, made from the recorded raw files.
    Catalog {
        /// The folder of recorded data, else the one that `STOWAGE_DATA` names.
        #[arg(long, value_name = "DIR")]
        data: Option<PathBuf>,
    },
    /// The controller's rights, from the chart's templates to deploy/rbac.yaml.
    Chart,
    /// Format, lints, tests, release build and a run of the main command; ends with the counts.
    Ci,
    /// What consolidation comes to on recorded lists, in one process; a part of `bench`.
    #[cfg(feature = "in-process")]
    #[command(hide = true)]
    Consolidate(bench::consolidate::Options),
    /// The custom resource definitions, made from the types, into crds/ and the chart.
    Crds,
    /// A cluster on loopback whose fleet grows, shrinks, loses a machine and goes, in the terminal.
    Demo(demo::Options),
    /// What `benches/karpenter` reads, for one recorded list; a part of `bench`.
    #[cfg(feature = "in-process")]
    #[command(hide = true)]
    Exchange(bench::exchange::Options),
    /// The times of plans in one process; a part of `bench`.
    #[cfg(feature = "in-process")]
    #[command(hide = true)]
    FirstAnswer(bench::first_answer::Options),
    /// The build of deploy/Dockerfile without a container engine: a static controller that starts.
    Image,
    /// The control plane, KWOK, Helm and moto that tests of the edges run against, made once a version.
    TestBinaries,
    /// Crate edges, purity, sizes, module docs, licences: what the compiler does not hold.
    Tidy,
}

impl Cli {
    /// Runs the chosen task.
    pub(crate) fn run(self) -> anyhow::Result<ExitCode> {
        let done = |()| ExitCode::SUCCESS;
        match self.task {
            Task::Bench(options) => bench::run(&options).map(done),
            Task::Catalog { data } => catalog::run(data).map(done),
            Task::Chart => chart::run().map(done),
            Task::Ci => ci::run(),
            #[cfg(feature = "in-process")]
            Task::Consolidate(options) => bench::consolidate::run(&options).map(done),
            Task::Crds => crds::run().map(done),
            Task::Demo(options) => demo::run(&options).map(done),
            #[cfg(feature = "in-process")]
            Task::Exchange(options) => bench::exchange::run(&options).map(done),
            #[cfg(feature = "in-process")]
            Task::FirstAnswer(options) => bench::first_answer::run(&options).map(done),
            Task::Image => image::run().map(done),
            Task::TestBinaries => test_binaries::run().map(done),
            Task::Tidy => tidy::run().map(done),
        }
    }
}
