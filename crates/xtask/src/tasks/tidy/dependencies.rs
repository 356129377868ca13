//! Licences, banned crates, duplicate versions and sources, by the lists of `deny.toml`.
//!
//! `cargo deny check licenses bans sources` reads the same file; this rule needs no tool that takes
//! minutes to install, only what `cargo metadata` says.

use std::collections::BTreeMap;

use anyhow::Context as _;
use serde::Deserialize;

use super::Violation;
use super::tree::{Package, Tree};

#[derive(Deserialize)]
struct Deny {
    licenses: Licenses,
    bans: Bans,
    sources: Sources,
}

#[derive(Deserialize)]
struct Licenses {
    allow: Vec<String>,
}

#[derive(Deserialize)]
struct Bans {
    deny: Vec<Entry>,
    skip: Vec<Entry>,
}

#[derive(Deserialize)]
struct Entry {
    /// A name, or `name@version`.
    #[serde(rename = "crate")]
    name: String,
    reason: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Sources {
    allow_registry: Vec<String>,
}

pub(super) fn check(tree: &Tree) -> anyhow::Result<Vec<Violation>> {
    let file = tree.files.iter().find(|file| file.path == "deny.toml");
    let text = &file.context("deny.toml is missing")?.text;
    let deny: Deny = toml::from_str(text).context("reading deny.toml")?;
    let foreign = tree.packages.iter().filter(|package| package.source.is_some());
    let foreign: Vec<_> = foreign.collect();
    let mut violations = Vec::new();
    for package in &foreign {
        violations.extend(licence(package, &deny.licenses));
        violations.extend(ban(package, &deny.bans));
        violations.extend(source(package, &deny.sources));
    }
    violations.extend(unused_licences(&foreign, &deny.licenses));
    violations.extend(duplicates(&foreign, &deny.bans));
    Ok(violations)
}

fn place(package: &Package) -> String {
    format!("Cargo.lock: {} {}", package.name, package.version)
}

/// Whether the licence expression can be met with `allowed` alone; `None` where it is unreadable.
fn is_met(expression: &str, allowed: &[String]) -> Option<bool> {
    let parsed = spdx::Expression::parse_mode(expression, spdx::ParseMode::LAX).ok()?;
    Some(parsed.evaluate(|wanted| allowed.contains(&wanted.to_string())))
}

fn licence(package: &Package, licenses: &Licenses) -> Option<Violation> {
    let expression = package.license.as_deref().unwrap_or("none");
    let met = is_met(expression, &licenses.allow).unwrap_or(false);
    (!met).then(|| Violation {
        place: place(package),
        what: format!("its licence `{expression}` is not allowed"),
        remedy: "do without it, or allow the licence in deny.toml after reading it".to_owned(),
    })
}

/// A licence is listed for as long as some dependency cannot do without it.
fn unused_licences(packages: &[&Package], licenses: &Licenses) -> Vec<Violation> {
    let is_needed = |licence: &&String| {
        let others: Vec<_> =
            licenses.allow.iter().filter(|other| other != licence).cloned().collect();
        packages
            .iter()
            .filter_map(|package| package.license.as_deref())
            .any(|expression| is_met(expression, &others) != Some(true))
    };
    let unused = licenses.allow.iter().filter(|licence| !is_needed(licence));
    unused
        .map(|licence| Violation {
            place: "deny.toml".to_owned(),
            what: format!("no dependency needs the licence `{licence}`"),
            remedy: "remove it from `licenses.allow`".to_owned(),
        })
        .collect()
}

fn ban(package: &Package, bans: &Bans) -> Option<Violation> {
    let entry = bans.deny.iter().find(|entry| entry.name == package.name)?;
    Some(Violation {
        place: place(package),
        what: format!("it is banned: {}", entry.reason),
        remedy: format!("see `cargo tree --workspace -i {}`", package.name),
    })
}

fn source(package: &Package, sources: &Sources) -> Option<Violation> {
    let source = package.source.as_deref()?;
    let registry = source.strip_prefix("registry+");
    let known =
        registry.is_some_and(|from| sources.allow_registry.iter().any(|known| known == from));
    (!known).then(|| Violation {
        place: place(package),
        what: format!("it comes from `{source}`"),
        remedy: "take it from a registry that deny.toml lists".to_owned(),
    })
}

fn duplicates(packages: &[&Package], bans: &Bans) -> Vec<Violation> {
    let mut versions = BTreeMap::<&str, Vec<&str>>::new();
    for package in packages {
        let full = format!("{}@{}", package.name, package.version);
        if !bans.skip.iter().any(|entry| entry.name == package.name || entry.name == full) {
            versions.entry(&package.name).or_default().push(&package.version);
        }
    }
    let several = versions.into_iter().filter(|(_, versions)| versions.len() > 1);
    several
        .map(|(name, versions)| Violation {
            place: format!("Cargo.lock: {name}"),
            what: format!("{} versions are built: {}", versions.len(), versions.join(", ")),
            remedy: format!("align them (`cargo tree --workspace -i {name}`), or add a `skip` with its reason to deny.toml"),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::is_met;

    #[test]
    fn licence_expressions_are_met_by_the_allowed_alone() {
        let allowed = ["MIT".to_owned(), "Apache-2.0".to_owned()];
        for (expression, expected) in [
            ("MIT OR GPL-3.0", Some(true)),
            ("MIT/Apache-2.0", Some(true)),
            ("(MIT OR Apache-2.0) AND Unicode-3.0", Some(false)),
            ("GPL-3.0", Some(false)),
            ("some words", None),
        ] {
            assert_eq!(is_met(expression, &allowed), expected, "{expression}");
        }
    }
}
