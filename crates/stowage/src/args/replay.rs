//! Which records to plan again, and what to show of them.

use std::path::PathBuf;

use clap::Args;

use super::Output;

pub(super) const ABOUT: &str = "\
Decide again what was recorded, and compare byte for byte.

A record holds all that a plan, or a pass over the nodes that are there, was made from, with what came \
of it. It is decided again, checked, and compared with what was recorded. \
RECORDs are folders or files that `stowage-controller --record-to` or `stowage plan --record` wrote, \
or logs with records among their lines; `-` is standard input. Several files are read as one, in the \
order given. Nothing else is looked at: no cluster, no cloud, no catalog.";

pub(super) const MORE: &str = "\
Examples:
  stowage replay /var/lib/stowage/records --last 10
      the last ten decisions of a controller
  kubectl logs deploy/stowage | stowage replay -
      those of a controller that runs with --record-to=stdout
  stowage plan pods.yaml pools.yaml --record plan.jsonl.gz
  stowage replay plan.jsonl.gz --show
      a plan, made again and printed again

Each line says when and why it was planned, for how many pods, what it buys and costs, what no plan \
for the same pods goes below, and whether it came out the same. Records of another version of Stowage \
say so; its plans may differ.

Exit codes:
  0  every record came out the same, byte for byte
  1  one did not, does not pass the checker, or is damaged; what is different is shown
  2  bad usage, or there is no record

A last record that was torn when its writer was stopped is told on standard error and left out.";

#[derive(Debug, Args)]
pub(crate) struct Replay {
    /// Folders or files with records; `-` is standard input
    #[arg(value_name = "RECORD", required = true)]
    pub(crate) records: Vec<PathBuf>,

    /// Replay the newest N records only
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) last: Option<u32>,

    /// Print each plan as `stowage plan` does
    #[arg(long)]
    pub(crate) show: bool,

    /// How plans are printed
    #[arg(short, long, default_value = "table", requires = "show")]
    pub(crate) output: Output,
}
