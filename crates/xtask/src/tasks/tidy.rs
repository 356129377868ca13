//! What the compiler does not hold: crate edges, purity, sizes, module docs, licences.
//!
//! Reads the files that git knows and what cargo says of the workspace; prints every violation with
//! its place and remedy. Runs as a test too, so that `cargo test` is the whole truth.

mod dependencies;
mod edges;
mod mentions;
mod offline;
mod outline;
mod pure_dependencies;
mod pure_sources;
mod sizes;
mod tree;

use std::fmt;

use anyhow::{Context as _, bail};
use tree::Tree;

/// Something that must change, and how.
#[derive(Debug)]
struct Violation {
    /// File and line, or the crate.
    place: String,
    /// What is the matter there.
    what: String,
    /// What to do about it.
    remedy: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { place, what, remedy } = self;
        write!(f, "{place}: {what}; {remedy}")
    }
}

/// A rule: its name and what it finds.
type Rule = (&'static str, fn(&Tree) -> anyhow::Result<Vec<Violation>>);

/// Every rule, one file each.
const ALL: [Rule; 8] = [
    ("crate edges", edges::check),
    ("pure dependencies", pure_dependencies::check),
    ("pure sources", pure_sources::check),
    ("offline command", offline::check),
    ("sizes", sizes::check),
    ("outline", outline::check),
    ("mentions", mentions::check),
    ("dependencies", dependencies::check),
];

/// Checks the workspace and fails where anything is out of order.
pub(crate) fn run() -> anyhow::Result<()> {
    let tree = Tree::read()?;
    let mut violations = Vec::new();
    for (name, rule) in ALL {
        violations.extend(rule(&tree).with_context(|| format!("checking the rule `{name}`"))?);
    }
    if violations.is_empty() {
        println!("tidy: {} rules hold in {} files", ALL.len(), tree.files.len());
        return Ok(());
    }
    let lines: Vec<_> = violations.iter().map(Violation::to_string).collect();
    bail!("{} violations:\n{}", lines.len(), lines.join("\n"));
}

#[cfg(test)]
mod tests {
    #[test]
    fn workspace_is_tidy() {
        super::run().unwrap_or_else(|error| panic!("{error:#}"));
    }
}
