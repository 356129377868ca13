//! The main command as a user runs it: the release binary on its embedded sample.

use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, ensure};

use crate::workspace::{output_of, release_binary, root};

/// Arguments of cargo that build what is run here.
pub(super) const BUILD: &[&str] = &["build", "--release", "--locked", "--package", "stowage"];

/// The checks by name, each run.
pub(super) fn run() -> [(&'static str, anyhow::Result<()>); 3] {
    [
        ("main command prints a table", prints_a_table()),
        ("main command prints the same JSON twice", prints_same_json_twice()),
        ("a debug build prints the same JSON", prints_same_json_in_debug()),
    ]
}

fn prints_a_table() -> anyhow::Result<()> {
    let table = plan(&[])?;
    println!("{table}");
    ensure!(table.lines().count() > 5, "`stowage plan` printed no table");
    Ok(())
}

fn prints_same_json_twice() -> anyhow::Result<()> {
    let json = plan(&["-o", "json"])?;
    let answer: serde_json::Value = serde_json::from_str(&json)?;
    let nodes = answer["nodes"].as_array().map_or(0, Vec::len);
    ensure!(nodes > 0, "`stowage plan -o json` planned no node");
    ensure!(json == plan(&["-o", "json"])?, "two runs printed different bytes");
    Ok(())
}

/// A plan cut by `--work` is the same bytes from another build: floats in the search are rounded before
/// anything is decided by them. The tests have built the debug binary.
fn prints_same_json_in_debug() -> anyhow::Result<()> {
    const CUT: [&str; 4] = ["-o", "json", "--work", "1000000"];
    let release = release_binary("stowage")?;
    let target = release.parent().and_then(Path::parent).context("a folder above the binary")?;
    let debug = plan_with(&target.join("debug/stowage"), &CUT)?;
    ensure!(debug == plan(&CUT)?, "debug and release builds printed different bytes");
    Ok(())
}

fn plan(arguments: &[&str]) -> anyhow::Result<String> {
    plan_with(&release_binary("stowage")?, arguments)
}

fn plan_with(binary: &Path, arguments: &[&str]) -> anyhow::Result<String> {
    let mut command = Command::new(binary);
    command.arg("plan").args(arguments).current_dir(root());
    output_of(&mut command)
}
