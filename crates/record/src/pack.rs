//! Presses lines and unpacks them: gzip, a member of its own for each write.
//!
//! A file of such members is one gzip file, so that `zcat` reads it, and one that breaks off loses its
//! last member at most.

use std::io::{Read as _, Write as _};

use flate2::Compression;
use flate2::read::MultiGzDecoder;
use flate2::write::GzEncoder;

use crate::error::Problem;

/// Presses some lines.
pub fn pack(lines: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    let whole = encoder.write_all(lines).and_then(|()| encoder.finish());
    whole.expect("writing to memory cannot fail")
}

/// What was unpacked, and what stopped it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unpacked {
    /// The lines, as far as they could be unpacked.
    pub lines: Vec<u8>,
    /// Why they end before the end.
    pub problem: Option<Problem>,
}

/// Unpacks `bytes` where they are gzip, up to `most` bytes; lines are given back as they are.
pub fn unpack(bytes: Vec<u8>, most: u64) -> Unpacked {
    let size = |length| u64::try_from(length).unwrap_or(u64::MAX);
    if !bytes.starts_with(&[0x1f, 0x8b]) {
        let problem = (size(bytes.len()) > most).then_some(Problem::Unpacked { most });
        return Unpacked { lines: bytes, problem };
    }
    let mut lines = Vec::new();
    let mut decoder = MultiGzDecoder::new(bytes.as_slice()).take(most.saturating_add(1));
    let problem = match decoder.read_to_end(&mut lines) {
        Ok(length) => (size(length) > most).then_some(Problem::Unpacked { most }),
        Err(error) => Some(Problem::Pressed(error.to_string())),
    };
    Unpacked { lines, problem }
}
