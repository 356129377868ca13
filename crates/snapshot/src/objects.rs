//! Kubernetes objects by kind, as read from JSON or YAML.
//!
//! Input: the text of sources, one after another. Output: typed objects, a finding for each that
//! could not be read, and one for each kind that is not read yet. YAML is first turned to JSON, as
//! `kubectl` does it, so that there is one way from text to object.

mod json;
mod keep;
mod kind;
mod yaml;

use std::collections::{BTreeMap, BTreeSet};

use model::{Finding, FindingCode};

use crate::Inputs;
pub(crate) use json::plain;
use json::{Context, Head, Piece, Value};
use kind::Kind;

/// Objects by kind, in input order; each kind, namespace and name at most once, namespaced kinds
/// always with a namespace.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Objects {
    /// `v1` `Pod`.
    pub pods: Vec<api::Pod>,
    /// `v1` `Node`.
    pub nodes: Vec<api::Node>,
    /// `apps/v1` `Deployment`.
    pub deployments: Vec<api::Deployment>,
    /// `apps/v1` `StatefulSet`.
    pub stateful_sets: Vec<api::StatefulSet>,
    /// `apps/v1` `DaemonSet`.
    pub daemon_sets: Vec<api::DaemonSet>,
    /// `apps/v1` `ReplicaSet`.
    pub replica_sets: Vec<api::ReplicaSet>,
    /// `batch/v1` `Job`.
    pub jobs: Vec<api::Job>,
    /// `batch/v1` `CronJob`.
    pub cron_jobs: Vec<api::CronJob>,
    /// `karpenter.sh/v1` `NodePool`.
    pub node_pools: Vec<api::NodePool>,
    /// `karpenter.sh/v1` `NodeClaim`.
    pub node_claims: Vec<api::NodeClaim>,
    /// `karpenter.k8s.aws/v1` `EC2NodeClass`.
    pub node_classes: Vec<api::Ec2NodeClass>,
    /// `scheduling.k8s.io/v1` `PriorityClass`.
    pub priority_classes: Vec<api::PriorityClass>,
    /// `v1` `LimitRange`.
    pub limit_ranges: Vec<api::LimitRange>,
    /// `v1` `Namespace`.
    pub namespaces: Vec<api::Namespace>,
    /// `policy/v1` `PodDisruptionBudget`.
    pub disruption_budgets: Vec<api::PodDisruptionBudget>,
    /// `v1` `PersistentVolumeClaim`.
    pub volume_claims: Vec<api::PersistentVolumeClaim>,
    /// `v1` `PersistentVolume`.
    pub volumes: Vec<api::PersistentVolume>,
    /// `storage.k8s.io/v1` `StorageClass`.
    pub storage_classes: Vec<api::StorageClass>,
    /// `storage.k8s.io/v1` `CSINode`.
    pub csi_nodes: Vec<api::CsiNode>,
    /// `v1` `Service`.
    pub services: Vec<api::Service>,
    /// How many there were of each kind that is not read, by `kind.group`, or `kind` of the core
    /// group.
    pub others: BTreeMap<String, u64>,
}

/// Reads objects from one source after another.
#[derive(Debug, Default)]
pub(crate) struct Reader {
    seen: BTreeSet<(Kind, String, String)>,
}

impl Reader {
    /// Reads all objects of `text`.
    pub(crate) fn read(&mut self, source_name: &str, text: &str, into: &mut Inputs) {
        let text = text.trim_start_matches('\u{feff}');
        let mut place = Place { source_name, document: 0, item: 0 };
        if json::is_json(text) {
            self.read_json(text, &mut place, into);
            return;
        }
        for (before, document) in yaml::documents(text).enumerate() {
            // Each document becomes a JSON text of one value, which counts itself.
            place.document = before;
            match yaml::to_json(document.text) {
                Ok(text) => self.read_json(&text, &mut place, into),
                Err(fault) => into.findings.push(syntax_finding(
                    &format!("{source_name}:{}", document.line + fault.line),
                    &fault.message,
                    "correct the YAML; this document was left out",
                )),
            }
        }
    }

    /// Reads JSON values, one after another.
    fn read_json(&mut self, text: &str, place: &mut Place<'_>, into: &mut Inputs) {
        for piece in json::pieces(text) {
            place.document += 1;
            place.item = 0;
            match piece {
                Piece::Document { text, head } => {
                    self.read_value(text, head, &Context::default(), place, into);
                }
                Piece::Broken { line, message } => into.findings.push(syntax_finding(
                    &format!("{}:{line}", place.source_name),
                    &message,
                    "correct the JSON; what follows up to the next line that begins with { was \
                     left out",
                )),
            }
        }
    }

    /// Reads an object, or the items of a list; lists may hold lists.
    fn read_value(
        &mut self,
        text: &str,
        head: Result<Head<'_>, String>,
        context: &Context,
        place: &mut Place<'_>,
        into: &mut Inputs,
    ) {
        match head.and_then(|head| head.classify(context)) {
            Ok(Value::Nothing) => {}
            Ok(Value::List { items, context }) => {
                for item in items {
                    place.item += 1;
                    let head = json::head_of_item(item.get());
                    self.read_value(item.get(), head, &context, place, into);
                }
            }
            Ok(Value::Object { api_version, kind }) => {
                keep::object(&api_version, &kind, text, place, &mut self.seen, into);
            }
            Err(message) => into.findings.push(Finding {
                code: FindingCode::BadInput,
                object: place.to_string(),
                field: String::new(),
                message,
                remedy: "give a Kubernetes object with apiVersion and kind, or a List of them"
                    .to_owned(),
                count: 1,
            }),
        }
    }
}

/// The JSON of a text of one document of YAML, of which JSON is a part, `None` where it is empty; or what is wrong
/// with it.
pub(crate) fn to_json(text: &str) -> Result<Option<String>, String> {
    let text = text.trim_start_matches('\u{feff}');
    let mut documents = yaml::documents(text);
    let Some(first) = documents.next() else { return Ok(None) };
    if documents.next().is_some() {
        return Err("there is more than one document".to_owned());
    }
    let json = yaml::to_json(first.text);
    json.map(Some).map_err(|fault| format!("line {}: {}", first.line + fault.line, fault.message))
}

/// Says once per kind what was not read.
pub(crate) fn note_others(into: &mut Inputs) {
    let notes = into.objects.others.iter().map(|(kind, count)| Finding {
        code: FindingCode::Note,
        object: kind.clone(),
        field: String::new(),
        message: "objects of this kind do not change the plan yet".to_owned(),
        remedy: String::new(),
        count: *count,
    });
    into.findings.extend(notes);
}

/// Where in the input something is.
#[derive(Debug)]
struct Place<'a> {
    source_name: &'a str,
    /// From 1.
    document: usize,
    /// From 1, counted through nested lists; 0 where the document is no list.
    item: usize,
}

impl std::fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} document {}", self.source_name, self.document)?;
        match self.item {
            0 => Ok(()),
            item => write!(f, " item {item}"),
        }
    }
}

fn syntax_finding(object: &str, message: &str, remedy: &str) -> Finding {
    Finding {
        code: FindingCode::BadInput,
        object: object.to_owned(),
        field: String::new(),
        message: message.to_owned(),
        remedy: remedy.to_owned(),
        count: 1,
    }
}
