//! `stowage plan --disrupt`: every node of a cluster is answered for, and the answer is checked.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::stowage::{assert_expected, plan, plan_with_input, schema_of};

const JSON: [&str; 3] = ["--disrupt", "-o", "json"];

fn json(arguments: &[&str]) -> Value {
    let run = plan(&[&JSON, arguments].concat());
    assert_eq!(run.code, 0, "{arguments:?}: {}", run.stderr);
    serde_json::from_str(&run.stdout).expect("JSON")
}

/// Why each node stays, or that it goes, by name.
fn answers(moves: &Value) -> BTreeMap<String, String> {
    let nodes = moves["nodes"].as_array().expect("a list of nodes");
    let answer = |node: &Value| {
        let name = node["name"].as_str().expect("a name").to_owned();
        let kept = node["kept"]["reason"].as_str();
        assert_eq!(kept.is_none(), node["goes"].is_u64(), "one answer: {node}");
        (name, kept.unwrap_or("goes").to_owned())
    };
    nodes.iter().map(answer).collect()
}

#[test]
fn sample_cluster_is_answered_node_by_node() {
    let moves = json(&[]);
    let answers = answers(&moves);
    assert_eq!(answers.len(), 14);
    for (node, expected) in [
        ("empty", "goes"),
        ("too-large", "goes"),
        ("half-full-2", "goes"),
        ("nearly-empty", "goes"),
        ("half-full-3", "takes"),
        ("kept-by-budget", "pod_budget"),
        ("kept-by-node", "do_not_disrupt"),
        ("kept-by-pod", "pod_do_not_disrupt"),
        ("kept-by-volume", "pod_not_planned"),
        ("busy", "not_quiet"),
        ("recent", "not_quiet"),
        ("batch-1", "not_empty"),
    ] {
        assert_eq!(answers[node], expected, "{node}: {answers:?}");
    }
    let number = |field: &str| moves[field].as_f64().expect("a number");
    assert!(number("costAfterPerHour") < number("costPerHour"));
    assert!(number("lowerBoundPerHour") <= number("costAfterPerHour"));
    assert!(number("lowerBoundPerHour") > 0.0);
    assert_eq!(moves["complete"], Value::Bool(true));
}

#[test]
fn table_of_the_sample_cluster_is_as_expected() {
    let run = plan(&["--disrupt"]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert_expected("moves.txt", &run.stdout);
    assert!(run.stdout.lines().all(|line| line.chars().count() <= 100), "{}", run.stdout);
}

#[test]
fn json_of_moves_keeps_to_its_schema_and_is_the_same_twice() {
    let schema = jsonschema::validator_for(&schema_of("moves-v1.schema.json")).expect("valid");
    let moves = json(&[]);
    let problems: Vec<String> = (schema.iter_errors(&moves))
        .map(|error| format!("{}: {error}", error.instance_path()))
        .collect();
    assert!(problems.is_empty(), "{problems:#?}");
    let again = plan(&JSON);
    assert_eq!(again.stdout, plan(&JSON).stdout);
}

#[test]
fn dear_evictions_leave_pods_where_they_are() {
    let moves = json(&["--eviction-price", "100"]);
    assert_eq!(moves["evictions"], 0);
    let reasons: Vec<&str> = (moves["moves"].as_array().expect("a list").iter())
        .map(|one| one["reason"].as_str().expect("a reason"))
        .collect();
    assert_eq!(reasons, ["Empty"], "what is empty goes all the same");
    assert_eq!(answers(&moves)["nearly-empty"], "no_saving");
}

/// When its pods have been quiet for long enough.
const NINE: &str = "2026-11-26T09:00:00Z";
/// One node, which is replaced by a smaller one.
const OVERSIZED: &str = include_str!("input/oversized.yaml");

#[test]
fn a_drifted_node_is_replaced_before_anything_else_though_it_saves_nothing() {
    let drifted = r#"conditions: [{type: Drifted, status: "True", reason: AMIDrift,
        lastTransitionTime: "2026-11-26T08:00:00Z"}, "#;
    let input = OVERSIZED.replacen("conditions: [", drifted, 1);
    assert_ne!(input, OVERSIZED);
    let dear = ["--disrupt", "-o", "json", "--now", NINE, "--eviction-price", "1000", "-"];
    for (input, reason) in [(OVERSIZED, None), (input.as_str(), Some("Drifted"))] {
        let run = plan_with_input(&dear, input.as_bytes());
        assert_eq!(run.code, 0, "{}", run.stderr);
        let moves: Value = serde_json::from_str(&run.stdout).expect("JSON");
        let reasons = moves["moves"].as_array().expect("a list").iter().map(|one| &one["reason"]);
        assert!(reasons.eq(reason.iter()), "{moves}");
        let expected = if reason.is_some() { "goes" } else { "no_saving" };
        assert_eq!(answers(&moves)["too-large"], expected);
    }
}

#[test]
fn launched_nodes_have_alternatives_that_still_pay() {
    let moves = json(&["oversized.yaml", "--now", NINE]);
    let all = moves["moves"].as_array().expect("a list");
    let launches = |one: &&Value| one["launched"].as_array().is_some_and(|all| !all.is_empty());
    let replacing: Vec<&Value> = all.iter().filter(launches).collect();
    assert!(!replacing.is_empty(), "{moves}");
    for one in replacing {
        let saving = one["savingPerHour"].as_f64().expect("a saving");
        for node in one["launched"].as_array().expect("a list") {
            let alternatives = node["alternatives"].as_array().expect("a list");
            let regrets: Vec<f64> = (alternatives.iter())
                .map(|other| other["regretPerHour"].as_f64().expect("a regret"))
                .collect();
            assert!(regrets.is_sorted() && regrets.iter().all(|regret| *regret < saving));
        }
    }
}

#[test]
fn what_has_no_claims_is_refused_with_a_remedy() {
    let run = plan(&["--disrupt", "pools.yaml", "app.yaml"]);
    assert_eq!(run.code, 2, "{}", run.stdout);
    assert!(
        run.stderr.contains("no NodeClaim") && run.stderr.contains("kubectl"),
        "{}",
        run.stderr
    );
    let run = plan(&["--disrupt", "--now", "yesterday"]);
    assert_eq!(run.code, 2);
    assert!(run.stderr.contains("--now") && run.stderr.contains("zone"), "{}", run.stderr);
    let run = plan_with_input(&["--disrupt", "--pods", "all", "-"], b"");
    assert_eq!(run.code, 2, "{}", run.stderr);
}

#[test]
fn time_is_that_of_the_dump_unless_given() {
    assert_eq!(json(&[])["now"], "2026-11-26T09:00:00Z");
    let later = json(&["--now", "2026-11-26T10:00:00Z"]);
    assert_ne!(answers(&later)["busy"], "not_quiet", "its pods have been quiet since");
}
