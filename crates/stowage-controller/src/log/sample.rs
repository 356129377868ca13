//! Which of many identical entries are written: the first hundred of a second, then every hundredth.
//!
//! In: level, message and time of each entry. Out: whether it is written. Entries are identical when level
//! and message are, whatever their fields, as with Karpenter's (`operations.md` section 6: zap's
//! production sampling).

use std::collections::BTreeMap;

use tracing::Level;

/// Entries of a second that are all written.
const FIRST: u64 = 100;
/// Beyond these, one of so many is written.
const THEREAFTER: u64 = 100;
/// Different entries of a second that are counted; any beyond are written.
const COUNTED_MAX: usize = 4_096;

/// What was written lately.
#[derive(Debug, Default)]
pub(super) struct Sampler {
    /// Seconds since 1970.
    second: i64,
    counts: BTreeMap<(Level, String), u64>,
}

impl Sampler {
    /// Whether an entry of this second is written.
    pub(super) fn admits(&mut self, level: Level, message: &str, second: i64) -> bool {
        if self.second != second {
            self.second = second;
            self.counts.clear();
        }
        let key = (level, message.to_owned());
        if self.counts.len() >= COUNTED_MAX && !self.counts.contains_key(&key) {
            return true;
        }
        let count = self.counts.entry(key).or_default();
        *count += 1;
        *count <= FIRST || (*count - FIRST).is_multiple_of(THEREAFTER)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_identical_entries_of_a_second_are_sampled_and_others_are_not() {
        let mut sampler = Sampler::default();
        let mut written = |message: &str, second, times| {
            let admitted = (0..times).filter(|_| sampler.admits(Level::INFO, message, second));
            admitted.count()
        };
        assert_eq!(written("launched", 7, 100), 100);
        assert_eq!(written("launched", 7, 99), 0);
        assert_eq!(written("launched", 7, 201), 3);
        assert_eq!(written("deleted", 7, 1), 1);
        assert_eq!(written("launched", 8, 150), 100);
    }

    #[test]
    fn the_level_tells_entries_apart_and_what_is_counted_is_bounded() {
        let mut sampler = Sampler::default();
        for _ in 0..=FIRST {
            sampler.admits(Level::INFO, "a", 1);
        }
        assert!(!sampler.admits(Level::INFO, "a", 1));
        assert!(sampler.admits(Level::ERROR, "a", 1));
        for number in 0..10_000 {
            assert!(sampler.admits(Level::INFO, &format!("message {number}"), 1));
        }
        assert_eq!(sampler.counts.len(), COUNTED_MAX);
    }
}
