//! Requests of the query protocol: form-encoded pairs with an `Action`.

/// The pairs of a form, in order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Query(pub(crate) Vec<(String, String)>);

impl Query {
    pub(crate) fn parse(body: &[u8]) -> Self {
        Self(form_urlencoded::parse(body).into_owned().collect())
    }

    pub(crate) fn get(&self, key: &str) -> Option<&str> {
        self.0.iter().find(|(name, _)| name == key).map(|(_, value)| value.as_str())
    }

    /// Values of `PREFIX.1`, `PREFIX.2`, …
    pub(crate) fn list<'q>(&'q self, prefix: &'q str) -> impl Iterator<Item = &'q str> {
        let numbered = move |name: &str| {
            let rest = name.strip_prefix(prefix).and_then(|rest| rest.strip_prefix('.'));
            rest.is_some_and(|number| number.bytes().all(|byte| byte.is_ascii_digit()))
        };
        self.0.iter().filter(move |(name, _)| numbered(name)).map(|(_, value)| value.as_str())
    }

    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut form = form_urlencoded::Serializer::new(String::new());
        form.extend_pairs(&self.0);
        form.finish().into_bytes()
    }
}
