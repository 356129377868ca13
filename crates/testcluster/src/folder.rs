//! The folder of one cluster or service: certificates, data and logs.
//!
//! It goes when its owner does. Where the owner panics its logs stay, and where the owner was killed
//! all of it stays, until the next test that starts finds that nobody holds its lock.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use crate::{Error, Result};

/// What the folders' names begin with.
const PREFIX: &str = "stowage-test-";
/// Held for as long as the folder is in use.
const LOCK: &str = "lock";
/// Marks the folder of a test that failed.
const FAILED: &str = "failed";

/// A folder of its own, in the system's folder for temporary files.
#[derive(Debug)]
pub(crate) struct Folder {
    path: PathBuf,
    _lock: File,
}

impl Folder {
    /// A new folder; those of tests that were killed are swept first.
    pub(crate) fn new(name: &str) -> Result<Self> {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let all = std::env::temp_dir();
        sweep(&all);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let path = all.join(format!("{PREFIX}{}-{count}-{name}", std::process::id()));
        let failed = || Error::io(format!("making the folder {}", path.display()));
        match fs::remove_dir_all(&path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
        .map_err(failed())?;
        fs::create_dir_all(path.join("logs")).map_err(failed())?;
        let lock = File::create(path.join(LOCK)).map_err(failed())?;
        lock.lock().map_err(failed())?;
        Ok(Self { path, _lock: lock })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// The folder of the logs.
    pub(crate) fn logs(&self) -> PathBuf {
        self.path.join("logs")
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // Nothing can be done about a folder that will not go; the next sweep tries again.
        if std::thread::panicking() {
            keep_logs(&self.path);
        } else {
            let _ = fs::remove_dir_all(&self.path);
        }
    }
}

/// Removes all but the logs, and says so in the folder.
fn keep_logs(path: &Path) {
    let Ok(entries) = fs::read_dir(path) else { return };
    for entry in entries.flatten() {
        let name = entry.file_name();
        if name != "logs" && name != LOCK {
            let path = entry.path();
            let _ = fs::remove_dir_all(&path).or_else(|_| fs::remove_file(&path));
        }
    }
    let _ = File::create(path.join(FAILED));
}

/// Removes folders that nobody holds: those of killed tests, and those of failed ones after a day.
fn sweep(all: &Path) {
    let Ok(entries) = fs::read_dir(all) else { return };
    for entry in entries.flatten() {
        if entry.file_name().to_string_lossy().starts_with(PREFIX) {
            sweep_one(&entry.path());
        }
    }
}

fn sweep_one(path: &Path) {
    const DAY_SECONDS: u64 = 86_400;
    const MINUTE_SECONDS: u64 = 60;
    let failed = fs::metadata(path.join(FAILED)).and_then(|failed| failed.modified()).ok();
    let is_recent =
        failed.is_some_and(|at| at.elapsed().is_ok_and(|age| age.as_secs() < DAY_SECONDS));
    let lock = path.join(LOCK);
    let made = fs::metadata(&lock).and_then(|lock| lock.modified()).ok();
    // A folder this young may not have been locked yet by whoever is making it.
    let is_new =
        made.is_some_and(|at| at.elapsed().is_ok_and(|age| age.as_secs() < MINUTE_SECONDS));
    let is_free = File::open(&lock).is_ok_and(|lock| lock.try_lock().is_ok());
    if is_free && !is_recent && !is_new {
        let _ = fs::remove_dir_all(path);
    }
}
