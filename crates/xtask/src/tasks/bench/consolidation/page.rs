//! The section on consolidation of `docs/benchmarks.md`; the prose around it is written by people.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use anyhow::Context as _;

use super::super::machine;
use super::super::measured::{Measured, Point, Run};
use super::super::workloads::Consolidated;
use super::{Compared, float};

const BEGIN: &str = "<!-- consolidation:begin -->\n";
const END: &str = "<!-- consolidation:end -->\n";

const SUMMARY_HEAD: &str = "\
| set | start states | start | bound | Karpenter at rest | over the bound | its evictions | ours after one pass | evictions | ours at rest | over the bound | evictions | until Karpenter's rest |
|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|
";

const TIMES_HEAD: &str = "\
| set | Karpenter's first command | until it rests | our first pass | until it rests |
|---|---:|---:|---:|---:|
";

const STATE_HEAD: &str = "\
| set | seed | start (nodes) | bound | who | price of an eviction | one pass (nodes, evictions) | at rest (nodes, evictions) | over the bound | until Karpenter's rest |
|---|---:|---:|---:|---|---:|---:|---:|---:|---:|
";

/// Puts the figures between the marks of the page.
pub(super) fn write(page: &Path, compared: &[Compared]) -> anyhow::Result<()> {
    let text = fs::read_to_string(page).context("reading docs/benchmarks.md")?;
    let (before, rest) =
        text.split_once(BEGIN).context("docs/benchmarks.md has no begin mark of consolidation")?;
    let (_, after) =
        rest.split_once(END).context("docs/benchmarks.md has no end mark of consolidation")?;
    let section = section(compared)?;
    fs::write(page, format!("{before}{BEGIN}{section}{END}{after}"))
        .context("writing docs/benchmarks.md")
}

fn section(compared: &[Compared]) -> anyhow::Result<String> {
    let mut text = String::new();
    let mut commits: Vec<&str> =
        compared.iter().flat_map(|one| &one.states).map(|state| state.commit.as_str()).collect();
    commits.sort_unstable();
    commits.dedup();
    writeln!(text, "\n- Commit {}.", commits.join(", "))?;
    writeln!(text, "- Machine: {}.\n", machine::description())?;
    writeln!(text, "{}", summary(compared))?;
    text.push_str("![Dollars against evictions](consolidation.svg)\n\n### Times\n\n");
    text.push_str(TIMES_HEAD);
    for one in compared {
        writeln!(text, "{}", times(one))?;
    }
    text.push_str("\n### Each start state\n\n");
    text.push_str(STATE_HEAD);
    for one in compared {
        for state in &one.states {
            writeln!(text, "{}", self::state(&one.set, state))?;
        }
    }
    text.push('\n');
    Ok(text)
}

/// The table of medians: ours with evictions for nothing.
pub(super) fn summary(compared: &[Compared]) -> String {
    let mut text = SUMMARY_HEAD.to_owned();
    for Compared { set, states } in compared {
        let over = |run: &Run, state: &Measured| {
            state.bound.map(|bound| (run.rest.cost / bound - 1.0) * 100.0)
        };
        let ours = |of: &dyn Fn(&Run, &Measured) -> Option<f64>| {
            spread(states.iter().filter_map(|state| of(state.runs.first()?, state)), 2)
        };
        let theirs = |of: &dyn Fn(&Run, &Measured) -> Option<f64>| {
            spread(states.iter().filter_map(|state| of(state.peer.as_ref()?, state)), 2)
        };
        let whole = |point: &Point| float(point.evictions);
        let cells = [
            set.name.to_owned(),
            states.len().to_string(),
            spread(states.iter().map(|state| state.start.cost), 2),
            spread(states.iter().filter_map(|state| state.bound), 2),
            theirs(&|run, _| Some(run.rest.cost)),
            format!("{} %", theirs(&over)),
            theirs(&|run, _| Some(whole(&run.rest))),
            ours(&|run, _| Some(run.one_pass.cost)),
            ours(&|run, _| Some(whole(&run.one_pass))),
            ours(&|run, _| Some(run.rest.cost)),
            format!("{} %", ours(&over)),
            ours(&|run, _| Some(whole(&run.rest))),
            ours(&|run, state| run.evictions_to(state.peer.as_ref()?.rest.cost).map(float)),
        ];
        text.push_str(&line(&cells));
        text.push('\n');
    }
    text
}

fn times(Compared { set, states }: &Compared) -> String {
    let seconds = |runs: Vec<&Run>| {
        let of =
            |take: fn(&Run) -> f64| format!("{} s", spread(runs.iter().map(|run| take(run)), 1));
        [of(|run| run.first_seconds), of(|run| run.seconds)]
    };
    let [first, all] = seconds(states.iter().filter_map(|state| state.peer.as_ref()).collect());
    let [ours_first, ours] =
        seconds(states.iter().filter_map(|state| state.runs.first()).collect());
    line(&[set.name.to_owned(), first, all, ours_first, ours])
}

/// The lines of one start state: Karpenter's, and ours for each price of an eviction.
pub(super) fn state(set: &Consolidated, state: &Measured) -> String {
    let peer = state.peer.as_ref();
    let shown = |point: &Point| format!("{:.2} ({}, {})", point.cost, point.nodes, point.evictions);
    let runs = peer.iter().map(|run| ("Karpenter", *run));
    let lines = runs.chain(state.runs.iter().map(|run| ("Stowage", run))).map(|(who, run)| {
        let until = peer.filter(|_| run.eviction.is_some());
        let until = until.map(|peer| run.evictions_to(peer.rest.cost));
        line(&[
            set.name.to_owned(),
            state.seed.to_string(),
            format!("{:.2} ({})", state.start.cost, state.start.nodes),
            state.bound.map_or("–".to_owned(), |bound| format!("{bound:.2}")),
            who.to_owned(),
            run.eviction.map_or("–".to_owned(), |price| format!("{} USD", dollars(price))),
            shown(&run.one_pass),
            format!("{}{}", shown(&run.rest), if run.at_rest { "" } else { ", cut" }),
            state.bound.map_or("–".to_owned(), |bound| {
                format!("{:.2} %", (run.rest.cost / bound - 1.0) * 100.0)
            }),
            match until {
                None => "–".to_owned(),
                Some(None) => "not reached".to_owned(),
                Some(Some(evictions)) => evictions.to_string(),
            },
        ])
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// `median (least–most)` with so many decimals.
fn spread(values: impl Iterator<Item = f64>, decimals: usize) -> String {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    let (Some(least), Some(most)) = (values.first(), values.last()) else {
        return "–".to_owned();
    };
    let median = values[(values.len() - 1) / 2];
    let whole = values.iter().all(|value| value.fract().abs() < 1e-9);
    let decimals = if whole { 0 } else { decimals };
    let shown = |value: f64| format!("{value:.decimals$}");
    if values.len() == 1 {
        return shown(median);
    }
    format!("{} ({}–{})", shown(median), shown(*least), shown(*most))
}

/// Millionths of a dollar, shown.
fn dollars(micro: i64) -> String {
    let text = format!("{}.{:06}", micro / 1_000_000, micro % 1_000_000);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

fn line(cells: &[String]) -> String {
    format!("| {} |", cells.join(" | "))
}
