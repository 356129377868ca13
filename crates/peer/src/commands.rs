//! What the command does, one file for each subcommand.

mod differential;
mod shapes;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use peer::program::Program;

/// Our plans beside those of Karpenter's scheduler.
#[derive(Debug, Parser)]
#[command(name = "peer")]
struct Cli {
    /// The program of benches/karpenter, built
    #[arg(long, value_name = "PROGRAM")]
    program: PathBuf,
    /// Where answers of Karpenter are kept: what was asked before is not asked again
    #[arg(long, value_name = "DIR")]
    answers: Option<PathBuf>,
    #[command(subcommand)]
    task: Task,
}

#[derive(Debug, Subcommand)]
enum Task {
    /// Random small clusters; fails where ours is worse
    Differential(differential::Options),
    /// The shapes of Karpenter's own benchmark
    Shapes(shapes::Options),
}

/// Does what the arguments say.
pub(crate) fn run() -> anyhow::Result<ExitCode> {
    let Cli { program, answers, task } = Cli::parse();
    let program = Program { path: program, kept: answers };
    match &task {
        Task::Differential(options) => differential::run(options, &program),
        Task::Shapes(options) => shapes::run(options, &program),
    }
}
