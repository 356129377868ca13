//! From a segment and a decision in it to what was recorded.

use std::cell::Cell;

use model::Timestamp;
use planner::{Pass, Seed};

use crate::chunks::list_hash;
use crate::decision::{DecisionTwin, EndingTwin, Get, PassTwin, ProvisionTwin};
use crate::error::{Place, Problem, RecordError};
use crate::fleet::{RecordedEnding, RecordedPass};
use crate::hash::Hash;
use crate::indices;
use crate::planning::RecordedPlanning;
use crate::segment::{Chunk, Entry, Segment};
use crate::wire::{In, Wire};

/// The most bytes of leaves that one record is put together from: a snapshot of a million pods and ten
/// thousand nodes has about 150 MB, and a leaf that is named often must not fill the memory.
const RECORD_BYTES_MAX: u64 = 1 << 30;

/// A decision that was read from a record, by kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Recorded {
    /// Which nodes to buy.
    Planning(Box<RecordedPlanning>),
    /// Which nodes go with nothing in their place.
    Ending(Box<RecordedEnding>),
    /// Which nodes go together, and what comes in their place.
    Pass(Box<RecordedPass>),
}

impl Recorded {
    /// When it was decided.
    pub const fn now(&self) -> Timestamp {
        match self {
            Self::Planning(planning) => planning.now,
            Self::Ending(ending) => ending.now,
            Self::Pass(pass) => pass.question.now,
        }
    }

    /// Where it stands.
    pub const fn place(&self) -> &Place {
        match self {
            Self::Planning(planning) => &planning.place,
            Self::Ending(ending) => &ending.place,
            Self::Pass(pass) => &pass.place,
        }
    }
}

impl Segment {
    /// Reads a decision of this segment with all that it names.
    pub fn decode(&self, entry: &Entry) -> Result<Recorded, RecordError> {
        let lists = Lists { segment: self, place: &entry.place, left: Cell::new(RECORD_BYTES_MAX) };
        let twin =
            DecisionTwin::read(&entry.json).map_err(|problem| lists.error("decision", problem))?;
        let recorded = match twin {
            DecisionTwin::Provision(twin) => {
                Recorded::Planning(Box::new(lists.provision(*twin, entry)?))
            }
            DecisionTwin::End(twin) => Recorded::Ending(Box::new(lists.ending(*twin, entry)?)),
            DecisionTwin::Move(twin) => Recorded::Pass(Box::new(lists.pass(*twin, entry)?)),
        };
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
    fn provision(
        &self,
        twin: ProvisionTwin,
        entry: &Entry,
    ) -> Result<RecordedPlanning, RecordError> {
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
        Ok(RecordedPlanning {
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

    fn ending(&self, twin: EndingTwin, entry: &Entry) -> Result<RecordedEnding, RecordError> {
        let EndingTwin { version, now, cluster, waiting, decision } = twin;
        Ok(RecordedEnding {
            place: entry.place.clone(),
            hash: entry.hash,
            version,
            now,
            cluster: cluster.cluster(self)?,
            waiting: waiting.waiting("waiting", self)?,
            decision: decision.decision(self)?,
        })
    }

    fn pass(&self, twin: PassTwin, entry: &Entry) -> Result<RecordedPass, RecordError> {
        let question = twin.question(self)?;
        let pass = Pass { found: twin.found.found(self)?, drift: twin.drift.drift(self)? };
        Ok(RecordedPass {
            place: entry.place.clone(),
            hash: entry.hash,
            version: twin.version,
            question,
            snapshot: twin.snapshot.snapshot(self)?,
            cluster: twin.cluster.cluster(self)?,
            pass,
            findings: self.get("findings", twin.findings)?,
            shown: twin.shown,
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
