//! Many random clusters through both schedulers, and what came of them.
//!
//! Each seed is one cluster. Where ours is worse although the checker accepts Karpenter's plan, the
//! cluster is shrunk and written to a file that `stowage plan` reads; so is the first cluster of each kind
//! of refusal.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use anyhow::Context as _;
use model::MicroUsdPerHour;
use serde_json::Value;

use crate::beside;
use crate::cluster::Cluster;
use crate::compare::{self, Compared, Planner, WEIGHT};
use crate::kinds::{ALL, Kind};
use crate::program::Program;
use crate::shrink;

/// Fewest nodes that a cluster needs.
pub const NODES_LEAST: usize = 3;

/// What to run.
#[derive(Clone, Debug)]
pub struct Options {
    /// The first seed.
    pub seed: u64,
    /// How many.
    pub seeds: u64,
    /// Kinds of rule to draw from.
    pub kinds: Vec<Kind>,
    /// Where the least clusters are written, one file for each seed; `None` does not shrink.
    pub folder: Option<PathBuf>,
}

/// A cluster on which ours is worse.
#[derive(Clone, Debug)]
pub struct Worse {
    /// Its seed.
    pub seed: u64,
    /// What came of it.
    pub compared: Compared,
    /// Objects that are left of it.
    pub least: usize,
}

/// What came of all.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    /// Clusters compared.
    pub clusters: usize,
    /// In how many clusters each kind is.
    pub kinds: BTreeMap<Kind, usize>,
    /// Kinds in a cluster, and how many have so many; the same for pods and for nodes.
    pub kinds_each: BTreeMap<usize, usize>,
    /// Pods that wait, in all clusters, with their fewest and most in one.
    pub pods: (usize, usize, usize),
    /// Nodes that Karpenter buys, likewise.
    pub nodes: (usize, usize, usize),
    /// Pods placed by Karpenter, and by ours, when asked for all.
    pub placed: (usize, usize),
    /// Bills for the pods that Karpenter placed where the checker accepts its plan: its and ours.
    pub bills: (MicroUsdPerHour, MicroUsdPerHour),
    /// The weight of preferences that are satisfied in these plans, Karpenter's and ours.
    pub satisfied: (i64, i64),
    /// Clusters of these on which ours is cheaper, and on which both bills are one.
    pub cheaper: usize,
    /// See `cheaper`.
    pub equal: usize,
    /// Clusters whose Karpenter plan the checker refuses, by the first kind of refusal, with the
    /// first seed.
    pub refused: BTreeMap<String, (usize, u64)>,
    /// Clusters on which ours is worse.
    pub worse: Vec<Worse>,
    /// Clusters on which ours is worse than a plan that the checker refuses.
    pub worse_than_refused: usize,
    /// What our lowering did not honour, by message.
    pub not_honoured: BTreeMap<String, usize>,
}

/// Compares all seeds and tells of each that differs on the way.
///
/// # Errors
/// Where a cluster cannot be compared.
pub fn run(
    options: &Options,
    program: &Program,
    planner: Planner<'_>,
    tell: &mut dyn FnMut(&str),
) -> anyhow::Result<Tally> {
    let mut tally = Tally::default();
    for seed in options.seed..options.seed + options.seeds {
        let found = compare::of_seed(seed, NODES_LEAST, &options.kinds);
        let Some(cluster) = found.with_context(|| format!("seed {seed}"))? else {
            tell(&format!("seed {seed}: no cluster of three nodes"));
            continue;
        };
        let compared = compare::compare(&cluster.objects, program, planner)
            .with_context(|| format!("seed {seed}"))?;
        let is_known = tally.add(seed, &cluster, &compared);
        let shrinker = Shrinker { options, cluster: &cluster };
        if let Some(refusal) = compared.refusal() {
            tell(&format!("seed {seed}: the checker refuses Karpenter's: {refusal}"));
            let word = kind_of(refusal);
            if !is_known {
                let name = format!("refused-{}", word.to_lowercase());
                shrinker.written(&name, tell, &|objects| {
                    let again = compare::refused(objects, program)?;
                    Ok(again.is_some_and(|one| kind_of(&one) == word))
                })?;
            }
            continue;
        }
        let Some(difference) = compared.difference.clone() else { continue };
        tell(&format!("seed {seed}: {difference}"));
        let least = shrinker.written(&format!("seed-{seed}"), tell, &|objects| {
            let again = compare::compare(objects, program, planner)?;
            let still = again.difference.as_ref().filter(|_| again.refusals.is_empty());
            Ok(still.is_some_and(|still| still.word() == difference.word()))
        })?;
        tally.worse.push(Worse { seed, compared, least });
    }
    Ok(tally)
}

/// The kind of a refusal, as [`Compared::refusals`] begin.
fn kind_of(refusal: &str) -> &str {
    refusal.split(':').next().unwrap_or_default()
}

/// What shrinks one cluster.
struct Shrinker<'a> {
    options: &'a Options,
    cluster: &'a Cluster,
}

impl Shrinker<'_> {
    /// Writes the least cluster of which `shows` still holds as a file of that name, where files are asked
    /// for; how many objects it has.
    fn written(
        &self,
        name: &str,
        tell: &mut dyn FnMut(&str),
        shows: &dyn Fn(&[Value]) -> anyhow::Result<bool>,
    ) -> anyhow::Result<usize> {
        let Some(folder) = &self.options.folder else { return Ok(self.cluster.objects.len()) };
        let mut still = |objects: &[Value]| shows(objects).unwrap_or(false);
        let least = shrink::least(&self.cluster.objects, &mut still);
        fs::create_dir_all(folder).context("making the folder of least clusters")?;
        let file = folder.join(format!("{name}.json"));
        let text = beside::lines(&least);
        fs::write(&file, text).with_context(|| format!("writing {}", file.display()))?;
        tell(&format!("{name}: {} objects in {}", least.len(), file.display()));
        Ok(least.len())
    }
}

impl Tally {
    /// Adds a cluster; whether its kind of refusal was there before.
    fn add(&mut self, seed: u64, cluster: &Cluster, compared: &Compared) -> bool {
        self.clusters += 1;
        for kind in &cluster.kinds {
            *self.kinds.entry(*kind).or_default() += 1;
        }
        *self.kinds_each.entry(cluster.kinds.len()).or_default() += 1;
        let first = self.clusters == 1;
        let count = |all: &mut (usize, usize, usize), one: usize| {
            let least = if first { one } else { all.1.min(one) };
            *all = (all.0 + one, least, all.2.max(one));
        };
        count(&mut self.pods, compared.pods);
        count(&mut self.nodes, compared.theirs.nodes);
        self.placed.0 += compared.theirs.placed;
        self.placed.1 += compared.ours.placed;
        for message in &compared.not_honoured {
            *self.not_honoured.entry(message.clone()).or_default() += 1;
        }
        if let Some(refusal) = compared.refusal() {
            let known = self.refused.entry(kind_of(refusal).to_owned()).or_insert((0, seed));
            known.0 += 1;
            self.worse_than_refused += usize::from(compared.difference.is_some());
            return known.0 > 1;
        }
        self.satisfied.0 += compared.theirs.satisfied;
        self.satisfied.1 += compared.ours.satisfied;
        self.bills = (
            [self.bills.0, compared.theirs.cost].into_iter().sum(),
            [self.bills.1, compared.ours.cost].into_iter().sum(),
        );
        self.cheaper += usize::from(compared.ours.cost < compared.theirs.cost);
        self.equal += usize::from(compared.ours.cost == compared.theirs.cost);
        true
    }

    /// Clusters whose Karpenter plan the checker refuses.
    pub fn refusals(&self) -> usize {
        self.refused.values().map(|(count, _)| count).sum()
    }

    /// What both sides come to.
    fn bills_told(&self) -> String {
        let [theirs, ours] = [self.bills.0, self.bills.1].map(MicroUsdPerHour::get);
        format!(
            "- bills for the pods that Karpenter placed, plans that the checker accepts: Karpenter \
             {}.{:02} USD/h, ours {}.{:02}; ours is cheaper on {}, equal on {}; satisfied weight of \
             preferences {} and {}",
            theirs / 1_000_000,
            theirs % 1_000_000 / 10_000,
            ours / 1_000_000,
            ours % 1_000_000 / 10_000,
            self.cheaper,
            self.equal,
            self.satisfied.0,
            self.satisfied.1
        )
    }

    /// All of it as lines of Markdown.
    pub fn told(&self) -> String {
        let clusters = self.clusters;
        let percent = |count: usize| tenths(count * 1000, clusters);
        let mut lines = vec![format!("{clusters} clusters.")];
        let range = |name: &str, (sum, least, most): (usize, usize, usize)| {
            format!(
                "- {name}: {least} to {most} in a cluster, {} on average",
                tenths(sum * 10, clusters)
            )
        };
        lines.push(range("pods that wait", self.pods));
        lines.push(range("nodes that Karpenter buys", self.nodes));
        let each = self.kinds_each.iter().map(|(kinds, count)| format!("{kinds} in {count}"));
        lines.push(format!("- kinds of rule: {}", each.collect::<Vec<_>>().join(", ")));
        let each = ALL.iter().filter_map(|known| {
            let count = self.kinds.get(&known.kind)?;
            Some(format!("{} {count}", known.name))
        });
        lines.push(format!("- clusters with each: {}", each.collect::<Vec<_>>().join(", ")));
        lines.push(format!(
            "- pods placed when asked for all: Karpenter {}, ours {}",
            self.placed.0, self.placed.1
        ));
        lines.push(self.bills_told());
        let for_weights = self.refused.get(WEIGHT).map_or(0, |(count, _)| *count);
        let by_rules = self.refusals() - for_weights;
        lines.push(format!(
            "- Karpenter's plans that the checker refuses: {by_rules} ({} %), and {for_weights} ({} %) \
             for our reading of weights alone",
            percent(by_rules),
            percent(for_weights)
        ));
        for (kind, (count, seed)) in &self.refused {
            lines.push(format!("  - {kind}: {count}, first with seed {seed}"));
        }
        lines.push(format!(
            "- ours is worse: {} ({} %), and {} times worse than a plan that is refused",
            self.worse.len(),
            percent(self.worse.len()),
            self.worse_than_refused
        ));
        for Worse { seed, compared, least } in &self.worse {
            if let Some(difference) = &compared.difference {
                lines.push(format!("  - seed {seed}: {difference} ({least} objects at least)"));
            }
        }
        for (message, count) in &self.not_honoured {
            lines.push(format!("- not honoured in {count}: {message}"));
        }
        lines.join("\n") + "\n"
    }
}

/// A tenth of `tenfold / whole`, to one decimal.
fn tenths(tenfold: usize, whole: usize) -> String {
    let rounded = tenfold / whole.max(1);
    format!("{}.{}", rounded / 10, rounded % 10)
}
