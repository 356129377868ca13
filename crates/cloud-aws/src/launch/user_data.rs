//! User data: how a machine becomes a Node of the cluster (`lifecycle.md` section 6.7).
//!
//! In: the cluster, the request's labels and taints, the class's kubelet settings and own user data.
//! Out: the text for the family, base64. Kubelets register with the request's taints and with its labels,
//! but for those that a kubelet may not set on itself.

mod al2023;
mod bottlerocket;
mod mime;

use std::collections::BTreeMap;

use api::Ec2NodeClass;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use cloud::LaunchRequest;

use crate::AwsConfig;

/// Most bytes of user data before encoding, by EC2.
const BYTES_MAX: usize = 16_384;

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
        Some(Family::Al2023) => al2023::text(config, request, own)
            .map_err(|problem| format!("EC2NodeClass {name}: {problem}"))?,
        Some(Family::Bottlerocket) => bottlerocket::text(config, request, own)
            .map_err(|problem| format!("EC2NodeClass {name}: {problem}"))?,
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

/// Whether the class makes local disks the pods' storage.
fn is_raid0(class: &Ec2NodeClass) -> bool {
    class.spec.instance_store_policy.as_deref() == Some("RAID0")
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

#[cfg(test)]
mod tests {
    use api::Taint;
    use serde_json::{Value, json};

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
            isolated_vpc: false,
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
    fn local_disks_and_the_kubelet_are_as_the_class_says() {
        let mut request = request("AL2023", "");
        let spec = &mut request.node_class.spec;
        spec.instance_store_policy = Some("RAID0".to_owned());
        let kubelet = [
            ("kubeReserved", json!({ "memory": "1Gi" })),
            ("imageGCHighThresholdPercent", json!(70)),
            ("cpuCFSQuota", json!(false)),
            ("clusterDNS", json!(["10.0.0.10"])),
        ];
        spec.kubelet = kubelet.map(|(key, value)| (key.to_owned(), value)).into();
        let decode = |request: &LaunchRequest| {
            let text = encoded(&config(), request).unwrap();
            String::from_utf8(STANDARD.decode(text).unwrap()).unwrap()
        };
        let al2023 = decode(&request);
        let json = al2023.lines().find(|line| line.starts_with('{')).unwrap();
        let node_config: Value = serde_json::from_str(json).unwrap();
        assert_eq!(node_config["spec"]["instance"]["localStorage"]["strategy"], "RAID0");
        assert_eq!(node_config["spec"]["kubelet"]["config"]["kubeReserved"]["memory"], "1Gi");

        request.node_class.spec.ami_family = Some("Bottlerocket".to_owned());
        let table: toml::Table = decode(&request).parse().unwrap();
        let kubernetes = &table["settings"]["kubernetes"];
        assert_eq!(kubernetes["kube-reserved"]["memory"].as_str(), Some("1Gi"));
        assert_eq!(kubernetes["image-gc-high-threshold-percent"].as_str(), Some("70"));
        assert_eq!(kubernetes["cpu-cfs-quota-enforced"].as_bool(), Some(false));
        assert_eq!(kubernetes["cluster-dns-ip"][0].as_str(), Some("10.0.0.10"));
        let mount = &table["settings"]["bootstrap-commands"]["000-mount-instance-storage"];
        assert_eq!(mount["commands"][1][4].as_str(), Some("/var/lib/containerd"));
    }

    #[test]
    fn al2023_needs_the_service_range() {
        let config = AwsConfig { service_cidr: None, ..config() };
        let problem = encoded(&config, &request("AL2023", "")).unwrap_err();
        assert!(problem.contains("service range"), "{problem}");
        assert!(encoded(&config, &request("Bottlerocket", "")).is_ok());
    }

    #[test]
    fn what_is_wrong_with_a_class_is_named() {
        assert_eq!(decoded("Custom", "anything").as_deref(), Ok("anything"));
        for (family, own, word) in [
            ("Windows2022", "", "spec.amiFamily"),
            ("Bottlerocket", "[", "spec.userData"),
            ("AL2023", "MIME-Version: 1.0\n\n", "boundary"),
            ("Custom", &"x".repeat(BYTES_MAX + 1), "16384"),
        ] {
            let message = decoded(family, own).unwrap_err();
            assert!(message.contains(word), "{message}");
        }
    }
}
