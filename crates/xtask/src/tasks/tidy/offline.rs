//! The offline command stays light: no AWS SDK, no Kubernetes client, nothing that compiles C or C++.

use super::Violation;
use super::pure_dependencies::packages_below;
use super::tree::Tree;

/// Crates named like bindings that are Rust through and through.
const PURE_RUST: [&str; 1] = ["linux-raw-sys"];

pub(super) fn check(_tree: &Tree) -> anyhow::Result<Vec<Violation>> {
    let below = packages_below("stowage", "normal,build")?;
    let refused = below.iter().filter_map(|name| Some((name, refusal(name)?)));
    Ok(refused
        .map(|(name, reason)| Violation {
            place: "crates/stowage/Cargo.toml:1".to_owned(),
            what: format!("the offline command is built on `{name}`: {reason}"),
            remedy: format!(
                "see `cargo tree -p stowage -e normal,build -i {name}`; that work belongs to the controller"
            ),
        })
        .collect())
}

fn refusal(name: &str) -> Option<&'static str> {
    if name.starts_with("aws-") {
        Some("the AWS SDK takes minutes to compile and needs an account to be of use")
    } else if name == "kube" || name.starts_with("kube-") {
        Some("it needs no cluster")
    } else if ["cc", "cmake", "bindgen", "cxx", "pkg-config"].contains(&name) {
        Some("it builds or finds C or C++ code")
    } else if name.ends_with("-sys") && !PURE_RUST.contains(&name) {
        Some("it binds a C library")
    } else {
        None
    }
}
