//! What user data tells a kubelet to register with.
//!
//! Reads the `NodeConfig` documents of AL2023's user data: `spec.kubelet.config.registerWithTaints` and the
//! flags `--node-labels` and `--register-with-taints`, as `nodeadm` hands them on. Of several documents
//! each adds.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::Taint;
use serde_json::Value;

/// Labels and taints that user data asks for.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Registration {
    /// From `--node-labels`.
    pub labels: BTreeMap<String, String>,
    /// From `registerWithTaints` and `--register-with-taints`.
    pub taints: Vec<Taint>,
}

impl Registration {
    /// Reads user data, plain or as MIME parts. What is no `NodeConfig` is none of a kubelet's business.
    pub fn read(user_data: &str) -> Self {
        let mut registration = Self::default();
        for part in parts(user_data) {
            if let Ok(config) = serde_saphyr::from_str::<Value>(part)
                && config["kind"] == "NodeConfig"
            {
                registration.add(&config["spec"]["kubelet"]);
            }
        }
        registration
    }

    fn add(&mut self, kubelet: &Value) {
        let taints = kubelet["config"]["registerWithTaints"].clone();
        self.taints.extend(serde_json::from_value::<Vec<Taint>>(taints).unwrap_or_default());
        let flags = kubelet["flags"].as_array().into_iter().flatten().filter_map(Value::as_str);
        for flag in flags {
            if let Some(labels) = flag.strip_prefix("--node-labels=") {
                let pairs = unquoted(labels).split(',').filter_map(|label| label.split_once('='));
                self.labels.extend(pairs.map(|(name, value)| (name.to_owned(), value.to_owned())));
            }
            if let Some(taints) = flag.strip_prefix("--register-with-taints=") {
                self.taints.extend(unquoted(taints).split(',').filter_map(taint));
            }
        }
    }
}

fn unquoted(text: &str) -> &str {
    text.trim_matches('"')
}

/// `key=value:effect` or `key:effect`.
fn taint(text: &str) -> Option<Taint> {
    let (pair, effect) = text.rsplit_once(':')?;
    let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
    let value = (!value.is_empty()).then(|| value.to_owned());
    Some(Taint { key: key.to_owned(), value, effect: effect.to_owned(), time_added: None })
}

/// The bodies of a MIME message, or the whole text where it is none.
fn parts(text: &str) -> Vec<&str> {
    let boundary = text.lines().find_map(|line| {
        let (_, after) = line.split_once("boundary=")?;
        Some(unquoted(after.trim().trim_end_matches(';')))
    });
    let Some(boundary) = boundary else { return vec![text] };
    let delimiter = format!("--{boundary}");
    let sections = text.split(delimiter.as_str()).skip(1);
    sections
        .filter_map(|section| {
            let blank = section.find("\n\n").map(|at| at + 2);
            let blank = blank.or_else(|| section.find("\r\n\r\n").map(|at| at + 4))?;
            section.get(blank..)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::Registration;

    const NODE_CONFIG: &str = r#"apiVersion: node.eks.aws/v1alpha1
kind: NodeConfig
spec:
  cluster: {name: test}
  kubelet:
    config:
      registerWithTaints:
      - key: karpenter.sh/unregistered
        effect: NoExecute
    flags:
    - --node-labels="karpenter.sh/nodepool=default,team=a"
    - --register-with-taints=team=a:NoSchedule
"#;

    #[test]
    fn node_config_is_read_plain_and_within_mime() {
        let plain = Registration::read(NODE_CONFIG);
        assert_eq!(plain.labels["karpenter.sh/nodepool"], "default");
        assert_eq!(plain.labels["team"], "a");
        let taints: Vec<_> =
            plain.taints.iter().map(|one| (one.key.as_str(), one.effect.as_str())).collect();
        assert_eq!(taints, [("karpenter.sh/unregistered", "NoExecute"), ("team", "NoSchedule")]);
        let mime = format!(
            "MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=\"//\"\n\n--//\nContent-Type: text/x-shellscript\n\n#!/bin/bash\necho: hi\n\n--//\nContent-Type: application/node.eks.aws\n\n{NODE_CONFIG}\n--//--\n"
        );
        assert_eq!(Registration::read(&mime), plain);
        assert_eq!(Registration::read("#!/bin/bash\n"), Registration::default());
    }
}
