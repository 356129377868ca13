//! Builds the binaries that tests of the edges start, as a step with a time of its own.
//!
//! Without it the first such test builds them; the step only says how long that takes, and fails in
//! one place where Go is missing. The crate `testcluster` knows what is needed and where it is kept.

use anyhow::bail;

use crate::workspace::cargo;

/// Arguments of cargo.
pub(super) const BUILD: &[&str] =
    &["run", "-p", "testcluster", "--locked", "--quiet", "--", "build"];

pub(super) fn run() -> anyhow::Result<()> {
    if !cargo(BUILD).status()?.success() {
        bail!("the binaries could not be built; the reason is above");
    }
    Ok(())
}
