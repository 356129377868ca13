//! The chart of `deploy/` as Helm renders it, without a cluster and without anybody's own settings of Helm.
//!
//! In: the chart's folder and values. Out: Kubernetes objects as text, or what Helm says against them.

use std::path::Path;
use std::process::{Command, Stdio};

use crate::folder::Folder;
use crate::{Error, Result, binaries};

/// The chart's folder, from the root of the repository.
pub const FOLDER: &str = "deploy/chart/stowage";

/// First lines of `deploy/rbac.yaml`.
const RIGHTS_HEAD: &str = "\
# Generated from deploy/chart by `cargo xtask chart`; do not edit.
# What the controller may do, and nothing else. The end-to-end tests run as this service account.
# The namespace is the one of the Lease: give --leader-election-namespace=kube-system, or change it here.
";
/// The templates that hold the rights, in their order there.
const RIGHTS: [&str; 3] = ["serviceaccount", "clusterrole", "role"];

/// What a run of Helm came to.
#[derive(Clone, Debug)]
pub struct Answer {
    /// Whether it ended well.
    pub is_success: bool,
    /// Its standard output.
    pub output: String,
    /// Its standard error.
    pub errors: String,
}

/// Runs Helm, which is built where it is missing.
pub fn helm(arguments: &[&str]) -> Result<Answer> {
    let program = binaries::helm()?;
    let folder = Folder::new("helm")?;
    let mut helm = Command::new(&program);
    helm.args(arguments).stdin(Stdio::null()).current_dir(folder.path()).env_remove("KUBECONFIG");
    for name in ["HELM_CACHE_HOME", "HELM_CONFIG_HOME", "HELM_DATA_HOME"] {
        helm.env(name, folder.path().join(name));
    }
    let output = helm.output().map_err(Error::io(format!("starting {}", program.display())))?;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    Ok(Answer {
        is_success: output.status.success(),
        output: text(&output.stdout),
        errors: text(&output.stderr),
    })
}

/// The objects of a release `stowage` in `namespace`, by `helm template` with further arguments.
pub fn rendered(chart: &Path, namespace: &str, arguments: &[&str]) -> Result<String> {
    let chart = chart.to_string_lossy();
    let fixed = ["template", "stowage", &chart, "--namespace", namespace];
    let answer = helm(&[&fixed[..], arguments].concat())?;
    if answer.is_success {
        return Ok(answer.output);
    }
    Err(Error::Answer { doing: format!("rendering {chart}"), answer: answer.errors })
}

/// What `deploy/rbac.yaml` must be: the account and its rules as the chart has them, without Helm's labels.
pub fn rights(chart: &Path) -> Result<String> {
    let values = ["settings.clusterName=any", "controller.image.repository=any"];
    let mut text = RIGHTS_HEAD.to_owned();
    for (at, template) in RIGHTS.iter().enumerate() {
        let template = format!("templates/{template}.yaml");
        let mut arguments = vec!["--show-only", &template];
        arguments.extend(values.iter().flat_map(|value| ["--set", value]));
        let object = without_helm(&rendered(chart, "kube-system", &arguments)?);
        text.push_str(if at == 0 { object.trim_start_matches("---\n") } else { &object });
    }
    Ok(text)
}

/// Without the notes on which template a part is from, without empty lines, and without the labels, which say
/// that Helm made the object.
fn without_helm(rendered: &str) -> String {
    let mut kept = String::new();
    let mut is_label = false;
    for line in rendered.lines() {
        if line == "  labels:" {
            is_label = true;
        } else if !line.starts_with("    ") {
            is_label = false;
        }
        if !is_label && !line.is_empty() && !line.starts_with("# Source: ") {
            kept.push_str(line);
            kept.push('\n');
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::without_helm;

    #[test]
    fn labels_and_sources_go_and_the_rest_stays() {
        let text = "---\n# Source: a/b\nmetadata:\n  name: a\n  labels:\n    a: b\n    c: d\nrules:\n  # Why.\n\n";
        assert_eq!(without_helm(text), "---\nmetadata:\n  name: a\nrules:\n  # Why.\n");
    }
}
