//! A fixed-size set of small indices.

/// Members are indices below the capacity given at creation.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Bits(Vec<u64>);

impl Bits {
    /// The empty set with room for indices below `capacity`.
    pub(crate) fn new(capacity: usize) -> Self {
        Self(vec![0; capacity.div_ceil(64)])
    }

    /// The indices whose flag is set.
    pub(crate) fn of(flags: impl ExactSizeIterator<Item = bool>) -> Self {
        let mut bits = Self::new(flags.len());
        for (position, flag) in flags.enumerate() {
            if flag {
                bits.insert(position);
            }
        }
        bits
    }

    /// Adds `index`.
    pub(crate) fn insert(&mut self, index: usize) {
        self.0[index / 64] |= 1 << (index % 64);
    }

    /// Whether `index` is in the set.
    pub(crate) fn contains(&self, index: usize) -> bool {
        self.0[index / 64] >> (index % 64) & 1 == 1
    }

    /// Whether it has no member.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.iter().all(|word| *word == 0)
    }

    /// Members of both; both have the same capacity.
    pub(crate) fn and(&self, other: &Self) -> Self {
        Self(self.0.iter().zip(&other.0).map(|(mine, theirs)| mine & theirs).collect())
    }

    /// Whether every member of `other` is in this set; both have the same capacity.
    pub(crate) fn covers(&self, other: &Self) -> bool {
        self.0.iter().zip(&other.0).all(|(mine, theirs)| theirs & !mine == 0)
    }
}
