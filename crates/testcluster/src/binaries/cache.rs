//! Folders whose content is made once and then used by every test of the user.

use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::{Error, Result};

/// Written last; holds what the folder was made from.
const STAMP: &str = "made-from";

/// The folder `name`, made by `make` unless it was made before from the same `source`.
///
/// A file lock keeps others out while it is made; a half-made folder is made again.
pub(super) fn folder(
    name: &str,
    source: &str,
    make: impl FnOnce(&Path) -> Result<()>,
) -> Result<PathBuf> {
    let root = root()?;
    let path = root.join(name);
    let stamp = path.join(STAMP);
    let is_made = || fs::read_to_string(&stamp).is_ok_and(|from| from == source);
    if is_made() {
        return Ok(path);
    }
    let failed = || Error::io(format!("making the folder {}", path.display()));
    fs::create_dir_all(&root).map_err(failed())?;
    let lock = File::create(root.join(format!("{name}.lock"))).map_err(failed())?;
    lock.lock().map_err(failed())?;
    if is_made() {
        return Ok(path);
    }
    if path.exists() {
        fs::remove_dir_all(&path).map_err(failed())?;
    }
    fs::create_dir_all(&path).map_err(failed())?;
    make(&path)?;
    fs::write(&stamp, source).map_err(failed())?;
    Ok(path)
}

/// `STOWAGE_TEST_BIN`, else `stowage-test` in the user's cache folder.
fn root() -> Result<PathBuf> {
    let set = |name| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let cache = || {
        let cache = set("XDG_CACHE_HOME").or_else(|| Some(set("HOME")?.join(".cache")));
        cache.map(|cache| cache.join("stowage-test"))
    };
    set("STOWAGE_TEST_BIN").or_else(cache).ok_or_else(|| Error::Answer {
        doing: "looking for a folder that outlives the target folder".to_owned(),
        answer: "none of STOWAGE_TEST_BIN, XDG_CACHE_HOME and HOME is set".to_owned(),
    })
}

/// Says what is being done, past the capture of a test's output.
pub(super) fn say(what: &str) {
    // Progress that cannot be written is not worth failing for.
    let _ = writeln!(std::io::stderr(), "testcluster: {what}");
}

/// Runs a command to its end, its errors shown as they come; gives its standard output.
pub(super) fn run(command: &mut Command, remedy: &str) -> Result<String> {
    let program = command.get_program().to_string_lossy().into_owned();
    let shown = command
        .get_args()
        .take(3)
        .fold(program, |shown, argument| format!("{shown} {}", argument.to_string_lossy()));
    let output = command
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()
        .map_err(Error::io(format!("starting `{shown}`; {remedy}")))?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let status = output.status.to_string();
    Err(Error::Command { command: shown, status, remedy: remedy.to_owned() })
}
