//! A planning becomes chunks and one line.

use crate::chunks::{Chunks, json};
use crate::decision::{DecisionTwin, ProvisionTwin, Put};
use crate::hash::Hash;
use crate::line;
use crate::planning::Planning;
use crate::wire::Wire;

/// A record ready to be written.
pub struct Encoded {
    pub(crate) chunks: Chunks,
    pub(crate) decision: Vec<u8>,
    hash: Hash,
}

impl Encoded {
    /// What the record is known by: equal for equal decisions from equal snapshots.
    pub const fn hash(&self) -> Hash {
        self.hash
    }

    /// Bytes of all its lines.
    pub fn bytes(&self) -> usize {
        let chunks = self.chunks.lines.iter().map(|(_, line)| line.len());
        chunks.sum::<usize>() + self.decision.len()
    }
}

/// Encodes a planning; the same gives the same bytes.
pub fn encode(planning: &Planning<'_>) -> Encoded {
    let mut chunks = Chunks::default();
    let provision = ProvisionTwin::new(planning, &mut chunks);
    let decision = json(&DecisionTwin::Provision(Box::new(provision)));
    let hash = Hash::of(&decision);
    Encoded { chunks, decision: line::decision(hash, &decision), hash }
}

impl Put for Chunks {
    fn put<T: Wire>(&mut self, items: &[T]) -> Hash {
        self.list(items)
    }
}
