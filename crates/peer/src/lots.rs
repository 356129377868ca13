//! Numbers by lot, from a seed: the same seed draws the same on every machine.

/// A linear congruential generator (Knuth's MMIX), of which the upper bits are drawn.
#[derive(Clone, Debug)]
pub(crate) struct Lots(u64);

impl Lots {
    /// The lots of `seed`.
    pub(crate) const fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ 0x1234_5678_9ABC_DEF1)
    }

    /// A number below `most`; 0 where `most` is 0.
    pub(crate) fn below(&mut self, most: usize) -> usize {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let drawn = usize::try_from(self.0 >> 33).unwrap_or(0);
        drawn % most.max(1)
    }

    /// A number from `least` to `most`, both included.
    pub(crate) fn between(&mut self, least: usize, most: usize) -> usize {
        least + self.below(most - least + 1)
    }

    /// One of `all`, which is not empty.
    pub(crate) fn one_of<T: Copy>(&mut self, all: &[T]) -> T {
        all[self.below(all.len())]
    }

    /// Whether something of `percent` in a hundred happens.
    pub(crate) fn happens(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }

    /// `count` of `all`, in an order by lot; all of them where there are no more.
    pub(crate) fn some_of<T: Copy>(&mut self, all: &[T], count: usize) -> Vec<T> {
        let mut all = all.to_vec();
        for place in (1..all.len()).rev() {
            all.swap(place, self.below(place + 1));
        }
        all.truncate(count);
        all
    }
}
