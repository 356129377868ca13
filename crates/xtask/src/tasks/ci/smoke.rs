//! The main command as a user runs it: the release binary on its embedded sample.

use std::process::Command;

use anyhow::ensure;

use crate::workspace::{output_of, release_binary, root};

/// Arguments of cargo that build what is run here.
pub(super) const BUILD: &[&str] = &["build", "--release", "--locked", "--package", "stowage"];

/// The checks by name, each run.
pub(super) fn run() -> [(&'static str, anyhow::Result<()>); 2] {
    [
        ("main command prints a table", prints_a_table()),
        ("main command prints the same JSON twice", prints_same_json_twice()),
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

fn plan(arguments: &[&str]) -> anyhow::Result<String> {
    let mut command = Command::new(release_binary("stowage")?);
    command.arg("plan").args(arguments).current_dir(root());
    output_of(&mut command)
}
