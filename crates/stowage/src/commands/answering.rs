//! What `plan` and `replay` do alike: check a plan, prove its bounds, print the answer.

use std::io::{self, BufWriter, Write};

use anyhow::{Context, anyhow};
use checker::{CheckedPlan, Violation};
use model::{Objective, Plan, Snapshot};
use planner::Report;

use crate::answer::Answer;
use crate::args::Output;
use crate::bill::Bill;
use crate::outcome::Failure;
use crate::{table, wire};

/// The plan, if the checker passes it.
pub(super) fn check(snapshot: &Snapshot, plan: Plan) -> Result<CheckedPlan, Failure> {
    checker::check(snapshot, plan).map_err(|violations| Failure::Broken(bug(&violations)))
}

fn bug(violations: &[Violation]) -> anyhow::Error {
    let lines: Vec<String> =
        (violations.iter()).map(|violation| format!("\n  {violation}")).collect();
    anyhow!(
        "the plan does not hold and is not printed; this is a bug of Stowage, please report it with \
         the input:{}",
        lines.concat()
    )
}

/// Costs, and the bounds that the report's certificates prove.
pub(super) fn bill(
    snapshot: &Snapshot,
    report: &Report,
    checked: &CheckedPlan,
    objective: Objective,
) -> Result<Bill, Failure> {
    Bill::new(snapshot, checked, &report.candidates, objective)
        .context(
            "the planner's certificates are refused; this is a bug of Stowage, please report it",
        )
        .map_err(Failure::Broken)
}

/// Prints the answer to standard output.
pub(super) fn print(answer: &Answer<'_>, output: Output) -> anyhow::Result<()> {
    to_stdout(output, || table::render(answer), |out| wire::write(answer, out))
}

/// Prints a table or JSON to standard output.
pub(super) fn to_stdout(
    output: Output,
    table: impl FnOnce() -> String,
    json: impl FnOnce(&mut BufWriter<io::StdoutLock<'_>>) -> io::Result<()>,
) -> anyhow::Result<()> {
    let mut out = BufWriter::new(io::stdout().lock());
    match output {
        Output::Table => out.write_all(table().as_bytes()),
        Output::Json => json(&mut out),
    }
    .and_then(|()| out.flush())
    .context("cannot write to standard output")
}
