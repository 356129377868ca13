//! `cargo xtask chart`: the controller's rights, from the chart's templates to `deploy/rbac.yaml`.
//!
//! Output: `deploy/rbac.yaml`, for those who install without Helm, and for the tests. The crate
//! `testcluster` knows Helm and renders; its tests hold the file against the chart.

use std::io::Write as _;

use anyhow::Context as _;

use crate::workspace::{cargo, output_of, root};

/// Arguments of cargo.
const RIGHTS: &[&str] = &["run", "-p", "testcluster", "--locked", "--quiet", "--", "rights"];
const FILE: &str = "deploy/rbac.yaml";

/// Writes the file and says whether it changed.
pub(crate) fn run() -> anyhow::Result<()> {
    let text = output_of(&mut cargo(RIGHTS))?;
    let whole = root().join(FILE);
    let is_same = std::fs::read_to_string(&whole).unwrap_or_default() == text;
    if !is_same {
        std::fs::write(&whole, &text).with_context(|| format!("writing {FILE}"))?;
    }
    let state = if is_same { "unchanged" } else { "wrote    " };
    writeln!(std::io::stdout(), "{state} {FILE}")?;
    Ok(())
}
