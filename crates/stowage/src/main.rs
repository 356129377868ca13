//! `stowage`: the offline command. Parses arguments and hands over to a subcommand.

mod answer;
mod args;
mod bill;
mod commands;
#[cfg(test)]
mod expected;
#[cfg(test)]
mod fixture;
mod input;
mod money;
mod moves;
mod outcome;
mod preferred;
mod progress;
mod rebuild;
mod sample;
mod stages;
mod table;
mod wire;
mod wording;

use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    outcome::exit(commands::run(&args::Arguments::parse().command))
}
