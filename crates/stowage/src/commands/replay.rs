//! `stowage replay`: reads records, decides again, compares, and says how it came out.
//!
//! Standard output depends on the records alone.

mod fleet;
mod line;
mod sources;

use std::io::{self, Write as _};
use std::process::ExitCode;

use anyhow::{Context, anyhow};
use planner::Seed;
use record::{RecordError, Recorded, RecordedPlanning, Replay, Selection, Shown};

use super::answering;
use crate::answer::{Answer, CatalogDates, Circumstances, PriceDate, SearchEnd};
use crate::args;
use crate::outcome::Failure;
use crate::stages::{Stages, show_line};
use sources::Part;

/// Replays what `args` name; a line for each record goes to standard output.
pub(super) fn run(args: &args::Replay) -> Result<ExitCode, Failure> {
    let mut stages = Stages::new();
    let last = args.last.map(|last| usize::try_from(last).unwrap_or(usize::MAX));
    let parts = stages.run("read", || sources::read(&args.records, last))?;
    let total: usize = parts.iter().map(|part| part.chosen.len()).sum();
    if total == 0 {
        return Err(Failure::refused(nothing(&parts)));
    }
    let mut told = Told { stages, total, done: 0, failed: 0 };
    for part in &parts {
        told.faults(part);
        for entry in part.chosen.iter().map(|place| &part.segment.entries[*place]) {
            match told.read(part, entry) {
                Ok(Recorded::Planning(planning)) => told.replay(args, &planning)?,
                Ok(Recorded::Ending(ending)) => told.ending(args, &ending)?,
                Ok(Recorded::Pass(pass)) => told.pass(args, &pass)?,
                Err(error) => told.failure(&error.to_string())?,
            }
        }
    }
    told.stages.print();
    Ok(if told.failed == 0 { ExitCode::SUCCESS } else { ExitCode::from(1) })
}

/// That nothing can be replayed, and what is wrong with what was given.
fn nothing(parts: &[Part]) -> anyhow::Error {
    let faults = parts.iter().flat_map(|part| &part.segment.faults);
    let faults: Vec<String> = faults.map(|fault| format!("\n  {fault}")).collect();
    anyhow!(
        "there is no record in what was given; name folders or files with records{}",
        faults.concat()
    )
}

/// How it goes so far.
struct Told {
    stages: Stages,
    total: usize,
    done: usize,
    failed: usize,
}

impl Told {
    /// Says what of a part could not be used. What is torn is nobody's fault.
    fn faults(&mut self, part: &Part) {
        for fault in &part.segment.faults {
            let is_torn = fault.problem.is_torn();
            self.failed += usize::from(!is_torn);
            eprintln!("{}: {fault}", if is_torn { "note" } else { "error" });
        }
    }

    fn read(&mut self, part: &Part, entry: &record::Entry) -> Result<Recorded, RecordError> {
        self.done += 1;
        if self.stages.shows_progress() {
            show_line(&format!("stowage: replay {} of {} ...", self.done, self.total));
        }
        part.segment.decode(entry)
    }

    fn failure(&mut self, text: &str) -> Result<(), Failure> {
        self.failed += 1;
        self.say(&format!("{text}\n"))
    }

    fn say(&self, text: &str) -> Result<(), Failure> {
        if self.stages.shows_progress() {
            show_line("");
        }
        let mut out = io::stdout().lock();
        out.write_all(text.as_bytes())
            .and_then(|()| out.flush())
            .context("cannot write to standard output")
            .map_err(Failure::Broken)
    }

    fn replay(&mut self, args: &args::Replay, recorded: &RecordedPlanning) -> Result<(), Failure> {
        let Replay { plan, report, difference } = record::replay(recorded);
        let snapshot = &recorded.snapshot;
        let checked = match checker::check(snapshot, plan) {
            Ok(checked) => checked,
            Err(violations) => {
                let lines = violations.iter().map(|one| format!("\n  {one}"));
                let text = line::refused(recorded, &lines.collect::<String>());
                return self.failure(&text);
            }
        };
        let bill = answering::bill(snapshot, &report, &checked, recorded.settings.objective)?;
        self.failed += usize::from(difference.is_some());
        self.say(&line::planning(recorded, &bill, difference.as_ref()))?;
        if args.show {
            let end = search_end(recorded, report.complete);
            let circumstances = circumstances(&recorded.shown, recorded.seed);
            let findings = &recorded.findings;
            let (plan, report) = (checked.plan(), &report);
            let answer =
                Answer { snapshot, plan, report, bill, search_end: end, findings, circumstances };
            answering::print(&answer, args.output)?;
        }
        Ok(())
    }
}

const fn search_end(recorded: &RecordedPlanning, complete: bool) -> SearchEnd {
    match (complete, recorded.cut) {
        (true, _) => SearchEnd::Through,
        (false, true) => SearchEnd::TimeLimit,
        (false, false) => SearchEnd::WorkLimit("its work limit"),
    }
}

fn circumstances(shown: &Shown, seed: Seed) -> Circumstances<'_> {
    let Shown { pods, default_pools, attribution, catalog_date: _, prices: _ } = shown;
    Circumstances {
        pods: match pods {
            Selection::Pending => "pending",
            Selection::All => "all",
        },
        catalog: catalog(shown),
        default_pools: default_pools.clone(),
        attribution,
        seed: seed.0,
    }
}

/// Where the facts were from.
fn catalog(shown: &Shown) -> CatalogDates {
    let prices = shown.prices.iter().map(|price| PriceDate {
        as_of: price.as_of.clone(),
        source: price.source.clone(),
        quality: price.quality.clone(),
        types: price.types,
    });
    CatalogDates { newest: shown.catalog_date.clone(), prices: prices.collect() }
}
