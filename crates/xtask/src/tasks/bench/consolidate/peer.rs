//! Karpenter's side of consolidation: the fleet that it buys, and what its methods make of one.
//!
//! Both are answers of the program in `benches/karpenter`. They take minutes and depend on the seed
//! alone, so each is kept as a file and read again where it is there.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Context as _;
use model::{Pod, ShapeIndex, Snapshot};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::super::measured::{Point, Run};
use super::fleet::{Fleet, usd};
use crate::workspace::output_of;
use peer::exchange;

/// The program, and the folder of its answers.
pub(super) struct Peer<'a> {
    pub(super) program: &'a Path,
    pub(super) folder: &'a Path,
}

/// A fleet that was bought, as the program says it.
#[derive(Deserialize, Serialize)]
pub(super) struct Grown {
    pub(super) nodes: Vec<GrownNode>,
    /// Pods that found no node.
    pub(super) unscheduled: usize,
}

/// One of its nodes.
#[derive(Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct GrownNode {
    pub(super) pool: String,
    pub(super) instance_type: String,
    pub(super) zone: String,
    pub(super) capacity_type: String,
    pub(super) pods: BTreeMap<String, usize>,
}

/// What the methods came to, as the program says it.
#[derive(Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
struct Consolidated {
    one_pass: Figures,
    rest: Figures,
    commands: usize,
    first_seconds: f64,
    seconds: f64,
    at_rest: bool,
    curve: Vec<Figures>,
}

#[derive(Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
struct Figures {
    cost_per_hour_micro_usd: i64,
    nodes: usize,
    evictions: usize,
}

impl Peer<'_> {
    /// The fleet that Karpenter buys for pods that arrive in these batches.
    pub(super) fn grown(
        &self,
        base: &Snapshot,
        batches: &[Vec<Pod>],
        seed: u64,
    ) -> anyhow::Result<Grown> {
        let shapes: Vec<Vec<ShapeIndex>> =
            batches.iter().map(|batch| batch.iter().map(|pod| pod.shape).collect()).collect();
        let input = || exchange::arrivals(base, &shapes);
        self.answer("--grow", &format!("grown-{seed}.json"), input)
    }

    /// What Karpenter's methods make of the fleet.
    pub(super) fn consolidated(&self, fleet: &Fleet<'_>, seed: u64) -> anyhow::Result<Run> {
        let file = format!("karpenter-{seed}.json");
        let found: Consolidated = self.answer("--consolidate", &file, || fleet.exchange())?;
        let point = |figures: &Figures| Point {
            cost: usd(figures.cost_per_hour_micro_usd),
            nodes: figures.nodes,
            evictions: figures.evictions,
        };
        Ok(Run {
            eviction: None,
            one_pass: point(&found.one_pass),
            rest: point(&found.rest),
            passes: found.commands,
            first_seconds: found.first_seconds,
            seconds: found.seconds,
            at_rest: found.at_rest,
            answers: BTreeMap::new(),
            curve: found.curve.iter().map(point).collect(),
        })
    }

    /// The program's answer to `input`, from the file where it is there, else made and kept in it.
    fn answer<T: DeserializeOwned + Serialize>(
        &self,
        mode: &str,
        file: &str,
        input: impl FnOnce() -> anyhow::Result<serde_json::Value>,
    ) -> anyhow::Result<T> {
        let kept: PathBuf = self.folder.join(file);
        if let Ok(text) = std::fs::read_to_string(&kept) {
            return serde_json::from_str(&text)
                .with_context(|| format!("reading {}", kept.display()));
        }
        let given = self.folder.join(format!("input-{}-{file}", std::process::id()));
        std::fs::write(&given, serde_json::to_vec(&input()?)?)
            .with_context(|| format!("writing {}", given.display()))?;
        let printed = output_of(Command::new(self.program).arg(mode).arg(&given));
        std::fs::remove_file(&given).with_context(|| format!("removing {}", given.display()))?;
        let answer: T =
            serde_json::from_str(&printed?).context("reading the result of benches/karpenter")?;
        std::fs::write(&kept, serde_json::to_vec(&answer)?)
            .with_context(|| format!("writing {}", kept.display()))?;
        Ok(answer)
    }
}
