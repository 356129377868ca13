//! `stowage plan`: reads, lowers, plans, checks, proves a bound, prints.
//!
//! A plan that the checker refuses is never printed.

use std::io::{self, BufWriter, Write};
use std::process::ExitCode;

use anyhow::{Context, anyhow};
use checker::{CheckedPlan, Violation};
use model::{Finding, Plan, Snapshot};
use planner::{Progress, Report, Seed, Settings, Timestamp};
use snapshot::Summary;

use super::lowering;
use crate::answer::{Answer, CatalogDates, Circumstances, PriceDate, SearchEnd};
use crate::args::{self, Output};
use crate::bill::Bill;
use crate::outcome::Failure;
use crate::progress::Watch;
use crate::stages::Stages;
use crate::{sample, table, wire};

/// The planning time of an offline plan: nothing in it depends on time yet, and the same input must
/// give the same bytes tomorrow.
const NOW: Timestamp = Timestamp(0);

/// Plans what `args` say and prints the answer to standard output.
pub(super) fn run(args: &args::Plan) -> Result<ExitCode, Failure> {
    let mut stages = Stages::new();
    let inputs = stages.run("read", || lowering::read(&args.input))?;
    let lowered = stages.run("lower", || lowering::lower(&args.input, inputs))?;
    if args.strict {
        refuse_faults(&lowered.findings)?;
    }
    let snapshot = &lowered.snapshot;
    let shows_progress = stages.shows_progress();
    let searched = stages.run("plan", || search(args, snapshot, shows_progress));
    let Searched { plan, report, end } = searched;
    let checked = stages.run("check", || check(snapshot, plan))?;
    let bill = stages.run("prove", || bill(args, snapshot, &report, &checked))?;
    let answer = Answer {
        snapshot,
        plan: checked.plan(),
        report: &report,
        bill,
        search_end: end,
        findings: &lowered.findings,
        circumstances: circumstances(args, &lowered.summary),
    };
    stages.run("print", || print(&answer, args.output))?;
    stages.print();
    Ok(ExitCode::SUCCESS)
}

/// What a search came to.
struct Searched {
    plan: Plan,
    report: Report,
    end: SearchEnd,
}

fn search(args: &args::Plan, snapshot: &Snapshot, shows_progress: bool) -> Searched {
    let search = &args.search;
    // What weights cost is always said: it is free where pools do not differ in weight.
    let settings = Settings {
        price_weights: true,
        objective: search.objective(),
        work_limit: search.work_limit(),
    };
    let mut watch = Watch::new(settings.work_limit, search.time_limit, shows_progress);
    let mut look = |progress: &Progress| watch.look(progress);
    let (plan, report) =
        planner::plan_watched(snapshot, &settings, NOW, Seed(args.seed), &mut look);
    let end = match (report.complete, watch.ended_search()) {
        (true, _) => SearchEnd::Through,
        (false, true) => SearchEnd::TimeLimit,
        (false, false) => SearchEnd::WorkLimit(search.limit_flag()),
    };
    Searched { plan, report, end }
}

fn bill(
    args: &args::Plan,
    snapshot: &Snapshot,
    report: &Report,
    checked: &CheckedPlan,
) -> Result<Bill, Failure> {
    Bill::new(snapshot, checked, &report.candidates, args.search.objective())
        .context(
            "the planner's certificates are refused; this is a bug of Stowage, please report it",
        )
        .map_err(Failure::Broken)
}

fn refuse_faults(findings: &[Finding]) -> Result<(), Failure> {
    let is_fault = |finding: &&Finding| finding.code.is_fault();
    let faults: Vec<Finding> = findings.iter().filter(is_fault).cloned().collect();
    if faults.is_empty() {
        return Ok(());
    }
    let faults = table::render_findings(&faults);
    Err(Failure::refused(anyhow!("--strict refuses the input\n{}", faults.trim_end())))
}

fn check(snapshot: &Snapshot, plan: Plan) -> Result<CheckedPlan, Failure> {
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

fn circumstances(args: &args::Plan, summary: &Summary) -> Circumstances {
    let Summary { selection, catalog_date, price_grades, default_pools, .. } = summary;
    let is_sample = args.input.files.is_empty();
    Circumstances {
        pods: lowering::selection_name(*selection),
        catalog: CatalogDates {
            newest: catalog_date.clone(),
            prices: price_grades.iter().map(price_date).collect(),
        },
        default_pools: default_pools.clone().unwrap_or_default(),
        attribution: if is_sample { sample::ATTRIBUTION } else { "" },
        seed: args.seed,
    }
}

fn print(answer: &Answer<'_>, output: Output) -> anyhow::Result<()> {
    let mut out = BufWriter::new(io::stdout().lock());
    match output {
        Output::Table => out.write_all(table::render(answer).as_bytes()),
        Output::Json => wire::write(answer, &mut out),
    }
    .and_then(|()| out.flush())
    .context("cannot write to standard output")
}

fn price_date((grade, types): &(ec2::PriceGrade, u64)) -> PriceDate {
    PriceDate {
        as_of: grade.as_of.clone(),
        source: grade.source.clone(),
        quality: grade.quality.to_string(),
        types: *types,
    }
}
