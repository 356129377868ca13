//! The lines of a stream of records.
//!
//! One JSON object a line, each with the version of the format at its head, so that records may stand
//! among other lines:
//!
//! ```text
//! {"stowageRecord":3,"chunk":"<hash of items>","items":[...]}
//! {"stowageRecord":3,"chunk":"<hash of parts>","parts":["<hash>",...]}
//! {"stowageRecord":3,"hash":"<hash of decision>","decision":{...}}
//! ```

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::error::Problem;
use crate::hash::Hash;

/// The version of the format that is written. Another is refused: what a field means may differ.
pub const FORMAT: u32 = 3;

/// The longest line that is read. A leaf has at most a quarter of a MiB, and a list of a million nodes
/// some 5 MiB of hashes.
pub(crate) const LINE_BYTES_MAX: usize = 32 << 20;

const MARK: &[u8] = br#"{"stowageRecord":"#;

/// A leaf.
pub(crate) fn items(hash: Hash, items: &[u8]) -> Vec<u8> {
    line("chunk", hash, "items", items)
}

/// A list of leaves.
pub(crate) fn parts(hash: Hash, parts: &[u8]) -> Vec<u8> {
    line("chunk", hash, "parts", parts)
}

/// A decision.
pub(crate) fn decision(hash: Hash, decision: &[u8]) -> Vec<u8> {
    line("hash", hash, "decision", decision)
}

fn line(key: &str, hash: Hash, name: &str, content: &[u8]) -> Vec<u8> {
    let mut line = format!(r#"{{"stowageRecord":{FORMAT},"{key}":"{hash}","{name}":"#).into_bytes();
    line.extend_from_slice(content);
    line.extend_from_slice(b"}\n");
    line
}

/// What a line holds, each as it was written.
pub(crate) enum Parsed<'a> {
    /// A leaf.
    Items(Hash, &'a [u8]),
    /// A list of leaves.
    Parts(Hash, Vec<Hash>),
    /// A decision.
    Decision(Hash, &'a [u8]),
    /// Nothing of ours.
    Foreign,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Line<'a> {
    #[serde(rename = "stowageRecord")]
    _format: u32,
    chunk: Option<Hash>,
    hash: Option<Hash>,
    #[serde(borrow)]
    items: Option<&'a RawValue>,
    #[serde(borrow)]
    parts: Option<&'a RawValue>,
    #[serde(borrow)]
    decision: Option<&'a RawValue>,
}

/// Takes a line apart and holds its content against its hash. `ended`: whether a line break follows;
/// only the last line of a stream may lack it.
pub(crate) fn parse(line: &[u8], ended: bool) -> Result<Parsed<'_>, Problem> {
    if !line.starts_with(MARK) {
        let torn = !ended && !line.is_empty() && MARK.starts_with(line);
        return if torn { Err(Problem::Torn) } else { Ok(Parsed::Foreign) };
    }
    if line.len() > LINE_BYTES_MAX {
        return Err(Problem::TooLong { bytes: line.len(), most: LINE_BYTES_MAX });
    }
    let digits = line[MARK.len()..].iter().take_while(|byte| byte.is_ascii_digit()).count();
    let digits = &line[MARK.len()..MARK.len() + digits];
    if ended && digits != FORMAT.to_string().as_bytes() {
        return Err(Problem::Format(String::from_utf8_lossy(digits).into_owned()));
    }
    let refused = |error: serde_json::Error| {
        if ended { Problem::Json(error.to_string()) } else { Problem::Torn }
    };
    let parsed: Line<'_> = serde_json::from_slice(line).map_err(refused)?;
    let Line { _format, chunk, hash, items, parts, decision } = parsed;
    match (chunk, hash, items, parts, decision) {
        (Some(hash), None, Some(items), None, None) => Ok(Parsed::Items(hash, held(hash, items)?)),
        (Some(hash), None, None, Some(parts), None) => {
            let parts = held(hash, parts)?;
            let json = |error: serde_json::Error| Problem::Json(error.to_string());
            Ok(Parsed::Parts(hash, serde_json::from_slice(parts).map_err(json)?))
        }
        (None, Some(hash), None, None, Some(decision)) => {
            Ok(Parsed::Decision(hash, held(hash, decision)?))
        }
        _ => Err(Problem::Kind),
    }
}

fn held(hash: Hash, content: &RawValue) -> Result<&[u8], Problem> {
    let content = content.get().as_bytes();
    if Hash::of(content) == hash { Ok(content) } else { Err(Problem::Hash) }
}
