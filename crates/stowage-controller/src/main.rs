//! `stowage-controller`: parses flags and the environment and hands over to the controller.

mod args;
mod log;
mod run;

use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    let arguments = args::Arguments::parse();
    if let Err(error) = log::start(&arguments.core) {
        return log::fail(&error);
    }
    match run::run(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!(controller = "main", error = format!("{error:#}"), "cannot go on");
            ExitCode::FAILURE
        }
    }
}
