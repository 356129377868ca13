//! A decision becomes chunks and one line.

use crate::chunks::{Chunks, json};
use crate::decision::{DecisionTwin, EndingTwin, PassTwin, ProvisionTwin, Put};
use crate::fleet::{Ending, Passing};
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

    fn new(twin: impl FnOnce(&mut Chunks) -> DecisionTwin) -> Self {
        let mut chunks = Chunks::default();
        let decision = json(&twin(&mut chunks));
        let hash = Hash::of(&decision);
        Self { chunks, decision: line::decision(hash, &decision), hash }
    }
}

/// Encodes a planning; the same gives the same bytes.
pub fn encode(planning: &Planning<'_>) -> Encoded {
    let twin = |lists: &mut Chunks| Box::new(ProvisionTwin::new(planning, lists));
    Encoded::new(|lists| DecisionTwin::Provision(twin(lists)))
}

/// Encodes what goes with nothing in its place; the same gives the same bytes.
pub fn encode_ending(ending: &Ending<'_>) -> Encoded {
    let twin = |lists: &mut Chunks| Box::new(EndingTwin::new(ending, lists));
    Encoded::new(|lists| DecisionTwin::End(twin(lists)))
}

/// Encodes a pass with its moves; the same gives the same bytes.
pub fn encode_pass(passing: &Passing<'_>) -> Encoded {
    let twin = |lists: &mut Chunks| Box::new(PassTwin::new(passing, lists));
    Encoded::new(|lists| DecisionTwin::Move(twin(lists)))
}

impl Put for Chunks {
    fn put<T: Wire>(&mut self, items: &[T]) -> Hash {
        self.list(items)
    }
}
