//! Structural schemas, built field by field.
//!
//! In: what a field may hold. Out: the JSON of an OpenAPI v3 schema as the API server takes it.

use serde_json::{Map, Value, json};

/// The schema of one value.
#[derive(Clone, Debug)]
pub(super) struct Schema(Map<String, Value>);

impl Schema {
    /// A value of a JSON type.
    fn of(kind: &str) -> Self {
        Self(Map::new()).with("type", json!(kind))
    }

    /// Text.
    pub(super) fn string() -> Self {
        Self::of("string")
    }

    /// One of these words.
    pub(super) fn one_of(words: &[&str]) -> Self {
        Self::string().with("enum", json!(words))
    }

    /// RFC 3339.
    pub(super) fn time() -> Self {
        Self::string().with("format", json!("date-time"))
    }

    /// A whole number of 32 bits.
    pub(super) fn int32() -> Self {
        Self::of("integer").with("format", json!("int32"))
    }

    /// A whole number of 64 bits.
    pub(super) fn int64() -> Self {
        Self::of("integer").with("format", json!("int64"))
    }

    /// A truth value.
    pub(super) fn boolean() -> Self {
        Self::of("boolean")
    }

    /// A number or a text of the pattern.
    pub(super) fn number_or(pattern: &str) -> Self {
        Self(Map::new())
            .with("anyOf", json!([{ "type": "integer" }, { "type": "string" }]))
            .with("x-kubernetes-int-or-string", json!(true))
            .pattern(pattern)
    }

    /// A list.
    pub(super) fn list(items: Self) -> Self {
        Self::of("array").with("items", items.into_value())
    }

    /// Values by key.
    pub(super) fn map(values: Self) -> Self {
        Self::of("object").with("additionalProperties", values.into_value())
    }

    /// Fields, to be added with [`Self::field`].
    pub(super) fn object() -> Self {
        Self::of("object")
    }

    /// Whatever the user writes.
    pub(super) fn open() -> Self {
        Self::of("object").with("x-kubernetes-preserve-unknown-fields", json!(true))
    }

    /// Says what the value is; fields are described where they are added. Nothing is said where the
    /// text is empty.
    pub(super) fn described(self, description: &str) -> Self {
        if description.is_empty() {
            return self;
        }
        self.with("description", json!(description))
    }

    /// Adds a field with what is to be said of it.
    pub(super) fn field(mut self, name: &str, description: &str, schema: Self) -> Self {
        let schema = schema.described(description);
        let fields = self.0.entry("properties").or_insert_with(|| json!({}));
        fields[name] = schema.into_value();
        self
    }

    /// Adds a field that must be there.
    pub(super) fn required(mut self, name: &str, description: &str, schema: Self) -> Self {
        let required = self.0.entry("required").or_insert_with(|| json!([]));
        required.as_array_mut().expect("required is a list").push(json!(name));
        self.field(name, description, schema)
    }

    /// What an absent value is taken for.
    pub(super) fn default(self, value: Value) -> Self {
        self.with("default", value)
    }

    /// A regular expression that texts must match.
    pub(super) fn pattern(self, pattern: &str) -> Self {
        self.with("pattern", json!(pattern))
    }

    /// Fewest and most characters.
    pub(super) fn length(self, least: u32, most: Option<u32>) -> Self {
        self.bounds(("minLength", least), ("maxLength", most))
    }

    /// Fewest and most entries of a list.
    pub(super) fn items(self, least: u32, most: Option<u32>) -> Self {
        self.bounds(("minItems", least), ("maxItems", most))
    }

    /// Most keys of a map.
    pub(super) fn keys(self, most: u32) -> Self {
        self.with("maxProperties", json!(most))
    }

    /// Least and greatest number.
    pub(super) fn range(self, least: i64, most: Option<i64>) -> Self {
        let bounded = self.with("minimum", json!(least));
        match most {
            Some(most) => bounded.with("maximum", json!(most)),
            None => bounded,
        }
    }

    /// Adds a CEL rule, and what is said where it does not hold.
    pub(super) fn rule(mut self, message: &str, rule: &str) -> Self {
        let rules = self.0.entry("x-kubernetes-validations").or_insert_with(|| json!([]));
        let rule = json!({ "message": message, "rule": rule });
        rules.as_array_mut().expect("rules are a list").push(rule);
        self
    }

    /// Adds each rule.
    pub(super) fn rules(self, rules: &[(&str, &str)]) -> Self {
        rules.iter().fold(self, |schema, (message, rule)| schema.rule(message, rule))
    }

    /// The schema as JSON.
    pub(super) fn into_value(self) -> Value {
        Value::Object(self.0)
    }

    fn bounds(self, least: (&str, u32), most: (&str, Option<u32>)) -> Self {
        let least = Some(least.1).filter(|bound| *bound > 0).map(|bound| (least.0, bound));
        let most = most.1.map(|bound| (most.0, bound));
        least
            .into_iter()
            .chain(most)
            .fold(self, |schema, (key, bound)| schema.with(key, json!(bound)))
    }

    fn with(mut self, key: &str, value: Value) -> Self {
        self.0.insert(key.to_owned(), value);
        self
    }
}
