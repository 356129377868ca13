//! The list of all tasks; each is one file with its arguments and a `run`.

mod catalog;
mod ci;
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
    /// The embedded EC2 catalog, made from the recorded raw files.
    Catalog {
        /// The folder of recorded data, else the one that `STOWAGE_DATA` names.
        #[arg(long, value_name = "DIR")]
        data: Option<PathBuf>,
    },
    /// Format, lints, tests, release build and a run of the main command; ends with the counts.
    Ci,
    /// Crate edges, purity, sizes, module docs, licences: what the compiler does not hold.
    Tidy,
}

impl Cli {
    /// Runs the chosen task.
    pub(crate) fn run(self) -> anyhow::Result<ExitCode> {
        match self.task {
            Task::Catalog { data } => catalog::run(data).map(|()| ExitCode::SUCCESS),
            Task::Ci => ci::run(),
            Task::Tidy => tidy::run().map(|()| ExitCode::SUCCESS),
        }
    }
}
