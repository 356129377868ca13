//! `peer shapes`: the shapes of Karpenter's own benchmark, into `docs/benchmarks.md` and
//! `docs/shapes.svg`.
//!
//! Each size is measured by itself and kept as a file, so that a long comparison can be made in pieces;
//! the page is written from all that is there.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use anyhow::{Context as _, ensure};
use clap::ValueEnum;
use peer::measured::{self, Asked, Measured};
use peer::page::{self, Table};
use peer::program::Program;
use peer::{chart, shapes};

/// What to measure.
#[derive(Debug, clap::Args)]
pub(super) struct Options {
    /// The shape
    #[arg(long, value_enum, default_value_t = Shape::Diverse)]
    shape: Shape,
    /// Numbers of pods
    #[arg(long, value_delimiter = ',', default_values_t = [1000, 2000, 5000, 10_000, 20_000])]
    pods: Vec<usize>,
    /// The seed of the pods
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// How often the first answer is made; the median and the extremes are reported
    #[arg(long, default_value_t = 5)]
    runs: u32,
    /// Ask Karpenter too
    #[arg(long)]
    peer: bool,
    /// Do not wait for the search
    #[arg(long)]
    first_only: bool,
    /// Measure nothing: write the page from what was measured before
    #[arg(long)]
    only_page: bool,
    /// Where what was measured is kept
    #[arg(long, value_name = "DIR")]
    kept: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Shape {
    /// Five kinds of pods in equal parts
    Diverse,
    /// A soft affinity to a zone and a soft anti-affinity over nodes
    Preferences,
}

impl Shape {
    const fn key(self) -> &'static str {
        match self {
            Self::Diverse => "diverse",
            Self::Preferences => "preferences",
        }
    }
}

/// Measures, and writes the page from all that was.
pub(super) fn run(options: &Options, program: &Program) -> anyhow::Result<ExitCode> {
    let beside = program.path.with_file_name("shapes");
    let folder = options.kept.as_ref().unwrap_or(&beside);
    fs::create_dir_all(folder).context("making the folder of what was measured")?;
    let sizes: &[usize] = if options.only_page { &[] } else { &options.pods };
    for pods in sizes.iter().copied() {
        let shape = match options.shape {
            Shape::Diverse => shapes::Shape::Diverse,
            Shape::Preferences => shapes::Shape::Preferences,
        };
        let Options { seed, runs, peer, first_only, .. } = *options;
        let asked = Asked { shape, pods, seed, runs, peer, first_only };
        let measured = measured::measure(&asked, &commit()?, program)?;
        let text = serde_json::to_string_pretty(&measured)?;
        println!("{text}");
        let file = folder.join(format!("{}-{pods}.json", options.shape.key()));
        fs::write(&file, text).with_context(|| format!("writing {}", file.display()))?;
    }
    let table = |shape: Shape, title| -> anyhow::Result<Table> {
        let rows = read(folder, shape.key())?;
        Ok(Table { title, rows, soft: shape == Shape::Preferences })
    };
    let tables = [
        table(Shape::Diverse, "Five kinds in equal parts")?,
        table(Shape::Preferences, "A soft zone and soft anti-affinity over nodes")?,
    ];
    write(&tables)?;
    Ok(ExitCode::SUCCESS)
}

/// What was measured of a shape, by ascending pods.
fn read(folder: &Path, key: &str) -> anyhow::Result<Vec<Measured>> {
    let mut rows: Vec<Measured> = Vec::new();
    for file in fs::read_dir(folder).context("listing what was measured")? {
        let path = file.context("listing what was measured")?.path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        if name.starts_with(&format!("{key}-")) {
            let text = fs::read_to_string(&path)?;
            let shown = || format!("reading {}", path.display());
            rows.push(serde_json::from_str(&text).with_context(shown)?);
        }
    }
    rows.sort_by_key(|row| row.pods);
    Ok(rows)
}

fn write(tables: &[Table]) -> anyhow::Result<()> {
    let page = Path::new("docs/benchmarks.md");
    let text = fs::read_to_string(page).context("reading docs/benchmarks.md")?;
    let parts = text.split_once(page::BEGIN).and_then(|(before, rest)| {
        let (_, after) = rest.split_once(page::END)?;
        Some((before, after))
    });
    let (before, after) = parts.context("docs/benchmarks.md has no marks of the shapes")?;
    let section = page::section(tables, &machine());
    let (begin, end) = (page::BEGIN, page::END);
    fs::write(page, format!("{before}{begin}{section}{end}{after}"))
        .context("writing docs/benchmarks.md")?;
    let rows = tables.first().map(|table| table.rows.as_slice()).unwrap_or_default();
    fs::write("docs/shapes.svg", chart::drawn(rows)).context("writing docs/shapes.svg")
}

/// The commit that is measured, marked where the work tree differs from it.
fn commit() -> anyhow::Result<String> {
    let git = |arguments: &[&str]| {
        let output = Command::new("git").args(arguments).output().context("starting git")?;
        ensure!(output.status.success(), "git failed");
        anyhow::Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
    };
    let commit = git(&["rev-parse", "--short=12", "HEAD"])?;
    let changes = git(&["status", "--porcelain", "--", "crates", "Cargo.toml", "Cargo.lock"])?;
    Ok(if changes.is_empty() { commit } else { format!("{commit} with changes") })
}

/// Cores and processor.
fn machine() -> String {
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let text = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix("model name"));
    let name = line.and_then(|line| Some(line.split_once(':')?.1.trim().to_owned()));
    format!("{cores} cores, {}", name.unwrap_or_else(|| "processor unknown".to_owned()))
}
