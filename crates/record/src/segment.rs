//! A segment: lines as they were written, with what is wrong with some of them.
//!
//! In: bytes from a file or a log. Out: the chunks and decisions that are whole. Nothing is trusted:
//! each line is held against its hash, and one that is not what it says is left out and told.

use std::collections::BTreeMap;

use crate::error::{Place, Problem, RecordError};
use crate::hash::Hash;
use crate::line::{self, Parsed};

/// The lines of one segment.
#[derive(Clone, Debug, Default)]
pub struct Segment {
    pub(crate) chunks: BTreeMap<Hash, Chunk>,
    /// Decisions in the order in which they were written.
    pub entries: Vec<Entry>,
    /// What could not be used.
    pub faults: Vec<RecordError>,
    /// Lines that are not of a recording, such as those of a log.
    pub foreign: usize,
}

/// A decision that was not read yet.
#[derive(Clone, Debug)]
pub struct Entry {
    /// Where it stands.
    pub place: Place,
    /// What it is known by.
    pub hash: Hash,
    pub(crate) json: Box<[u8]>,
}

/// A chunk whose hash was held against it.
#[derive(Clone, Debug)]
pub(crate) enum Chunk {
    /// A leaf's JSON.
    Items(Box<[u8]>),
    /// A list's leaves.
    Parts(Vec<Hash>),
}

impl Segment {
    /// Reads the lines of `source`. Those before a damaged one are read, and those after it.
    pub fn read(source: &str, lines: &[u8]) -> Self {
        let mut segment = Self::default();
        segment.read_on(source, lines);
        segment
    }

    /// Reads on in `source`, which may name chunks of what was read before: a log in several files.
    pub fn read_on(&mut self, source: &str, lines: &[u8]) {
        let mut rest = lines;
        let mut number = 0;
        while !rest.is_empty() {
            number += 1;
            let end = rest.iter().position(|byte| *byte == b'\n');
            let line = &rest[..end.unwrap_or(rest.len())];
            rest = end.map_or(&[][..], |end| &rest[end + 1..]);
            let place = Place { source: source.to_owned(), line: number };
            match line::parse(line, end.is_some()) {
                Ok(parsed) => self.take(place, parsed),
                Err(problem) => self.fault(place, problem),
            }
        }
    }

    /// Notes that the bytes of `source` end before their end, after `lines` of it were read.
    pub fn breaks_off(&mut self, source: &str, lines: &[u8], problem: Problem) {
        // A torn line is what it looks like from inside.
        self.faults.pop_if(|last| last.place.source == source && last.problem == Problem::Torn);
        let line = lines.split(|byte| *byte == b'\n').count();
        self.fault(Place { source: source.to_owned(), line }, problem);
    }

    fn take(&mut self, place: Place, parsed: Parsed<'_>) {
        match parsed {
            Parsed::Items(hash, items) => {
                self.chunks.insert(hash, Chunk::Items(items.into()));
            }
            Parsed::Parts(hash, parts) => {
                self.chunks.insert(hash, Chunk::Parts(parts));
            }
            Parsed::Decision(hash, json) => {
                self.entries.push(Entry { place, hash, json: json.into() });
            }
            Parsed::Foreign => self.foreign += 1,
        }
    }

    fn fault(&mut self, place: Place, problem: Problem) {
        self.faults.push(RecordError { place, field: String::new(), problem });
    }
}
