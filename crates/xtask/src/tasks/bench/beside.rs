//! What the crate `peer` compares: builds it and the program in `benches/karpenter`, and starts it.

use std::ffi::OsString;
use std::process::Command;

use anyhow::bail;
use clap::Args;

use super::peer::Peer;
use crate::workspace::{cargo, output_of, release_binary, root};

/// What to hand on.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Arguments of the comparison; `--help` lists them
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    arguments: Vec<OsString>,
}

/// Runs the comparison `name` and fails where it does.
pub(super) fn run(name: &str, options: &Options) -> anyhow::Result<()> {
    println!("building peer");
    output_of(&mut cargo(&["build", "--release", "--locked", "--package", "peer"]))?;
    let binary = release_binary("peer")?;
    let scratch = binary.with_file_name("bench");
    std::fs::create_dir_all(&scratch)?;
    let program = Peer::built(&scratch)?.program;
    let mut command = Command::new(binary);
    command.arg("--program").arg(program).arg(name).args(&options.arguments);
    let status = command.current_dir(root()).status()?;
    if !status.success() {
        bail!("the comparison ended with {status}; what it found is above");
    }
    Ok(())
}
