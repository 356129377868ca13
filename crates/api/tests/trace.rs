//! Every field of a type, found by deserializing from a source that answers whatever it is asked for.
//!
//! Out: the value with every field filled, and the paths asked for: `.spec.taints[].key`, with `{}`
//! for the values of a map.

use std::collections::BTreeSet;

use serde::de::IntoDeserializer as _;
use serde::de::value::StrDeserializer;
use serde::de::{
    DeserializeOwned, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor, value::Error,
};

/// A filled value of the type, and the paths of all its fields.
pub(crate) fn filled<T: DeserializeOwned>() -> (T, BTreeSet<String>) {
    let mut paths = BTreeSet::new();
    let value = T::deserialize(Tracer { paths: &mut paths, path: String::new() });
    (value.expect("every field takes what it asks for"), paths)
}

struct Tracer<'a> {
    paths: &'a mut BTreeSet<String>,
    path: String,
}

impl<'a> Tracer<'a> {
    fn below(paths: &'a mut BTreeSet<String>, path: &str, step: &str) -> Self {
        let path = format!("{path}{step}");
        paths.insert(path.clone());
        Tracer { paths, path }
    }
}

macro_rules! scalars {
    ($($method:ident $visit:ident $value:expr;)*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
            visitor.$visit($value)
        }
    )*};
}

impl<'de> Deserializer<'de> for Tracer<'_> {
    type Error = Error;

    scalars! {
        deserialize_any visit_str "1";
        deserialize_bool visit_bool true;
        deserialize_i32 visit_i32 1;
        deserialize_i64 visit_i64 1;
        deserialize_u64 visit_u64 1;
        deserialize_str visit_str "1";
        deserialize_string visit_str "1";
        deserialize_ignored_any visit_str "1";
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Error> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_seq(Children { paths: self.paths, path: &self.path, keys: &["[]"], at: 0 })
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_map(Children { paths: self.paths, path: &self.path, keys: &["{}"], at: 0 })
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        visitor.visit_map(Children { paths: self.paths, path: &self.path, keys: fields, at: 0 })
    }

    serde::forward_to_deserialize_any! {
        i8 i16 i128 u8 u16 u32 u128 f32 f64 char bytes byte_buf unit unit_struct tuple tuple_struct
        enum identifier
    }
}

struct Children<'a> {
    paths: &'a mut BTreeSet<String>,
    path: &'a str,
    /// Field names, or `[]` or `{}` for the one entry of a list or map.
    keys: &'a [&'static str],
    at: usize,
}

impl Children<'_> {
    fn child(&mut self) -> Tracer<'_> {
        let key = self.keys[self.at - 1];
        let dot = if key.starts_with(['[', '{']) { "" } else { "." };
        Tracer::below(self.paths, self.path, &format!("{dot}{key}"))
    }
}

impl<'de> SeqAccess<'de> for Children<'_> {
    type Error = Error;

    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, Error> {
        if self.at == self.keys.len() {
            return Ok(None);
        }
        self.at += 1;
        seed.deserialize(self.child()).map(Some)
    }
}

impl<'de> MapAccess<'de> for Children<'_> {
    type Error = Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, Error> {
        let Some(key) = self.keys.get(self.at) else { return Ok(None) };
        self.at += 1;
        let key: StrDeserializer<'_, Error> = key.trim_matches(['{', '}']).into_deserializer();
        seed.deserialize(key).map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Error> {
        seed.deserialize(self.child())
    }
}
