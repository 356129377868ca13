//! Counted work: what bounds the search, on any machine alike.

use crate::Progress;

/// Counts work against a limit, and asks the caller now and then whether to stop early.
pub(crate) struct Work<'a> {
    used: u64,
    limit: u64,
    interrupt: &'a mut dyn FnMut(&Progress) -> bool,
    stopped: bool,
}

impl<'a> Work<'a> {
    /// Work up to `limit` units; `interrupt` is told how things stand and answers whether to stop.
    pub(crate) fn new(limit: u64, interrupt: &'a mut dyn FnMut(&Progress) -> bool) -> Self {
        Self { used: 0, limit, interrupt, stopped: false }
    }

    /// Counts `units`.
    pub(crate) fn spend(&mut self, units: u64) {
        self.used = self.used.saturating_add(units);
    }

    /// Whether to stop here, given the objective of the best packing and what the pods are worth.
    /// Asked at fixed points of the search only, so that a run stopped by the interrupt after w
    /// units is the run with limit w.
    pub(crate) fn is_over(&mut self, objective: i64, estimate: i64) -> bool {
        if !self.stopped {
            let progress = Progress {
                work_used: self.used,
                objective: model::NanoUsdPerHour::new(objective),
                estimate: model::NanoUsdPerHour::new(estimate),
            };
            self.stopped = self.used >= self.limit || (self.interrupt)(&progress);
        }
        self.stopped
    }

    /// Units used so far.
    pub(crate) const fn used(&self) -> u64 {
        self.used
    }
}
