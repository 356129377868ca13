//! Subcommands, one file each.

mod lowering;
mod plan;
mod verify;

use std::process::ExitCode;

use crate::args::Command;
use crate::outcome::Failure;

/// Carries out `command`.
pub(crate) fn run(command: &Command) -> Result<ExitCode, Failure> {
    match command {
        Command::Plan(args) => plan::run(args),
        Command::Verify(args) => verify::run(args),
    }
}
