//! From YAML to JSON text, document by document.
//!
//! Input: a YAML stream. Output: each document's text, and for each the JSON of the same content. A
//! document that is broken, too deep, or blown up by aliases is an error of its own.

use std::fmt::{self, Write as _};

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};

/// A document of a stream.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Document<'a> {
    /// Its text, with the line of its `---`, which may hold its beginning.
    pub(super) text: &'a str,
    /// How many lines there are before it.
    pub(super) line: usize,
}

/// Why a document cannot be read.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Fault {
    /// The line in the document, from 1.
    pub(super) line: usize,
    /// What is the matter.
    pub(super) message: String,
}

/// Splits a stream at its markers: lines that begin with `---` or `...` are nothing else in YAML,
/// wherever they stand. Documents without content are left out.
pub(super) fn documents(text: &str) -> impl Iterator<Item = Document<'_>> {
    let mut at = 0;
    let mut line = 0;
    std::iter::from_fn(move || {
        while at < text.len() {
            let document = Document { text: &text[at..end_of_document(text, at)], line };
            at += document.text.len();
            line += document.text.matches('\n').count();
            if has_content(document.text) {
                return Some(document);
            }
        }
        None
    })
}

/// The JSON of a document's content.
pub(super) fn to_json(document: &str) -> Result<String, Fault> {
    let mut json = Json {
        text: String::with_capacity(document.len()),
        // An object's JSON is about as long as its YAML; quotes and braces at most triple it.
        length_max: document.len().saturating_mul(GROWTH_MAX) + 1024,
    };
    serde_saphyr::with_deserializer_from_str_with_options(document, options(document), |yaml| {
        json.deserialize(yaml)
    })
    .map_err(|error| {
        let line = error.location().map_or(1, |location| location.line());
        Fault {
            line: usize::try_from(line).unwrap_or(1).max(1),
            message: first_line(&error.without_snippet().to_string()),
        }
    })?;
    Ok(json.text)
}

/// How many times longer than its YAML a document may become through aliases.
const GROWTH_MAX: usize = 16;

/// Levels of nesting; `serde_json` refuses more as well.
const DEPTH_MAX: usize = 120;

fn options(document: &str) -> serde_saphyr::Options {
    // What is counted per event or byte of the text is bounded by the text; a list of 50,000 pods
    // is one document. Aliases keep the crate's own limits.
    let length = document.len().saturating_add(1024);
    serde_saphyr::options! {
        with_snippet: false,
        budget: serde_saphyr::budget! {
            max_events: length.saturating_mul(2),
            max_nodes: length,
            max_total_scalar_bytes: length.saturating_mul(2),
            max_depth: DEPTH_MAX,
        },
    }
}

fn end_of_document(text: &str, start: usize) -> usize {
    let mut at = start;
    for line in text[start..].split_inclusive('\n') {
        if at > start && is_marker(line) {
            return at;
        }
        at += line.len();
    }
    text.len()
}

fn is_marker(line: &str) -> bool {
    line.strip_prefix("---")
        .or_else(|| line.strip_prefix("..."))
        .is_some_and(|rest| rest.is_empty() || rest.starts_with([' ', '\t', '\r', '\n']))
}

/// Whether there is anything but markers, directives, comments and blanks.
fn has_content(text: &str) -> bool {
    text.lines().any(|line| {
        let line = if is_marker(line) { &line[3..] } else { line };
        let line = line.trim_start();
        !(line.is_empty() || line.starts_with(['#', '%']))
    })
}

fn first_line(message: &str) -> String {
    message.lines().next().unwrap_or_default().to_owned()
}

/// JSON text that grows with what is visited.
struct Json {
    text: String,
    length_max: usize,
}

impl Json {
    fn push<E: Error>(&mut self, part: &str) -> Result<(), E> {
        if self.text.len() + part.len() > self.length_max {
            return Err(E::custom("aliases blow the document up beyond all measure"));
        }
        self.text.push_str(part);
        Ok(())
    }

    fn push_text<E: Error>(&mut self, text: &str) -> Result<(), E> {
        let quoted = serde_json::to_string(text).map_err(E::custom)?;
        self.push(&quoted)
    }
}

impl<'de> DeserializeSeed<'de> for &mut Json {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for &mut Json {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("anything that JSON can say")
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<(), E> {
        self.push(if value { "true" } else { "false" })
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<(), E> {
        self.push(&number.to_string())
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<(), E> {
        self.push(&number.to_string())
    }

    fn visit_i128<E: Error>(self, number: i128) -> Result<(), E> {
        self.push(&number.to_string())
    }

    fn visit_u128<E: Error>(self, number: u128) -> Result<(), E> {
        self.push(&number.to_string())
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<(), E> {
        if number.is_finite() {
            return self.push(&number.to_string());
        }
        self.push_text(&number.to_string())
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<(), E> {
        self.push_text(text)
    }

    fn visit_bytes<E: Error>(self, _: &[u8]) -> Result<(), E> {
        // Only `!!binary` gives bytes; nothing that is read has any.
        self.push("null")
    }

    fn visit_unit<E: Error>(self) -> Result<(), E> {
        self.push("null")
    }

    fn visit_none<E: Error>(self) -> Result<(), E> {
        self.push("null")
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }

    fn visit_newtype_struct<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<(), A::Error> {
        self.push("[")?;
        let mut separator = "";
        loop {
            let length = self.text.len();
            self.push(separator)?;
            if sequence.next_element_seed(&mut *self)?.is_none() {
                self.text.truncate(length);
                return self.push("]");
            }
            separator = ",";
        }
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        self.push("{")?;
        let mut separator = "";
        while let Some(Key(key)) = map.next_key()? {
            self.push(separator)?;
            self.push_text(&key)?;
            self.push(":")?;
            map.next_value_seed(&mut *self)?;
            separator = ",";
        }
        self.push("}")
    }
}

/// A key as text, whatever scalar it is.
struct Key(String);

impl<'de> serde::Deserialize<'de> for Key {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(KeyVisitor)
    }
}

struct KeyVisitor;

impl Visitor<'_> for KeyVisitor {
    type Value = Key;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Key, E> {
        Ok(Key(value.to_string()))
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Key, E> {
        Ok(Key(number.to_string()))
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Key, E> {
        Ok(Key(number.to_string()))
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<Key, E> {
        let mut text = String::new();
        write!(text, "{number}").map_err(E::custom)?;
        Ok(Key(text))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Key, E> {
        Ok(Key(text.to_owned()))
    }
}
