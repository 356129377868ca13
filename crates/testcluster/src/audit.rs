//! What a user asked the API server for, read from its audit log.
//!
//! In: the log of a cluster with [`crate::Options::audited`]. Out: requests in the terms of RBAC rules.

use std::fs;

use serde::Deserialize;
use serde_json::Value;

use crate::{Error, Result, TestCluster};

/// The log's file in the folder of the cluster.
pub(crate) const LOG: &str = "audit.log";

/// A request for a resource, in the terms of RBAC.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct Asked {
    /// Such as `list`; a watch begins as one.
    pub verb: String,
    /// Empty for the core group.
    pub group: String,
    /// With its subresource after a slash, such as `pods/eviction`.
    pub resource: String,
    /// Empty for what is in none, or in all.
    pub namespace: String,
    /// Empty where none was named.
    pub name: String,
    /// Whether RBAC refused it.
    pub is_refused: bool,
}

/// One line of the log, as far as it is read.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Line {
    verb: String,
    object_ref: Option<ObjectRef>,
    #[serde(default)]
    annotations: Value,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct ObjectRef {
    resource: String,
    subresource: String,
    namespace: String,
    name: String,
    api_group: String,
}

impl TestCluster {
    /// Requests of the audited user so far, in order; those for paths that are no resources are left out.
    pub fn asked(&self) -> Result<Vec<Asked>> {
        let log = self.folder().join(LOG);
        let doing = || format!("reading {}", log.display());
        let text = fs::read_to_string(&log).map_err(Error::io(doing()))?;
        // The last line may be half written.
        let whole = text.rfind('\n').map_or("", |end| &text[..end]);
        let lines = whole.lines().map(serde_json::from_str::<Line>);
        let asked = lines.map(|line| line.map(asked)).collect::<std::result::Result<Vec<_>, _>>();
        let asked =
            asked.map_err(|error| Error::Answer { doing: doing(), answer: error.to_string() })?;
        Ok(asked.into_iter().flatten().collect())
    }
}

fn asked(line: Line) -> Option<Asked> {
    let ObjectRef { resource, subresource, namespace, name, api_group } = line.object_ref?;
    let resource =
        if subresource.is_empty() { resource } else { format!("{resource}/{subresource}") };
    let is_refused = line.annotations["authorization.k8s.io/decision"] == "forbid";
    Some(Asked { verb: line.verb, group: api_group, resource, namespace, name, is_refused })
}
