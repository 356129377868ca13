//! Soft rules between pods: who carries them, and what counts for them.

use super::{check as check_set, object, set_of, set_with};
use crate::{PodSelection, PreferencePolicy};

const ANYWAY: &str = "topologySpreadConstraints: [{maxSkew: 2, topologyKey: topology.kubernetes.io/zone, \
                      whenUnsatisfiable: ScheduleAnyway, labelSelector: {matchLabels: {app: web}}";

/// `affinity` with preferred terms of one kind.
fn terms(kind: &str, terms: &[&str]) -> String {
    let terms: Vec<String> = terms
        .iter()
        .map(|term| {
            let (weight, key) = term.split_once(' ').expect("WEIGHT KEY");
            format!(
                "{{weight: {weight}, podAffinityTerm: {{topologyKey: {key}, labelSelector: {{matchLabels: \
                 {{app: web}}}}}}}}"
            )
        })
        .collect();
    let terms = terms.join(", ");
    format!("affinity: {{{kind}: {{preferredDuringSchedulingIgnoredDuringExecution: [{terms}]}}}}")
}

fn pod(name: &str, spec: &str) -> String {
    object("v1", "Pod", &format!("name: {name}, labels: {{app: {name}}}"), spec)
}

/// The soft rules of each pod, and whether it is of the pods that they are about.
fn carried(text: &str, preferences: PreferencePolicy) -> Vec<String> {
    let set = set_with(text, PodSelection::All, preferences);
    assert!(set.findings.is_empty(), "{:?}", set.findings);
    let of_pod = |(name, shape): &(model::PodName, u32)| {
        let rules = &set.shapes[usize::try_from(*shape).expect("small")].rules;
        let soft = rules.soft.iter().map(|index| {
            let rule = &set.soft_rules[index.get()];
            let pods = &set.selections[rule.selection.get()].name;
            format!(" {} {:?} {} {{{pods}}}", rule.weight, rule.asks, rule.key)
        });
        format!("{name} of {}:{}", rules.matches.len(), soft.collect::<String>())
    };
    set.pods.iter().map(of_pod).collect()
}

#[test]
fn soft_rules_are_read_with_their_weights_and_not_where_preferences_are_ignored() {
    let web = pod(
        "web",
        &terms("podAntiAffinity", &["7 kubernetes.io/hostname", "7 kubernetes.io/hostname"]),
    );
    let other =
        pod("other", &terms("podAffinity", &["100 failure-domain.beta.kubernetes.io/zone"]));
    let even = pod("even", &format!("{ANYWAY}, nodeTaintsPolicy: Honor}}]"));
    let text = web + &other + &even;
    let pods = "{default: app In [web]}";
    assert_eq!(
        carried(&text, PreferencePolicy::Respect),
        [
            format!(
                "default/web of 1: 7 Apart kubernetes.io/hostname {pods} 7 Apart kubernetes.io/hostname {pods}"
            ),
            format!("default/other of 0: 100 Together topology.kubernetes.io/zone {pods}"),
            format!(
                "default/even of 0: 100 Spread {{ max_skew: 2, node_affinity: Honor, node_taints: Honor }} \
                 topology.kubernetes.io/zone {pods}"
            ),
        ]
    );
    let ignored = ["default/web of 0:", "default/other of 0:", "default/even of 0:"];
    assert_eq!(carried(&text, PreferencePolicy::Ignore), ignored);
}

#[test]
fn what_is_wrong_with_a_soft_rule_is_said_with_its_field() {
    let affinity = "spec.affinity.podAffinity.preferredDuringSchedulingIgnoredDuringExecution[0]";
    for (spec, field) in [
        (terms("podAffinity", &["0 a"]), format!("{affinity}.weight")),
        (terms("podAffinity", &["101 a"]), format!("{affinity}.weight")),
        (terms("podAffinity", &["1 ''"]), format!("{affinity}.podAffinityTerm.topologyKey")),
        (
            format!("{ANYWAY}, minDomains: 2}}]"),
            "spec.topologySpreadConstraints[0].minDomains".to_owned(),
        ),
        (
            ANYWAY.replace("maxSkew: 2", "maxSkew: 0") + "}]",
            "spec.topologySpreadConstraints[0].maxSkew".to_owned(),
        ),
    ] {
        let refused = format!("bad-field x1: Pod default/web {field}");
        check_set(&pod("web", &spec), PodSelection::All, &[&refused]);
    }
}

#[test]
fn bound_pods_are_counted_for_soft_rules() {
    let node = object("v1", "Node", "name: one", "");
    let bound = object("v1", "Pod", "name: b, labels: {app: web}", "nodeName: one");
    let waits = pod("web", &terms("podAffinity", &["1 kubernetes.io/hostname"]));
    let set = set_of(&(node + &bound + &waits), PodSelection::Pending);
    let matched = set.bound.values().flat_map(|bound| bound.matched.values());
    assert_eq!(matched.collect::<Vec<_>>(), [&1]);
}
