//! Which spreads pods carry, which selections they are in, and what is counted on nodes.

use model::{NodeInclusion, Spread};

use super::{object, set_of};
use crate::PodSelection;

const WEB: &str = "labelSelector: {matchLabels: {app: web}}";
const ZONE: &str = "topologyKey: topology.kubernetes.io/zone";

fn spread(words: &str) -> String {
    format!("topologySpreadConstraints: [{{whenUnsatisfiable: DoNotSchedule, {words}}}]")
}

fn pod(name: &str, labels: &str, spec: &str) -> String {
    object("v1", "Pod", &format!("name: {name}, labels: {{{labels}}}"), spec)
}

/// Each pod's spreads and selections, what nodes have of each selection, and the findings.
#[track_caller]
fn check(text: &str, selection: PodSelection, expected: &[&str]) {
    let set = set_of(text, selection);
    let name = |index: usize| set.selections[index].name.to_string();
    let shown = |spread: &Spread| {
        let Spread { key, selection, max_skew, min_domains, node_affinity, node_taints } = spread;
        let affinity = if *node_affinity == NodeInclusion::Ignore { " anywhere" } else { "" };
        let taints = if *node_taints == NodeInclusion::Honor { " taints" } else { "" };
        let min = if *min_domains > 1 { format!(" min {min_domains}") } else { String::new() };
        let key = key.as_str().rsplit('/').next().unwrap_or_default();
        format!(" {key}/{}/{max_skew}{min}{affinity}{taints}", name(selection.get()))
    };
    let mut lines = Vec::new();
    for (pod, shape) in &set.pods {
        let shape = &set.shapes[usize::try_from(*shape).expect("small")];
        let spreads = shape.rules.spreads.iter().map(|one| shown(&set.spreads[one.get()]));
        let of = shape.rules.matches.iter().map(|one| format!(" of {}", name(one.get())));
        lines.push(format!("{pod}:{}{}", spreads.collect::<String>(), of.collect::<String>()));
    }
    for (node, bound) in &set.bound {
        let of =
            bound.matched.iter().map(|(one, count)| format!(" {count} of {}", name(one.get())));
        lines.push(format!("on {node}:{}", of.collect::<String>()));
    }
    for finding in &set.findings {
        let (code, field) = (finding.code.as_str(), &finding.field);
        lines.push(format!("{code} x{}: {} {field}", finding.count, finding.object));
    }
    assert_eq!(lines, expected, "{text}");
}

#[test]
fn all_fields_of_a_constraint_are_read() {
    let plain = spread(&format!("maxSkew: 1, {ZONE}, {WEB}"));
    let all = spread(&format!(
        "maxSkew: 3, {ZONE}, {WEB}, minDomains: 2, nodeAffinityPolicy: Ignore, \
         nodeTaintsPolicy: Honor, matchLabelKeys: [hash, none]"
    ));
    let text = pod("a", "app: web", &plain) + &pod("b", "app: web, hash: x", &all);
    check(
        &text,
        PodSelection::All,
        &[
            "default/a: zone/default: app In [web]/1 of default: app In [web]",
            "default/b: zone/default: app In [web], hash In [x]/3 min 2 anywhere taints \
             of default: app In [web] of default: app In [web], hash In [x]",
        ],
    );
}

#[test]
fn pods_go_to_nodes_that_have_the_label_that_they_are_spread_over() {
    let text = pod("a", "", &spread("maxSkew: 1, topologyKey: rack, labelSelector: {}"))
        + &pod("b", "", &spread("maxSkew: 1, topologyKey: kubernetes.io/hostname"));
    let set = set_of(&text, PodSelection::All);
    let keys: Vec<usize> =
        set.shapes.iter().map(|one| one.alternatives[0].iter().count()).collect();
    assert_eq!(keys, [1, 0]);
    // Without a selector no pod is counted.
    assert_eq!(set.spreads.len(), 1);
}

#[test]
fn bound_pods_of_the_namespace_that_stay_are_counted() {
    let on = |name: &str, metadata: &str| {
        object(
            "v1",
            "Pod",
            &format!("name: {name}, labels: {{app: web}}, {metadata}"),
            "nodeName: n1",
        )
    };
    let text = pod("a", "app: web", &spread(&format!("maxSkew: 1, {ZONE}, {WEB}")))
        + &on("b", "uid: b")
        + &on("c", "uid: c")
        + &on("d", "uid: d, deletionTimestamp: '2026-01-01T00:00:00Z'")
        + &on("e", "uid: e, namespace: other")
        + &object("v1", "Node", "name: n1", "");
    check(
        &text,
        PodSelection::Pending,
        &[
            "default/a: zone/default: app In [web]/1 of default: app In [web]",
            "on n1: 2 of default: app In [web]",
        ],
    );
}

#[test]
fn what_the_api_server_refuses_is_refused() {
    for (words, field) in [
        (format!("maxSkew: 0, {ZONE}, {WEB}"), "maxSkew"),
        (format!("maxSkew: 1, {WEB}"), "topologyKey"),
        (format!("maxSkew: 1, {ZONE}, {WEB}, minDomains: 0"), "minDomains"),
        (format!("maxSkew: 1, {ZONE}, {WEB}, nodeTaintsPolicy: Maybe"), "nodeTaintsPolicy"),
        (
            format!(
                "maxSkew: 1, {ZONE}, labelSelector: {{matchExpressions: [{{key: a, operator: Gt}}]}}"
            ),
            "labelSelector.matchExpressions[0].operator",
        ),
    ] {
        check(
            &pod("a", "app: web", &spread(&words)),
            PodSelection::All,
            &[&format!("bad-field x1: Pod default/a spec.topologySpreadConstraints[0].{field}")],
        );
    }
}

/// Of pods that keep apart over zones a zone takes one.
#[test]
fn anti_affinity_over_a_label_is_a_spread_of_one() {
    let term = "affinity: {podAntiAffinity: {requiredDuringSchedulingIgnoredDuringExecution: \
                [{topologyKey: topology.kubernetes.io/zone, labelSelector: {matchLabels: {app: \
                web}}}]}}";
    let carried = format!(
        "default/a: zone/default: app In [web]/1 min {} anywhere of default: app In [web]",
        i64::MAX
    );
    check(&pod("a", "app: web", term), PodSelection::All, &[&carried]);
    // Who matches and does not carry it is kept off by a term beside.
    let other = pod("b", "app: web", "containers: [{name: c}]");
    check(
        &(pod("a", "app: web", term) + &other),
        PodSelection::All,
        &[&carried, "default/b: of default: app In [web]"],
    );
}
