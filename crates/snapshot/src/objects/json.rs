//! From JSON text to the text of single objects, each looked at no more often than needed.
//!
//! Input: one or more JSON values, one after another, on lines of their own or divided by `---`.
//! Output: for each value whether it is an object or a list, with the text of its items.

use std::borrow::Cow;
use std::fmt;

use serde::de::{
    Deserialize, DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor,
};
use serde_json::value::RawValue;

/// One of the values of a text.
#[derive(Debug)]
pub(super) enum Piece<'a> {
    /// A whole value and what it says of itself.
    Document {
        /// The value.
        text: &'a str,
        /// Its head, or why it is no object.
        head: Result<Head<'a>, String>,
    },
    /// What cannot be parsed, up to where parsing goes on.
    Broken {
        /// Where in the text, from 1.
        line: usize,
        /// What is the matter.
        message: String,
    },
}

/// What a value says of itself.
#[derive(Debug, Default)]
pub(super) struct Head<'a> {
    api_version: Option<String>,
    kind: Option<String>,
    items: Option<Vec<&'a RawValue>>,
    is_null: bool,
}

/// What a list says of items that do not say it themselves, as those of a `PodList` do not.
#[derive(Clone, Debug, Default)]
pub(super) struct Context {
    api_version: Option<String>,
    kind: Option<String>,
}

/// What a value is.
#[derive(Debug)]
pub(super) enum Value<'a> {
    /// `null`, an empty document.
    Nothing,
    /// One object.
    Object {
        /// Such as `apps/v1`.
        api_version: String,
        /// Such as `Deployment`.
        kind: String,
    },
    /// A list of objects.
    List {
        /// Their texts.
        items: Vec<&'a RawValue>,
        /// What they are, where they do not say it.
        context: Context,
    },
}

/// Whether a text is JSON rather than YAML in braces, whose keys have no quotes.
pub(super) fn is_json(text: &str) -> bool {
    let text = text.trim_start();
    let inner = text.trim_start_matches(|c: char| c.is_whitespace() || matches!(c, '{' | '['));
    inner.len() < text.len() && inner.starts_with(['"', '}', ']'])
}

/// Splits a text into its values. After a broken one it goes on at the next line that begins with
/// a brace or is a `---`.
pub(super) fn pieces(text: &str) -> impl Iterator<Item = Piece<'_>> {
    let mut at = 0;
    std::iter::from_fn(move || {
        at = skip_separators(text, at);
        let rest = text.get(at..).filter(|rest| !rest.is_empty())?;
        let (piece, length) = first_piece(rest);
        let line = text[..at].matches('\n').count();
        at += length;
        Some(match piece {
            Ok(piece) => piece,
            Err(error) => {
                Piece::Broken { line: line + error.line().max(1), message: plain(&error) }
            }
        })
    })
}

/// The head of an item of a list, which is known to be well formed. It is read no further than
/// needed.
pub(super) fn head_of_item(text: &str) -> Result<Head<'_>, String> {
    let mut head = Head::default();
    let seed = HeadSeed { head: &mut head, stops_early: true };
    let outcome = seed.deserialize(&mut serde_json::Deserializer::from_str(text));
    match outcome {
        Err(error) if !head.is_complete() => Err(plain(&error)),
        Ok(()) | Err(_) => Ok(head),
    }
}

impl<'a> Head<'a> {
    /// Tells objects from lists.
    pub(super) fn classify(self, context: &Context) -> Result<Value<'a>, String> {
        if self.is_null {
            return Ok(Value::Nothing);
        }
        let is_list = self.kind.as_deref().is_none_or(|kind| kind.ends_with("List"));
        if let (true, Some(items)) = (is_list, self.items) {
            let kind = self.kind.as_deref().and_then(|kind| kind.strip_suffix("List"));
            let context = match kind.filter(|kind| !kind.is_empty()) {
                Some(kind) => {
                    Context { api_version: self.api_version, kind: Some(kind.to_owned()) }
                }
                None => context.clone(),
            };
            return Ok(Value::List { items, context });
        }
        let api_version = self.api_version.or_else(|| context.api_version.clone());
        let kind = self.kind.or_else(|| context.kind.clone());
        match (api_version, kind) {
            (Some(api_version), Some(kind)) => Ok(Value::Object { api_version, kind }),
            (None, _) => Err("apiVersion is missing".to_owned()),
            (_, None) => Err("kind is missing".to_owned()),
        }
    }

    /// Whether what follows can be left unread; only a list needs a look past `kind`.
    fn is_complete(&self) -> bool {
        let is_list = self.kind.as_deref().is_some_and(|kind| kind.ends_with("List"));
        self.api_version.is_some() && self.kind.is_some() && (!is_list || self.items.is_some())
    }
}

/// An error's message without its position, which is that in a part of the text.
pub(crate) fn plain(error: &serde_json::Error) -> String {
    let message = error.to_string();
    let position = format!(" at line {} column {}", error.line(), error.column());
    message.strip_suffix(&position).unwrap_or(&message).to_owned()
}

/// The value that `text` begins with, and how many bytes to go on after.
fn first_piece(text: &str) -> (Result<Piece<'_>, serde_json::Error>, usize) {
    let broken = |error| (Err(error), next_start(text));
    let mut values = serde_json::Deserializer::from_str(text).into_iter::<Head<'_>>();
    let head = match values.next() {
        Some(Ok(head)) => {
            let length = values.byte_offset();
            let piece = Piece::Document { text: &text[..length], head: Ok(head) };
            return (Ok(piece), length);
        }
        Some(Err(error)) if error.is_data() => Err(plain(&error)),
        Some(Err(error)) => return broken(error),
        None => Err("nothing follows".to_owned()),
    };
    // Well formed as far as it was read, but of the wrong shape: only this value is lost.
    let mut values = serde_json::Deserializer::from_str(text).into_iter::<&RawValue>();
    if let Some(Err(error)) = values.next() {
        return broken(error);
    }
    let length = values.byte_offset().max(1);
    let text = &text[..length];
    (Ok(Piece::Document { text, head }), length)
}

struct HeadSeed<'h, 'a> {
    head: &'h mut Head<'a>,
    /// Whether an error is made of having seen enough, the one way to stop a deserializer.
    stops_early: bool,
}

impl<'a> Deserialize<'a> for Head<'a> {
    fn deserialize<D: Deserializer<'a>>(deserializer: D) -> Result<Self, D::Error> {
        let mut head = Self::default();
        let seed = HeadSeed { head: &mut head, stops_early: false };
        seed.deserialize(deserializer)?;
        Ok(head)
    }
}

impl<'a> DeserializeSeed<'a> for HeadSeed<'_, 'a> {
    type Value = ();

    fn deserialize<D: Deserializer<'a>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'a> Visitor<'a> for HeadSeed<'_, 'a> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a Kubernetes object or a list of them")
    }

    fn visit_unit<E: Error>(self) -> Result<(), E> {
        self.head.is_null = true;
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'a>>(self, mut sequence: A) -> Result<(), A::Error> {
        let mut items = Vec::new();
        while let Some(item) = sequence.next_element()? {
            items.push(item);
        }
        self.head.items = Some(items);
        Ok(())
    }

    fn visit_map<A: MapAccess<'a>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(key) = map.next_key::<Cow<'a, str>>()? {
            match key.as_ref() {
                "apiVersion" => self.head.api_version = map.next_value()?,
                "kind" => self.head.kind = map.next_value()?,
                "items" => {
                    let items: Option<_> = map.next_value()?;
                    self.head.items = Some(items.unwrap_or_default());
                }
                _ => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
            if self.stops_early && self.head.is_complete() {
                return Err(A::Error::custom("seen enough"));
            }
        }
        Ok(())
    }
}

fn skip_separators(text: &str, mut at: usize) -> usize {
    loop {
        let rest = &text[at..];
        at += rest.len() - rest.trim_start().len();
        if !text[at..].starts_with("---") {
            return at;
        }
        at = text[at..].find('\n').map_or(text.len(), |end| at + end);
    }
}

/// The start of the next line that begins a value or divides values.
fn next_start(text: &str) -> usize {
    ["\n{", "\n[", "\n---"]
        .into_iter()
        .filter_map(|start| text.find(start))
        .min()
        .map_or(text.len(), |found| found + 1)
}
