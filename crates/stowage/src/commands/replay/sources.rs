//! From paths to segments: a folder has one in each of its files, files that are named are one.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::anyhow;
use record::ring::File;
use record::{Segment, unpack};

use crate::input;
use crate::outcome::Failure;

/// The most bytes that one segment may unpack to. A controller's ring of a GiB has segments of 128 MiB
/// that unpack to about ten times as much.
const SEGMENT_BYTES_MAX: u64 = 4 << 30;

/// A segment, and which of its records are replayed, by position.
pub(super) struct Part {
    pub(super) segment: Segment,
    pub(super) chosen: Vec<usize>,
}

/// Reads what `paths` name, in order of time; of a folder with more, no more than `last` asks for.
pub(super) fn read(paths: &[PathBuf], last: Option<usize>) -> Result<Vec<Part>, Failure> {
    let mut left = last.unwrap_or(usize::MAX);
    let mut parts = Vec::new();
    // From the newest, so that what is too old is not even read.
    for group in groups(paths)?.iter().rev() {
        if left == 0 {
            break;
        }
        let segment = segment(group)?;
        let count = segment.entries.len();
        let chosen: Vec<usize> = (count.saturating_sub(left)..count).collect();
        left -= chosen.len();
        parts.push(Part { segment, chosen });
    }
    parts.reverse();
    Ok(parts)
}

/// Files that are read as one segment each, oldest first.
fn groups(paths: &[PathBuf]) -> Result<Vec<Vec<PathBuf>>, Failure> {
    let mut groups = Vec::new();
    let mut named = Vec::new();
    for path in paths {
        if path.is_dir() {
            groups.extend(ring(path)?.into_iter().map(|file| vec![file]));
        } else {
            named.push(path.clone());
        }
    }
    if !named.is_empty() {
        groups.push(named);
    }
    Ok(groups)
}

/// The files of a ring, oldest first.
fn ring(folder: &Path) -> Result<Vec<PathBuf>, Failure> {
    let doing = || format!("cannot read the folder {}", folder.display());
    let refused = |error: std::io::Error| Failure::refused(anyhow!(error).context(doing()));
    let mut numbers = Vec::new();
    for entry in fs::read_dir(folder).map_err(refused)? {
        let name = entry.map_err(refused)?.file_name();
        numbers.extend(name.to_str().and_then(File::number_of));
    }
    numbers.sort_unstable();
    if numbers.is_empty() {
        return Err(Failure::refused(anyhow!(
            "{} holds no records; name a folder with files such as {}",
            folder.display(),
            File::name(1)
        )));
    }
    Ok(numbers.into_iter().map(|number| folder.join(File::name(number))).collect())
}

fn segment(files: &[PathBuf]) -> Result<Segment, Failure> {
    let mut segment = Segment::default();
    for source in input::read_all(files).map_err(Failure::into_refusal)? {
        let unpacked = unpack(source.bytes, SEGMENT_BYTES_MAX);
        segment.read_on(&source.name, &unpacked.lines);
        if let Some(problem) = unpacked.problem {
            segment.breaks_off(&source.name, &unpacked.lines, problem);
        }
    }
    Ok(segment)
}
