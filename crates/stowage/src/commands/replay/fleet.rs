//! Replays of what was decided on nodes that are there: what goes with nothing in its place, and moves.

use std::collections::BTreeMap;

use checker::CheckedMoves;
use disruption::{Answer, Decision};
use model::MicroUsdPerHour;
use record::{RecordedEnding, RecordedPass};

use super::line::{Source, counted, time};
use super::{Told, catalog};
use crate::args;
use crate::commands::{answering, disrupt};
use crate::money::{cents, rounded_down};
use crate::moves::Moves;
use crate::outcome::Failure;
use crate::{table, wire};

impl Told {
    /// Decides again what goes with nothing in its place.
    pub(super) fn ending(
        &mut self,
        args: &args::Replay,
        recorded: &RecordedEnding,
    ) -> Result<(), Failure> {
        let (decision, difference) = record::replay_ending(recorded);
        self.failed += usize::from(difference.is_some());
        let source = Source { place: &recorded.place, version: &recorded.version };
        let nodes = recorded.cluster.nodes.len();
        let (expired, empty) = (decision.expired.len(), decision.delete.len());
        let subject = format!(
            "{}, what goes by itself: {}, {expired} expired and {empty} empty",
            time(recorded.now),
            counted(nodes, "node"),
        );
        self.say(&source.outcome(&subject, difference.as_ref()))?;
        if args.show {
            self.say(&ends(recorded, &decision))?;
        }
        Ok(())
    }

    /// Makes a pass again.
    pub(super) fn pass(
        &mut self,
        args: &args::Replay,
        recorded: &RecordedPass,
    ) -> Result<(), Failure> {
        let (pass, difference) = record::replay_pass(recorded);
        let (snapshot, cluster, found) = (&recorded.snapshot, &recorded.cluster, &pass.found);
        let (now, prices) = (recorded.question.now, recorded.question.consolidation.prices);
        let source = Source { place: &recorded.place, version: &recorded.version };
        let goes = found.answers.iter().filter(|one| matches!(one, Answer::Goes(_))).count();
        let subject = format!(
            "{}, what runs: {}, {} for {goes} of them",
            time(now),
            counted(cluster.nodes.len(), "node"),
            counted(found.moves.len(), "move"),
        );
        let checked =
            match checker::check_moves(snapshot, cluster, found.moves.clone(), prices, now) {
                Ok(checked) => checked,
                Err(violations) => {
                    let lines = violations.iter().map(|one| format!("\n  {one}"));
                    let lines = lines.collect::<String>();
                    return self.failure(&source.refused(&subject, "the moves do", &lines));
                }
            };
        let rest = disrupt::prove(snapshot, cluster, found, now)?;
        self.failed += usize::from(difference.is_some());
        let figures = format!(
            "cost {} to {}, bound {} USD/h, {}",
            cents(checked.totals().cost_before),
            cents(checked.totals().cost_after),
            cents(rounded_down(rest.lower)),
            evictions(&checked),
        );
        self.say(&source.outcome(&format!("{subject}, {figures}"), difference.as_ref()))?;
        if args.show {
            let moves = Moves {
                snapshot,
                cluster,
                alternatives: disrupt::alternatives(snapshot, &checked, &recorded.question),
                found,
                checked: &checked,
                rest,
                prices,
                now,
                findings: &recorded.findings,
                catalog: catalog(&recorded.shown),
                is_sample: false,
            };
            answering::to_stdout(
                args.output,
                || table::render_moves(&moves),
                |out| wire::write_moves(&moves, out),
            )?;
        }
        Ok(())
    }
}

fn evictions(checked: &CheckedMoves) -> String {
    counted(checked.totals().evictions, "eviction")
}

/// What goes and at what price, and why the others stay.
fn ends(recorded: &RecordedEnding, decision: &Decision) -> String {
    let nodes = &recorded.cluster.nodes;
    let price = |claim: &model::NodeClaimName| {
        let node = nodes.iter().find(|node| node.claim.as_ref() == Some(claim));
        node.and_then(|node| node.price).unwrap_or(MicroUsdPerHour::ZERO)
    };
    let expired = decision.expired.iter().map(|claim| (claim, "expired"));
    let empty = decision.delete.iter().map(|one| (&one.claim, one.rule));
    let goes = expired.chain(empty);
    let mut lines: Vec<String> = goes
        .map(|(claim, why)| format!("  {claim} goes: {why}, {} USD/h\n", cents(price(claim))))
        .collect();
    let mut stays: BTreeMap<&str, usize> = BTreeMap::new();
    for kept in decision.kept.values() {
        *stays.entry(kept.as_str()).or_default() += 1;
    }
    lines.extend(
        stays.iter().map(|(why, nodes)| format!("  {} kept: {why}\n", counted(*nodes, "node"))),
    );
    lines.concat()
}
