//! Terms between pods that are listed, who carries them, and what is counted on nodes.

use super::{object, set_of};
use crate::PodSelection;

const WEB: &str = "labelSelector: {matchLabels: {app: web}}";
const ZONE: &str = "topologyKey: topology.kubernetes.io/zone";
const NODE: &str = "topologyKey: kubernetes.io/hostname";

/// `affinity` with required terms of one kind.
fn terms(kind: &str, terms: &[String]) -> String {
    let terms = terms.join("}, {");
    format!(
        "affinity: {{{kind}: {{requiredDuringSchedulingIgnoredDuringExecution: [{{{terms}}}]}}}}"
    )
}

fn with(key: &str, term: &str) -> String {
    terms("podAffinity", &[format!("{key}, {term}")])
}

fn apart(key: &str, term: &str) -> String {
    terms("podAntiAffinity", &[format!("{key}, {term}")])
}

fn pod(name: &str, labels: &str, spec: &str) -> String {
    object("v1", "Pod", &format!("name: {name}, labels: {{{labels}}}"), spec)
}

/// Each pod's terms, those that nodes keep apart, and the findings.
#[track_caller]
fn check(text: &str, selection: PodSelection, expected: &[&str]) {
    let set = set_of(text, selection);
    let shown = |term: usize| {
        let term = &set.terms[term];
        let key = term.key.as_str().rsplit('/').next().unwrap_or_default();
        format!("{key}/{}", set.selections[term.selection.get()].name)
    };
    let mut lines = Vec::new();
    for (pod, shape) in &set.pods {
        let rules = &set.shapes[usize::try_from(*shape).expect("small")].rules;
        let with = rules.together.iter().map(|term| format!(" with {}", shown(term.get())));
        let apart = rules.apart.iter().map(|term| format!(" apart {}", shown(term.get())));
        lines.push(format!("{pod}:{}{}", with.collect::<String>(), apart.collect::<String>()));
    }
    for (node, bound) in &set.bound {
        let apart = bound.apart.iter();
        let apart = apart.map(|(term, count)| format!(" {count} apart {}", shown(term.get())));
        lines.push(format!("on {node}:{}", apart.collect::<String>()));
    }
    for finding in &set.findings {
        let (code, field) = (finding.code.as_str(), &finding.field);
        lines.push(format!("{code} x{}: {} {field}", finding.count, finding.object));
    }
    assert_eq!(lines, expected, "{text}");
}

#[test]
fn what_a_pod_goes_with_matches_all_its_terms() {
    check(
        &pod("a", "app: web", &with(ZONE, WEB)),
        PodSelection::All,
        &["default/a: with zone/default: app In [web]"],
    );
    let tier = "labelSelector: {matchLabels: {tier: x}}, namespaceSelector: {}";
    let both = terms("podAffinity", &[format!("{ZONE}, {WEB}"), format!("{NODE}, {tier}")]);
    check(
        &pod("a", "", &both),
        PodSelection::All,
        &["default/a: with hostname/default: app In [web], tier In [x] \
           with zone/default: app In [web], tier In [x]"],
    );
    // Without a selector there is nobody to go with.
    check(
        &pod("a", "", &with(ZONE, "namespaces: [default]")),
        PodSelection::All,
        &["default/a: with zone/no namespace: all pods"],
    );
}

#[test]
fn its_nodes_have_the_label_over_which_it_goes_with_others() {
    let text = pod("a", "", &with(ZONE, WEB)) + &pod("b", "", &with(NODE, WEB));
    let set = set_of(&text, PodSelection::All);
    let keys: Vec<usize> =
        set.shapes.iter().map(|one| one.alternatives[0].iter().count()).collect();
    assert_eq!(keys, [1, 0]);
}

#[test]
fn anti_affinity_is_listed_where_others_match_it() {
    // Its like carries it too: they are rivals, or spread one by one.
    let text = pod("a", "app: web", &apart(ZONE, WEB)) + &pod("b", "app: web", &apart(ZONE, WEB));
    check(&text, PodSelection::All, &["default/a:", "default/b:"]);
    for key in [ZONE, NODE] {
        let text = pod("a", "app: web", &apart(key, WEB)) + &pod("b", "app: web", "");
        let name = key.rsplit('/').next().unwrap_or_default();
        let carried = format!("default/a: apart {name}/default: app In [web]");
        check(&text, PodSelection::All, &[&carried, "default/b:"]);
    }
    // Its like keeps apart by the same term, which says nothing of whoever is not like that.
    for key in [ZONE, NODE] {
        let text = pod("a", "app: db", &apart(key, WEB)) + &pod("b", "app: web", &apart(key, WEB));
        let name = key.rsplit('/').next().unwrap_or_default();
        let carried = |pod| format!("default/{pod}: apart {name}/default: app In [web]");
        check(&text, PodSelection::All, &[&carried("a"), &carried("b")]);
    }
    // Nobody is like that.
    check(&pod("a", "", &apart(ZONE, WEB)), PodSelection::All, &["default/a:"]);
}

#[test]
fn what_runs_keeps_others_away() {
    let on = |name: &str, labels: &str, spec: &str| {
        pod(name, labels, &format!("nodeName: n1, containers: [{{name: c}}], {spec}"))
    };
    let text = object("v1", "Node", "name: n1", "")
        + &on("a", "", &apart(ZONE, WEB))
        + &on("b", "", &apart(ZONE, WEB))
        + &on("c", "", &with(ZONE, WEB))
        + &pod("w", "app: web", "containers: [{name: c}]");
    check(
        &text,
        PodSelection::Pending,
        &["default/w:", "on n1: 2 apart zone/default: app In [web]"],
    );
}

#[test]
fn a_term_without_a_label_leaves_the_pod_out() {
    for (kind, spec) in [
        ("podAffinity", with("topologyKey: ''", WEB)),
        ("podAntiAffinity", apart("topologyKey: ''", WEB)),
    ] {
        let told = format!(
            "bad-field x1: Pod default/a spec.affinity.{kind}.\
             requiredDuringSchedulingIgnoredDuringExecution[0].topologyKey"
        );
        check(&pod("a", "", &spec), PodSelection::All, &[&told]);
    }
}
