//! Bottlerocket: settings in TOML, ours laid over the class's own, table by table.
//!
//! What a class says of its kubelet has names of its own here; those that Bottlerocket has no setting
//! for are not passed on.

use std::collections::BTreeMap;

use cloud::LaunchRequest;
use serde_json::Value;

use super::{is_raid0, kubelet_labels};
use crate::AwsConfig;

/// Settings that are the same value under another name.
const SAME: [(&str, &str); 4] = [
    ("maxPods", "max-pods"),
    ("podPidsLimit", "pod-pids-limit"),
    ("cpuCFSQuota", "cpu-cfs-quota-enforced"),
    ("evictionMaxPodGracePeriod", "eviction-max-pod-grace-period"),
];
/// Settings that are texts here, and numbers in a kubelet's configuration.
const TEXT: [(&str, &str); 2] = [
    ("imageGCHighThresholdPercent", "image-gc-high-threshold-percent"),
    ("imageGCLowThresholdPercent", "image-gc-low-threshold-percent"),
];
/// Settings that are tables of texts.
const TABLE: [(&str, &str); 5] = [
    ("kubeReserved", "kube-reserved"),
    ("systemReserved", "system-reserved"),
    ("evictionHard", "eviction-hard"),
    ("evictionSoft", "eviction-soft"),
    ("evictionSoftGracePeriod", "eviction-soft-grace-period"),
];
/// Folders that move to the local disks: images, pods' volumes and their logs.
const MOVED: [&str; 3] = ["/var/lib/containerd", "/var/lib/kubelet", "/var/log/pods"];

pub(super) fn text(
    config: &AwsConfig,
    request: &LaunchRequest,
    own: &str,
) -> Result<String, String> {
    let own: Result<toml::Table, toml::de::Error> = own.parse();
    let mut all = own.map_err(|error| format!("spec.userData is no TOML: {error}"))?;
    let mut settings =
        toml::Table::from_iter([("kubernetes".to_owned(), kubernetes(config, request).into())]);
    if is_raid0(&request.node_class) {
        settings.insert("bootstrap-commands".to_owned(), local_disks().into());
    }
    lay_over(&mut all, toml::Table::from_iter([("settings".to_owned(), settings.into())]));
    Ok(all.to_string())
}

fn kubernetes(config: &AwsConfig, request: &LaunchRequest) -> toml::Table {
    let kubelet = &request.node_class.spec.kubelet;
    let mut all = of_kubelet(kubelet);
    let mut set = |key: &str, value: toml::Value| all.insert(key.to_owned(), value);
    set("cluster-name", config.cluster_name.clone().into());
    set("api-server", config.cluster_endpoint.clone().into());
    if let Some(ca) = &config.cluster_ca {
        set("cluster-certificate", ca.clone().into());
    }
    let given = kubelet.get("clusterDNS").and_then(Value::as_array);
    let given: Vec<toml::Value> =
        given.into_iter().flatten().filter_map(Value::as_str).map(Into::into).collect();
    match (&config.cluster_dns, given.is_empty()) {
        (_, false) => {
            set("cluster-dns-ip", given.into());
        }
        (Some(dns), true) => {
            set("cluster-dns-ip", dns.clone().into());
        }
        (None, true) => {}
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
    let taints: toml::Table =
        by_key.into_iter().map(|(key, all)| (key.to_owned(), all.into())).collect();
    set("node-taints", taints.into());
    all
}

fn of_kubelet(kubelet: &BTreeMap<String, Value>) -> toml::Table {
    let mut all = toml::Table::new();
    for (key, name) in SAME {
        let value = kubelet.get(key).and_then(|value| match value {
            Value::Bool(value) => Some(toml::Value::from(*value)),
            value => value.as_i64().map(toml::Value::from),
        });
        all.extend(value.map(|value| (name.to_owned(), value)));
    }
    for (key, name) in TEXT {
        let value = kubelet.get(key).and_then(Value::as_i64);
        all.extend(value.map(|value| (name.to_owned(), value.to_string().into())));
    }
    for (key, name) in TABLE {
        let Some(given) = kubelet.get(key).and_then(Value::as_object) else { continue };
        let texts = given
            .iter()
            .filter_map(|(key, value)| Some((key.clone(), toml::Value::from(value.as_str()?))));
        all.insert(name.to_owned(), toml::Value::Table(texts.collect()));
    }
    all
}

/// A command that runs at every start, and without which the machine does not go on.
fn local_disks() -> toml::Table {
    let words = |words: &[&str]| toml::Value::from(words.to_vec());
    let bind = ["apiclient", "ephemeral-storage", "bind", "--dirs"].into_iter().chain(MOVED);
    let bind: Vec<&str> = bind.collect();
    let commands = vec![words(&["apiclient", "ephemeral-storage", "init"]), words(&bind)];
    let command = toml::Table::from_iter([
        ("commands".to_owned(), commands.into()),
        ("mode".to_owned(), "always".into()),
        ("essential".to_owned(), true.into()),
    ]);
    toml::Table::from_iter([("000-mount-instance-storage".to_owned(), command.into())])
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
