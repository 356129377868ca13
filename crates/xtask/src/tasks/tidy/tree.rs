//! The workspace as tidy sees it: text files, crates with their edges, packages, and the table of
//! ARCHITECTURE.md that says which edges there may be.

use std::collections::BTreeSet;
use std::fs;
use std::process::Command;

use anyhow::{Context as _, bail};
use serde::Deserialize;

use crate::workspace::{cargo, output_of, root};

/// All that the rules look at.
pub(super) struct Tree {
    /// Text files that git tracks or would track, by path.
    pub(super) files: Vec<TextFile>,
    /// The crates of the workspace, by name.
    pub(super) crates: Vec<Package>,
    /// Every package in the build, the workspace's own among them.
    pub(super) packages: Vec<Package>,
    /// The rows of the edges table.
    pub(super) table: Vec<Row>,
}

/// A text file.
pub(super) struct TextFile {
    /// Relative to the root, with `/`.
    pub(super) path: String,
    /// Its content.
    pub(super) text: String,
}

/// A package, as `cargo metadata` gives it.
#[derive(Clone, Deserialize)]
pub(super) struct Package {
    pub(super) name: String,
    pub(super) version: String,
    pub(super) license: Option<String>,
    /// Where it was fetched from; `None` for the workspace's own.
    pub(super) source: Option<String>,
    pub(super) dependencies: Vec<Dependency>,
}

/// A dependency as declared in a manifest.
#[derive(Clone, Deserialize)]
pub(super) struct Dependency {
    pub(super) name: String,
    /// `None` is a normal one, else `dev` or `build`.
    pub(super) kind: Option<String>,
    /// Set for crates of the workspace.
    path: Option<String>,
}

#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Package>,
}

/// One row of the edges table: what a crate is and what it may use.
pub(super) struct Row {
    /// Line in ARCHITECTURE.md, from 1.
    pub(super) line: usize,
    pub(super) name: String,
    /// No IO, clock, randomness or threads, in it or below it.
    pub(super) pure: bool,
    /// Crates of the workspace that it uses.
    pub(super) uses: BTreeSet<String>,
    /// Crates of the workspace that its tests use besides.
    pub(super) tests_use: BTreeSet<String>,
}

impl Tree {
    pub(super) fn read() -> anyhow::Result<Self> {
        let files = text_files()?;
        let table = edges_table(&files)?;
        let platform = "x86_64-unknown-linux-gnu";
        let arguments =
            ["metadata", "--locked", "--format-version=1", "--filter-platform", platform];
        let metadata: Metadata = serde_json::from_str(&output_of(&mut cargo(&arguments))?)
            .context("reading the output of `cargo metadata`")?;
        let packages = metadata.packages;
        let own = packages.iter().filter(|package| package.source.is_none());
        let mut crates: Vec<_> = own.cloned().collect();
        crates.sort_by(|left, right| left.name.cmp(&right.name));
        Ok(Self { files, crates, packages, table })
    }

    /// Names of the crates that the table calls pure.
    pub(super) fn pure(&self) -> impl Iterator<Item = &str> {
        let rows = self.table.iter().filter(|row| row.pure);
        rows.map(|row| row.name.as_str())
    }

    /// Rust sources, tests among them.
    pub(super) fn rust_files(&self) -> impl Iterator<Item = &TextFile> {
        let is_rust = |file: &&TextFile| file.has_extension("rs");
        self.files.iter().filter(is_rust)
    }
}

impl Package {
    /// Crates of the workspace that this one uses: in its tests alone, or in itself.
    pub(super) fn edges(&self, in_tests: bool) -> BTreeSet<String> {
        let wanted = |dependency: &&Dependency| {
            let is_dev = dependency.kind.as_deref() == Some("dev");
            dependency.path.is_some() && is_dev == in_tests
        };
        let edges = self.dependencies.iter().filter(wanted);
        edges.map(|dependency| dependency.name.clone()).collect()
    }
}

impl TextFile {
    /// Whether it holds tests, benchmarks or examples only.
    pub(super) fn is_test(&self) -> bool {
        let in_folder = ["tests", "benches", "examples"]
            .iter()
            .any(|folder| self.path.split('/').any(|part| part == *folder));
        in_folder || self.path.ends_with("tests.rs")
    }

    /// Whether its name ends in `.extension`.
    pub(super) fn has_extension(&self, extension: &str) -> bool {
        let end = self.path.rsplit_once('.');
        end.is_some_and(|(_, end)| end == extension)
    }

    /// The crate it belongs to, by its folder.
    pub(super) fn crate_name(&self) -> Option<&str> {
        self.path.strip_prefix("crates/")?.split('/').next()
    }
}

fn text_files() -> anyhow::Result<Vec<TextFile>> {
    let mut git = Command::new("git");
    git.args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"]).current_dir(root());
    let listed = output_of(&mut git)?;
    let mut files = Vec::new();
    for path in listed.split('\0').filter(|path| !path.is_empty()) {
        // A file that was deleted and not yet committed is still listed; binary files are not text.
        let text = fs::read(root().join(path)).ok().map(String::from_utf8);
        if let Some(Ok(text)) = text {
            let path = path.to_owned();
            files.push(TextFile { path, text });
        }
    }
    files.sort_by(|left, right| left.path.cmp(&right.path));
    Ok(files)
}

fn edges_table(files: &[TextFile]) -> anyhow::Result<Vec<Row>> {
    let page = files.iter().find(|file| file.path == "ARCHITECTURE.md");
    let page = page.context("ARCHITECTURE.md is missing")?;
    let rows = page.text.lines().enumerate().map(|(at, line)| (at + 1, line));
    let rows: Vec<_> = rows
        .skip_while(|(_, line)| *line != "<!-- edges:begin -->")
        .take_while(|(_, line)| *line != "<!-- edges:end -->")
        .filter(|(_, line)| line.starts_with("| `"))
        .map(|(at, line)| edges_row(at, line))
        .collect::<Result<_, _>>()?;
    if rows.is_empty() {
        bail!(
            "ARCHITECTURE.md has no table of edges between `<!-- edges:begin -->` and `<!-- edges:end -->`"
        );
    }
    Ok(rows)
}

fn edges_row(line: usize, row: &str) -> anyhow::Result<Row> {
    let cells: Vec<_> = row.trim_matches('|').split('|').collect();
    let [name, kind, uses, tests_use] = cells[..] else {
        bail!(
            "ARCHITECTURE.md:{line}: a row of the edges table has four cells, not {}",
            cells.len()
        );
    };
    let words = |cell: &str| -> BTreeSet<String> {
        cell.split('`').skip(1).step_by(2).map(str::to_owned).collect()
    };
    Ok(Row {
        line,
        name: words(name).into_iter().collect(),
        pure: kind.trim() == "pure",
        uses: words(uses),
        tests_use: words(tests_use),
    })
}
