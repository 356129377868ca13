//! Runs the binary and compares what it prints.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// What one run left behind.
pub(crate) struct Run {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// Runs `stowage plan` with `arguments`; names of files are looked up in `tests/input`.
pub(crate) fn plan(arguments: &[&str]) -> Run {
    plan_with_input(arguments, b"")
}

/// The same with standard input.
pub(crate) fn plan_with_input(arguments: &[&str], input: &[u8]) -> Run {
    run("plan", arguments, input)
}

/// Runs `stowage verify -` on `plan` with `arguments` after it.
pub(crate) fn verify(plan: &str, arguments: &[&str]) -> Run {
    run("verify", &[&["-"], arguments].concat(), plan.as_bytes())
}

/// Runs `stowage replay` with `arguments` and standard input.
pub(crate) fn replay(arguments: &[&str], input: &[u8]) -> Run {
    run("replay", arguments, input)
}

fn run(command: &str, arguments: &[&str], input: &[u8]) -> Run {
    let mut child = Command::new(env!("CARGO_BIN_EXE_stowage"))
        .arg(command)
        .args(arguments)
        .current_dir(folder().join("input"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the binary starts");
    let mut stdin = child.stdin.take().expect("it is piped");
    // A run that refuses its arguments does not read what it is given.
    let _ = stdin.write_all(input);
    drop(stdin);
    let output = child.wait_with_output().expect("the binary ends");
    Run {
        code: output.status.code().expect("it was not killed"),
        stdout: String::from_utf8(output.stdout).expect("output is text"),
        stderr: String::from_utf8(output.stderr).expect("errors are text"),
    }
}

/// The content of a file in `tests/input`.
pub(crate) fn input(name: &str) -> Vec<u8> {
    std::fs::read(folder().join("input").join(name)).expect("the input is there")
}

/// Asserts that `actual` is the content of `tests/expected/<name>`; with `UPDATE_EXPECTED=1` writes
/// it instead.
pub(crate) fn assert_expected(name: &str, actual: &str) {
    compare(&folder().join("expected").join(name), actual);
}

/// Asserts that `actual` is the content of `file`; with `UPDATE_EXPECTED=1` writes it instead.
pub(crate) fn compare(file: &Path, actual: &str) {
    if std::env::var_os("UPDATE_EXPECTED").is_some() {
        std::fs::write(file, actual).expect("the expected file can be written");
    }
    let expected = std::fs::read_to_string(file).unwrap_or_default();
    assert!(
        actual == expected,
        "{} differs; if the new output is right, run once with UPDATE_EXPECTED=1 and review the \
         diff. New output:\n{actual}",
        file.display()
    );
}

/// The JSON schema of plans.
pub(crate) fn schema() -> serde_json::Value {
    schema_of("plan-v1.schema.json")
}

/// The JSON schema of that name.
pub(crate) fn schema_of(name: &str) -> serde_json::Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/schema").join(name);
    let text = std::fs::read_to_string(path).expect("the schema is checked in");
    serde_json::from_str(&text).expect("the schema is JSON")
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests")
}
