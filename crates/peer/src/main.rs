//! The command `peer`: compares our plans with those of Karpenter's scheduler; `cargo xtask bench`
//! builds and starts it.
#![expect(clippy::print_stdout, reason = "it prints what it measured")]

mod commands;

use std::process::ExitCode;

fn main() -> ExitCode {
    commands::run().unwrap_or_else(|error| {
        eprintln!("error: {error:#}");
        ExitCode::FAILURE
    })
}
