//! Feature gates: `Name=bool,...`.

use std::collections::BTreeMap;

use super::value::truth;

/// Gates by name. Unknown ones are kept, so that they can be told.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Gates(BTreeMap<String, bool>);

impl Gates {
    /// Reads a list; names may be repeated, the last one counts.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let entries = text.split(',').map(str::trim).filter(|entry| !entry.is_empty());
        let gates = entries.map(|entry| {
            let (name, value) = entry
                .split_once('=')
                .ok_or_else(|| format!("{entry:?} says neither true nor false; write Name=true"))?;
            Ok((name.trim().to_owned(), truth(value.trim())?))
        });
        gates.collect::<Result<_, String>>().map(Self)
    }

    /// Whether the gate of that name is on.
    pub(super) fn is_on(&self, name: &str) -> bool {
        self.0.get(name).copied().unwrap_or(false)
    }

    /// Gates that are on and have no effect: all but `known`.
    pub(super) fn without_effect(&self, flag: &str, known: &[&str]) -> Vec<String> {
        let on = self.0.iter().filter(|(name, on)| **on && !known.contains(&name.as_str()));
        on.map(|(name, _)| format!("{flag}={name}=true")).collect()
    }
}
