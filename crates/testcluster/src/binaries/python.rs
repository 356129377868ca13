//! Python environments, each installed once from a lock file.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use super::cache::{self, run, say};
use crate::{Error, Result};

/// moto: every package with its version, moto's data and frameworks among them.
const LOCK: &str = include_str!("../../moto/requirements.txt");

/// The folder of moto's programs; installs it where it is missing (30 s, 320 MB).
pub(crate) fn programs() -> Result<PathBuf> {
    environment("moto", LOCK)
}

/// The folder of programs of an environment with the packages of `lock`, which pins `main` among them; made where
/// it is missing.
pub(super) fn environment(main: &str, lock: &str) -> Result<PathBuf> {
    let pinned = lock.lines().find_map(|line| line.strip_prefix(main)?.strip_prefix("=="));
    let version = pinned.expect("the lock file pins its main package").trim();
    let folder = cache::folder(&format!("{main}-{version}"), lock, |into| {
        say(&format!("installing {main} {version} from PyPI, up to 30 seconds the first time"));
        let remedy = "Python 3.10 or newer with its `venv` module must be on the path";
        run(Command::new("python3").args(["-m", "venv"]).arg(into), remedy)?;
        let list = into.join("requirements.txt");
        fs::write(&list, lock).map_err(Error::io(format!("writing {}", list.display())))?;
        let mut pip = Command::new(into.join("bin/pip"));
        pip.args(["install", "--quiet", "--no-deps", "--disable-pip-version-check", "-r"]);
        run(pip.arg(list), "PyPI must be in reach")?;
        Ok(())
    })?;
    Ok(folder.join("bin"))
}
