//! What both renderers show of `stowage plan --disrupt`: checked moves with names and costs around them.

use std::collections::BTreeSet;

use checker::{CheckedMoves, RestBound};
use disruption::{Answer, Cluster, Consolidation};
use model::{Finding, MicroUsdPerHour, Move, MovePrices, Snapshot, Timestamp};
use planner::Alternative;

use crate::answer::CatalogDates;
use crate::money::rounded_down;

/// Moves ready to be shown.
pub(crate) struct Moves<'a> {
    /// What runs, and what could be bought.
    pub(crate) snapshot: &'a Snapshot,
    /// The nodes that are answered for.
    pub(crate) cluster: &'a Cluster,
    /// Answers, and how much was searched.
    pub(crate) found: &'a Consolidation,
    /// The moves, after the checker has passed them.
    pub(crate) checked: &'a CheckedMoves,
    /// What no moves go below.
    pub(crate) rest: RestBound,
    /// What else each move could launch, launched node by launched node.
    pub(crate) alternatives: Vec<Vec<Vec<Alternative>>>,
    /// What moves cost.
    pub(crate) prices: MovePrices,
    /// When budgets and times of quiet were looked at.
    pub(crate) now: Timestamp,
    /// What was wrong with the input or not honoured.
    pub(crate) findings: &'a [Finding],
    /// Where the facts are from.
    pub(crate) catalog: CatalogDates,
    /// Whether the embedded sample is looked at.
    pub(crate) is_sample: bool,
}

impl Moves<'_> {
    /// The moves.
    pub(crate) fn all(&self) -> &[Move] {
        self.checked.moves()
    }

    /// The bound, rounded down.
    pub(crate) fn bound(&self) -> MicroUsdPerHour {
        rounded_down(self.rest.lower)
    }

    /// What all moves save.
    pub(crate) fn saving(&self) -> MicroUsdPerHour {
        self.checked.totals().cost_before - self.checked.totals().cost_after
    }

    /// How far the cost after all moves is above the bound, in millionths of it, rounded up; zero where
    /// both are zero, `None` where only the bound is.
    pub(crate) fn gap(&self) -> Option<i128> {
        let after = i128::from(self.checked.totals().cost_after.get()) * 1000;
        let bound = i128::from(self.rest.lower.get());
        if bound <= 0 {
            return (after == 0).then_some(0);
        }
        Some(((after - bound).max(0) * 1_000_000 + bound - 1) / bound)
    }

    /// Evictions for each dollar saved over the horizon, in millionths, rounded up; `None` where
    /// nothing is saved.
    pub(crate) fn evictions_per_usd(&self) -> Option<i128> {
        let saved = i128::from(self.saving().get()) * i128::from(self.prices.horizon_seconds);
        let evictions = i128::try_from(self.checked.totals().evictions).ok()?;
        // Evictions ÷ (micro-USD per hour ÷ 10^6 × seconds ÷ 3600), in millionths.
        let scaled = evictions * 1_000_000 * 1_000_000 * 3600;
        (saved > 0).then(|| (scaled + saved - 1) / saved)
    }

    /// Names of what is launched, move by move: `<pool>-0001`, … without names that nodes have.
    pub(crate) fn launched_names(&self) -> Vec<Vec<String>> {
        let mut taken: BTreeSet<String> =
            self.snapshot.nodes.iter().map(|node| node.name.to_string()).collect();
        let mut next = |pool: &str| {
            let mut number = 1_usize;
            loop {
                let name = format!("{pool}-{number:04}");
                if taken.insert(name.clone()) {
                    return name;
                }
                number += 1;
            }
        };
        let pool = |one: &model::NewNode| {
            self.snapshot.pool(self.snapshot.offering(one.offering).pool).name.as_str()
        };
        let named = |one: &Move| one.launched.iter().map(|node| next(pool(node))).collect();
        self.all().iter().map(named).collect()
    }

    /// How many nodes stay.
    pub(crate) fn kept(&self) -> usize {
        self.found.answers.iter().filter(|one| matches!(one, Answer::Kept(_))).count()
    }
}
