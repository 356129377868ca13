//! Rounds the fractional answer by diving: fix what is used most, solve again for the rest.

use super::columns::{Bin, Column};
use super::generate::Search;
use super::rounded;
use super::work::Work;
use crate::first::{self, anchors};
use crate::packing::{Group, Mix, Packing, add, count};

/// Rounds of pricing for the rest between two fixings.
const ROUNDS: usize = 3;

/// Tree nodes of the exact search in those rounds.
const BUDGET: u64 = 500;

impl Search<'_> {
    /// Dives once from the current columns; every step offers a whole packing. A use as near as
    /// `nearly` to the next whole number is rounded up.
    pub(super) fn dive(&mut self, nearly: f64, work: &mut Work<'_>) {
        let mut partial = Packing::new(self.problem);
        partial.left.clone_from(&self.demand);
        self.complete(partial, nearly, work);
    }

    /// Dives for what `partial` leaves of the demand.
    pub(super) fn complete(&mut self, mut partial: Packing, nearly: f64, work: &mut Work<'_>) {
        let all = self.demand.clone();
        let pods = self.problem.classes.iter().map(|class| count(class.pods.len()));
        let absent: Vec<i64> = pods.zip(&all).map(|(all, want)| all - want).collect();
        while partial.left.iter().any(|left| *left > 0) && !self.is_over(work) {
            self.demand.clone_from(&partial.left);
            self.scarce = partial.scarce_left(self.problem);
            let trimmed = self.trimmed(&partial);
            let Some(uses) = self.solve_rest(&trimmed, work) else { break };
            if !self.fix(&trimmed, &uses, nearly, &mut partial) {
                break;
            }
            self.offer_completed(&partial, &absent);
        }
        self.demand = all;
        self.scarce = self.problem.scarce.clone();
    }

    /// The known columns with no more pods than are left, without existing nodes in use.
    fn trimmed(&self, partial: &Packing) -> Vec<Column> {
        let trim = |column: &Column| -> Option<Column> {
            if matches!(column.bin, Bin::Node(node) if !partial.existing[node].is_empty()) {
                return None;
            }
            let trimmed = column.mix.iter();
            let trimmed = trimmed.map(|&(class, pods)| (class, pods.min(partial.left[class])));
            let mix: Mix = trimmed.filter(|(_, pods)| *pods > 0).collect();
            // A node that may go is kept with all of its own pods.
            let own = |&(class, pods): &(usize, i64)| pods <= partial.left[class];
            if matches!(column.bin, Bin::Node(node) if !self.problem.nodes[node].own.iter().all(own))
            {
                return None;
            }
            (!mix.is_empty()).then_some(Column { bin: column.bin, mix })
        };
        let distinct: std::collections::BTreeSet<Column> =
            self.columns.all().iter().filter_map(trim).collect();
        distinct.into_iter().collect()
    }

    /// Uses of `columns` that cover what is left best. Columns priced on the way are added to the
    /// known ones and serve from the next step on.
    fn solve_rest(&mut self, columns: &[Column], work: &mut Work<'_>) -> Option<Vec<f64>> {
        let uses = self.solve_over(columns, &[], work)?;
        for round in 0..ROUNDS {
            if self.is_over(work) || self.price_all(round, BUDGET, work).0 == 0 {
                break;
            }
        }
        Some(uses)
    }

    /// Fixes every column that is used (nearly) once or more, or else the most used one. False
    /// where nothing could be fixed.
    fn fix(&self, columns: &[Column], uses: &[f64], nearly: f64, partial: &mut Packing) -> bool {
        let mut order: Vec<usize> = (0..columns.len()).collect();
        order.sort_by(|&a, &b| uses[b].total_cmp(&uses[a]).then(a.cmp(&b)));
        let mut any = false;
        for &position in &order {
            let copies = rounded((uses[position] + nearly).floor());
            if copies == 0 && (any || uses[position] < 1e-6) {
                break;
            }
            any |= self.place(&columns[position], copies.max(1), partial);
        }
        any
    }

    /// Places `column` up to `copies` times, as often as pods and limits allow.
    fn place(&self, column: &Column, copies: i64, partial: &mut Packing) -> bool {
        let by_pods = column.mix.iter().map(|&(class, pods)| partial.left[class] / pods).min();
        let copies = copies.min(by_pods.unwrap_or(0));
        let copies = match column.bin {
            Bin::Node(node) if partial.existing[node].is_empty() => copies.min(1),
            Bin::Node(_) => 0,
            Bin::Kind(kind) => {
                let left = partial.scarce_left(self.problem);
                let within = anchors::within(self.problem, &left, kind);
                let kind = &self.problem.kinds[kind];
                if !within || !anchors::justifies(self.anchors[kind.pool].as_deref(), &column.mix) {
                    return false;
                }
                copies.min(kind.copies_within(&left))
            }
        };
        if copies <= 0 {
            return false;
        }
        for &(class, pods) in &column.mix {
            partial.left[class] -= pods * copies;
        }
        match column.bin {
            Bin::Kind(kind) => partial.groups.push(Group { kind, mix: column.mix.clone(), copies }),
            Bin::Node(node) => {
                for &(class, pods) in &column.mix {
                    add(&mut partial.existing[node], class, pods);
                }
            }
        }
        true
    }

    /// Completes `partial` greedily and keeps the outcome if it is the best so far.
    fn offer_completed(&mut self, partial: &Packing, absent: &[i64]) {
        let mut whole = partial.clone();
        first::complete(self.problem, &self.worths.pods, &mut whole);
        for (left, absent) in whole.left.iter_mut().zip(absent) {
            *left += absent;
        }
        self.offer(whole);
    }
}
