//! Twins of the values of `model` as JSON: what is written, field by field.
//!
//! In: a value, or JSON. Out: the same as JSON, or a value. `model` knows no wire format, so each of
//! its structs has a definition here that serde holds against the original: a field that is added
//! there and not here does not compile. Fields at their default are not written.

mod fleet;
mod kept;
mod market;
mod moves;
mod nodes;
mod numbers;
mod plan;
mod pods;
mod requirement;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::de::{MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// What can be written into a record and read back.
pub(crate) trait Wire: Sized {
    /// Writes the value.
    fn write<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error>;
    /// Reads one.
    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error>;
}

/// For `#[serde(with = "crate::wire")]`.
pub(crate) fn serialize<T: Wire, S: Serializer>(value: &T, to: S) -> Result<S::Ok, S::Error> {
    value.write(to)
}

/// For `#[serde(with = "crate::wire")]`.
pub(crate) fn deserialize<'de, T: Wire, D: Deserializer<'de>>(from: D) -> Result<T, D::Error> {
    T::read(from)
}

/// Whether a number is its default, and is not written.
#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
pub(crate) const fn is_nothing(number: &i64) -> bool {
    *number == 0
}

/// Whether a value is its default, and is not written.
pub(crate) fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

/// A value on its way out.
pub(crate) struct Out<'a, T>(pub(crate) &'a T);

impl<T: Wire> Serialize for Out<'_, T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.write(serializer)
    }
}

/// A value on its way in.
pub(crate) struct In<T>(pub(crate) T);

impl<'de, T: Wire> Deserialize<'de> for In<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        T::read(deserializer).map(Self)
    }
}

/// Gives a type of `model` the wire form of its definition.
macro_rules! twins {
    ($($model:ty: $twin:ident),* $(,)?) => {$(
        impl $crate::wire::Wire for $model {
            fn write<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                $twin::serialize(self, serializer)
            }

            fn read<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                $twin::deserialize(deserializer)
            }
        }
    )*};
}
pub(crate) use twins;

/// One of some words; by this name serde does not take it for something borrowed from the input.
pub(crate) type Word = &'static str;

/// A module for `#[serde(with = "...")]` that reads and writes one of these words.
macro_rules! word {
    ($name:ident: $($word:expr),* $(,)?) => {
        mod $name {
            pub(super) fn serialize<S: serde::Serializer>(
                word: &$crate::wire::Word,
                to: S,
            ) -> Result<S::Ok, S::Error> {
                to.serialize_str(word)
            }

            pub(super) fn deserialize<'de, D: serde::Deserializer<'de>>(
                from: D,
            ) -> Result<$crate::wire::Word, D::Error> {
                let text = <String as serde::Deserialize>::deserialize(from)?;
                let known = [$($word),*].into_iter().find(|word| *word == text);
                known.ok_or_else(|| serde::de::Error::custom(format!("unknown word {text:?}")))
            }
        }
    };
}
pub(crate) use word;

impl<T: Wire> Wire for Option<T> {
    fn write<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.as_ref().map(Out).serialize(serializer)
    }

    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Option::<In<T>>::deserialize(deserializer)?.map(|one| one.0))
    }
}

impl<T: Wire> Wire for Vec<T> {
    fn write<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter().map(Out))
    }

    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        read_each(deserializer)
    }
}

impl<T: Wire + Ord> Wire for BTreeSet<T> {
    fn write<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter().map(Out))
    }

    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        read_each(deserializer)
    }
}

impl<K: Wire + Ord, V: Wire> Wire for BTreeMap<K, V> {
    fn write<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.iter().map(|(key, value)| (Out(key), Out(value))))
    }

    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        read_entries(deserializer)
    }
}

/// A pair as a list of two.
impl<A: Wire, B: Wire> Wire for (A, B) {
    fn write<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        (Out(&self.0), Out(&self.1)).serialize(serializer)
    }

    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let (one, other) = <(In<A>, In<B>)>::deserialize(deserializer)?;
        Ok((one.0, other.0))
    }
}

/// Reads a list, without a table of it in between and without trust in any length that is claimed.
fn read_each<'de, T, C, D>(deserializer: D) -> Result<C, D::Error>
where
    T: Wire,
    C: FromIterator<T>,
    D: Deserializer<'de>,
{
    struct Each<T>(std::marker::PhantomData<T>);

    impl<'de, T: Wire> Visitor<'de> for Each<T> {
        type Value = Vec<T>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a list")
        }

        fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self::Value, A::Error> {
            let mut all = Vec::new();
            while let Some(In(item)) = items.next_element()? {
                all.push(item);
            }
            Ok(all)
        }
    }

    let all = deserializer.deserialize_seq(Each(std::marker::PhantomData))?;
    Ok(all.into_iter().collect())
}

/// Reads a map; of a key that comes twice the last counts, which the comparison with what would be
/// written finds out.
pub(crate) fn read_entries<'de, K, V, C, D>(deserializer: D) -> Result<C, D::Error>
where
    K: Wire,
    V: Wire,
    C: FromIterator<(K, V)>,
    D: Deserializer<'de>,
{
    struct Entries<K, V>(std::marker::PhantomData<(K, V)>);

    impl<'de, K: Wire, V: Wire> Visitor<'de> for Entries<K, V> {
        type Value = Vec<(K, V)>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a map")
        }

        fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Self::Value, A::Error> {
            let mut all = Vec::new();
            while let Some((In(key), In(value))) = entries.next_entry()? {
                all.push((key, value));
            }
            Ok(all)
        }
    }

    let all = deserializer.deserialize_map(Entries(std::marker::PhantomData))?;
    Ok(all.into_iter().collect())
}
