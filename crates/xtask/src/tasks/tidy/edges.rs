//! Crates use exactly those crates of the workspace that the table in ARCHITECTURE.md lists.
//!
//! Exactly, not at most: a table that promises more than there is would mislead its readers.

use std::collections::BTreeSet;

use super::Violation;
use super::tree::{Package, Row, Tree};

#[expect(clippy::unnecessary_wraps, reason = "every rule has this shape")]
pub(super) fn check(tree: &Tree) -> anyhow::Result<Vec<Violation>> {
    let mut violations = Vec::new();
    for package in &tree.crates {
        match tree.table.iter().find(|row| row.name == package.name) {
            Some(row) => violations.extend(compare(row, package)),
            None => violations.push(Violation {
                place: format!("crates/{}/Cargo.toml:1", package.name),
                what: format!("the crate `{}` is not in the edges table", package.name),
                remedy: "add its row to ARCHITECTURE.md".to_owned(),
            }),
        }
    }
    for row in &tree.table {
        if !tree.crates.iter().any(|package| package.name == row.name) {
            violations.push(Violation {
                place: format!("ARCHITECTURE.md:{}", row.line),
                what: format!("there is no crate `{}`", row.name),
                remedy: "remove the row".to_owned(),
            });
        }
    }
    violations.extend(impure_edges(tree));
    Ok(violations)
}

fn compare(row: &Row, package: &Package) -> Vec<Violation> {
    let difference = |declared: &BTreeSet<String>, used: &BTreeSet<String>, whose: &str| {
        let name = &package.name;
        let added = used.difference(declared).map(|edge| Violation {
            place: format!("crates/{name}/Cargo.toml:1"),
            what: format!("{whose} `{name}` use the crate `{edge}`, which its row does not list"),
            remedy: format!(
                "drop the edge, or add it at ARCHITECTURE.md:{} and say why in the commit",
                row.line
            ),
        });
        let gone = declared.difference(used).map(|edge| Violation {
            place: format!("ARCHITECTURE.md:{}", row.line),
            what: format!("{whose} `{name}` do not use the crate `{edge}`"),
            remedy: "remove it from the row".to_owned(),
        });
        added.chain(gone).collect::<Vec<_>>()
    };
    let mut violations = difference(&row.uses, &package.edges(false), "sources of");
    violations.extend(difference(&row.tests_use, &package.edges(true), "tests of"));
    violations
}

/// A pure crate stands on pure crates alone.
fn impure_edges(tree: &Tree) -> Vec<Violation> {
    let pure: BTreeSet<_> = tree.pure().collect();
    let rows = tree.table.iter().filter(|row| row.pure);
    rows.flat_map(|row| row.uses.iter().map(move |edge| (row, edge)))
        .filter(|(_, edge)| !pure.contains(edge.as_str()))
        .map(|(row, edge)| Violation {
            place: format!("ARCHITECTURE.md:{}", row.line),
            what: format!("the pure crate `{}` uses `{edge}`, which is not pure", row.name),
            remedy: "turn the edge round: the edge crate calls the pure one".to_owned(),
        })
        .collect()
}
