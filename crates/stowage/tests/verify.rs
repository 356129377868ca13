//! `stowage verify`: true plans hold, and each kind of falsehood is found.

use serde_json::{Value, json};

use crate::stowage::{Run, plan, verify};

const FILES: [&str; 2] = ["pools.yaml", "app.yaml"];

/// The plan for `files`, as JSON.
fn planned(files: &[&str]) -> Value {
    // Enough for a bound of the sample that a false worth spoils.
    let run = plan(&[files, &["--work", "2000000", "-o", "json"]].concat());
    assert_eq!(run.code, 0, "{}", run.stderr);
    serde_json::from_str(&run.stdout).expect("JSON")
}

fn verified(plan: &Value, files: &[&str]) -> Run {
    verify(&plan.to_string(), files)
}

/// Asserts that `plan` does not hold, and that the verdict has every one of `words`.
fn refuted(plan: &Value, files: &[&str], words: &[&str]) {
    let run = verified(plan, files);
    assert_eq!(run.code, 1, "{words:?}: {}{}", run.stdout, run.stderr);
    for word in ["does not hold"].iter().chain(words) {
        assert!(run.stdout.contains(word), "{word}: {}", run.stdout);
    }
}

#[test]
fn true_plans_hold() {
    for files in [&FILES[..], &["list.csv", "--all"], &[]] {
        let run = verified(&planned(files), files);
        assert_eq!(run.code, 0, "{files:?}: {}{}", run.stdout, run.stderr);
        assert!(run.stdout.starts_with("The plan holds: "), "{}", run.stdout);
    }
}

#[test]
fn falsehoods_about_placement_are_found() {
    let plan = planned(&FILES);
    let mut full = plan.clone();
    let pods = full["nodes"][1]["pods"].as_array_mut().expect("pods");
    let moved = pods.pop().expect("a pod");
    full["nodes"][0]["pods"].as_array_mut().expect("pods").push(moved);
    refuted(&full, &FILES, &["new node 0", "cpu"]);
    let cases: [(&str, Value, &[&str]); 6] = [
        ("/nodes/0/instanceType", json!("m6i.large"), &["new node 0", "m6i.large"]),
        ("/nodes/0/instanceType", json!("m6i.huge"), &["general-0001", "m6i.huge"]),
        ("/nodes/0/pods/0", json!("shop/web-9"), &["shop/web-9", "shop/web-0"]),
        ("/nodes/0/pods/0", json!("shop/nobody"), &["no pod shop/nobody"]),
        ("/unschedulable/0/reasons/0/excluded", json!(3), &["shop/arm"]),
        ("/unschedulable", json!([]), &["shop/arm", "nowhere"]),
    ];
    for (path, value, words) in cases {
        let mut plan = plan.clone();
        *plan.pointer_mut(path).expect("it is there") = value;
        refuted(&plan, &FILES, words);
    }
}

#[test]
fn falsehoods_about_money_are_found() {
    for (field, value) in [
        ("/costPerHour", json!(0.7)),
        ("/existingCostPerHour", json!(1)),
        ("/objectivePerHour", json!(0.7)),
        ("/lowerBoundPerHour", json!(99)),
        ("/costLowerBoundPerHour", json!(99)),
        ("/nodes/0/pricePerHour", json!(0.1)),
    ] {
        let mut plan = planned(&FILES);
        *plan.pointer_mut(field).expect("it is there") = value;
        let name = field.rsplit('/').next().expect("a field");
        refuted(&plan, &FILES, &[name]);
    }
}

#[test]
fn worth_raised_proves_less_than_is_claimed() {
    let mut plan = planned(&[]);
    let worth = &mut plan["certificate"]["worths"][0]["worthNanoUsdPerHour"];
    let nano: i64 = worth.as_str().and_then(|text| text.parse().ok()).expect("a number");
    *worth = json!((nano * 2).to_string());
    refuted(&plan, &[], &["lowerBoundPerHour", "is proved", "gap"]);
    plan["certificate"]["worths"][0]["worthNanoUsdPerHour"] = json!("-1");
    refuted(&plan, &[], &["certificate"]);
}

#[test]
fn falsehoods_about_preferences_are_found() {
    let file =
        [concat!(env!("CARGO_MANIFEST_DIR"), "/../../simulations/scenarios/preferred-nodes.yaml")];
    let plan = planned(&file);
    let held = verified(&plan, &file);
    assert_eq!(held.code, 0, "{}{}", held.stdout, held.stderr);
    assert!(held.stdout.contains("with preferences given up"), "{}", held.stdout);
    for (field, lie, words) in [
        ("satisfiedWeight", json!(714), "preferences.satisfiedWeight: 714 is claimed"),
        ("weight", json!(14), "preferences.weight: 14 is claimed"),
        ("pricePerHour", json!(0), "preferences.pricePerHour"),
        ("preferencePrice", json!(0.01), "objectivePerHour"),
        ("preferencePrice", json!(10.5), "preferences.preferencePrice: 10.5 is not 0 to 10"),
    ] {
        let mut false_plan = plan.clone();
        false_plan["preferences"][field] = lie;
        refuted(&false_plan, &file, &[words]);
    }
    let mut silent = plan;
    silent.as_object_mut().expect("an object").remove("preferences");
    refuted(&silent, &file, &["preferences.weight: 0 is claimed"]);
}

#[test]
fn what_is_not_a_plan_of_this_question_is_refused_with_2() {
    let plan = planned(&FILES);
    let mut newer = plan.clone();
    newer["schemaVersion"] = json!(2);
    let mut abroad = plan.clone();
    abroad["region"] = json!("eu-west-1");
    let too_fine = plan.to_string().replace("\"costPerHour\":0.768", "\"costPerHour\":0.7680001");
    for (text, words) in [
        ("{}".to_owned(), "schemaVersion"),
        ("no json".to_owned(), "stowage plan -o json"),
        (newer.to_string(), "schemaVersion is 2"),
        (abroad.to_string(), "--region eu-west-1"),
        (too_fine, "0.7680001"),
        ("{\"schemaVersion\":1}".to_owned(), "region"),
    ] {
        let run = verify(&text, &FILES);
        assert_eq!((run.code, run.stdout.as_str()), (2, ""), "{words}: {}", run.stderr);
        assert!(run.stderr.contains(words), "{words}: {}", run.stderr);
    }
}

#[test]
fn replicas_that_keep_apart_are_planned_so_and_a_plan_that_joins_them_is_refuted() {
    let files = ["pools.yaml", "apart.yaml"];
    let plan = planned(&files);
    let run = verified(&plan, &files);
    assert_eq!(run.code, 0, "{}{}", run.stdout, run.stderr);
    assert_eq!(plan["existing"], json!([{"name": "free", "pods": ["shop/store-0"]}]));
    let nodes = plan["nodes"].as_array().expect("nodes");
    assert_eq!(nodes.len(), 2, "{nodes:#?}");
    let about_affinity = plan["findings"].as_array().expect("findings").iter().any(|finding| {
        finding["field"].as_str().is_some_and(|field| field.contains("podAntiAffinity"))
    });
    assert!(!about_affinity, "{plan:#}");
    let mut joined = plan.clone();
    joined["existing"][0]["pods"] = json!(["shop/store-0", "shop/store-1"]);
    joined["nodes"][0]["pods"] = json!(["shop/store-2"]);
    joined["nodes"].as_array_mut().expect("nodes").truncate(1);
    let rivals = "may have one pod of shop: app In [store]";
    refuted(&joined, &files, &["node free", rivals, "is given 2"]);
    let mut beside = plan;
    beside["existing"][0]["name"] = json!("taken");
    refuted(&beside, &files, &["node taken", rivals, "had one before"]);
}
