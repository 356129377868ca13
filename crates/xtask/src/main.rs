//! Developer tasks, run as `cargo xtask <task>`: the tasks are the files of `tasks/`.
#![expect(clippy::print_stdout, reason = "the tasks talk to whoever runs them")]

mod tasks;
mod workspace;

use std::process::ExitCode;

use clap::Parser as _;

fn main() -> ExitCode {
    tasks::Cli::parse().run().unwrap_or_else(|error| {
        eprintln!("error: {error:#}");
        ExitCode::FAILURE
    })
}
