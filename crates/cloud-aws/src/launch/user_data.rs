//! User data: how a machine becomes a Node of the cluster (`lifecycle.md` section 6.7).
//!
//! In: the cluster, the request's labels and taints, the class's kubelet settings and own user data.
//! Out: the text for the family, base64. Kubelets register with the request's taints and with its labels,
//! but for those that a kubelet may not set on itself.

use std::collections::BTreeMap;

use api::{Ec2NodeClass, Taint};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use cloud::LaunchRequest;
use serde_json::{Value, json};

use crate::AwsConfig;

/// Most bytes of user data before encoding, by EC2.
const BYTES_MAX: usize = 16_384;
/// Ends parts of a MIME text.
const BOUNDARY: &str = "//";

/// How an image takes its settings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Family {
    Al2023,
    Bottlerocket,
    Custom,
}

impl Family {
    /// The class's family, from its alias where it names none; `None` where it is not supported.
    pub(super) fn of(class: &Ec2NodeClass) -> Option<Self> {
        let alias = class.spec.ami_selector_terms.iter().find_map(|term| term.alias.as_deref());
        let of_alias = alias.and_then(|alias| alias.split('@').next());
        match class.spec.ami_family.as_deref().or(of_alias)? {
            "AL2023" | "al2023" => Some(Self::Al2023),
            "Bottlerocket" | "bottlerocket" => Some(Self::Bottlerocket),
            "Custom" => Some(Self::Custom),
            _ => None,
        }
    }
}

/// The user data, base64; the message says what is wrong with the class.
pub(super) fn encoded(config: &AwsConfig, request: &LaunchRequest) -> Result<String, String> {
    let class = &request.node_class;
    let own = class.spec.user_data.as_deref().unwrap_or_default();
    let name = &class.metadata.name;
    let text = match Family::of(class) {
        Some(Family::Al2023) => al2023(config, request, own),
        Some(Family::Bottlerocket) => bottlerocket(config, request, own)
            .map_err(|error| format!("EC2NodeClass {name}, spec.userData is no TOML: {error}"))?,
        Some(Family::Custom) => own.to_owned(),
        None => {
            return Err(format!(
                "EC2NodeClass {name}, spec.amiFamily: set AL2023, Bottlerocket or Custom"
            ));
        }
    };
    if text.len() > BYTES_MAX {
        return Err(format!(
            "EC2NodeClass {name}: user data has {} bytes, EC2 takes {BYTES_MAX}: shorten \
             spec.userData",
            text.len()
        ));
    }
    Ok(STANDARD.encode(text))
}

/// Labels that a kubelet may set on its own Node (`api.md` section 6.5); registration adds the others.
fn kubelet_labels(request: &LaunchRequest) -> BTreeMap<&str, &str> {
    let restricted = ["node-restriction.kubernetes.io", "kubernetes.io", "k8s.io"];
    let may = |key: &str| {
        let domain = key.split_once('/').map_or("", |(domain, _)| domain);
        !restricted.iter().any(|one| domain == *one || domain.ends_with(&format!(".{one}")))
    };
    let all = request.labels.iter().map(|(key, value)| (key.as_str(), value.as_str()));
    let own = [("karpenter.sh/do-not-sync-taints", "true")];
    all.filter(|(key, _)| may(key)).chain(own).collect()
}

fn al2023(config: &AwsConfig, request: &LaunchRequest, own: &str) -> String {
    let mut parts = Vec::new();
    if !own.trim().is_empty() {
        parts.push(own_part(own));
    }
    let mut kubelet: serde_json::Map<String, Value> =
        request.node_class.spec.kubelet.clone().into_iter().collect();
    kubelet.insert("registerWithTaints".to_owned(), json!(taints(&request.taints)));
    let labels: Vec<String> =
        kubelet_labels(request).iter().map(|(key, value)| format!("{key}={value}")).collect();
    let mut cluster = json!({
        "name": config.cluster_name,
        "apiServerEndpoint": config.cluster_endpoint,
        "certificateAuthority": config.cluster_ca.as_deref().unwrap_or_default(),
    });
    if let Some(cidr) = &config.service_cidr {
        cluster["cidr"] = json!(cidr);
    }
    // JSON is YAML, and needs no other quoting.
    let node_config = json!({
        "apiVersion": "node.eks.aws/v1alpha1",
        "kind": "NodeConfig",
        "spec": {
            "cluster": cluster,
            "kubelet": {
                "config": kubelet,
                "flags": [format!("--node-labels={}", labels.join(","))],
            },
        },
    });
    parts.push(format!("Content-Type: application/node.eks.aws\n\n{node_config}\n"));
    let mut text =
        format!("MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=\"{BOUNDARY}\"\n\n");
    for part in parts {
        text = format!("{text}--{BOUNDARY}\n{part}\n");
    }
    text + &format!("--{BOUNDARY}--\n")
}

/// The class's own part: a NodeConfig or a script, by its beginning.
fn own_part(own: &str) -> String {
    let kind = match own.trim_start() {
        text if text.starts_with("apiVersion: node.eks.aws") => "application/node.eks.aws",
        _ => "text/x-shellscript; charset=\"us-ascii\"",
    };
    format!("Content-Type: {kind}\n\n{own}\n")
}

fn taints(taints: &[Taint]) -> Vec<Value> {
    let all = taints
        .iter()
        .map(|taint| json!({ "key": taint.key, "value": taint.value, "effect": taint.effect }));
    all.collect()
}

/// The class's settings with ours laid over them, table by table.
fn bottlerocket(
    config: &AwsConfig,
    request: &LaunchRequest,
    own: &str,
) -> Result<String, toml::de::Error> {
    let mut settings: toml::Table = own.parse()?;
    let mut kubernetes = toml::Table::new();
    let mut set = |key: &str, value: toml::Value| kubernetes.insert(key.to_owned(), value);
    set("cluster-name", config.cluster_name.clone().into());
    set("api-server", config.cluster_endpoint.clone().into());
    if let Some(ca) = &config.cluster_ca {
        set("cluster-certificate", ca.clone().into());
    }
    if let Some(dns) = &config.cluster_dns {
        set("cluster-dns-ip", dns.clone().into());
    }
    if let Some(pods) = request.node_class.spec.kubelet.get("maxPods").and_then(Value::as_i64) {
        set("max-pods", pods.into());
    }
    let labels = kubelet_labels(request).into_iter();
    let labels: toml::Table =
        labels.map(|(key, value)| (key.to_owned(), value.to_owned().into())).collect();
    set("node-labels", labels.into());
    let mut by_key: BTreeMap<&str, Vec<toml::Value>> = BTreeMap::new();
    for taint in &request.taints {
        let text = format!("{}:{}", taint.value, taint.effect);
        by_key.entry(&taint.key).or_default().push(text.into());
    }
    let by_key = by_key.into_iter();
    let taints: toml::Table = by_key.map(|(key, all)| (key.to_owned(), all.into())).collect();
    set("node-taints", taints.into());
    let ours: toml::Table = [(
        "settings".to_owned(),
        toml::Table::from_iter([("kubernetes".to_owned(), kubernetes.into())]).into(),
    )]
    .into_iter()
    .collect();
    lay_over(&mut settings, ours);
    Ok(settings.to_string())
}

fn lay_over(under: &mut toml::Table, over: toml::Table) {
    for (key, value) in over {
        match (under.get_mut(&key), value) {
            (Some(toml::Value::Table(below)), toml::Value::Table(above)) => lay_over(below, above),
            (_, value) => {
                under.insert(key, value);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config() -> AwsConfig {
        AwsConfig {
            cluster_name: "prod".to_owned(),
            region: "us-east-1".to_owned(),
            endpoint_url: None,
            kubernetes_version: "1.36".to_owned(),
            cluster_endpoint: "https://api".to_owned(),
            cluster_ca: Some("Q0E=".to_owned()),
            service_cidr: Some("10.100.0.0/16".to_owned()),
            cluster_dns: Some("10.100.0.10".to_owned()),
            attempts: 1,
        }
    }

    fn request(family: &str, own: &str) -> LaunchRequest {
        let class = json!({
            "metadata": { "name": "default" },
            "spec": { "amiFamily": family, "userData": own, "kubelet": { "maxPods": 42 } },
        });
        let taint = Taint {
            key: "karpenter.sh/unregistered".to_owned(),
            effect: "NoExecute".to_owned(),
            ..Taint::default()
        };
        let labels = [("team", "web"), ("kubernetes.io/os", "linux"), ("a.k8s.io/b", "c")];
        LaunchRequest {
            claim: cloud::ClaimIdentity {
                name: "p-1".into(),
                uid: "u".to_owned(),
                pool: "p".into(),
            },
            token: cloud::ClientToken::new("u", 0),
            node_class: serde_json::from_value(class).unwrap(),
            capacity_type: model::CapacityType::Spot,
            choices: Vec::new(),
            labels: labels.map(|(key, value)| (key.to_owned(), value.to_owned())).into(),
            taints: vec![taint],
        }
    }

    fn decoded(family: &str, own: &str) -> Result<String, String> {
        let text = encoded(&config(), &request(family, own))?;
        Ok(String::from_utf8(STANDARD.decode(text).unwrap()).unwrap())
    }

    #[test]
    fn al2023_gets_a_node_config_after_the_users_own_part() {
        let text = decoded("AL2023", "#!/bin/sh\necho hello\n").unwrap();
        let (before, after) = text.split_once("Content-Type: application/node.eks.aws").unwrap();
        assert!(before.contains("text/x-shellscript") && before.contains("echo hello"));
        let json = after.trim_start().lines().next().unwrap();
        let config: Value = serde_json::from_str(json).unwrap();
        let kubelet = &config["spec"]["kubelet"];
        assert_eq!(config["spec"]["cluster"]["cidr"], "10.100.0.0/16");
        assert_eq!(kubelet["config"]["maxPods"], 42);
        assert_eq!(
            kubelet["config"]["registerWithTaints"],
            json!([{ "key": "karpenter.sh/unregistered", "value": "", "effect": "NoExecute" }])
        );
        let labels = "--node-labels=karpenter.sh/do-not-sync-taints=true,team=web";
        assert_eq!(kubelet["flags"], json!([labels]));
        assert!(text.ends_with("--//--\n"));
    }

    #[test]
    fn bottlerocket_settings_are_laid_over_the_users() {
        let own = "[settings.kubernetes]\ncluster-name = 'other'\nseccomp-default = true\n\
                   [settings.ntp]\ntime-servers = []\n";
        let table: toml::Table = decoded("Bottlerocket", own).unwrap().parse().unwrap();
        let kubernetes = &table["settings"]["kubernetes"];
        assert_eq!(kubernetes["cluster-name"].as_str(), Some("prod"));
        assert_eq!(kubernetes["seccomp-default"].as_bool(), Some(true));
        assert_eq!(kubernetes["max-pods"].as_integer(), Some(42));
        let taint = &kubernetes["node-taints"]["karpenter.sh/unregistered"][0];
        assert_eq!(taint.as_str(), Some(":NoExecute"));
        assert!(table["settings"]["ntp"].is_table());
    }

    #[test]
    fn what_is_wrong_with_a_class_is_named() {
        assert_eq!(decoded("Custom", "anything").as_deref(), Ok("anything"));
        for (family, own, word) in [
            ("Windows2022", "", "spec.amiFamily"),
            ("Bottlerocket", "[", "spec.userData"),
            ("Custom", &"x".repeat(BYTES_MAX + 1), "16384"),
        ] {
            let message = decoded(family, own).unwrap_err();
            assert!(message.contains(word), "{message}");
        }
    }
}
