//! The measured section of `docs/benchmarks.md`; the prose around it is written by people.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use anyhow::Context as _;

use super::measure::Figures;
use super::{Comparison, EFFORTS, Options, Run, machine};

const BEGIN: &str = "<!-- bench:begin -->\n";
const END: &str = "<!-- bench:end -->\n";

/// What marks figures of Karpenter that were not measured in this run.
const EARLIER: &str = " †";

const COMPARISON_HEAD: &str = "\
| set | pods placed | left out | Karpenter USD/h (nodes) | its time | USD/h (nodes) | whole command | ratio | lower bound | gap | best known before |
|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|
";

const EFFORT_HEAD: &str = "\
| set | effort | USD/h | lower bound | gap | search | work | whole command | peak memory |
|---|---|---:|---:|---:|---|---:|---:|---:|
";

const RUN_HEAD: &str = "\
| list | effort | pods | placed | nodes | USD/h | lower bound | gap | search | whole command | peak memory |
|---|---|---:|---:|---:|---:|---:|---:|---|---:|---:|
";

/// Puts the figures between the marks of the page.
pub(super) fn write(
    page: &Path,
    comparisons: &[Comparison],
    runs: &[Run],
    options: &Options,
    load: &str,
) -> anyhow::Result<()> {
    let text = fs::read_to_string(page).context("reading docs/benchmarks.md")?;
    let (before, rest) = text.split_once(BEGIN).context("docs/benchmarks.md has no begin mark")?;
    let (_, after) = rest.split_once(END).context("docs/benchmarks.md has no end mark")?;
    let section = section(comparisons, runs, options, load)?;
    let text = format!("{before}{BEGIN}{section}{END}{after}");
    fs::write(page, text).context("writing docs/benchmarks.md")
}

fn section(
    comparisons: &[Comparison],
    runs: &[Run],
    options: &Options,
    load: &str,
) -> anyhow::Result<String> {
    let mut text = String::new();
    head(&mut text, comparisons, options, load)?;
    writeln!(text, "### Beside Karpenter\n\n`--effort balanced`, the default.\n")?;
    text.push_str(COMPARISON_HEAD);
    for each in comparisons {
        writeln!(text, "{}", comparison(each))?;
    }
    if comparisons.iter().any(|each| each.peer.is_none()) {
        writeln!(text, "\n† Not run this time: measured before, once, on another two cores.")?;
    }
    writeln!(text, "\n### By effort\n")?;
    text.push_str(EFFORT_HEAD);
    for each in comparisons {
        for position in 0..EFFORTS.len() {
            writeln!(text, "{}", effort(each, position))?;
        }
    }
    writeln!(text, "\n### First answer\n\n| set | in one process |\n|---|---:|")?;
    for each in comparisons {
        writeln!(text, "| {} | {} |", each.workload.name, each.first_answer)?;
    }
    if !runs.is_empty() {
        writeln!(text, "\n### Other lists\n")?;
        text.push_str(RUN_HEAD);
    }
    for each in runs {
        writeln!(text, "{}", run(each))?;
    }
    commands(&mut text, comparisons, runs)?;
    Ok(text)
}

fn head(
    text: &mut String,
    comparisons: &[Comparison],
    options: &Options,
    load: &str,
) -> anyhow::Result<()> {
    writeln!(text, "\n- Commit {}.", machine::commit()?)?;
    writeln!(text, "- Machine: {}; load averages before: {}.", machine::description(), load)?;
    writeln!(
        text,
        "- {} runs of each command at `fast` and `balanced`, one of all others; {} plans in one \
         process.",
        options.runs, options.plans
    )?;
    let peer = comparisons.iter().find_map(|each| each.peer.as_ref());
    let peer = peer.map_or(
        "not run, all its figures are earlier ones".to_owned(),
        super::peer::Outcome::described,
    );
    writeln!(text, "- Karpenter: {peer}.\n")?;
    Ok(())
}

/// One line of the comparison.
pub(super) fn comparison(comparison: &Comparison) -> String {
    let [_, figures, _] = &comparison.figures;
    let answer = &figures.answer;
    let reference = comparison.workload.reference;
    let peer = match (&comparison.peer, reference) {
        (Some(peer), _) => Some((peer.cost(), peer.nodes(), peer.seconds(), "")),
        (None, Some(earlier)) => Some((earlier.cost, earlier.nodes, earlier.seconds, EARLIER)),
        (None, None) => None,
    };
    let fewer = comparison.peer.as_ref().filter(|peer| peer.pods_placed != answer.placed());
    let fewer = fewer.map_or(String::new(), |peer| format!(", {} pods placed", peer.pods_placed));
    let or_none = |text: Option<String>| text.unwrap_or_else(|| "–".to_owned());
    let cells = [
        comparison.workload.name.clone(),
        answer.placed().to_string(),
        answer.unschedulable.len().to_string(),
        or_none(peer.map(|(cost, nodes, _, mark)| format!("{cost:.2} ({nodes}{fewer}){mark}"))),
        or_none(peer.map(|(_, _, seconds, mark)| format!("{seconds:.1} s{mark}"))),
        format!("{:.2} ({})", answer.cost_per_hour, answer.nodes()),
        figures.time.to_string(),
        or_none(peer.map(|(cost, ..)| format!("{:.3}", answer.cost_per_hour / cost))),
        or_none(answer.lower_bound_per_hour.map(|bound| format!("{bound:.2}"))),
        gap(figures),
        or_none(reference.map(|earlier| format!("{:.2}", earlier.best_known))),
    ];
    line(&cells)
}

/// One line of the table by effort.
pub(super) fn effort(comparison: &Comparison, position: usize) -> String {
    let figures = &comparison.figures[position];
    let answer = &figures.answer;
    let cells = [
        comparison.workload.name.clone(),
        EFFORTS[position].to_owned(),
        format!("{:.2}", answer.cost_per_hour),
        bound(figures),
        gap(figures),
        search(figures),
        answer.work_used.to_string(),
        figures.time.to_string(),
        memory(figures),
    ];
    line(&cells)
}

/// One line of the table of other lists.
pub(super) fn run(run: &Run) -> String {
    let answer = &run.figures.answer;
    let cells = [
        run.workload.name.clone(),
        run.effort.to_owned(),
        answer.pods().to_string(),
        share(answer.placed(), answer.pods()),
        answer.nodes().to_string(),
        format!("{:.2}", answer.cost_per_hour),
        bound(&run.figures),
        gap(&run.figures),
        search(&run.figures),
        run.figures.time.to_string(),
        memory(&run.figures),
    ];
    line(&cells)
}

fn commands(text: &mut String, comparisons: &[Comparison], runs: &[Run]) -> anyhow::Result<()> {
    text.push_str("\nThe commands, in the order of the rows, each with `--effort` as its row says");
    text.push_str(" and `-o json`:\n\n```sh\n");
    let of_runs = runs.iter().map(|each| each.workload.shown());
    let mut shown: Vec<_> = comparisons.iter().map(|each| each.workload.shown()).collect();
    shown.extend(of_runs);
    shown.dedup();
    for command in shown {
        writeln!(text, "{command}")?;
    }
    text.push_str("```\n\n");
    Ok(())
}

fn bound(figures: &Figures) -> String {
    let bound = figures.answer.lower_bound_per_hour;
    bound.map_or("–".to_owned(), |bound| format!("{bound:.2}"))
}

/// Percent, rounded up to the hundredth: the share is exact to the millionth.
fn gap(figures: &Figures) -> String {
    let shown = |gap: f64| format!("{:.2} %", (gap * 1e4 - 1e-6).ceil().max(0.0) / 1e2);
    figures.answer.gap.map_or("–".to_owned(), shown)
}

fn search(figures: &Figures) -> String {
    if figures.answer.complete { "ended by itself" } else { "cut" }.to_owned()
}

fn memory(figures: &Figures) -> String {
    figures.peak_kib.map_or("–".to_owned(), |kib| format!("{} MiB", kib >> 10))
}

/// Percent with two decimals, rounded down.
fn share(part: usize, whole: usize) -> String {
    let hundredths = (part * 10_000).checked_div(whole).unwrap_or(10_000);
    format!("{}.{:02} %", hundredths / 100, hundredths % 100)
}

fn line(cells: &[String]) -> String {
    format!("| {} |", cells.join(" | "))
}
