//! One pass of trading: the yard, and whose turn it is.

use solver::{Look, Yard};

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
}

impl Search {
    /// Whether the work of this pass is done.
    pub(crate) const fn is_over(&self) -> bool {
        self.yard.work_used() >= self.work_limit
    }

    /// Puts several nodes at a time together anew.
    pub(crate) fn several(&mut self) {
        if self.nodes_per_move > 1 && self.order.len() > 1 {
            self.yard.appraise(self.work_limit / 8);
            self.yard.try_several(self.nodes_per_move, self.work_limit / 8 * 7);
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
            self.looks[tenant] = attempt(&mut self.yard, tenant).err();
        }
    }
}
