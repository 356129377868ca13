//! The section of `docs/benchmarks.md` on the shapes, from what was measured.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use crate::measured::{Measured, Ours, Theirs};

/// Before the section, in the page.
pub const BEGIN: &str = "<!-- shapes:begin -->\n";
/// After it.
pub const END: &str = "<!-- shapes:end -->\n";

/// All that was measured of one shape, by pods.
#[derive(Clone, Debug, Default)]
pub struct Table {
    /// Its title.
    pub title: &'static str,
    /// Its rows.
    pub rows: Vec<Measured>,
    /// Whether soft rules are told of.
    pub soft: bool,
}

/// The section.
pub fn section(tables: &[Table], machine: &str) -> String {
    let rows = || tables.iter().flat_map(|table| &table.rows);
    let commits: BTreeSet<&str> = rows().map(|row| row.commit.as_str()).collect();
    let versions: BTreeSet<&str> =
        rows().flat_map(|row| &row.peer).map(|peer| peer.version.as_str()).collect();
    let joined = |all: BTreeSet<&str>| all.into_iter().collect::<Vec<_>>().join(", ");
    let mut text = format!("\n- Commit {}.\n- Machine: {machine}.\n", joined(commits));
    let _ = writeln!(text, "- Karpenter: {}, five candidate nodes at once.", joined(versions));
    for table in tables.iter().filter(|table| !table.rows.is_empty()) {
        let _ = write!(text, "\n### {}\n\n{}", table.title, head(table.soft));
        for row in &table.rows {
            for line in lines(row, table.soft) {
                text.push_str(&line);
            }
        }
    }
    text.push_str("\n![Time against pods](shapes.svg)\n\n");
    text
}

fn head(soft: bool) -> String {
    let (name, rule) = if soft { (" soft weight met |", "---:|") } else { ("", "") };
    format!(
        "| pods | who | placed | nodes | USD/h | gap |{name} seconds | the checker |\n\
         |---:|---|---:|---:|---:|---:|{rule}---:|---|\n"
    )
}

fn lines(row: &Measured, soft: bool) -> Vec<String> {
    let Measured { pods, first, end, compat, bound, peer, commit: _ } = row;
    let met = |weight: usize| if soft { format!(" {weight} |") } else { String::new() };
    let of_ours = |name: &str, ours: &Ours| {
        let gap = gap(ours.cost, *bound);
        let Ours { nodes, placed, .. } = ours;
        format!(
            "| {pods} | {name} | {placed} | {nodes} | {} | {gap} |{} {} | holds |\n",
            usd(ours.cost),
            met(ours.satisfied),
            seconds(ours.seconds)
        )
    };
    let of_theirs = |theirs: &Theirs| {
        let Theirs { policy, nodes, placed, .. } = theirs;
        let gap = gap(theirs.cost, *bound);
        let name = if soft { format!("Karpenter, {policy}") } else { "Karpenter".to_owned() };
        format!(
            "| {pods} | {name} | {placed} | {nodes} | {} | {gap} |{} {:.1} | {} |\n",
            usd(theirs.cost),
            met(theirs.satisfied),
            theirs.seconds,
            theirs.refusal.as_deref().and_then(|told| told.split(',').next()).unwrap_or("holds")
        )
    };
    let mut lines = vec![of_ours("first answer", first)];
    lines.extend(end.iter().map(|end| of_ours("end of search", end)));
    lines.extend(compat.iter().map(|compat| of_ours("first answer, compat", compat)));
    lines.extend(peer.iter().map(of_theirs));
    lines
}

fn seconds([median, least, most]: [f64; 3]) -> String {
    let is_one = (most - least).abs() < f64::EPSILON;
    if is_one { format!("{median:.3}") } else { format!("{median:.3} ({least:.3}–{most:.3})") }
}

/// Dollars and cents of millionths.
fn usd(micro: i64) -> String {
    let cents = (micro + 5_000) / 10_000;
    format!("{}.{:02}", cents / 100, cents % 100)
}

/// How far a bill is above the bound, in hundredths of a percent, rounded up.
fn gap(cost: i64, bound: i64) -> String {
    if bound <= 0 {
        return "unproved".to_owned();
    }
    let (cost, bound) = (i128::from(cost), i128::from(bound));
    let hundredths = ((cost - bound).max(0) * 10_000 + bound - 1) / bound;
    format!("{}.{:02} %", hundredths / 100, hundredths % 100)
}
