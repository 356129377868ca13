//! Where pods with volumes may go, and which of them wait.

use std::fmt::Write as _;

use model::Requirements;

use super::{object, pod, set_of};
use crate::PodSelection;

const ZONE: &str = "topology.kubernetes.io/zone";

fn claim(name: &str, spec: &str) -> String {
    object("v1", "PersistentVolumeClaim", &format!("name: {name}"), spec)
}

/// A volume that can be used from where one of these lists of zones says.
fn volume(name: &str, zones: &[&str]) -> String {
    let term = |zones: &&str| {
        format!(
            "{{matchExpressions: [{{key: topology.ebs.csi.aws.com/zone, operator: In, values: \
             [{zones}]}}]}}"
        )
    };
    let terms: Vec<String> = zones.iter().map(term).collect();
    let spec = format!("nodeAffinity: {{required: {{nodeSelectorTerms: [{}]}}}}", terms.join(", "));
    object("v1", "PersistentVolume", &format!("name: {name}"), &spec)
}

fn class(name: &str, words: &str) -> String {
    format!(
        "---\napiVersion: storage.k8s.io/v1\nkind: StorageClass\nmetadata: {{name: {name}}}\n\
         {words}\n"
    )
}

/// A pod with claims of these names.
fn using(name: &str, claims: &[&str], spec: &str) -> String {
    let volume =
        |claim: &&str| format!("{{name: {claim}, persistentVolumeClaim: {{claimName: {claim}}}}}");
    let volumes: Vec<String> = claims.iter().map(volume).collect();
    pod(name, &format!("volumes: [{}]{spec}", volumes.join(", ")))
}

/// Where each pod may go, as `alternatives / what spreads look at`, and what is wrong.
#[track_caller]
fn check(text: &str, expected: &[&str]) {
    let set = set_of(text, PodSelection::All);
    let shown = |alternatives: &[Requirements]| {
        alternatives.iter().fold(String::new(), |mut line, terms| {
            line.push_str(" |");
            for (key, requirement) in terms.iter() {
                let key = key.as_str().rsplit('/').next().unwrap_or_default();
                write!(line, " {key} {requirement}").expect("a string");
            }
            line
        })
    };
    let mut lines = Vec::new();
    for (name, shape) in &set.pods {
        let shape = &set.shapes[usize::try_from(*shape).expect("small")];
        let mut line = format!("{name}:{}", shown(&shape.alternatives));
        if !shape.rules.affinity.is_empty() {
            write!(line, " /{}", shown(&shape.rules.affinity)).expect("a string");
        }
        lines.push(line);
    }
    for finding in &set.findings {
        lines.push(format!("{}: {} {}", finding.code.as_str(), finding.object, finding.message));
    }
    assert_eq!(lines, expected, "{text}");
}

#[test]
fn a_bound_claim_says_where_its_volume_is() {
    let text = claim("c", "volumeName: v")
        + &claim("d", "volumeName: w")
        + &volume("v", &["a"])
        + &volume("w", &["a", "b"]);
    check(&(text.clone() + &using("p", &["c"], "")), &["default/p: | zone In [a]"]);
    check(&(text.clone() + &using("p", &["d"], "")), &["default/p: | zone In [a] | zone In [b]"]);
    // What cannot be met together is left out, unless nothing can.
    check(&(text.clone() + &using("p", &["c", "d"], "")), &["default/p: | zone In [a]"]);
    let select = format!(", nodeSelector: {{{ZONE}: z}}");
    check(&(text + &using("p", &["c"], &select)), &["default/p: | zone In []"]);
    // One that is made with the pod.
    let text = claim("p-v", "volumeName: v")
        + &volume("v", &["b"])
        + &pod("p", "volumes: [{name: v, ephemeral: {}}]");
    check(&text, &["default/p: | zone In [b]"]);
}

#[test]
fn a_claim_that_waits_for_its_pod_says_where_its_class_makes_volumes() {
    let topologies = format!(
        "volumeBindingMode: WaitForFirstConsumer\nallowedTopologies: [{{matchLabelExpressions: \
         [{{key: {ZONE}, values: [a, b]}}]}}]"
    );
    let text = claim("c", "storageClassName: gp3") + &using("p", &["c"], "");
    check(&(text.clone() + &class("gp3", &topologies)), &["default/p: | zone In [a, b]"]);
    let anywhere = class("gp3", "volumeBindingMode: WaitForFirstConsumer");
    check(&(text + &anywhere), &["default/p: |"]);
}

#[test]
fn spreads_look_at_nodes_wherever_the_volumes_are() {
    let spread = format!(
        ", topologySpreadConstraints: [{{whenUnsatisfiable: DoNotSchedule, maxSkew: 1, \
         topologyKey: {ZONE}, labelSelector: {{}}}}]"
    );
    let text = claim("c", "volumeName: v") + &volume("v", &["a"]) + &using("p", &["c"], &spread);
    check(&text, &["default/p: | zone In [a] / | zone Exists"]);
}

#[test]
fn pods_whose_claims_cannot_be_served_wait() {
    let known = class("gp3", "volumeBindingMode: Immediate") + &volume("v", &["a"]);
    let waits = |what: &str| {
        format!("bad-field: Pod default/p PersistentVolumeClaim c {what}; it was left out")
    };
    for (spec, what) in [
        ("storageClassName: gp3", "waits for StorageClass gp3 to make its volume"),
        ("storageClassName: gp2", "is of StorageClass gp2, which is not there"),
        ("", "has neither a volume nor a storage class"),
        ("volumeName: x", "is bound to PersistentVolume x, which is not there"),
    ] {
        let text = known.clone() + &claim("c", spec) + &using("p", &["c"], "");
        check(&text, &[&waits(what)]);
    }
}

#[test]
fn claims_of_which_nothing_is_known_are_told_of() {
    let unknown = "not-honoured: Pod default/p claims that are not in the input, or are still to be \
                   made, are taken to be usable from everywhere";
    check(&using("p", &["c"], ""), &["default/p: |", unknown]);
    let bound = claim("c", "volumeName: v") + &using("p", &["c"], "");
    check(&bound, &["default/p: |", unknown]);
}

/// What each pod asks for of volumes, and what is bound of them on each node.
#[track_caller]
fn check_counts(text: &str, expected: &[&str]) {
    let set = set_of(text, PodSelection::Pending);
    let volumes = |resources: &model::Resources| {
        let all = resources.iter().filter_map(|(name, amount)| {
            let driver = name.as_str().strip_prefix(model::well_known::ATTACHABLE_VOLUMES)?;
            Some(format!(" {driver} {}", amount.get()))
        });
        all.collect::<String>()
    };
    let shape = |index: u32| &set.shapes[usize::try_from(index).expect("small")];
    let pods = set.pods.iter();
    let mut lines: Vec<String> =
        pods.map(|(name, index)| format!("{name}:{}", volumes(&shape(*index).requests))).collect();
    let bound = set.bound.iter();
    lines.extend(bound.map(|(node, bound)| format!("on {node}:{}", volumes(&bound.all))));
    let notes = set.findings.iter().filter(|finding| finding.message.contains("counted"));
    lines.extend(notes.map(|finding| format!("{} x{}", finding.object, finding.count)));
    assert_eq!(lines, expected, "{text}");
}

#[test]
fn volumes_of_drivers_with_a_limit_are_counted_once_for_each_pod_and_node() {
    let late = "volumeBindingMode: WaitForFirstConsumer";
    let csi = |name: &str, driver: &str| {
        object(
            "v1",
            "PersistentVolume",
            &format!("name: {name}"),
            &format!("csi: {{driver: {driver}, volumeHandle: {name}}}"),
        )
    };
    let old = object("v1", "PersistentVolume", "name: old", "awsElasticBlockStore: {volumeID: x}");
    let says = |count: &str| {
        let driver = format!("drivers: [{{name: other.io, allocatable: {{{count}}}}}]");
        object("storage.k8s.io/v1", "CSINode", "name: one", &driver)
    };
    let known = object("v1", "Node", "name: one", "")
        + &class("ebs", &format!("provisioner: ebs.csi.aws.com\n{late}"))
        + &class("in-tree", &format!("provisioner: kubernetes.io/aws-ebs\n{late}"))
        + &csi("a", "ebs.csi.aws.com")
        + &csi("o", "other.io")
        + &old
        + &claim("a", "volumeName: a")
        + &claim("o", "volumeName: o")
        + &claim("old", "volumeName: old")
        + &claim("new", "storageClassName: ebs")
        + &claim("newer", "storageClassName: in-tree");
    let pods = using("all", &["a", "o", "old", "new", "newer"], "") + &using("plain", &[], "");
    check_counts(&(known.clone() + &pods), &["default/all: ebs.csi.aws.com 4", "default/plain:"]);
    check_counts(
        &(known.clone() + &says("count: 3") + &pods),
        &["default/all: ebs.csi.aws.com 4 other.io 1", "default/plain:"],
    );
    check_counts(
        &(known.clone() + &says("") + &pods),
        &["default/all: ebs.csi.aws.com 4", "default/plain:"],
    );
    // One volume of two pods that run fills one slot; of two that are to be planned it fills two.
    let share = using("r", &["a"], ", nodeName: one")
        + &using("s", &["a", "new"], ", nodeName: one")
        + &using("p", &["a"], "")
        + &using("q", &["a"], "");
    check_counts(
        &(known + &share),
        &[
            "default/p: ebs.csi.aws.com 1",
            "default/q: ebs.csi.aws.com 1",
            "on one: ebs.csi.aws.com 2",
            "Pod default/q x1",
        ],
    );
}
