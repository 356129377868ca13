//! `stowage plan`: reads, lowers, plans, checks, prints.
//!
//! A plan that the checker refuses is never printed.

use std::io::{self, BufWriter, Write};

use anyhow::{Context, anyhow};
use checker::{CheckedPlan, Violation};
use model::{Finding, Plan, Snapshot};
use planner::{Report, Seed, Settings, Timestamp};
use snapshot::{Inputs, LowerOptions, Lowered, PodSelection, Summary};

use crate::answer::{Answer, Bill, CatalogDates, Circumstances, PriceDate};
use crate::args::{self, CapacityType, Output, Pods};
use crate::outcome::Failure;
use crate::stages::Stages;
use crate::{input, sample, table, wire};

/// The planning time of an offline plan: nothing in it depends on time yet, and the same input must
/// give the same bytes tomorrow.
const NOW: Timestamp = Timestamp(0);

/// What weights cost is always said: it is free where pools do not differ in weight.
const SETTINGS: Settings = Settings {
    price_weights: true,
    objective: model::Objective { restart_cost: 0 },
    work_limit: 0,
};

/// Plans what `args` say and prints the answer to standard output.
pub(crate) fn run(args: &args::Plan) -> Result<(), Failure> {
    let mut stages = Stages::new();
    let inputs = stages.run("read", || read(args))?;
    let lowered = stages.run("lower", || lower(args, inputs))?;
    if args.strict {
        refuse_faults(&lowered.findings)?;
    }
    let snapshot = &lowered.snapshot;
    let (plan, report) =
        stages.run("plan", || planner::plan(snapshot, &SETTINGS, NOW, Seed(args.seed)));
    let checked = stages.run("check", || check(snapshot, plan))?;
    let answer = answer(args, &lowered, &report, &checked);
    stages.run("print", || print(&answer, args.output))?;
    stages.print();
    Ok(())
}

fn read(args: &args::Plan) -> Result<Inputs, Failure> {
    if args.files.is_empty() {
        return Ok(Inputs { recorded: sample::pods(), ..Inputs::default() });
    }
    let sources = input::read_all(&args.files)?;
    snapshot::read(&sources, &args.read_options()).map_err(Failure::refused)
}

fn lower(args: &args::Plan, inputs: Inputs) -> Result<Lowered, Failure> {
    let options = LowerOptions {
        region: args.region.clone(),
        pods: args.pods.map(Pods::model),
        architectures: (args.arch.iter()).map(|arch| arch.as_str().to_owned()).collect(),
        capacity_types: (args.capacity_type.iter().copied()).map(CapacityType::model).collect(),
        estimate_prices: args.estimate_prices,
    };
    let catalog = ec2::Catalog::embedded();
    snapshot::lower(inputs, &catalog, &options).map_err(Failure::refused)
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

fn answer<'a>(
    args: &args::Plan,
    lowered: &'a Lowered,
    report: &'a Report,
    checked: &'a CheckedPlan,
) -> Answer<'a> {
    let Summary { selection, catalog_date, price_grades, default_pools, .. } = &lowered.summary;
    let totals = checked.totals();
    let is_sample = args.files.is_empty();
    Answer {
        snapshot: &lowered.snapshot,
        plan: checked.plan(),
        report,
        bill: Bill {
            cost: totals.cost_per_hour,
            existing: totals.existing_cost_per_hour,
            existing_unpriced: totals.existing_unpriced,
            objective: totals.cost_per_hour,
        },
        findings: &lowered.findings,
        circumstances: Circumstances {
            pods: match selection {
                PodSelection::Pending => "pending",
                PodSelection::All => "all",
            },
            catalog: CatalogDates {
                newest: catalog_date.clone(),
                prices: price_grades.iter().map(price_date).collect(),
            },
            default_pools: default_pools.clone().unwrap_or_default(),
            attribution: if is_sample { sample::ATTRIBUTION } else { "" },
            seed: args.seed,
        },
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
