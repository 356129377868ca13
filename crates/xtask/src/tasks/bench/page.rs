//! The measured section of `docs/benchmarks.md`; the prose around it is written by people.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use anyhow::Context as _;

use super::{Options, Row, machine};

const BEGIN: &str = "<!-- bench:begin -->\n";
const END: &str = "<!-- bench:end -->\n";

/// Puts the figures between the marks of the page.
pub(super) fn write(page: &Path, rows: &[Row], options: &Options) -> anyhow::Result<()> {
    let text = fs::read_to_string(page).context("reading docs/benchmarks.md")?;
    let (before, rest) = text.split_once(BEGIN).context("docs/benchmarks.md has no begin mark")?;
    let (_, after) = rest.split_once(END).context("docs/benchmarks.md has no end mark")?;
    let section = section(rows, options)?;
    let text = format!("{before}{BEGIN}{section}{END}{after}");
    fs::write(page, text).context("writing docs/benchmarks.md")
}

fn section(rows: &[Row], options: &Options) -> anyhow::Result<String> {
    let mut text = String::new();
    writeln!(
        text,
        "\nCommit {}; {}; {} runs of each command, {} plans in one process.\n",
        machine::commit()?,
        machine::description(),
        options.runs,
        options.plans
    )?;
    text.push_str("| workload | pods placed | left out | nodes | USD/h | Karpenter v1.15 | ratio | first answer | whole command | peak memory |\n");
    text.push_str("|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|\n");
    for row in rows {
        writeln!(text, "{}", self::row(row))?;
    }
    text.push_str("\nThe commands, in the order of the rows:\n\n```sh\n");
    for row in rows {
        writeln!(text, "{}", row.workload.shown())?;
    }
    text.push_str("```\n\n");
    Ok(text)
}

/// One line of the table.
pub(super) fn row(row: &Row) -> String {
    let none = || "–".to_owned();
    let answer = &row.figures.answer;
    let cost = answer.cost_per_hour;
    let peer = row.workload.peer;
    let cells = [
        row.workload.name.to_owned(),
        answer.placed().to_string(),
        answer.unschedulable.len().to_string(),
        answer.nodes().to_string(),
        format!("{cost:.2}"),
        peer.map_or_else(none, |peer| format!("{peer:.2}")),
        peer.map_or_else(none, |peer| format!("{:.3}", cost / peer)),
        row.first_answer.map_or_else(none, |time| time.to_string()),
        row.figures.time.to_string(),
        row.figures.peak_kib.map_or_else(none, |kib| format!("{} MiB", kib >> 10)),
    ];
    format!("| {} |", cells.join(" | "))
}
