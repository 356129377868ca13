//! Offline figures: the release binary on recorded workloads, beside Karpenter's, into
//! `docs/benchmarks.md`.
//!
//! Needs the recorded data (`STOWAGE_DATA`), which cannot be shipped; says so and does nothing where
//! it is not set. Times are of this machine: nothing else should run on it.

mod beside;
#[cfg(feature = "in-process")]
pub(crate) mod consolidate;
mod consolidation;
#[cfg(feature = "in-process")]
pub(crate) mod exchange;
#[cfg(feature = "in-process")]
pub(crate) mod first_answer;
mod machine;
mod measure;
mod measured;
mod page;
mod peer;
#[cfg(feature = "in-process")]
mod selection;
mod workloads;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Context as _;
use clap::{Args, Subcommand, ValueEnum};

use crate::workspace::{cargo, output_of, release_binary, root};
use measure::{Figures, Spread};
use peer::{Outcome, Peer};
use workloads::{Workload, compared, million, more};

/// The efforts of `stowage plan` that are measured, the default in the middle.
const EFFORTS: [&str; 3] = ["fast", "balanced", "thorough"];

/// How much to measure.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct Options {
    #[command(subcommand)]
    part: Option<Part>,

    /// How often each command is run; the median and the extremes are reported. The long ones
    /// (thorough, a million pods, --more) run once
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=100))]
    runs: u32,

    /// How often each plan is made in one process; the median and the extremes are reported
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=1000))]
    plans: u32,

    /// Run Karpenter on the same sets (needs Go, see docs/side-by-side.md); without it its figures
    /// are those measured before, and marked
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "all")]
    peer: Option<PeerSets>,

    /// Also plan every variant of openb, and DLRM and Azure at five times each
    #[arg(long)]
    more: bool,

    /// Only write the files that Karpenter's side reads into this folder, one for each set
    #[arg(long, value_name = "DIR")]
    export: Option<PathBuf>,

    /// Print the figures and leave docs/benchmarks.md as it is
    #[arg(long)]
    dry_run: bool,
}

/// What is measured by itself.
#[derive(Debug, Subcommand)]
enum Part {
    /// Consolidation until it rests, beside Karpenter's from the same start states; needs Go
    Consolidate(consolidation::Options),
    /// Random small clusters with several kinds of rule, through Karpenter's scheduler and ours; needs Go
    #[command(disable_help_flag = true)]
    Differential(beside::Options),
    /// The shapes of Karpenter's own benchmark, given to both; needs Go
    #[command(disable_help_flag = true)]
    Shapes(beside::Options),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum PeerSets {
    /// All sets, about twenty minutes
    All,
    /// Those where Karpenter needs less than two minutes
    Quick,
}

/// A set that is compared with Karpenter.
struct Comparison {
    workload: Workload,
    /// Snapshot in memory to the first answer, in one process.
    first_answer: Spread,
    /// One for each of `EFFORTS`.
    figures: [Figures; 3],
    peer: Option<Outcome>,
}

/// Another run, with the effort it was given.
struct Run {
    workload: Workload,
    effort: &'static str,
    figures: Figures,
}

/// What is measured with, once it is built.
struct Bench<'a> {
    options: &'a Options,
    data: PathBuf,
    binary: PathBuf,
    helper: PathBuf,
    scratch: PathBuf,
}

/// Measures every workload and writes the report.
pub(crate) fn run(options: &Options) -> anyhow::Result<()> {
    match &options.part {
        Some(Part::Consolidate(options)) => return consolidation::run(options),
        Some(Part::Differential(options)) => return beside::run("differential", options),
        Some(Part::Shapes(options)) => return beside::run("shapes", options),
        None => {}
    }
    let Some(data) = std::env::var_os("STOWAGE_DATA").map(PathBuf::from) else {
        println!("skipped: bench: STOWAGE_DATA is not set");
        return Ok(());
    };
    let load = machine::load();
    let bench = Bench::built(options, data)?;
    if let Some(folder) = &options.export {
        fs::create_dir_all(folder).context("making the folder to export to")?;
        for (position, workload) in compared().iter().enumerate() {
            bench.export(workload, &folder.join(format!("set-{}.json", position + 1)))?;
        }
        return Ok(());
    }
    let comparisons = bench.comparisons()?;
    let write = |runs: &[Run]| {
        let page = root().join("docs/benchmarks.md");
        if options.dry_run {
            return Ok(());
        }
        page::write(&page, &comparisons, runs, options, &load)
    };
    // Written before the rest, which may be interrupted.
    write(&[])?;
    write(&bench.runs()?)
}

impl<'a> Bench<'a> {
    fn built(options: &'a Options, data: PathBuf) -> anyhow::Result<Self> {
        for package in [&["stowage"][..], &["xtask", "--features", "in-process"]] {
            println!("building {}", package[0]);
            output_of(cargo(&["build", "--release", "--locked", "--package"]).args(package))?;
        }
        let binary = release_binary("stowage")?;
        let helper = release_binary("xtask")?;
        let scratch = helper.with_file_name("bench");
        fs::create_dir_all(&scratch).context("making a folder for what is measured")?;
        Ok(Self { options, data, binary, helper, scratch })
    }

    fn comparisons(&self) -> anyhow::Result<Vec<Comparison>> {
        let peer = self.options.peer.map(|_| Peer::built(&self.scratch)).transpose()?;
        let mut comparisons = Vec::new();
        for workload in compared() {
            let arguments = workload.arguments(&self.data);
            let first_answer = measure::first_answer(&self.helper, &arguments, self.options.plans)?;
            let [fast, balanced, thorough] = EFFORTS;
            let figures = [
                self.figures(&workload, &self.data, fast, self.options.runs)?,
                self.figures(&workload, &self.data, balanced, self.options.runs)?,
                self.figures(&workload, &self.data, thorough, 1)?,
            ];
            let peer = match &peer {
                Some(peer) if self.is_chosen(&workload) => Some(self.peer_on(peer, &workload)?),
                _ => None,
            };
            comparisons.push(Comparison { workload, first_answer, figures, peer });
            let last = &comparisons[comparisons.len() - 1];
            println!("{}", page::comparison(last));
            for position in 0..EFFORTS.len() {
                println!("{}", page::effort(last, position));
            }
        }
        Ok(comparisons)
    }

    fn runs(&self) -> anyhow::Result<Vec<Run>> {
        let mut runs = Vec::new();
        for effort in ["fast", "balanced"] {
            let workload = million(&self.data, &self.scratch)?;
            let figures = self.figures(&workload, &self.scratch, effort, 1)?;
            runs.push(Run { workload, effort, figures });
        }
        for workload in if self.options.more { more() } else { Vec::new() } {
            let effort = "balanced";
            let figures = self.figures(&workload, &self.data, effort, 1)?;
            runs.push(Run { workload, effort, figures });
        }
        for run in &runs {
            println!("{}", page::run(run));
        }
        Ok(runs)
    }

    fn figures(
        &self,
        workload: &Workload,
        folder: &Path,
        effort: &str,
        runs: u32,
    ) -> anyhow::Result<Figures> {
        let arguments = workload.arguments(folder);
        measure::command(&self.binary, &arguments, effort, runs, &self.scratch)
    }

    fn is_chosen(&self, workload: &Workload) -> bool {
        let is_quick = workload.reference.is_some_and(|reference| reference.is_quick());
        is_quick || self.options.peer == Some(PeerSets::All)
    }

    fn peer_on(&self, peer: &Peer, workload: &Workload) -> anyhow::Result<Outcome> {
        let exchange = self.scratch.join("exchange.json");
        self.export(workload, &exchange)?;
        peer.run(&exchange)
    }

    /// Writes what Karpenter's side reads.
    fn export(&self, workload: &Workload, file: &Path) -> anyhow::Result<()> {
        let mut command = Command::new(&self.helper);
        command.args(["exchange", "--out"]).arg(file).args(workload.arguments(&self.data));
        output_of(&mut command).map(drop)
    }
}
