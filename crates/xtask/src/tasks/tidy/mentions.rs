//! Files name no folder of anybody's machine and no host that only some machines can reach.

use super::Violation;
use super::tree::{TextFile, Tree};

/// First folders of paths that exist on one machine only.
const MACHINE_FOLDERS: [&str; 5] = ["Users", "home", "root", "tmp", "work"];

/// Hosts that files which steer a build may name.
const BUILD_HOSTS: [&str; 3] = ["github.com", "crates.io", "www.apache.org"];

#[expect(clippy::unnecessary_wraps, reason = "every rule has this shape")]
pub(super) fn check(tree: &Tree) -> anyhow::Result<Vec<Violation>> {
    let found = tree.files.iter().flat_map(|file| {
        let lines = file.text.lines().enumerate();
        lines.filter_map(move |(at, line)| {
            let (what, remedy) = machine_path(line).or_else(|| build_host(file, line))?;
            Some(Violation {
                place: format!("{}:{}", file.path, at + 1),
                what,
                remedy: remedy.to_owned(),
            })
        })
    });
    Ok(found.collect())
}

fn machine_path(line: &str) -> Option<(String, &'static str)> {
    MACHINE_FOLDERS.iter().find_map(|folder| {
        let path = format!("/{folder}/");
        let (before, _) = line.split_once(&path)?;
        // Part of a longer path or of an address is not the root of a machine.
        let is_root =
            !before.ends_with(|before: char| before.is_alphanumeric() || "._-/}".contains(before));
        is_root.then(|| {
            let what = format!("the path `{path}...` exists on some machine only");
            (what, "say it relative to the repository, or take it from an argument")
        })
    })
}

fn build_host(file: &TextFile, line: &str) -> Option<(String, &'static str)> {
    let steers =
        file.path.starts_with(".c") || file.has_extension("toml") || file.path == "Cargo.lock";
    let (_, address) = line.split_once("://").filter(|_| steers)?;
    let host = address.split(['/', '"', '\'', ' ', '>']).next().unwrap_or(address);
    (!BUILD_HOSTS.contains(&host)).then(|| {
        let what = format!("the build depends on the host `{host}`");
        (what, "use the public registry; mirrors belong to the machine's own configuration")
    })
}

#[cfg(test)]
mod tests {
    use super::{build_host, machine_path};
    use crate::tasks::tidy::tree::TextFile;

    #[test]
    fn machine_paths_are_told_from_other_paths() {
        let home = concat!("see /ho", "me/me/x");
        assert!(machine_path(home).is_some());
        assert!(machine_path(concat!("\"/wo", "rk/x\"")).is_some());
        assert!(machine_path(concat!("https://a.org/ho", "me/x")).is_none());
        assert!(machine_path("crates/model/src/node.rs").is_none());
    }

    #[test]
    fn builds_name_public_hosts_only() {
        let path = "Cargo.lock".to_owned();
        let file = TextFile { path, text: String::new() };
        let public = "source = \"registry+https://github.com/rust-lang/crates.io-index\"";
        assert!(build_host(&file, public).is_none());
        assert!(build_host(&file, "index = \"https://mirror.example/index\"").is_some());
    }
}
