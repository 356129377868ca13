//! AL2023: a MIME text with the class's own parts, then a NodeConfig, which `nodeadm` merges.

use api::Taint;
use cloud::LaunchRequest;
use serde_json::{Value, json};

use super::{is_raid0, kubelet_labels, mime};
use crate::AwsConfig;

pub(super) fn text(
    config: &AwsConfig,
    request: &LaunchRequest,
    own: &str,
) -> Result<String, String> {
    let mut parts = mime::parts_of(own)?;
    let Some(cidr) = &config.service_cidr else {
        return Err("AL2023 nodes do not start without the cluster's service range, which is not \
                    known: let it be read from the cluster's ServiceCIDR, or set it"
            .to_owned());
    };
    let class = &request.node_class;
    let mut kubelet: serde_json::Map<String, Value> =
        class.spec.kubelet.clone().into_iter().collect();
    kubelet.insert("registerWithTaints".to_owned(), json!(taints(&request.taints)));
    let labels: Vec<String> =
        kubelet_labels(request).iter().map(|(key, value)| format!("{key}={value}")).collect();
    let mut spec = json!({
        "cluster": {
            "name": config.cluster_name,
            "apiServerEndpoint": config.cluster_endpoint,
            "certificateAuthority": config.cluster_ca.as_deref().unwrap_or_default(),
            "cidr": cidr,
        },
        "kubelet": {
            "config": kubelet,
            "flags": [format!("--node-labels={}", labels.join(","))],
        },
    });
    if is_raid0(class) {
        spec["instance"] = json!({ "localStorage": { "strategy": "RAID0" } });
    }
    // JSON is YAML, and needs no other quoting.
    let node_config = json!({
        "apiVersion": "node.eks.aws/v1alpha1",
        "kind": "NodeConfig",
        "spec": spec,
    });
    parts.push(format!("Content-Type: application/node.eks.aws\n\n{node_config}\n"));
    Ok(mime::write(&parts))
}

fn taints(taints: &[Taint]) -> Vec<Value> {
    let all = taints
        .iter()
        .map(|taint| json!({ "key": taint.key, "value": taint.value, "effect": taint.effect }));
    all.collect()
}
