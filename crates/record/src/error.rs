//! What is wrong with a record: which, where in it, and what to do.

use std::fmt;

use crate::hash::Hash;

/// Where a line stands.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// The segment's file, or what else it came from.
    pub source: String,
    /// The line in it, from 1.
    pub line: usize,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.source, self.line)
    }
}

/// A record, or a part of one, that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{place}: {field}{separator}{problem}", separator = if field.is_empty() { "" } else { ": " })]
pub struct RecordError {
    /// The line.
    pub place: Place,
    /// The field as a path such as `snapshot.nodes`; empty where the whole line is meant.
    pub field: String,
    /// What is the matter.
    pub problem: Problem,
}

impl Problem {
    /// Whether it is what a writer that was stopped leaves behind, and nobody's fault.
    pub const fn is_torn(&self) -> bool {
        matches!(self, Self::Torn | Self::Pressed(_))
    }
}

/// What is the matter with a record, and what to do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// The last line ends before its end.
    #[error("the last line is torn, as when its writer was stopped; all before it can be used")]
    Torn,
    /// The end of a pressed file is missing or damaged.
    #[error("the file breaks off or is damaged here ({0}); all before it can be used")]
    Pressed(String),
    /// There is more than is read.
    #[error(
        "more than {most} bytes are unpacked from it; give the files of a recording one by one"
    )]
    Unpacked {
        /// The most bytes that are read.
        most: u64,
    },
    /// A line that is too long.
    #[error("the line has {bytes} bytes, and {most} are read; it was not written by Stowage")]
    TooLong {
        /// How long it is.
        bytes: usize,
        /// The most that is read.
        most: usize,
    },
    /// Another format.
    #[error(
        "format {0:?} is not read by this version, which reads {format}; use the version that wrote it",
        format = crate::FORMAT
    )]
    Format(String),
    /// Not JSON, or not ours.
    #[error("it cannot be read ({0}); take the file from its source again")]
    Json(String),
    /// A line of no known kind.
    #[error("it is neither a chunk nor a decision; use the version that wrote it")]
    Kind,
    /// The content is not what the hash says.
    #[error("its content is not what its hash says; take the file from its source again")]
    Hash,
    /// A chunk that is not there.
    #[error("chunk {0} is not there; give the whole segment, from its first line")]
    Missing(Hash),
    /// A list of lists, or a leaf in a list's place.
    #[error("chunk {0} is not of the kind that is needed here; use the version that wrote it")]
    ChunkKind(Hash),
    /// Values that Stowage would have written otherwise.
    #[error("it is not in the form that Stowage writes; use the version that wrote it")]
    Form,
    /// An index beyond its list.
    #[error("index {index} points into a list of {length}; use the version that wrote it")]
    Index {
        /// The index.
        index: usize,
        /// How long the list is.
        length: usize,
    },
    /// What has one place has two.
    #[error("{0} is there twice; use the version that wrote it")]
    Twice(String),
    /// More than a record may hold.
    #[error("more than {most} bytes come together; it was not written by Stowage")]
    TooLarge {
        /// The most that is put together.
        most: u64,
    },
}
