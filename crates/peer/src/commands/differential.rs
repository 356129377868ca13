//! `peer differential`: random small clusters.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context as _;
use peer::compare::{self, Compared, Planner};
use peer::differential::{self, NODES_LEAST};
use peer::kinds::{self, Kind};
use peer::program::Program;
use peer::sabotage::Sabotage;

/// Which clusters.
#[derive(Debug, clap::Args)]
pub(super) struct Options {
    /// The first seed
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// How many seeds
    #[arg(long, default_value_t = 500)]
    seeds: u64,
    /// Draw from these kinds of rule; without it from all
    #[arg(long, value_delimiter = ',')]
    kinds: Vec<Kind>,
    /// Forget this rule on our side, to see that it is found
    #[arg(long = "break", value_name = "RULE")]
    sabotage: Option<Sabotage>,
    /// Where the least clusters on which ours is worse are written
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Compare these clusters instead, files as `stowage plan` reads them
    #[arg(long = "file", value_name = "FILE", num_args = 1..)]
    files: Vec<PathBuf>,
    /// Compare nothing: print the objects of the first seed's cluster, as `stowage plan` reads them
    #[arg(long)]
    show: bool,
}

/// Compares, and fails where ours is worse.
pub(super) fn run(options: &Options, program: &Program) -> anyhow::Result<ExitCode> {
    let kinds = if options.kinds.is_empty() { kinds::by_default() } else { options.kinds.clone() };
    if options.show {
        let cluster = compare::of_seed(options.seed, NODES_LEAST, &kinds)?;
        let cluster = cluster.context("no cluster of the seed needs enough nodes")?;
        print!("{}", peer::beside::lines(&cluster.objects));
        return Ok(ExitCode::SUCCESS);
    }
    let asked = differential::Options {
        seed: options.seed,
        seeds: options.seeds,
        kinds,
        folder: options.out.clone(),
    };
    let broken = (options.sabotage)
        .map(|sabotage| move |snapshot: &_, objective| sabotage.plan(snapshot, objective));
    let planner: Planner<'_> = match &broken {
        Some(broken) => broken,
        None => &compare::ours,
    };
    if !options.files.is_empty() {
        return of_files(&options.files, program, planner);
    }
    let tally = differential::run(&asked, program, planner, &mut |line| println!("{line}"))?;
    print!("{}", tally.told());
    Ok(if tally.worse.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Compares the clusters of some files, and fails where ours is worse on one.
fn of_files(
    files: &[PathBuf],
    program: &Program,
    planner: Planner<'_>,
) -> anyhow::Result<ExitCode> {
    let mut code = ExitCode::SUCCESS;
    for file in files {
        let name = file.display();
        let objects = peer::beside::objects_in(file)?;
        let Compared { pods, theirs, ours, refusals, difference, .. } =
            compare::compare(&objects, program, planner).with_context(|| name.to_string())?;
        println!(
            "{name}: of {pods} pods Karpenter places {} for {}, ours {} and the same for {}",
            theirs.placed,
            theirs.cost.get(),
            ours.placed,
            ours.cost.get()
        );
        for refusal in &refusals {
            println!("  the checker refuses Karpenter's: {refusal}");
        }
        if let Some(difference) = difference {
            println!("  {difference}");
            code = ExitCode::FAILURE;
        }
    }
    Ok(code)
}
