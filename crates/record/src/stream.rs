//! Which lines a segment still lacks.

use std::collections::BTreeSet;

use crate::encode::Encoded;
use crate::hash::Hash;

/// A segment as far as it was written. Whoever writes it says what arrived: lines that may not have
/// arrived are given again.
#[derive(Clone, Debug, Default)]
pub struct Stream {
    written: BTreeSet<Hash>,
}

impl Stream {
    /// An empty segment.
    pub fn new() -> Self {
        Self::default()
    }

    /// The lines that a record still needs, each ended; the decision is the last, so that a segment
    /// that is torn anywhere holds all that its decisions name.
    pub fn lacks(&self, record: &Encoded) -> Vec<u8> {
        let chunks = record.chunks.lines.iter().filter(|(hash, _)| !self.written.contains(hash));
        let mut lines: Vec<u8> = chunks.flat_map(|(_, line)| line).copied().collect();
        lines.extend_from_slice(&record.decision);
        lines
    }

    /// Notes that the record was written.
    pub fn wrote(&mut self, record: &Encoded) {
        self.written.extend(record.chunks.lines.iter().map(|(hash, _)| hash));
    }
}
