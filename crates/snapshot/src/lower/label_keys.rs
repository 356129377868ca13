//! Label keys: aliases, well-known keys, and which ones a pool may not set.
//!
//! Rules: `api.md` sections 1.2, 6.1 to 6.4 of Karpenter's model; syntax as in
//! `k8s.io/apimachinery/pkg/util/validation`, Kubernetes v1.36.

use api::names;
use model::{LabelKey, well_known};

/// `true` on nodes that have joined their pool.
pub(crate) const REGISTERED: &str = "karpenter.sh/registered";
/// `true` on nodes whose start-up is over.
pub(crate) const INITIALIZED: &str = "karpenter.sh/initialized";
/// The build of Windows on a node.
const WINDOWS_BUILD: &str = "node.kubernetes.io/windows-build";

/// Old and provider-specific keys with the stable ones they stand for.
const ALIASES: [(&str, &str); 6] = [
    ("beta.kubernetes.io/arch", well_known::ARCH),
    ("beta.kubernetes.io/instance-type", well_known::INSTANCE_TYPE),
    ("beta.kubernetes.io/os", well_known::OS),
    ("failure-domain.beta.kubernetes.io/region", well_known::REGION),
    ("failure-domain.beta.kubernetes.io/zone", well_known::ZONE),
    ("topology.ebs.csi.aws.com/zone", well_known::ZONE),
];

/// `key` with aliases resolved.
pub(crate) fn stable(key: &str) -> LabelKey {
    let alias = ALIASES.iter().find(|(alias, _)| *alias == key);
    LabelKey::from(alias.map_or(key, |(_, stable)| stable))
}

/// Whether the market decides the label: a node has it as the instance type or the place says, or
/// not at all, and no pool can choose a value for it.
pub(crate) fn is_well_known(key: &str) -> bool {
    matches!(
        key,
        well_known::ZONE
            | well_known::ZONE_ID
            | well_known::REGION
            | well_known::INSTANCE_TYPE
            | well_known::ARCH
            | well_known::OS
            | well_known::CAPACITY_TYPE
            | well_known::NODE_POOL
            | well_known::HOSTNAME
            | WINDOWS_BUILD
    ) || is_aws(key)
}

fn is_aws(key: &str) -> bool {
    names::AWS_LABELS.contains(&key)
}

/// Why a pool may not name `key` in its labels or requirements; `None` where it may.
pub(crate) fn refusal(key: &str) -> Option<String> {
    let domain = key.split_once('/').map_or("", |(domain, _)| domain);
    let within = |owner: &str| {
        domain.strip_suffix(owner).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
    };
    if let Some(problem) = key_problem(key) {
        Some(format!("{key:?} is not a label key: {problem}"))
    } else if key == well_known::NODE_POOL || key == well_known::HOSTNAME {
        Some(format!("{key} is set by the system"))
    } else if within("karpenter.sh") && key != well_known::CAPACITY_TYPE {
        Some(format!("{key} is in the restricted domain karpenter.sh"))
    } else if within("karpenter.k8s.aws") && !is_aws(key) {
        Some(format!(
            "{key} is in the restricted domain karpenter.k8s.aws and is not one of its keys"
        ))
    } else {
        None
    }
}

/// Why `key` is no label key: an optional DNS subdomain and `/`, then up to 63 characters.
pub(super) fn key_problem(key: &str) -> Option<&'static str> {
    let (prefix, name) = match key.split_once('/') {
        Some((prefix, name)) => (Some(prefix), name),
        None => (None, key),
    };
    let subdomain = |prefix: &str| {
        prefix.len() <= 253
            && prefix.split('.').all(|part| {
                let inner = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
                part.bytes().all(|byte| inner(byte) || byte == b'-')
                    && part.bytes().next().is_some_and(inner)
                    && part.bytes().last().is_some_and(inner)
            })
    };
    if !prefix.is_none_or(subdomain) {
        Some("the part before / is not a DNS subdomain")
    } else if name.is_empty() || !is_label_value(name) {
        Some("the name is not 1 to 63 letters, digits, - _ . that begin and end alphanumeric")
    } else {
        None
    }
}

/// Whether `value` is a label value: empty, or up to 63 letters, digits, `-`, `_`, `.` that begin
/// and end alphanumeric.
pub(crate) fn is_label_value(value: &str) -> bool {
    let inner = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    value.len() <= 63
        && value.bytes().all(inner)
        && [value.bytes().next(), value.bytes().last()]
            .into_iter()
            .flatten()
            .all(|byte| byte.is_ascii_alphanumeric())
}

#[cfg(test)]
mod tests {
    use super::{is_label_value, is_well_known, refusal, stable};

    #[test]
    fn keys_are_restricted_as_in_karpenter() {
        for (key, allowed) in [
            ("team", true),
            ("example.com/team", true),
            ("karpenter.sh/capacity-type", true),
            ("karpenter.sh/nodepool", false),
            ("karpenter.sh/initialized", false),
            ("sub.karpenter.sh/x", false),
            ("notkarpenter.sh/x", true),
            ("kubernetes.io/hostname", false),
            ("kubernetes.io/arch", true),
            ("node-role.kubernetes.io/gpu", true),
            ("karpenter.k8s.aws/instance-category", true),
            ("karpenter.k8s.aws/instance-colour", false),
            ("karpenter.k8s.aws/ec2nodeclass", true),
            ("", false),
            ("a/b/c", false),
            ("Upper.com/x", false),
            ("x-", false),
        ] {
            assert_eq!(refusal(key).is_none(), allowed, "{key}: {:?}", refusal(key));
        }
        let arch = stable("beta.kubernetes.io/arch");
        assert_eq!(arch.as_str(), "kubernetes.io/arch");
        assert!(is_well_known("karpenter.k8s.aws/instance-gpu-name") && !is_well_known("team"));
        assert!(is_label_value("") && is_label_value("a.b_c-1") && !is_label_value("-a"));
    }
}
