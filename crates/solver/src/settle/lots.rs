//! Numbers by lot for a search: always the same ones, so that a plan depends on its snapshot alone.

/// A linear congruential generator (Knuth's MMIX), of which the upper bits are drawn.
pub(super) struct Lots(u64);

impl Lots {
    /// The first of all searches' lots.
    pub(super) const fn new() -> Self {
        Self(0x9E37_79B9_7F4A_7C15)
    }

    /// A number below `most`; 0 where `most` is 0.
    pub(super) fn below(&mut self, most: usize) -> usize {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap_or(0) % most.max(1)
    }
}
