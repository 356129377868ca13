//! What is refused, with which exit code and which words.

use crate::stowage::plan;

/// Asserts that the arguments are refused with `code`, that nothing is printed as an answer, and
/// that the error names every one of `words`.
fn check(arguments: &[&str], code: i32, words: &[&str]) {
    let run = plan(arguments);
    assert_eq!(run.code, code, "{arguments:?}: {}", run.stderr);
    assert_eq!(run.stdout, "", "{arguments:?}");
    for word in words {
        assert!(run.stderr.contains(word), "{arguments:?}: {}", run.stderr);
    }
}

#[test]
fn bad_usage_is_refused_with_2() {
    check(&["--colour"], 2, &["--colour"]);
    check(&["list.csv", "--all", "--at", "7"], 2, &["--all", "--at"]);
    check(&["list.csv", "--all", "--where", "vcpu"], 2, &["vcpu", "COLUMN=VALUE"]);
    check(&["list.csv", "--format", "xml"], 2, &["xml", "azure"]);
    check(&["--at", "7"], 2, &["FILE"]);
    check(&["-o", "yaml"], 2, &["yaml", "json"]);
    check(&["--effort", "heroic"], 2, &["heroic", "thorough"]);
    check(&["--effort", "fast", "--work", "7"], 2, &["--effort", "--work"]);
    check(&["--time-limit", "7"], 2, &["--time-limit", "500ms"]);
    check(&["--restart-cost", "1e-9"], 2, &["--restart-cost", "six decimals"]);
    check(&["-", "-"], 2, &["standard input", "once"]);
    let spreads = ["app.yaml", "--scheduler-config", "wrong-spreads.yaml"];
    check(&spreads, 2, &["--scheduler-config", "defaultConstraints[0].maxSkew 0 is below 1"]);
    check(
        &["app.yaml", "--scheduler-config", "none.yaml"],
        2,
        &["--scheduler-config", "none.yaml"],
    );
}

#[test]
fn unknown_region_is_refused_with_those_known() {
    check(&["--region", "mars-north-1"], 2, &["mars-north-1", "us-east-1", "eu-west-1"]);
}

#[test]
fn recorded_list_without_a_window_is_refused_naming_both_flags() {
    check(&["list.csv"], 2, &["list.csv", "--all", "--at"]);
}

#[test]
fn filter_on_a_column_that_is_not_there_is_refused() {
    check(&["list.csv", "--all", "--where", "colour=red"], 2, &["list.csv", "colour", "vcpu"]);
}

#[test]
fn file_that_cannot_be_read_is_named_with_1() {
    check(&["missing.yaml"], 1, &["missing.yaml"]);
}

#[test]
fn strict_refuses_findings_that_say_something_is_wrong() {
    let words = ["--strict", "shop/broken", "lots"];
    check(&["broken.yaml", "pools.yaml", "--strict"], 2, &words);
    let run = plan(&["app.yaml", "pools.yaml", "--strict"]);
    assert_eq!(run.code, 0, "{}", run.stderr);
}
