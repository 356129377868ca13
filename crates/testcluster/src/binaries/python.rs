//! The Python environment of moto, installed once from a lock file.

use std::path::PathBuf;
use std::process::Command;

use super::cache::{self, run, say};
use crate::Result;

/// Every package with its version, moto's data and frameworks among them.
const LOCK: &str = include_str!("../../moto/requirements.txt");

/// The folder of the environment's programs; installs it where it is missing (30 s, 320 MB).
pub(crate) fn programs() -> Result<PathBuf> {
    let version = LOCK.lines().find_map(|line| line.strip_prefix("moto=="));
    let version = version.expect("the lock file pins moto").trim();
    let folder = cache::folder(&format!("moto-{version}"), LOCK, |into| {
        say(&format!("installing moto {version} from PyPI, about 30 seconds the first time"));
        let remedy = "Python 3.10 or newer with its `venv` module must be on the path";
        run(Command::new("python3").args(["-m", "venv"]).arg(into), remedy)?;
        let lock = concat!(env!("CARGO_MANIFEST_DIR"), "/moto/requirements.txt");
        let mut pip = Command::new(into.join("bin/pip"));
        pip.args(["install", "--quiet", "--no-deps", "--disable-pip-version-check", "-r", lock]);
        run(&mut pip, "PyPI must be in reach")?;
        Ok(())
    })?;
    Ok(folder.join("bin"))
}
