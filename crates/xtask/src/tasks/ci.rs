//! Everything that must hold before a change lands, in one command without questions.
//!
//! Format, lints, documentation, the binaries that tests start, all tests (tidy is one of them), the
//! release build and the main command. Runs on after a failure, so that one run shows all. Prints
//! what each step prints and how long it took, and ends with the counts; the toolchain with its
//! components is what `rust-toolchain.toml` pins. The network is used for locked dependencies alone.

mod smoke;
mod tally;

use std::io::{self, BufRead as _, BufReader};
use std::num::NonZero;
use std::process::{Child, Command, ExitCode, Stdio};
use std::time::Instant;

use anyhow::Context as _;

use super::test_binaries;
use crate::workspace::{cargo, shown, target};
use tally::Tally;

/// Steps that count as one check each, before the test binaries and the tests.
const BEFORE: [(&str, &[&str]); 3] = [
    ("format", &["fmt", "--all", "--check"]),
    (
        "lints",
        &[
            "clippy",
            "--workspace",
            "--all-targets",
            "--all-features",
            "--locked",
            "--",
            "-D",
            "warnings",
        ],
    ),
    ("documentation", &["doc", "--workspace", "--no-deps", "--document-private-items", "--locked"]),
];

/// Broken links are errors; private items are documented too, and may link to each other.
const RUSTDOCFLAGS: &str = "-D warnings -A rustdoc::private_intra_doc_links";

/// `--show-output` lets tests that passed say what they skipped.
const TESTS: &[&str] =
    &["test", "--workspace", "--locked", "--no-fail-fast", "--", "--show-output"];

/// Tests that run at once on each core: those against a real control plane wait most of their time. With two, a
/// third of two cores was idle.
const TESTS_PER_CORE: usize = 3;

/// Runs all steps and says how they went; the code is a failure where anything failed.
pub(crate) fn run() -> anyhow::Result<ExitCode> {
    let mut tally = Tally::default();
    for (name, arguments) in BEFORE {
        let mut command = cargo(arguments);
        command.env("RUSTDOCFLAGS", RUSTDOCFLAGS);
        let succeeded = timed(name, &mut command, |command| Ok(command.status()?.success()))?;
        tally.check(name, succeeded);
    }
    let mut binaries = cargo(test_binaries::BUILD);
    let built = timed("test binaries", &mut binaries, |command| Ok(command.status()?.success()))?;
    tally.check("test binaries", built);
    let mut tests = tests();
    match test_binaries::go() {
        Ok(go) => drop(tests.env("GO", go)),
        Err(error) => println!("what is compared with Karpenter is skipped: {error:#}"),
    }
    timed("tests", &mut tests, |command| run_tests(command, &mut tally))?;
    let mut build = cargo(smoke::BUILD);
    let built = timed("release build", &mut build, |command| Ok(command.status()?.success()))?;
    tally.check("release build", built);
    if built {
        for (name, outcome) in smoke::run() {
            if let Err(error) = &outcome {
                println!("{name}: {error:#}");
            }
            tally.check(name, outcome.is_ok());
        }
    }
    print!("\n{tally}");
    Ok(tally.exit_code())
}

/// The tests, as many at once as `RUST_TEST_THREADS` says where it is set. Backtraces would push what failed
/// tests say out of the end of the log; where they panicked is in what they say.
fn tests() -> Command {
    let mut command = cargo(TESTS);
    command.env("RUST_BACKTRACE", "0");
    // Built before any test runs, as the command's own tests ask for it.
    if let Ok(target) = target() {
        command.env("STOWAGE_TEST_COMMAND", target.join("debug").join("stowage"));
    }
    if std::env::var_os("RUST_TEST_THREADS").is_none() {
        let cores = std::thread::available_parallelism().map_or(1, NonZero::get);
        command.env("RUST_TEST_THREADS", (cores * TESTS_PER_CORE).to_string());
    }
    command
}

/// Runs a step with a headline before it and its time after it.
fn timed<T>(
    name: &str,
    command: &mut Command,
    run: impl FnOnce(&mut Command) -> io::Result<T>,
) -> anyhow::Result<T> {
    let shown = shown(command);
    println!("\n== {name}: {shown}");
    #[expect(clippy::disallowed_methods, reason = "the report says how long each step took")]
    let start = Instant::now();
    let result = run(command.stdin(Stdio::null())).with_context(|| format!("running `{shown}`"))?;
    println!("== {name}: {:.1} s", start.elapsed().as_secs_f64());
    Ok(result)
}

/// Runs the tests, passes on what they print, and counts.
fn run_tests(command: &mut Command, tally: &mut Tally) -> io::Result<()> {
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
    let (output, errors) = streams(&mut child);
    let (lines, other_lines) = std::thread::scope(|scope| {
        let errors = scope.spawn(|| pass_on(errors, io::stderr()));
        (pass_on(output, io::stdout()), errors.join())
    });
    for line in lines?.iter().chain(&other_lines.expect("passing lines on does not panic")?) {
        tally.read_line(line);
    }
    tally.end_of_tests(child.wait()?.success());
    Ok(())
}

fn streams(child: &mut Child) -> (impl io::Read + Send + use<>, impl io::Read + Send + use<>) {
    let output = child.stdout.take().expect("standard output is piped");
    let errors = child.stderr.take().expect("standard error is piped");
    (output, errors)
}

fn pass_on(from: impl io::Read, mut to: impl io::Write) -> io::Result<Vec<String>> {
    let mut lines = Vec::new();
    for line in BufReader::new(from).split(b'\n') {
        let line = String::from_utf8_lossy(&line?).into_owned();
        writeln!(to, "{line}")?;
        lines.push(line);
    }
    Ok(lines)
}
