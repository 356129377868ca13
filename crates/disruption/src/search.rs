//! One pass of trading: the yard, and whose turn it is.

use solver::{Look, Yard};

use crate::rules;

/// The yard, with the tenants that may go in the order in which they are looked at.
#[derive(Debug)]
pub struct Search {
    pub(crate) yard: Yard,
    /// Positions in the yard of tenants that may go.
    pub(crate) order: Vec<usize>,
    /// What was last found for each tenant, by position in the yard.
    pub(crate) looks: Vec<Option<Look>>,
    /// Most nodes that one move takes out.
    pub(crate) nodes_per_move: usize,
    /// Units of work that this pass may do.
    pub(crate) work_limit: u64,
    /// Units of work after which several nodes are not put together any more.
    pub(crate) several_limit: u64,
    /// What an eviction has to save, see [`BY_TURNS`].
    pub(crate) asked: &'static [(i64, i64)],
}

/// What an eviction has to save at first and then, as parts of what a pod costs on average; its own price
/// at least. What others would change is in `docs/adr/0015-most-for-an-eviction-first.md`.
pub(crate) const BY_TURNS: &[(i64, i64)] = &[(3, 5), (2, 5), (1, 3), (0, 1)];

impl Search {
    /// Whether the work of this pass is done.
    pub(crate) const fn is_over(&self) -> bool {
        self.yard.work_used() >= self.work_limit
    }

    /// Puts several nodes at a time together anew.
    pub(crate) fn several(&mut self) {
        if self.nodes_per_move > 1 && self.order.len() > 1 {
            // What single nodes come to is where it begins.
            self.each(Yard::try_delete);
            self.each(Yard::try_replace);
            self.yard.try_several(self.nodes_per_move, self.several_limit);
        }
    }

    /// Asks all rules that trade, with ever less asked of an eviction, until trades are found that
    /// `is_made` says are made now: what saves most for an eviction is done first, and the rest is looked at
    /// again from where that leaves the fleet.
    pub(crate) fn trade(&mut self, is_made: impl Fn(&Yard) -> bool) {
        if self.nodes_per_move > 1 && self.order.len() > 1 {
            self.yard.appraise(self.work_limit / 8);
        }
        for (turn, part) in self.asked.iter().enumerate() {
            // An eighth of the work is left for single nodes.
            let left = (self.work_limit / 8 * 7).saturating_sub(self.yard.work_used());
            // Whoever asks most has half of it: what is found first is what is made.
            let share = if turn + 1 == self.asked.len() { left } else { left / 2 };
            self.several_limit = self.yard.work_used() + share;
            self.yard.be_reluctant(*part);
            for (_, trade) in rules::trading() {
                trade(self);
            }
            if self.yard.has_traded() && is_made(&self.yard) {
                return;
            }
        }
    }

    /// Asks `attempt` for each tenant that may go and is there, as long as there is work.
    pub(crate) fn each(&mut self, attempt: fn(&mut Yard, usize) -> Result<(), Look>) {
        for place in 0..self.order.len() {
            if self.is_over() {
                return;
            }
            let tenant = self.order[place];
            if self.yard.is_gone(tenant) || self.yard.taken_by(tenant) > 0 {
                continue;
            }
            let look = attempt(&mut self.yard, tenant).err();
            // One that would pay waits until what saves more for an eviction is done.
            self.looks[tenant] = look.filter(|look| !look.pays);
        }
    }
}
