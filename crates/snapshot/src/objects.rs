//! Kubernetes objects by kind, as read from JSON or YAML.

/// Objects by kind, in input order.
#[derive(Clone, Debug, Default)]
pub struct Objects {}
