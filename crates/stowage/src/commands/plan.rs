//! `stowage plan`: reads, lowers, plans, checks, proves a bound, prints.
//!
//! A plan that the checker refuses is never printed.

use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, anyhow};
use model::{Finding, Plan, Snapshot};
use planner::{Progress, Report, Seed, Settings, Timestamp};
use record::{Planning, Selection, Shown};
use snapshot::{PodSelection, Summary};

use super::{answering, lowering};
use crate::answer::{Answer, CatalogDates, Circumstances, PriceDate, SearchEnd};
use crate::args;
use crate::outcome::Failure;
use crate::progress::Watch;
use crate::stages::Stages;
use crate::{sample, table};

/// The planning time of an offline plan: nothing in it depends on time yet, and the same input must
/// give the same bytes tomorrow.
const NOW: Timestamp = Timestamp(0);

/// Plans what `args` say and prints the answer to standard output.
pub(super) fn run(args: &args::Plan) -> Result<ExitCode, Failure> {
    let mut stages = Stages::new();
    let inputs = stages.run("read", || lowering::read(&args.input))?;
    let mut lowered = stages.run("lower", || lowering::lower(&args.input, inputs))?;
    if args.strict {
        refuse_faults(&lowered.findings)?;
    }
    let snapshot = &lowered.snapshot;
    let shows_progress = stages.shows_progress();
    let searched = stages.run("plan", || search(args, snapshot, shows_progress));
    let Searched { plan, report, end } = searched;
    let checked = stages.run("check", || answering::check(snapshot, plan))?;
    let objective = args.search.objective();
    let tie = planner::on_one_node(snapshot, checked.plan(), lowered.services(), objective);
    lowered.findings.extend(tie);
    let bill = stages.run("prove", || answering::bill(snapshot, &report, &checked, objective))?;
    let answer = Answer {
        snapshot,
        plan: checked.plan(),
        report: &report,
        bill,
        search_end: end,
        findings: &lowered.findings,
        circumstances: circumstances(args, &lowered.summary),
    };
    if let Some(file) = &args.record {
        stages.run("record", || record(file, args, &answer, lowered.summary.selection))?;
    }
    stages.run("print", || answering::print(&answer, args.output))?;
    stages.print();
    Ok(ExitCode::SUCCESS)
}

/// What a search came to.
struct Searched {
    plan: Plan,
    report: Report,
    end: SearchEnd,
}

/// What weights cost is always said: it is free where pools do not differ in weight.
fn settings(args: &args::Plan) -> Settings {
    let search = &args.search;
    Settings { price_weights: true, objective: search.objective(), work_limit: search.work_limit() }
}

fn search(args: &args::Plan, snapshot: &Snapshot, shows_progress: bool) -> Searched {
    let search = &args.search;
    let settings = settings(args);
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

/// Refuses findings that say something is wrong or ignored.
pub(super) fn refuse_faults(findings: &[Finding]) -> Result<(), Failure> {
    let is_fault = |finding: &&Finding| finding.code.is_fault();
    let faults: Vec<Finding> = findings.iter().filter(is_fault).cloned().collect();
    if faults.is_empty() {
        return Ok(());
    }
    let faults = table::render_findings(&faults);
    Err(Failure::refused(anyhow!("--strict refuses the input\n{}", faults.trim_end())))
}

fn circumstances(args: &args::Plan, summary: &Summary) -> Circumstances<'static> {
    let Summary { selection, default_pools, .. } = summary;
    let is_sample = args.input.files.is_empty();
    Circumstances {
        pods: lowering::selection_name(*selection),
        catalog: catalog_dates(summary),
        default_pools: default_pools.clone().unwrap_or_default(),
        attribution: if is_sample { sample::ATTRIBUTION } else { "" },
        seed: args.seed,
    }
}

/// Where the facts are from.
pub(super) fn catalog_dates(summary: &Summary) -> CatalogDates {
    let prices = summary.price_grades.iter().map(price_date).collect();
    CatalogDates { newest: summary.catalog_date.clone(), prices }
}

/// Writes the record of a plan.
fn record(
    file: &Path,
    args: &args::Plan,
    answer: &Answer<'_>,
    pods: PodSelection,
) -> anyhow::Result<()> {
    let pods = match pods {
        PodSelection::Pending => Selection::Pending,
        PodSelection::All => Selection::All,
    };
    let encoded = record::encode(&Planning {
        why: record::Why::Asked,
        now: NOW,
        seed: Seed(args.seed),
        settings: settings(args),
        cut: answer.search_end == SearchEnd::TimeLimit,
        snapshot: answer.snapshot,
        plan: answer.plan,
        report: answer.report,
        findings: answer.findings,
        shown: shown(&answer.circumstances, pods),
    });
    write_record(file, &encoded)
}

/// Writes one record as a segment of its own.
pub(super) fn write_record(file: &Path, encoded: &record::Encoded) -> anyhow::Result<()> {
    let lines = record::Stream::new().lacks(encoded);
    let doing = || format!("cannot write the record to {}", file.display());
    std::fs::write(file, record::pack(&lines)).with_context(doing)
}

fn shown(circumstances: &Circumstances<'_>, pods: Selection) -> Shown {
    let Circumstances { pods: _, catalog, default_pools, attribution, seed: _ } = circumstances;
    Shown {
        default_pools: default_pools.clone(),
        attribution: (*attribution).to_owned(),
        ..shown_catalog(catalog, pods)
    }
}

/// Where the facts are from, as a record has it.
pub(super) fn shown_catalog(catalog: &CatalogDates, pods: Selection) -> Shown {
    let prices = catalog.prices.iter().map(|price| record::PriceDate {
        as_of: price.as_of.clone(),
        source: price.source.clone(),
        quality: price.quality.clone(),
        types: price.types,
    });
    Shown {
        pods,
        default_pools: String::new(),
        attribution: String::new(),
        catalog_date: catalog.newest.clone(),
        prices: prices.collect(),
    }
}

fn price_date((grade, types): &(ec2::PriceGrade, u64)) -> PriceDate {
    PriceDate {
        as_of: grade.as_of.clone(),
        source: grade.source.clone(),
        quality: grade.quality.to_string(),
        types: *types,
    }
}
