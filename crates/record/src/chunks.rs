//! Lists as chunks that are known by their hash.
//!
//! In: the items of a list. Out: leaves, each a JSON list of some items that follow each other, and
//! above them the list of the leaves' hashes. Where a leaf ends depends on the items near its end
//! alone, so a list that gains or loses an item shares all other leaves with what it was.

use std::collections::BTreeSet;

use crate::hash::Hash;
use crate::line;
use crate::wire::{Out, Wire};

/// A leaf ends once it has so many bytes and an item's hash says so.
const LEAF_BYTES_MIN: usize = 4 << 10;
/// So many bytes a leaf has beyond that, on average: small enough that a changed node costs little,
/// large enough that hashes (67 bytes each in the list above) are some tenths of a percent.
const LEAF_BYTES_MORE: u64 = 16 << 10;
/// A leaf ends here at the latest, but for an item that is larger itself.
const LEAF_BYTES_MAX: usize = 256 << 10;

/// Chunks of one record, each once.
#[derive(Default)]
pub(crate) struct Chunks {
    /// Whole lines with what they are known by, leaves before what names them.
    pub(crate) lines: Vec<(Hash, Vec<u8>)>,
    known: BTreeSet<Hash>,
}

impl Chunks {
    /// Adds a list; gives what it is known by.
    pub(crate) fn list<T: Wire>(&mut self, items: &[T]) -> Hash {
        let mut parts = Vec::new();
        cut(items, |leaf| {
            let hash = Hash::of(leaf);
            self.add(hash, || line::items(hash, leaf));
            parts.push(hash);
        });
        let parts = json(&parts);
        let hash = Hash::of(&parts);
        self.add(hash, || line::parts(hash, &parts));
        hash
    }

    fn add(&mut self, hash: Hash, line: impl FnOnce() -> Vec<u8>) {
        if self.known.insert(hash) {
            self.lines.push((hash, line()));
        }
    }
}

/// What a list of these items is known by.
pub(crate) fn list_hash<T: Wire>(items: &[T]) -> Hash {
    let mut parts = Vec::new();
    cut(items, |leaf| parts.push(Hash::of(leaf)));
    Hash::of(&json(&parts))
}

/// A value as JSON.
pub(crate) fn json(value: &impl serde::Serialize) -> Vec<u8> {
    serde_json::to_vec(value).expect("keys are texts, and writing to memory cannot fail")
}

/// Gives each leaf of the list, in order.
fn cut<T: Wire>(items: &[T], mut leaf_is: impl FnMut(&[u8])) {
    let mut leaf = vec![b'['];
    for item in items {
        let start = leaf.len();
        serde_json::to_writer(&mut leaf, &Out(item))
            .expect("keys are texts, and writing to memory cannot fail");
        let ends = ends(&leaf[start..], leaf.len());
        leaf.push(if ends { b']' } else { b',' });
        if ends {
            leaf_is(&leaf);
            leaf.truncate(1);
        }
    }
    if leaf.len() > 1 {
        leaf.pop();
        leaf.push(b']');
        leaf_is(&leaf);
    }
}

/// Whether a leaf of `bytes` that ends in `item` is full. Large items end leaves more often, so that
/// leaves have the same size whatever is in them.
fn ends(item: &[u8], bytes: usize) -> bool {
    let weight = u64::try_from(item.len()).unwrap_or(u64::MAX);
    bytes >= LEAF_BYTES_MAX || bytes >= LEAF_BYTES_MIN && mix(item) % LEAF_BYTES_MORE < weight
}

/// FNV-1a, mixed once more: the low bits of FNV-1a hang on the last byte, which is always a brace.
fn mix(bytes: &[u8]) -> u64 {
    let fnv = bytes.iter().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3)
    });
    (fnv ^ fnv >> 29).wrapping_mul(0xbf58_476d_1ce4_e5b9) >> 32
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use model::{Pod, ShapeIndex};

    use super::{Chunks, LEAF_BYTES_MAX, list_hash};

    fn pods(range: std::ops::Range<usize>) -> Vec<Pod> {
        let pod =
            |n| Pod { name: format!("default/web-{n}").into(), shape: ShapeIndex::new(n % 9) };
        range.map(pod).collect()
    }

    #[test]
    fn a_list_that_changes_in_one_place_shares_all_other_leaves() {
        let before = pods(0..20_000);
        let mut chunks = Chunks::default();
        let hash = chunks.list(&before);
        assert_eq!(hash, list_hash(&before));
        assert!(chunks.lines.iter().all(|(_, line)| line.len() < 2 * LEAF_BYTES_MAX));
        let known: BTreeSet<_> = chunks.lines.iter().map(|line| line.0).collect();
        for change in [0, 9_999, 19_999] {
            let mut now = before.clone();
            now.remove(change);
            now.insert(change, Pod { name: "other/pod".into(), shape: ShapeIndex::new(0) });
            now.insert(change, Pod { name: "other/one-more".into(), shape: ShapeIndex::new(0) });
            let mut chunks = Chunks::default();
            chunks.list(&now);
            let all = chunks.lines.len();
            let new = chunks.lines.iter().filter(|line| !known.contains(&line.0)).count();
            assert!(all > 30 && new <= 4, "{new} of {all} are new");
        }
    }
}
