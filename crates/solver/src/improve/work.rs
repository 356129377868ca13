//! Counted work: what bounds the search, on any machine alike.
//!
//! A search goes on while the units used are at most the limit, and is asked at counted steps. What
//! it reports as used is the limit that stops another run at the same step.

use crate::Progress;

/// Counts work against a limit, and asks the caller now and then whether to stop early.
pub(crate) struct Work<'a> {
    used: u64,
    limit: u64,
    interrupt: &'a mut dyn FnMut(&Progress) -> bool,
    /// The units used when the caller was last asked.
    asked: Option<u64>,
    /// The limit that stops a run at the step where this one was stopped.
    stopped: Option<u64>,
}

impl<'a> Work<'a> {
    /// Work up to `limit` units, none at all where that is 0; `interrupt` is told how things stand
    /// and answers whether to stop.
    pub(crate) fn new(limit: u64, interrupt: &'a mut dyn FnMut(&Progress) -> bool) -> Self {
        Self { used: 0, limit, interrupt, asked: None, stopped: None }
    }

    /// Whether there is none to be done.
    pub(crate) const fn is_none(&self) -> bool {
        self.limit == 0
    }

    /// Counts `units`.
    pub(crate) fn spend(&mut self, units: u64) {
        self.used = self.used.saturating_add(units);
    }

    /// Whether to stop here, given the objective of the best packing and what the pods are worth.
    /// Asked at fixed steps of the search only. The caller is asked once for each number of units
    /// used, so that this number says at which step the search stopped.
    pub(crate) fn is_over(&mut self, objective: i64, estimate: i64) -> bool {
        if self.stopped.is_none() && (self.limit == 0 || self.used > self.limit) {
            self.stopped = Some(self.limit);
        }
        if self.stopped.is_none() && self.asked != Some(self.used) {
            self.asked = Some(self.used);
            let progress = Progress {
                work_used: self.used,
                objective: model::NanoUsdPerHour::new(objective),
                estimate: model::NanoUsdPerHour::new(estimate),
            };
            let stops = (self.interrupt)(&progress);
            self.stopped = stops.then(|| self.used.saturating_sub(1));
        }
        self.stopped.is_some()
    }

    /// Whether the search was stopped.
    pub(crate) const fn was_stopped(&self) -> bool {
        self.stopped.is_some()
    }

    /// `budget`, or just more than is left where that is less: a tree search that would go on beyond
    /// the limit ends there.
    pub(crate) fn within(&self, budget: u64) -> u64 {
        budget.min(self.limit.saturating_sub(self.used).saturating_add(1))
    }

    /// Units used so far.
    pub(crate) const fn used(&self) -> u64 {
        self.used
    }

    /// The limit that gives the same run again.
    pub(crate) fn repeats(&self) -> u64 {
        self.stopped.unwrap_or(self.used)
    }
}
