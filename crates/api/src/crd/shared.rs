//! Schemas that several kinds have in common.

use serde_json::json;

use super::schema::Schema;
use crate::names;

/// A label's or taint's key: an optional DNS domain, a slash, a name.
pub(super) const KEY: &str = r"^([a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*/)?([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]$";
/// A label's or taint's value, which may be empty.
pub(super) const VALUE: &str = "^(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?$";
/// A quantity.
pub(super) const QUANTITY: &str = r"^(\+|-)?(([0-9]+(\.[0-9]*)?)|(\.[0-9]+))(([KMGTPE]i)|[numkMGTPE]|([eE](\+|-)?(([0-9]+(\.[0-9]*)?)|(\.[0-9]+))))?$";
/// A duration in hours, minutes and seconds.
pub(super) const DURATION: &str = "^([0-9]+(s|m|h))+$";
/// A duration, or never.
pub(super) const DURATION_OR_NEVER: &str = "^(([0-9]+(s|m|h))+|Never)$";

/// The three fields that every object begins with, then those of the kind.
pub(super) fn kind(description: &str, spec: Schema, status: Schema) -> Schema {
    Schema::object()
        .described(description)
        .field("apiVersion", "Group and version of the kind.", Schema::string())
        .field("kind", "The kind.", Schema::string())
        // The API server has its own words for it and refuses others.
        .field("metadata", "", Schema::object())
        .required("spec", "What is wanted.", spec)
        .field("status", "What is observed.", status)
}

/// Amounts by resource.
pub(super) fn resources() -> Schema {
    Schema::map(Schema::number_or(QUANTITY))
}

/// Taints of nodes.
pub(super) fn taints() -> Schema {
    Schema::list(
        Schema::object()
            .required(
                "effect",
                "What it does to pods that do not tolerate it.",
                Schema::one_of(&["NoSchedule", "PreferNoSchedule", "NoExecute"]),
            )
            .required("key", "Its key.", Schema::string().length(1, None).pattern(KEY))
            .field("timeAdded", "When it was put on a node.", Schema::time())
            .field("value", "Its value.", Schema::string().pattern(VALUE)),
    )
}

/// Whose labels requirements may name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Whose {
    /// A pool's: the pool itself is not among them.
    Pool,
    /// A claim's.
    Claim,
}

/// Requirements of pools and claims, at most 100.
pub(super) fn requirements(whose: Whose) -> Schema {
    let key = Schema::string().length(0, Some(316)).pattern(KEY);
    let key =
        (key_rules(whose, "self").iter()).fold(key, |key, (message, rule)| key.rule(message, rule));
    let operators = ["In", "NotIn", "Exists", "DoesNotExist", "Gt", "Lt", "Gte", "Lte"];
    let entry = Schema::object()
        .required("key", "The label.", key)
        .field(
            "minValues",
            "How many distinct values must stay open until launch (alpha).",
            Schema::int64().range(1, Some(50)),
        )
        .required("operator", "How the label is compared.", Schema::one_of(&operators))
        .field(
            "values",
            "What it is compared with.",
            Schema::list(Schema::string().length(0, Some(63)).pattern(VALUE)),
        );
    Schema::list(entry).items(0, Some(100)).rules(&[
        (
            "operator In needs at least one value",
            "self.all(r, r.operator != 'In' || (has(r.values) && r.values.size() > 0))",
        ),
        (
            "operators Gt, Lt, Gte and Lte need one value, a whole number of at least 0",
            "self.all(r, !(r.operator in ['Gt', 'Lt', 'Gte', 'Lte']) || (has(r.values) && \
             r.values.size() == 1 && r.values[0].matches('^[0-9]{1,18}$')))",
        ),
        (
            "operator In needs at least as many values as minValues says",
            "self.all(r, r.operator != 'In' || !has(r.minValues) || (has(r.values) && \
             r.values.size() >= r.minValues))",
        ),
    ])
}

/// Labels that a pool gives its nodes, at most 100.
pub(super) fn labels() -> Schema {
    let labels = Schema::map(Schema::string().length(0, Some(63)).pattern(VALUE)).keys(100);
    (key_rules(Whose::Pool, "key").iter()).fold(labels, |labels, (message, rule)| {
        labels.rule(message, &format!("self.all(key, {rule})"))
    })
}

/// Messages and rules about the label key that is called `key` in CEL.
fn key_rules(whose: Whose, key: &str) -> Vec<(String, String)> {
    let mut ours = vec!["karpenter.sh/capacity-type"];
    if whose == Whose::Claim {
        ours.push("karpenter.sh/nodepool");
    }
    vec![
        (
            format!("of the domain karpenter.sh only {} may be named", ours.join(" and ")),
            domain_rule(key, "karpenter.sh", &ours),
        ),
        (
            "kubernetes.io/hostname is the node's own name".to_owned(),
            format!("{key} != 'kubernetes.io/hostname'"),
        ),
        (
            "the domain karpenter.k8s.aws has no such label".to_owned(),
            domain_rule(key, "karpenter.k8s.aws", &names::AWS_LABELS),
        ),
    ]
}

/// The key is not of a domain that ends so, or is one of these.
fn domain_rule(key: &str, domain: &str, allowed: &[&str]) -> String {
    let allowed: Vec<String> = allowed.iter().map(|key| format!("'{key}'")).collect();
    format!("!{key}.find('^[^/]+').endsWith('{domain}') || {key} in [{}]", allowed.join(", "))
}

/// How machines are made; `fixed` forbids another group or kind later.
pub(super) fn node_class_ref(fixed: bool) -> Schema {
    let word = || Schema::string().length(1, None);
    let group = word().pattern("^[^/]*$");
    let reference = Schema::object()
        .required("group", "Its API group.", group)
        .required("kind", "Its kind.", word())
        .required("name", "Its name.", word());
    if !fixed {
        return reference;
    }
    reference.rules(&[
        ("the group cannot be changed", "self.group == oldSelf.group"),
        ("the kind cannot be changed", "self.kind == oldSelf.kind"),
    ])
}

/// How long pods may hold up a node's end.
pub(super) fn termination_grace_period() -> Schema {
    Schema::string().pattern(DURATION)
}

/// How old a node may get.
pub(super) fn expire_after() -> Schema {
    Schema::string().pattern(DURATION_OR_NEVER).default(json!("720h"))
}

/// Conditions of a status.
pub(super) fn conditions() -> Schema {
    Schema::list(
        Schema::object()
            .required("lastTransitionTime", "When the status last changed.", Schema::time())
            .required("message", "For people.", Schema::string().length(0, Some(32_768)))
            .field(
                "observedGeneration",
                "The generation that it speaks of.",
                Schema::int64().range(0, None),
            )
            .required("reason", "For programs.", Schema::string().length(0, Some(1024)))
            .required("status", "Whether it holds.", Schema::one_of(&["True", "False", "Unknown"]))
            .required("type", "What it is about.", Schema::string().length(1, Some(316))),
    )
}
