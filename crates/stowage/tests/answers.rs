//! What is answered: tables, JSON, and the same bytes for the same input.

use std::collections::BTreeMap;
use std::io::Write;

use serde_json::Value;

use crate::stowage::{assert_expected, input, plan, plan_with_input, schema};

/// The first answer alone: what the search makes of it is judged elsewhere.
const FIRST: [&str; 2] = ["--work", "0"];

/// Runs that succeed, without a search; the answer.
fn answer(arguments: &[&str]) -> String {
    answer_of(&[arguments, &FIRST].concat())
}

/// Runs that succeed; the answer.
fn answer_of(arguments: &[&str]) -> String {
    let run = plan(arguments);
    assert_eq!(run.code, 0, "{arguments:?}: {}", run.stderr);
    assert!(run.stderr.contains("total"), "times: {}", run.stderr);
    run.stdout
}

fn json(arguments: &[&str]) -> Value {
    let text = answer(&[arguments, &["-o", "json"]].concat());
    serde_json::from_str(&text).expect("JSON")
}

fn planned_pods(plan: &Value) -> usize {
    let nodes = plan["nodes"].as_array().expect("a list of nodes");
    (nodes.iter()).map(|node| node["pods"].as_array().expect("a list of pods").len()).sum()
}

#[test]
fn sample_is_planned_without_any_argument() {
    let table = answer(&[]);
    let lines: Vec<&str> = table.lines().collect();
    // What is bought in between changes with the solver and is judged by benchmarks.
    let frame = [&lines[..2], &["..."], &lines[lines.len() - 2..]].concat();
    assert_expected("sample.txt", &(frame.join("\n") + "\n"));
    assert!(table.lines().all(|line| line.chars().count() <= 100), "{table}");
    assert!(!table.contains("nowhere"), "{table}");
}

#[test]
fn table_of_manifests_is_as_expected() {
    assert_expected("app.txt", &answer(&["pools.yaml", "app.yaml"]));
}

#[test]
fn json_of_manifests_is_as_expected() {
    assert_expected("app.json", &answer(&["pools.yaml", "app.yaml", "-o", "json"]));
}

#[test]
fn every_json_keeps_to_the_schema() {
    let schema = jsonschema::validator_for(&schema()).expect("the schema is valid");
    let runs: [&[&str]; 5] = [
        &[],
        &["pools.yaml", "app.yaml"],
        &["broken.yaml"],
        &["list.csv", "--all"],
        &["pools.yaml"],
    ];
    for arguments in runs {
        let plan = json(arguments);
        let problems: Vec<String> = (schema.iter_errors(&plan))
            .map(|error| format!("{}: {error}", error.instance_path()))
            .collect();
        assert!(problems.is_empty(), "{arguments:?}: {problems:#?}");
    }
}

#[test]
fn broken_object_is_a_finding_and_the_rest_is_planned() {
    let plan = json(&["broken.yaml", "pools.yaml"]);
    assert_eq!(planned_pods(&plan), 1);
    let findings = plan["findings"].as_array().expect("a list of findings");
    let broken = (findings.iter()).find(|finding| {
        let object = finding["object"].as_str();
        object.is_some_and(|object| object.contains("shop/broken"))
    });
    let broken = broken.expect("the broken pod is named");
    assert!(broken["message"].as_str().is_some_and(|text| text.contains("lots")));
}

#[test]
fn window_and_conditions_pick_rows_of_a_recorded_list() {
    let runs: [(&[&str], usize); 5] = [
        (&["--all"], 3),
        (&["--all", "--where", "vcpu<=2"], 2),
        (&["--at", "399"], 3),
        (&["--at", "400"], 2),
        (&["--at", "150", "--where", "vcpu=1"], 1),
    ];
    for (arguments, pods) in runs {
        let plan = json(&[&["list.csv"], arguments].concat());
        assert_eq!(planned_pods(&plan), pods, "{arguments:?}");
    }
}

#[test]
fn same_input_gives_the_same_bytes_in_any_order_of_files() {
    for output in ["table", "json"] {
        let first = answer(&["pools.yaml", "app.yaml", "-o", output]);
        assert_eq!(first, answer(&["pools.yaml", "app.yaml", "-o", output]));
        assert_eq!(first, answer(&["app.yaml", "pools.yaml", "-o", output]));
    }
}

#[test]
fn standard_input_and_gzip_are_read_like_files() {
    let from_files = answer(&["pools.yaml", "app.yaml"]);
    let arguments = ["pools.yaml", "-", FIRST[0], FIRST[1]];
    let plain = plan_with_input(&arguments, &input("app.yaml"));
    assert_eq!((plain.code, &plain.stdout), (0, &from_files), "{}", plain.stderr);
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    gzip.write_all(&input("app.yaml")).expect("memory takes it");
    let gzip = gzip.finish().expect("memory takes it");
    let zipped = plan_with_input(&arguments, &gzip);
    assert_eq!((zipped.code, &zipped.stdout), (0, &from_files), "{}", zipped.stderr);
}

#[test]
fn pods_without_spreads_are_spread_as_the_scheduler_is_configured() {
    let objects = b"
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 6
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: a, resources: {requests: {cpu: 100m}}}]}
";
    let pods_by_zone = |more: &[&str]| {
        let run = plan_with_input(&[&["-", "-o", "json"], more].concat(), objects);
        assert_eq!(run.code, 0, "{}", run.stderr);
        let plan: Value = serde_json::from_str(&run.stdout).expect("JSON");
        let mut pods: BTreeMap<String, usize> = BTreeMap::new();
        for node in plan["nodes"].as_array().expect("a list") {
            let zone = node["zone"].as_str().expect("a zone").to_owned();
            *pods.entry(zone).or_default() += node["pods"].as_array().expect("a list").len();
        }
        pods.into_values().collect::<Vec<_>>()
    };
    assert_eq!(pods_by_zone(&[]), [6]);
    let spread = pods_by_zone(&["--scheduler-config", "spreads.yaml"]);
    assert!(spread.len() > 1 && spread.iter().max() == spread.iter().min(), "{spread:?}");
}

#[test]
fn by_compat_replicas_that_would_rather_be_apart_have_nodes_of_their_own() {
    let objects = b"
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 3
  template:
    metadata: {labels: {app: web}}
    spec:
      affinity:
        podAntiAffinity:
          preferredDuringSchedulingIgnoredDuringExecution:
            - weight: 1
              podAffinityTerm:
                topologyKey: kubernetes.io/hostname
                labelSelector: {matchLabels: {app: web}}
      containers: [{name: a, resources: {requests: {cpu: 100m}}}]
";
    for (profile, nodes, satisfied) in [("cost", 1, 0), ("compat", 3, 3)] {
        let run = plan_with_input(&["-", "-o", "json", "--profile", profile], objects);
        assert_eq!(run.code, 0, "{}", run.stderr);
        let plan: Value = serde_json::from_str(&run.stdout).expect("JSON");
        assert_eq!(plan["nodes"].as_array().expect("a list").len(), nodes, "{profile}");
        assert_eq!(plan["preferences"]["satisfiedWeight"], satisfied, "{profile}");
    }
}

#[test]
fn help_explains_inputs_examples_and_exit_codes() {
    let help = answer_of_help();
    for word in ["Examples:", "Exit codes:", "kubectl", "NodePool", "--strict", "gzip"] {
        assert!(help.contains(word), "{word} is missing in:\n{help}");
    }
}

fn answer_of_help() -> String {
    let run = plan(&["--help"]);
    assert_eq!(run.code, 0);
    run.stdout
}
