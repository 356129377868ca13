//! Consolidation beside Karpenter's: from the same start states until both rest, into
//! `docs/benchmarks.md` and `docs/consolidation.svg`.
//!
//! Each start state is measured by itself and kept as a file, so that a long comparison can be made in
//! pieces; the page is written from all that is there. Needs the recorded lists and Go.

mod chart;
mod page;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, ensure};
use clap::Args;

use super::measured::Measured;
use super::peer::Peer;
use super::workloads::{Consolidated, consolidated};
use crate::workspace::{cargo, output_of, release_binary, root};

/// What to compare.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Only these of the sets: openb-cpu, dlrm, openb, azure
    #[arg(long = "set", value_name = "SET")]
    sets: Vec<String>,

    /// The first seed
    #[arg(long, default_value_t = 1)]
    seed: u64,

    /// How many seeds, each a start state of its own
    #[arg(long, default_value_t = 5)]
    seeds: u64,

    /// What an eviction costs, millionths of a dollar; each is run from the same start
    #[arg(long, value_delimiter = ',', default_value = "0,1000000,5000000")]
    evictions: Vec<i64>,

    /// Measure nothing: write the page from what was measured before
    #[arg(long)]
    only_page: bool,

    /// Print the figures and write no page
    #[arg(long, conflicts_with = "only_page")]
    dry_run: bool,
}

/// A set with what was measured of it, by seed.
struct Compared {
    set: Consolidated,
    states: Vec<Measured>,
}

/// Measures the start states asked for and writes the page from all that were.
pub(crate) fn run(options: &Options) -> anyhow::Result<()> {
    let Some(data) = std::env::var_os("STOWAGE_DATA").map(PathBuf::from) else {
        println!("skipped: bench consolidate: STOWAGE_DATA is not set");
        return Ok(());
    };
    let helper = release_binary("xtask")?;
    let scratch = helper.with_file_name("bench");
    let folder = scratch.join("consolidation");
    for name in &options.sets {
        let known = consolidated().iter().any(|set| set.key == name);
        ensure!(known, "there is no set {name:?}; see --help");
    }
    if !options.only_page {
        println!("building xtask");
        let arguments = ["build", "--release", "--locked", "--package", "xtask"];
        output_of(cargo(&arguments).args(["--features", "in-process"]))?;
        let program = Peer::built(&scratch)?.program;
        for set in consolidated() {
            if options.sets.is_empty() || options.sets.iter().any(|name| name == set.key) {
                measure(options, &set, (&helper, &program), (&data, &folder))?;
            }
        }
    }
    let compared = read(&folder)?;
    println!("{}", page::summary(&compared));
    if options.dry_run {
        return Ok(());
    }
    page::write(&root().join("docs/benchmarks.md"), &compared)?;
    let drawn = root().join("docs/consolidation.svg");
    fs::write(drawn, chart::drawn(&compared)).context("writing docs/consolidation.svg")
}

fn measure(
    options: &Options,
    set: &Consolidated,
    (helper, program): (&Path, &Path),
    (data, folder): (&Path, &Path),
) -> anyhow::Result<()> {
    let folder = folder.join(set.key);
    fs::create_dir_all(&folder).context("making a folder for what is measured")?;
    for seed in options.seed..options.seed + options.seeds {
        let prices: Vec<_> = options.evictions.iter().map(i64::to_string).collect();
        let mut command = Command::new(helper);
        command.arg("consolidate").args(set.workload.arguments(data));
        command.args(["--pods", &set.pods.to_string(), "--seed", &seed.to_string()]);
        command.args(["--seeds", "1", "--evictions", &prices.join(",")]);
        command.arg("--peer").arg(program).arg("--answers").arg(&folder).current_dir(root());
        let printed = output_of(&mut command)?;
        let measured: Measured = serde_json::from_str(&printed)
            .with_context(|| format!("reading what {} with seed {seed} came to", set.key))?;
        println!("{}", page::state(set, &measured));
        let file = folder.join(format!("measured-{seed}.json"));
        fs::write(&file, printed).with_context(|| format!("writing {}", file.display()))?;
    }
    Ok(())
}

/// All that was measured, in the order of sets and seeds.
fn read(folder: &Path) -> anyhow::Result<Vec<Compared>> {
    let mut compared = Vec::new();
    for set in consolidated() {
        let mut states: Vec<Measured> = Vec::new();
        let Ok(files) = fs::read_dir(folder.join(set.key)) else { continue };
        for file in files {
            let path = file.context("listing what was measured")?.path();
            let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            if name.starts_with("measured-") {
                let text = fs::read_to_string(&path)?;
                let shown = || format!("reading {}", path.display());
                states.push(serde_json::from_str(&text).with_context(shown)?);
            }
        }
        states.sort_by_key(|state| state.seed);
        if !states.is_empty() {
            compared.push(Compared { set, states });
        }
    }
    ensure!(!compared.is_empty(), "nothing was measured yet");
    Ok(compared)
}

/// A count for figures and pictures.
fn float(whole: usize) -> f64 {
    f64::from(u32::try_from(whole).unwrap_or(u32::MAX))
}
