//! `cargo xtask catalog [--data DIR]`: the embedded EC2 catalog, made from recorded raw files.
//!
//! Input: the folder of recorded data (`--data`, else `$STOWAGE_DATA`), its `ec2/*.json` and
//! `ec2/*.csv`. Output: `crates/ec2/catalog/{catalog,types,markets}.tsv` and the golden test's
//! expectations. The same input gives the same bytes. What people correct by hand
//! (`overrides.tsv`, `measured.tsv`) is never written here. The format is in `docs/catalog.md`.

mod expectations;
mod header;
mod markets;
mod raw;
mod types;

use std::io::Write as _;
use std::path::{Path, PathBuf};

use anyhow::Context as _;

/// One file that the task writes.
struct Generated {
    /// Its path from the root of the repository.
    path: &'static str,
    /// Its whole contents.
    text: String,
}

/// Writes the catalog and says which files changed.
pub(crate) fn run(data: Option<PathBuf>) -> anyhow::Result<()> {
    let data = data
        .or_else(|| std::env::var_os("STOWAGE_DATA").map(PathBuf::from))
        .context("STOWAGE_DATA is not set; name the folder of recorded data with --data DIR")?;
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut out = std::io::stdout().lock();
    for file in generate(&data)? {
        let path = root.join(file.path);
        let before = std::fs::read_to_string(&path).unwrap_or_default();
        if before == file.text {
            writeln!(out, "unchanged {}", file.path)?;
            continue;
        }
        std::fs::write(&path, &file.text).with_context(|| format!("writing {}", file.path))?;
        writeln!(out, "wrote     {} ({} bytes)", file.path, file.text.len())?;
    }
    Ok(())
}

/// Every generated file, from the recordings in `data`.
fn generate(data: &Path) -> anyhow::Result<Vec<Generated>> {
    let folder = data.join("ec2");
    let types = raw::types(&folder)?;
    let market = raw::market(&folder)?;
    let grades = header::grades(&market);
    Ok(vec![
        Generated { path: "crates/ec2/catalog/catalog.tsv", text: header::text(&grades) },
        Generated { path: "crates/ec2/catalog/types.tsv", text: types::text(&types)? },
        Generated {
            path: "crates/ec2/catalog/markets.tsv",
            text: markets::text(&types, &market, &grades)?,
        },
        Generated {
            path: "crates/ec2/tests/expectations/karpenter.tsv",
            text: expectations::text(&types, &raw::reference(&folder)?),
        },
    ])
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;
    use std::path::Path;

    #[test]
    fn checked_in_catalog_is_what_the_recordings_give() {
        let Some(data) = std::env::var_os("STOWAGE_DATA") else {
            let line =
                "skipped: checked_in_catalog_is_what_the_recordings_give: STOWAGE_DATA is not set";
            writeln!(std::io::stderr(), "{line}").expect("stderr takes a line");
            return;
        };
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        for file in super::generate(Path::new(&data)).expect("the recordings are readable") {
            let checked_in = std::fs::read_to_string(root.join(file.path)).expect(file.path);
            let same = checked_in == file.text;
            assert!(same, "{} is stale: run cargo xtask catalog", file.path);
        }
    }
}
