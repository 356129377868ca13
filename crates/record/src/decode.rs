//! From a segment and a decision in it to what was recorded.

use std::cell::Cell;

use planner::Seed;

use crate::chunks::list_hash;
use crate::decision::{DecisionTwin, Get, ProvisionTwin};
use crate::error::{Place, Problem, RecordError};
use crate::hash::Hash;
use crate::indices;
use crate::planning::Recorded;
use crate::segment::{Chunk, Entry, Segment};
use crate::wire::{In, Wire};

/// The most bytes of leaves that one record is put together from: a snapshot of a million pods and ten
/// thousand nodes has about 150 MB, and a leaf that is named often must not fill the memory.
const RECORD_BYTES_MAX: u64 = 1 << 30;

impl Segment {
    /// Reads a decision of this segment with all that it names.
    pub fn decode(&self, entry: &Entry) -> Result<Recorded, RecordError> {
        let lists = Lists { segment: self, place: &entry.place, left: Cell::new(RECORD_BYTES_MAX) };
        let DecisionTwin::Provision(provision) =
            DecisionTwin::read(&entry.json).map_err(|problem| lists.error("decision", problem))?;
        let recorded = lists.provision(*provision, entry)?;
        indices::check(&recorded).map_err(|(field, problem)| lists.error(&field, problem))?;
        Ok(recorded)
    }
}

struct Lists<'a> {
    segment: &'a Segment,
    place: &'a Place,
    /// Bytes that may still be put together.
    left: Cell<u64>,
}

impl Lists<'_> {
    fn provision(&self, twin: ProvisionTwin, entry: &Entry) -> Result<Recorded, RecordError> {
        let ProvisionTwin {
            version,
            why,
            now,
            seed,
            settings,
            cut,
            snapshot,
            plan,
            report,
            findings,
            shown,
        } = twin;
        let seed = Seed(seed);
        Ok(Recorded {
            place: entry.place.clone(),
            hash: entry.hash,
            version,
            why,
            now,
            seed,
            settings: settings.settings(),
            cut,
            snapshot: snapshot.snapshot(self)?,
            plan: plan.plan(self)?,
            report: report.report(now, seed, self)?,
            findings: self.get("findings", findings)?,
            shown,
        })
    }

    fn error(&self, field: &str, problem: Problem) -> RecordError {
        RecordError { place: self.place.clone(), field: field.to_owned(), problem }
    }

    fn list<T: Wire>(&self, hash: Hash) -> Result<Vec<T>, Problem> {
        let chunk = |hash| self.segment.chunks.get(&hash).ok_or(Problem::Missing(hash));
        let Chunk::Parts(parts) = chunk(hash)? else { return Err(Problem::ChunkKind(hash)) };
        let mut items = Vec::new();
        for part in parts {
            let Chunk::Items(leaf) = chunk(*part)? else { return Err(Problem::ChunkKind(*part)) };
            let bytes = u64::try_from(leaf.len()).unwrap_or(u64::MAX);
            let too_large = Problem::TooLarge { most: RECORD_BYTES_MAX };
            self.left.set(self.left.get().checked_sub(bytes).ok_or(too_large)?);
            let read: Vec<In<T>> =
                serde_json::from_slice(leaf).map_err(|error| Problem::Json(error.to_string()))?;
            items.extend(read.into_iter().map(|item| item.0));
        }
        // What was read must be what would be written: no second form of a value passes for it.
        if list_hash(&items) == hash { Ok(items) } else { Err(Problem::Form) }
    }
}

impl Get for Lists<'_> {
    fn get<T: Wire>(&self, field: &'static str, hash: Hash) -> Result<Vec<T>, RecordError> {
        self.list(hash).map_err(|problem| self.error(field, problem))
    }
}
