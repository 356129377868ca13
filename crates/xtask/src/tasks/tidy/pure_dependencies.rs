//! Nothing below a pure crate brings IO, a clock, entropy, threads or a log subscriber.
//!
//! Reads `cargo tree` per crate, as the metadata of a workspace unites the features of all.
//! Procedural macros are left out: they run in the compiler.

use super::Violation;
use super::tree::Tree;
use crate::workspace::{cargo, output_of};

/// Crates that no pure crate may stand on; a trailing `*` matches any ending.
const REFUSED: [(&str, &str); 24] = [
    ("ahash", "its hashes differ from run to run"),
    ("async-*", "asynchronous work belongs to the drivers"),
    ("aws-*", "AWS is spoken to by one leaf crate only"),
    ("chrono", "it reads the clock and the local time zone"),
    ("crossbeam*", "threads belong to the drivers"),
    ("env_logger", "pure crates return data, drivers log"),
    ("fastrand", "randomness comes from the seed that the caller gives"),
    ("futures*", "asynchronous work belongs to the drivers"),
    ("getrandom", "randomness comes from the seed that the caller gives"),
    ("hyper*", "network access belongs to the drivers"),
    ("kube*", "Kubernetes is spoken to by the drivers only"),
    ("log", "pure crates return data, drivers log"),
    ("mio", "network access belongs to the drivers"),
    ("rand*", "randomness comes from the seed that the caller gives"),
    ("rayon*", "threads belong to the drivers"),
    ("reqwest", "network access belongs to the drivers"),
    ("rustix", "system calls belong to the drivers"),
    ("socket2", "network access belongs to the drivers"),
    ("tempfile", "file access belongs to the drivers"),
    ("time", "time is an argument"),
    ("tokio*", "asynchronous work belongs to the drivers"),
    ("tracing-subscriber", "pure crates return data, drivers log"),
    ("uuid", "names come from the plan"),
    ("walkdir", "file access belongs to the drivers"),
];

pub(super) fn check(tree: &Tree) -> anyhow::Result<Vec<Violation>> {
    let mut violations = Vec::new();
    for name in tree.pure() {
        let below = packages_below(name, "normal,no-proc-macro")?;
        for dependency in below {
            let refused = REFUSED.iter().find(|(pattern, _)| matches(pattern, &dependency));
            violations.extend(refused.map(|(_, reason)| Violation {
                place: format!("crates/{name}/Cargo.toml:1"),
                what: format!("the pure crate `{name}` stands on `{dependency}`: {reason}"),
                remedy: format!(
                    "see `cargo tree -p {name} -e normal -i {dependency}` and switch off the feature that brings it"
                ),
            }));
        }
    }
    Ok(violations)
}

/// Names of the packages below crate `name`, each once, by `cargo tree` with these edge kinds.
pub(super) fn packages_below(name: &str, edges: &str) -> anyhow::Result<Vec<String>> {
    let arguments = ["tree", "--locked", "-p", name, "-e", edges, "--prefix", "none", "-f", "{p}"];
    let listed = output_of(&mut cargo(&arguments))?;
    let names = listed.lines().filter_map(|line| line.split(' ').next());
    let mut names: Vec<_> = names.map(str::to_owned).collect();
    names.sort();
    names.dedup();
    Ok(names)
}

fn matches(pattern: &str, name: &str) -> bool {
    match pattern.strip_suffix('*') {
        Some(start) => name.starts_with(start),
        None => name == pattern,
    }
}
