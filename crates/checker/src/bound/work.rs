//! Counted work: how much of it a proof may spend, and how much it has spent.

/// Units of work spent against a limit. A unit is about one node of a search tree, 16 products of a
/// price and a share, or 32 cells of a table.
#[derive(Clone, Copy, Debug)]
pub(super) struct Work {
    used: u64,
    limit: u64,
}

impl Work {
    /// Nothing spent of `limit`.
    pub(super) const fn new(limit: u64) -> Self {
        Self { used: 0, limit }
    }

    /// Counts `units` more.
    pub(super) const fn spend(&mut self, units: u64) {
        self.used = self.used.saturating_add(units);
    }

    /// Units spent, at times a little more than the limit.
    pub(super) const fn used(&self) -> u64 {
        self.used
    }

    /// Units not spent yet.
    pub(super) const fn left(&self) -> u64 {
        self.limit.saturating_sub(self.used)
    }

    /// Does `act` with one of `parts` equal parts of what is left.
    pub(super) fn share<T>(&mut self, parts: usize, act: impl FnOnce(&mut Self) -> T) -> T {
        let parts = u64::try_from(parts.max(1)).unwrap_or(u64::MAX);
        let mut part = Self::new(self.left() / parts);
        let done = act(&mut part);
        self.spend(part.used);
        done
    }
}
