//! Pods without spreads get those of the cluster, over the pods of whoever makes or selects them.

use model::Timestamp;

use super::{containers, object};
use crate::lower::DefaultSpreads;
use crate::{ReadOptions, Source, read};

const CONFIG: &str = "podTopologySpread: {defaultConstraints: [
    {maxSkew: 1, topologyKey: topology.kubernetes.io/zone, whenUnsatisfiable: DoNotSchedule}]}";

/// What each pod and template is spread over, and what is told.
fn spreads(text: &str) -> Vec<String> {
    let source = Source { name: "test.yaml".to_owned(), bytes: text.as_bytes().to_vec() };
    let mut objects = read(&[source], &ReadOptions::default()).expect("readable").objects;
    let defaults = DefaultSpreads::parse(CONFIG).expect("sound");
    let found = crate::pods::spread_by_default(&mut objects, &defaults);
    let of_pods = objects.pods.iter().map(|one| (&one.metadata.name, &one.spec));
    let of_deployments =
        objects.deployments.iter().map(|one| (&one.metadata.name, &one.spec.template.spec));
    let of_jobs = objects.jobs.iter().map(|one| (&one.metadata.name, &one.spec.template.spec));
    let all = of_pods.chain(of_deployments).chain(of_jobs);
    let told = |(name, spec): (&String, &api::PodSpec)| {
        let selectors = spec.topology_spread_constraints.iter().map(|one| {
            let selector = one.label_selector.clone().unwrap_or_default();
            let labels = selector.match_labels.iter().map(|(key, value)| format!("{key}={value}"));
            let others = selector.match_expressions.iter();
            let others =
                others.map(|one| format!("{} {} {}", one.key, one.operator, one.values.join("|")));
            labels.chain(others).collect::<Vec<_>>().join(",")
        });
        format!("{name}: {}", selectors.collect::<Vec<_>>().join("; "))
    };
    let findings =
        found.iter().map(|one| format!("{} x{}: {}", one.code.as_str(), one.count, one.object));
    all.map(told).chain(findings).collect()
}

fn pod(name: &str, owner: &str, labels: &str, spec: &str) -> String {
    let owner = owner.split_once(' ').map(|(kind, name)| {
        format!(
            ", ownerReferences: [{{apiVersion: apps/v1, kind: {kind}, name: {name}, uid: u, controller: true}}]"
        )
    });
    let metadata = format!("name: {name}, labels: {{{labels}}}{}", owner.unwrap_or_default());
    object("v1", "Pod", &metadata, &format!("{spec}{}", containers("{}")))
}

fn workload(api_version: &str, kind: &str, name: &str, selector: &str, labels: &str) -> String {
    let template =
        format!("template: {{metadata: {{labels: {{{labels}}}}}, spec: {{{}}}}}", containers("{}"));
    object(api_version, kind, &format!("name: {name}"), &format!("{selector}{template}"))
}

fn service(name: &str, selector: &str) -> String {
    object("v1", "Service", &format!("name: {name}"), selector)
}

#[test]
fn a_pod_is_spread_with_those_that_its_maker_and_its_services_select() {
    let web = "selector: {matchLabels: {app: web}}, ";
    let odd =
        "selector: {matchLabels: {app: x}, matchExpressions: [{key: tier, operator: Exists}]}, ";
    let own = "topologySpreadConstraints: [{maxSkew: 2, topologyKey: z, whenUnsatisfiable: DoNotSchedule}], ";
    let text = [
        workload("apps/v1", "ReplicaSet", "web-1", web, "app: web"),
        workload("apps/v1", "StatefulSet", "odd", odd, "app: x"),
        workload(
            "apps/v1",
            "Deployment",
            "api",
            "selector: {matchLabels: {app: api}}, ",
            "app: api",
        ),
        workload("apps/v1", "Deployment", "bare", "", "app: bare"),
        workload("batch/v1", "Job", "alone", "", "app: job"),
        workload("batch/v1", "Job", "served", "", "app: web, team: a"),
        service("b", "selector: {team: a}"),
        service("none", ""),
        service("other", "selector: {app: nobody}"),
        pod("a", "ReplicaSet web-1", "app: web", ""),
        pod("b", "ReplicaSet web-1", "app: web, team: a", ""),
        pod("c", "StatefulSet odd", "app: x, team: a", ""),
        pod("d", "ReplicaSet api-77", "app: api, pod-template-hash: \"77\"", ""),
        pod("e", "ReplicaSet gone-1", "app: gone", ""),
        pod("f", "ReplicaSet gone-1", "app: gone", ""),
        pod("g", "Job alone", "app: job", ""),
        pod("h", "ReplicaSet web-1", "app: web", own),
        pod("i", "", "team: a", ""),
    ];
    let expected = [
        "a: app=web",
        "b: app=web,team=a",
        "c: app=x,team=a,tier Exists ",
        "d: app=api,pod-template-hash=77",
        "e: ",
        "f: ",
        "g: ",
        "h: ",
        "i: team=a",
        "api: app=api",
        "bare: app=bare",
        "alone: ",
        "served: team=a",
        "missing-reference x2: Pod default/e",
    ];
    assert_eq!(spreads(&text.concat()), expected);
}

#[test]
fn a_maker_that_asks_for_another_value_than_a_service_asks_for_both() {
    let text = [
        workload(
            "apps/v1",
            "ReplicaSet",
            "web",
            "selector: {matchLabels: {app: old}}, ",
            "app: web",
        ),
        service("web", "selector: {app: web}"),
        pod("a", "ReplicaSet web", "app: web", ""),
    ];
    assert_eq!(spreads(&text.concat()), ["a: app=web,app In old"]);
}

#[test]
fn what_is_wrong_with_a_configuration_is_named() {
    let one = |rest: &str| {
        format!(
            "podTopologySpread: {{defaultConstraints: [{{maxSkew: 1, topologyKey: z, {rest}}}]}}"
        )
    };
    let twice = "{maxSkew: 1, topologyKey: z, whenUnsatisfiable: ScheduleAnyway}";
    for (text, expected) in [
        (String::new(), Ok(true)),
        ("# nothing\n".to_owned(), Ok(true)),
        ("{\"podTopologySpread\": null}".to_owned(), Ok(true)),
        (one("whenUnsatisfiable: ScheduleAnyway"), Ok(false)),
        (one("whenUnsatisfiable: DoNotSchedule, minDomains: 2"), Ok(false)),
        (one("whenUnsatisfiable: Never"), Err("[0].whenUnsatisfiable \"Never\" is neither")),
        (one("whenUnsatisfiable: ScheduleAnyway, minDomains: 2"), Err("[0].minDomains is")),
        (
            one("whenUnsatisfiable: DoNotSchedule, labelSelector: {}"),
            Err("[0].labelSelector is not"),
        ),
        (one("whenUnsatisfiable: DoNotSchedule, matchLabelKeys: [a]"), Err("[0].matchLabelKeys")),
        (one("whenUnsatisfiable: DoNotSchedule, nodeTaintsPolicy: x"), Err("[0].nodeTaintsPolicy")),
        (
            one("whenUnsatisfiable: DoNotSchedule").replace("topologyKey: z", "topologyKey: ''"),
            Err("[0].topologyKey is missing"),
        ),
        (
            one("whenUnsatisfiable: DoNotSchedule").replace("maxSkew: 1", "maxSkew: 0"),
            Err("[0].maxSkew 0 is below 1"),
        ),
        (
            format!("podTopologySpread: {{defaultConstraints: [{twice}, {twice}]}}"),
            Err("[1].topologyKey z with ScheduleAnyway is given before, at [0]"),
        ),
        ("podTopologySpreads: {}".to_owned(), Err("unknown field `podTopologySpreads`")),
        ("a: {".to_owned(), Err("line ")),
        ("{}\n---\n{}".to_owned(), Err("more than one document")),
    ] {
        let read = DefaultSpreads::parse(&text).map(|read| read.is_empty());
        match (read.map_err(|error| error.to_string()), expected) {
            (Ok(is_empty), Ok(expected)) => assert_eq!(is_empty, expected, "{text}"),
            (Err(error), Err(expected)) => assert!(error.contains(expected), "{text}: {error}"),
            (read, expected) => panic!("{text}: {read:?}, not {expected:?}"),
        }
    }
}

#[test]
fn a_young_pod_that_waits_for_a_node_waits_for_its_maker_too() {
    let made = |name: &str, owner: &str, spec: &str| {
        pod(name, owner, "app: web", spec).replacen(
            "metadata: {",
            "metadata: {creationTimestamp: \"2026-01-01T00:00:00Z\", ",
            1,
        )
    };
    let web = "selector: {matchLabels: {app: web}}, ";
    let text = [
        workload("apps/v1", "ReplicaSet", "web-1", web, "app: web"),
        made("a", "ReplicaSet web-1", ""),
        made("b", "ReplicaSet web-2", ""),
        made("c", "StatefulSet db", ""),
        made("d", "ReplicaSet web-2", "nodeName: node-1, "),
        made("e", "Job once", ""),
        made("f", "", ""),
        pod("g", "ReplicaSet web-2", "app: web", ""),
    ];
    for (seconds, left) in [(0, "adefg"), (4, "adefg"), (5, "abcdefg"), (600, "abcdefg")] {
        let text = text.concat();
        let source = Source { name: "test.yaml".to_owned(), bytes: text.into_bytes() };
        let mut objects = read(&[source], &ReadOptions::default()).expect("readable").objects;
        let taken = crate::pods::take_unexplained(&mut objects, Timestamp(1_767_225_600 + seconds));
        let names: String = objects.pods.iter().map(|one| one.metadata.name.as_str()).collect();
        assert_eq!((names.as_str(), taken.len()), (left, 7 - left.len()), "after {seconds} s");
    }
}
