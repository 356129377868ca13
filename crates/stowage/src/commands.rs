//! Subcommands, one file each.

mod answering;
mod disrupt;
mod lowering;
mod plan;
mod replay;
mod verify;

use std::process::ExitCode;

use crate::args::Command;
use crate::outcome::Failure;

/// Carries out `command`.
pub(crate) fn run(command: &Command) -> Result<ExitCode, Failure> {
    match command {
        Command::Plan(args) if args.disrupt.disrupt => disrupt::run(args),
        Command::Plan(args) => plan::run(args),
        Command::Replay(args) => replay::run(args),
        Command::Verify(args) => verify::run(args),
    }
}
