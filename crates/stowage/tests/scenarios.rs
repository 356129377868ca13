//! Situations from `simulations/scenarios`: objects in, the decision out, whatever the order of the
//! objects. Where there are `NodeClaim`s and Nodes, the decision is also which nodes go and which stay.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::stowage::{compare, plan_with_input};

/// The decision on `objects`, a line each: nodes to buy, nodes that are there, pods left out, preferences,
/// findings.
fn decision(objects: &str) -> String {
    let run = plan_with_input(&["-", "-o", "json"], objects.as_bytes());
    assert_eq!(run.code, 0, "{}\n{objects}", run.stderr);
    let plan: Value = serde_json::from_str(&run.stdout).expect("JSON");
    let list = |name: &str| plan[name].as_array().expect("a list").clone();
    let text = |of: &Value, field: &str| of[field].as_str().unwrap_or_default().to_owned();
    let mut lines = Vec::new();
    for node in list("nodes") {
        let words = ["nodePool", "instanceType", "zone", "capacityType"].map(|it| text(&node, it));
        lines.push(format!("buys {}: {}", words.join(" "), like(&node["pods"])));
    }
    for node in list("existing") {
        lines.push(format!("fills {}: {}", text(&node, "name"), like(&node["pods"])));
    }
    let mut left: BTreeMap<(String, String), usize> = BTreeMap::new();
    for group in list("unschedulable") {
        let reasons = group["reasons"].as_array().expect("a list");
        let messages: Vec<String> = reasons.iter().map(|one| text(one, "message")).collect();
        let pod = kind_of(&text(&group, "pod"));
        *left.entry((pod, messages.join("; "))).or_default() += 1;
    }
    for ((pod, why), count) in left {
        lines.push(format!("leaves out {pod} x{count}: {why}"));
    }
    if let Some(Value::Object(prefers)) = plan.get("preferences") {
        let [satisfied, weight, price] =
            ["satisfiedWeight", "weight", "pricePerHour"].map(|it| prefers[it].to_string());
        lines.push(format!("satisfies {satisfied} of {weight}, the rest at {price} USD/h"));
        for one in prefers["givenUp"].as_array().expect("a list") {
            let (pod, preferred) = (kind_of(&text(one, "pod")), text(one, "preferred"));
            let [pods, worth, keeping] =
                ["pods", "pricePerHour", "keepingPerHour"].map(|it| one[it].to_string());
            lines.push(format!(
                "gives up {pod} x{pods}: {preferred}, worth {worth} USD/h each, kept for {keeping}"
            ));
        }
    }
    for finding in list("findings") {
        let words = ["code", "field", "message"].map(|it| text(&finding, it));
        lines.push(format!("finds {}: {} {}", words[0], words[1], words[2]));
    }
    if objects.contains("kind: NodeClaim") && objects.contains("kind: Node\n") {
        lines.extend(moves(objects));
    }
    lines.sort();
    lines.join("\n") + "\n"
}

/// What becomes of each node that is there, a line each, and of each move what it launches and saves.
fn moves(objects: &str) -> Vec<String> {
    let run = plan_with_input(&["--disrupt", "-o", "json", "-"], objects.as_bytes());
    assert_eq!(run.code, 0, "{}\n{objects}", run.stderr);
    let moves: Value = serde_json::from_str(&run.stdout).expect("JSON");
    let list = |of: &Value, name: &str| of[name].as_array().expect("a list").clone();
    let text = |of: &Value, field: &str| of[field].as_str().unwrap_or_default().to_owned();
    let mut lines: Vec<String> = (list(&moves, "nodes").iter())
        .map(|node| match node["kept"]["reason"].as_str() {
            Some(reason) => format!("keeps {}: {reason}", text(node, "name")),
            None => format!("takes out {}", text(node, "name")),
        })
        .collect();
    for one in list(&moves, "moves") {
        let launched = list(&one, "launched");
        let types: Vec<String> = launched.iter().map(|node| text(node, "instanceType")).collect();
        let [evictions, saving] = ["evictions", "savingPerHour"].map(|it| one[it].to_string());
        lines.push(format!(
            "moves {evictions} pods, launches [{}], saves {saving} USD/h",
            types.join(", ")
        ));
    }
    lines
}

/// How many pods of each workload.
fn like(pods: &Value) -> String {
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for pod in pods.as_array().expect("a list of pods") {
        *counts.entry(kind_of(pod.as_str().expect("a name"))).or_default() += 1;
    }
    let words: Vec<String> =
        counts.iter().map(|(name, count)| format!("{name} x{count}")).collect();
    words.join(", ")
}

/// A pod's name without namespace and number.
fn kind_of(pod: &str) -> String {
    let name = pod.rsplit('/').next().unwrap_or_default();
    name.trim_end_matches(|c: char| c.is_ascii_digit()).trim_end_matches('-').to_owned()
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../simulations/scenarios")
}

#[test]
fn every_scenario_is_decided_as_expected_in_any_order() {
    let files = std::fs::read_dir(folder()).expect("the folder is there");
    let paths = files.map(|file| file.expect("a file").path());
    let mut scenarios: Vec<PathBuf> =
        paths.filter(|path| path.extension().is_some_and(|end| end == "yaml")).collect();
    scenarios.sort();
    assert!(!scenarios.is_empty());
    for path in scenarios {
        let objects = std::fs::read_to_string(&path).expect("it can be read");
        let decided = decision(&objects);
        compare(&path.with_extension("txt"), &decided);
        let documents: Vec<&str> = objects.split("---\n").collect();
        let backwards: Vec<&str> = documents.iter().rev().copied().collect();
        let mut turned = documents.clone();
        turned.rotate_left(documents.len() / 2);
        for order in [documents, backwards, turned] {
            assert_eq!(decision(&order.join("---\n")), decided, "{}", path.display());
        }
    }
}
