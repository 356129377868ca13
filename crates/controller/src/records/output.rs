//! Where records go: a ring of files, or standard output.

use std::io;
use std::path::PathBuf;

use record::ring::Ring;
use record::{Encoded, Stream};

use super::folder::Folder;
use super::{RecordTo, Recording};

/// Why a record was not written.
#[derive(Debug, thiserror::Error)]
pub(crate) enum WriteError {
    /// A file or folder.
    #[error("cannot {doing} {}; see that the volume is there, writable and not full", path.display())]
    File {
        /// What was being done, such as `write to`.
        doing: &'static str,
        /// What it was done to.
        path: PathBuf,
        /// What the system says.
        #[source]
        source: io::Error,
    },
    /// One record alone is more than all may have.
    #[error("one record has {bytes} bytes, pressed; give more with --record-max-mb")]
    TooLarge {
        /// How large it is.
        bytes: u64,
    },
    /// Standard output.
    #[error("cannot write to standard output")]
    Stdout(#[source] io::Error),
}

/// An open recording.
pub(crate) enum Output {
    /// Files in a folder.
    Folder(Folder),
    /// Lines between those of the log.
    Stdout(Lines),
}

impl Output {
    /// Opens nothing yet: what cannot be opened now may be opened later.
    pub(crate) fn new(recording: &Recording) -> Self {
        let ring = Ring { bytes_max: recording.bytes_max };
        match &recording.to {
            RecordTo::Stdout => Self::Stdout(Lines { ring, stream: Stream::new(), bytes: 0 }),
            RecordTo::Folder(path) => Self::Folder(Folder::new(path.clone(), ring)),
        }
    }

    /// Writes a record.
    pub(crate) fn write(&mut self, record: &Encoded) -> Result<(), WriteError> {
        match self {
            Self::Folder(folder) => folder.write(record),
            Self::Stdout(lines) => lines.write(record, &mut io::stdout()),
        }
    }
}

/// Lines on standard output.
pub(crate) struct Lines {
    ring: Ring,
    stream: Stream,
    /// Written since a record came with all that it needs.
    bytes: u64,
}

impl Lines {
    fn write(&mut self, record: &Encoded, out: &mut impl io::Write) -> Result<(), WriteError> {
        let mut lines = self.stream.lacks(record);
        if self.ring.is_full(self.bytes, size(lines.len())) {
            (self.stream, self.bytes) = (Stream::new(), 0);
            lines = self.stream.lacks(record);
        }
        // Standard output is locked for each whole write, so no line of the log gets in between.
        out.write_all(&lines).and_then(|()| out.flush()).map_err(WriteError::Stdout)?;
        self.bytes += size(lines.len());
        self.stream.wrote(record);
        Ok(())
    }
}

/// A length as bytes of a file.
pub(crate) fn size(length: usize) -> u64 {
    u64::try_from(length).unwrap_or(u64::MAX)
}
