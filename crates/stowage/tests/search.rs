//! The search: counted, repeatable, never worse with more work, and what is said about it.

use serde_json::Value;

use crate::stowage::plan;

/// The JSON of a run on the sample, as text.
fn sample(arguments: &[&str]) -> String {
    let run = plan(&[arguments, &["-o", "json"]].concat());
    assert_eq!(run.code, 0, "{arguments:?}: {}", run.stderr);
    run.stdout
}

fn number(json: &str, field: &str) -> f64 {
    let plan: Value = serde_json::from_str(json).expect("JSON");
    plan[field].as_f64().expect("a number")
}

#[test]
fn same_work_gives_the_same_bytes_and_more_work_is_never_dearer() {
    let little = sample(&["--work", "300000"]);
    assert_eq!(little, sample(&["--work", "300000"]));
    let first = sample(&["--work", "0"]);
    let cost = |json| number(json, "costPerHour");
    assert!(cost(&little) <= cost(&first));
    for json in [&first, &little] {
        assert!(number(json, "lowerBoundPerHour") <= cost(json));
        assert!(number(json, "gap") >= 0.0);
    }
}

#[test]
fn run_cut_by_time_is_repeated_by_its_work() {
    let cut = sample(&["--time-limit", "1ms"]);
    let used = serde_json::from_str::<Value>(&cut).expect("JSON")["workUsed"].to_string();
    assert_eq!(cut, sample(&["--work", &used]));
    let table = plan(&["--time-limit", "1ms"]).stdout;
    assert!(table.contains("stopped by --time-limit"), "{table}");
}

#[test]
fn interruptions_raise_the_objective_of_spot_and_not_its_bill() {
    let spot = ["list.csv", "--all", "--capacity-type", "spot", "--work", "20000"];
    let plain = sample(&spot);
    assert!((number(&plain, "objectivePerHour") - number(&plain, "costPerHour")).abs() < 1e-9);
    let weighed = sample(&[&spot[..], &["--restart-cost", "0.5"]].concat());
    let (objective, cost) = (number(&weighed, "objectivePerHour"), number(&weighed, "costPerHour"));
    assert!(objective > cost, "{objective} over {cost}");
    assert!(number(&weighed, "lowerBoundPerHour") <= objective);
    assert!(number(&weighed, "costLowerBoundPerHour") <= cost);
}
