//! `cargo xtask crds`: the custom resource definitions, from the types in `api` to `crds/`.
//!
//! Output: `crds/<group>_<plural>.yaml`, one file for each kind, and the same in the chart, as Helm takes
//! them from there alone. The same types give the same bytes.

mod yaml;

use std::io::Write as _;

use anyhow::Context as _;

use crate::workspace::root;

/// Where the definitions are, from the root.
const FOLDERS: [&str; 2] = ["crds", "deploy/chart/stowage/crds"];
/// First line of each file.
const HEAD: &str = "# Generated from crates/api by `cargo xtask crds`; do not edit.\n";

/// Writes the definitions and says which files changed.
pub(crate) fn run() -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    for (path, text) in files() {
        let whole = root().join(&path);
        if std::fs::read_to_string(&whole).unwrap_or_default() == text {
            writeln!(out, "unchanged {path}")?;
            continue;
        }
        std::fs::write(&whole, &text).with_context(|| format!("writing {path}"))?;
        writeln!(out, "wrote     {path} ({} bytes)", text.len())?;
    }
    Ok(())
}

/// Path from the root of the repository and content of each file.
fn files() -> Vec<(String, String)> {
    let definitions: Vec<(String, String)> = api::crd::definitions()
        .into_iter()
        .map(|one| (format!("{}.yaml", one.file), format!("{HEAD}{}", yaml::document(&one.body))))
        .collect();
    let files = FOLDERS.iter().flat_map(|folder| {
        definitions.iter().map(move |(name, text)| (format!("{folder}/{name}"), text.clone()))
    });
    files.collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::{FOLDERS, files, root};

    #[test]
    fn checked_in_definitions_are_those_of_the_types() {
        for (path, text) in files() {
            let checked_in = std::fs::read_to_string(root().join(&path)).expect(&path);
            assert!(checked_in == text, "{path} is stale: run cargo xtask crds");
        }
    }

    #[test]
    fn every_definition_in_the_folder_is_generated() {
        let generated: BTreeSet<String> = files().into_iter().map(|(path, _)| path).collect();
        let is_yaml =
            |name: &str| std::path::Path::new(name).extension().is_some_and(|end| end == "yaml");
        let mut there = BTreeSet::new();
        for folder in FOLDERS {
            for entry in std::fs::read_dir(root().join(folder)).expect("the folder is there") {
                let name = entry.expect("readable").file_name().to_string_lossy().into_owned();
                if is_yaml(&name) {
                    there.insert(format!("{folder}/{name}"));
                }
            }
        }
        assert_eq!(there, generated);
    }
}
