//! How long to wait before something that failed is tried again.
//!
//! Exponential with jitter. In: the number of failures in a row and a seed. Out: a duration. The same
//! seed and key wait alike, and different keys wait differently, so that what failed together does not
//! come back together.

use std::time::Duration;

/// Bounds of a wait. Before the first try after a failure it is between half of `first` and `first`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Backoff {
    /// The longest wait after one failure.
    pub(crate) first: Duration,
    /// The longest wait after any number of failures.
    pub(crate) most: Duration,
}

impl Backoff {
    /// The wait after `failures` failures in a row, at least 1, of what `key` names.
    pub(crate) fn wait(&self, failures: u32, key: &str, seed: u64) -> Duration {
        let doublings = failures.saturating_sub(1).min(20);
        let longest = self.first.saturating_mul(1 << doublings).min(self.most);
        let draw = hash(&[key.as_bytes(), &failures.to_le_bytes(), &seed.to_le_bytes()]) % 1_000;
        let draw = u32::try_from(draw).expect("below 1,000");
        longest / 2 + longest / 2 * draw / 1_000
    }
}

/// FNV-1a of `parts`, mixed once more so that its low digits are as good as the others.
fn hash(parts: &[&[u8]]) -> u64 {
    let bytes = parts.iter().flat_map(|part| part.iter());
    let hash = bytes.fold(0xcbf2_9ce4_8422_2325, |hash: u64, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3)
    });
    (hash ^ (hash >> 31)).wrapping_mul(0x7fb5_d329_728e_a185) >> 17
}

#[cfg(test)]
mod tests {
    use super::*;

    const BACKOFF: Backoff =
        Backoff { first: Duration::from_secs(1), most: Duration::from_mins(1) };

    #[test]
    fn waits_double_up_to_the_most_and_stay_within_their_half() {
        for failures in 1..40 {
            let longest = Duration::from_secs(1 << (failures - 1).min(6)).min(BACKOFF.most);
            for key in ["a", "b", "claim-7"] {
                let wait = BACKOFF.wait(failures, key, 7);
                assert!(wait >= longest / 2 && wait <= longest, "{failures} {key} {wait:?}");
            }
        }
    }

    #[test]
    fn the_same_seed_waits_alike_and_keys_wait_differently() {
        assert_eq!(BACKOFF.wait(3, "a", 1), BACKOFF.wait(3, "a", 1));
        let waits: std::collections::BTreeSet<_> =
            (0..100).map(|key| BACKOFF.wait(3, &format!("claim-{key}"), 1)).collect();
        assert!(waits.len() > 80, "{}", waits.len());
    }
}
