//! Which pods keep apart from their like on nodes, and what is said of it.

use std::fmt::Write as _;

use super::{object, set_of};
use crate::PodSelection;

const HOSTNAME: &str = "kubernetes.io/hostname";
const WEB: &str = "labelSelector: {matchLabels: {app: web}}";

/// `podAntiAffinity` with one required term.
fn apart(term: &str, key: &str) -> String {
    format!(
        "affinity: {{podAntiAffinity: {{requiredDuringSchedulingIgnoredDuringExecution: \
         [{{topologyKey: {key}, {term}}}]}}}}"
    )
}

fn pod(name: &str, labels: &str, spec: &str) -> String {
    object("v1", "Pod", &format!("name: {name}, labels: {{{labels}}}"), spec)
}

fn deployment(name: &str, labels: &str, spec: &str) -> String {
    let template = format!("{{metadata: {{labels: {{{labels}}}}}, spec: {{{spec}}}}}");
    object(
        "apps/v1",
        "Deployment",
        &format!("name: {name}"),
        &format!("replicas: 2, template: {template}"),
    )
}

/// Each pod's or node's groups, and the findings.
#[track_caller]
pub(super) fn check(text: &str, selection: PodSelection, expected: &[&str]) {
    let set = set_of(text, selection);
    let names = |groups: &mut dyn Iterator<Item = usize>| {
        groups.fold(String::new(), |mut line, group| {
            write!(line, " [{}]", set.rivals[group].name).expect("a string");
            line
        })
    };
    let mut lines = Vec::new();
    for (name, shape) in &set.pods {
        let shape = &set.shapes[usize::try_from(*shape).expect("small")];
        lines.push(format!("{name}:{}", names(&mut shape.rivals.iter().map(|one| one.get()))));
    }
    for (node, bound) in &set.bound {
        lines.push(format!("on {node}:{}", names(&mut bound.rivals.iter().map(|one| one.get()))));
    }
    for finding in &set.findings {
        let (code, field) = (finding.code.as_str(), &finding.field);
        lines.push(format!("{code} x{}: {} {field}", finding.count, finding.object));
    }
    assert_eq!(lines, expected, "{text}");
}

#[test]
fn pods_that_carry_one_term_and_match_it_are_rivals() {
    let term = apart(WEB, HOSTNAME);
    check(
        &deployment("web", "app: web", &term),
        PodSelection::All,
        &["default/web-0: [default: app In [web]]", "default/web-1: [default: app In [web]]"],
    );
    // The same selector in other words, on a pod of another shape; and another selector.
    let words = "labelSelector: {matchExpressions: [{key: app, operator: In, values: [web]}]}";
    let any = "labelSelector: {matchExpressions: [{key: app, operator: Exists}]}";
    let text = pod("a", "app: web", &term)
        + &pod("b", "app: web", &format!("{}, nodeSelector: {{a: b}}", apart(words, HOSTNAME)))
        + &pod("c", "app: db", &apart(any, HOSTNAME));
    check(
        &text,
        PodSelection::All,
        &[
            "default/a: [default: app In [web]]",
            "default/b: [default: app In [web]]",
            "default/c: [default: app Exists]",
        ],
    );
}

#[test]
fn what_is_not_its_like_is_no_rival() {
    for (labels, spec) in [
        ("app: db", apart(WEB, "topology.kubernetes.io/zone")),
        ("app: db", apart(WEB, HOSTNAME)),
        ("app: web", apart("namespaces: [other]", HOSTNAME)),
        ("app: web", apart(&format!("{WEB}, namespaces: [other]"), HOSTNAME)),
        ("app: web", apart(&format!("{WEB}, mismatchLabelKeys: [app]"), HOSTNAME)),
    ] {
        check(&pod("a", labels, &spec), PodSelection::All, &["default/a:"]);
    }
}

#[test]
fn namespaces_are_selected_by_the_labels_of_those_in_the_input() {
    let namespace = |name: &str, labels: &str| {
        object("v1", "Namespace", &format!("name: {name}, {labels}"), "finalizers: []")
    };
    let known = namespace("default", "labels: {team: red}")
        + &namespace("other", "labels: {team: red}")
        + &namespace("third", "");
    for (term, name) in [
        ("namespaceSelector: {matchLabels: {team: red}}", "default, other: app In [web]"),
        (
            "namespaces: [third], namespaceSelector: {matchLabels: {team: red}}",
            "default, other, third: app In [web]",
        ),
        (
            "namespaceSelector: {matchExpressions: [{key: kubernetes.io/metadata.name, operator: NotIn, values: [other, third]}]}",
            "default: app In [web]",
        ),
    ] {
        let text =
            known.clone() + &pod("a", "app: web", &apart(&format!("{WEB}, {term}"), HOSTNAME));
        check(&text, PodSelection::All, &[&format!("default/a: [{name}]")]);
    }
    // One that selects none keeps from nobody, also where the pod's own namespace would be meant without it.
    let none = format!("{WEB}, namespaceSelector: {{matchLabels: {{team: blue}}}}");
    let text = known + &pod("a", "app: web", &apart(&none, HOSTNAME));
    check(&text, PodSelection::All, &["default/a:"]);
    // Every namespace has its name as a label, be it not in the input.
    let named = "namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: default}}";
    let text = pod("a", "app: web", &apart(&format!("{WEB}, {named}"), HOSTNAME));
    check(&text, PodSelection::All, &["default/a: [default: app In [web]]"]);
}

/// Labels of namespaces are not known.
#[test]
fn namespaces_selected_by_unknown_labels_are_told() {
    let term =
        format!("{WEB}, namespaces: [default], namespaceSelector: {{matchLabels: {{a: b}}}}");
    let told = "not-honoured x1: Pod default/a spec.affinity";
    let planned = "default/a: [default: app In [web]]";
    let text = pod("a", "app: web", &apart(&term, HOSTNAME));
    check(&text, PodSelection::All, &[planned, told]);
}

#[test]
fn namespaces_and_label_keys_decide_whose_like_it_is() {
    for (term, name) in [
        ("labelSelector: {}", "default: all pods"),
        (
            "labelSelector: {matchLabels: {app: web}}, namespaces: [other, default]",
            "default, other: app In [web]",
        ),
        (
            "labelSelector: {matchLabels: {app: web}}, namespaceSelector: {}",
            "all namespaces: app In [web]",
        ),
        (
            "labelSelector: {matchLabels: {app: web}}, matchLabelKeys: [hash, gone]",
            "default: app In [web], hash In [x1]",
        ),
    ] {
        let text = pod("a", "app: web, hash: x1", &apart(term, HOSTNAME));
        check(&text, PodSelection::All, &[&format!("default/a: [{name}]")]);
    }
    // Another namespace is another group; a term over all of them finds both.
    let elsewhere = pod("b", "app: web", &apart(WEB, HOSTNAME))
        .replace("metadata: {", "metadata: {namespace: other, ");
    let text = pod("a", "app: web", &apart(WEB, HOSTNAME)) + &elsewhere;
    check(
        &text,
        PodSelection::All,
        &["default/a: [default: app In [web]]", "other/b: [other: app In [web]]"],
    );
}

#[test]
fn a_pod_that_is_bound_or_promised_keeps_its_rivals_off_its_node() {
    let node = |name: &str| object("v1", "Node", &format!("name: {name}"), "");
    let on = |name: &str, labels: &str, node: &str| {
        pod(name, labels, &format!("nodeName: {node}, containers: [{{name: c}}]"))
    };
    let gone = on("gone", "app: web", "n3") + "status: {phase: Succeeded}\n";
    let text = node("n1") + &node("n2") + &node("n3")
        + &pod("a", "app: web", &apart(WEB, HOSTNAME))
        // It matches the term, and need not carry it to be in the way.
        + &on("b", "app: web", "n1")
        + &on("c", "app: db", "n2")
        + &gone;
    check(
        &text,
        PodSelection::Pending,
        &["default/a: [default: app In [web]]", "on n1: [default: app In [web]]", "on n2:"],
    );
    // What is bound carries the term, and what is planned matches it alone.
    let text = node("n1")
        + &pod("a", "app: web", "containers: [{name: c}]")
        + &pod("b", "app: web", &format!("nodeName: n1, {}", apart(WEB, HOSTNAME)));
    check(&text, PodSelection::Pending, &["default/a:", "on n1: [default: app In [web]]"]);
}

#[test]
fn daemon_sets_that_match_are_told() {
    let daemon = object(
        "apps/v1",
        "DaemonSet",
        "name: d",
        "template: {metadata: {labels: {app: web}}, spec: {}}",
    );
    let text = pod("a", "app: web", &apart(WEB, HOSTNAME)) + &daemon;
    check(
        &text,
        PodSelection::All,
        &[
            "default/a: [default: app In [web]]",
            "not-honoured x1: DaemonSet default/d spec.template.metadata.labels",
        ],
    );
}

#[test]
fn a_selector_that_the_api_server_refuses_leaves_the_pod_out() {
    let path = "spec.affinity.podAntiAffinity.requiredDuringSchedulingIgnoredDuringExecution[0].\
                labelSelector.matchExpressions[0]";
    for (expression, field) in [
        ("key: app, operator: Gt, values: ['1']", "operator"),
        ("key: app, operator: In", "values"),
        ("key: app, operator: Exists, values: [a]", "values"),
    ] {
        let term = format!("labelSelector: {{matchExpressions: [{{{expression}}}]}}");
        let text = pod("a", "app: web", &apart(&term, HOSTNAME));
        let told = format!("bad-field x1: Pod default/a {path}.{field}");
        check(&text, PodSelection::All, &[&told]);
    }
}
