//! Kubernetes events: what is said about which object, sent in the background.
//!
//! Nothing waits for an event, and a lost one is only logged. Whether one is sent is decided by
//! [`super::dedupe`] and by the gate: who may not write sends nothing.

use std::time::Duration;

use executor::{EventKind, Kind, Note, ObjectRef};
use k8s_openapi::api::core::v1::{Event as KubeEvent, EventSource, ObjectReference};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ObjectMeta, Time};
use k8s_openapi::jiff;
use kube::api::PostParams;
use kube::{Api, Client};
use tokio::sync::mpsc;

use super::dedupe::{Dedupe, Pace};
use crate::clock;
use crate::config::FIELD_MANAGER;
use crate::leader::Gate;

/// Events that wait to be sent; beyond it new ones are dropped, as nothing may wait for them.
const QUEUE_MAX: usize = 2_000;
/// Longest message, in bytes: the API server takes 1,024.
const MESSAGE_MAX: usize = 1_024;
/// Not sent again within this time, unless the event says otherwise: as Karpenter.
const QUIET: Duration = Duration::from_mins(2);

/// The object that an event is about.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct About {
    /// Such as `v1`.
    pub(crate) api_version: &'static str,
    /// Such as `Pod`.
    pub(crate) kind: &'static str,
    /// Empty for cluster-scoped objects.
    pub(crate) namespace: String,
    /// Its name.
    pub(crate) name: String,
    /// Its UID, where known.
    pub(crate) uid: String,
}

/// How loud an event is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Severity {
    /// Something happened.
    Normal,
    /// Somebody should look.
    Warning,
}

/// One event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Event {
    /// The object.
    pub(crate) about: About,
    /// How loud.
    pub(crate) severity: Severity,
    /// A word for programs; Karpenter's where it has one.
    pub(crate) reason: &'static str,
    /// A sentence for people.
    pub(crate) message: String,
    /// Not sent again within this time; `None`: two minutes.
    pub(crate) quiet: Option<Duration>,
}

/// Takes events and sends them in the background.
#[derive(Debug)]
pub(crate) struct Recorder {
    queue: mpsc::Sender<Event>,
    dedupe: Dedupe,
    nominated: Pace,
    no_capacity: Pace,
    gate: Gate,
}

impl Recorder {
    /// A recorder, and the task that sends.
    pub(crate) fn new(
        client: Client,
        gate: Gate,
    ) -> (Self, impl Future<Output = ()> + Send + 'static) {
        let (queue, events) = mpsc::channel(QUEUE_MAX);
        let pace = || Pace::new(5, 10);
        let (nominated, no_capacity) = (pace(), pace());
        let recorder = Self { queue, dedupe: Dedupe::default(), nominated, no_capacity, gate };
        (recorder, send_all(client, events))
    }

    /// Sends `event`, unless it was sent a moment ago, or this process may not write.
    pub(crate) fn record(&mut self, event: Event) {
        if self.gate.may_write() {
            self.send(event);
        }
    }

    /// Sends what the executor says.
    pub(crate) fn note(&mut self, note: &Note) {
        self.record(Event {
            about: about(&note.about, &note.uid),
            severity: match note.kind {
                EventKind::Normal => Severity::Normal,
                EventKind::Warning => Severity::Warning,
            },
            reason: note.reason,
            message: note.message.clone(),
            quiet: None,
        });
    }

    /// Sends `event` unless it was sent a moment ago, whatever this process is.
    pub(crate) fn send(&mut self, event: Event) {
        let now = clock::instant();
        let Event { about, reason, message, quiet, .. } = &event;
        // Where the sentence has figures that change, one of its reason is enough.
        let told = if *reason == UNCONSOLIDATABLE { "" } else { message.as_str() };
        let key = format!("{reason}/{}/{}/{}/{told}", about.kind, about.namespace, about.name);
        if !self.dedupe.admits(key, quiet.unwrap_or(QUIET), now) {
            return;
        }
        let pace = match (about.kind, *reason) {
            (_, NOMINATED) => Some(&mut self.nominated),
            ("Pod", NO_CAPACITY) => Some(&mut self.no_capacity),
            _ => None,
        };
        if pace.is_some_and(|pace| !pace.admits(now)) {
            return;
        }
        if self.queue.try_send(event).is_err() {
            tracing::debug!(controller = "events", "an event was dropped, too many wait");
        }
    }
}

/// An object of the executor as the object of an event.
fn about(target: &ObjectRef, uid: &str) -> About {
    let api_version = match target.kind {
        Kind::Pod | Kind::Node => "v1",
        Kind::NodeClaim | Kind::NodePool => "karpenter.sh/v1",
        Kind::Ec2NodeClass => "karpenter.k8s.aws/v1",
    };
    About {
        api_version,
        kind: target.kind.as_str(),
        namespace: target.namespace.clone().unwrap_or_default(),
        name: target.name.clone(),
        uid: uid.to_owned(),
    }
}

/// Said of a pod that a place was found for; Karpenter sends at most five a second, and ten at once.
pub(crate) const NOMINATED: &str = "Nominated";

/// Said of each pod of a claim that cannot be launched; paced as [`NOMINATED`].
const NO_CAPACITY: &str = "InsufficientCapacityError";

/// Said of a node that no move takes, with the reason; as often.
pub(crate) const UNCONSOLIDATABLE: &str = "Unconsolidatable";

async fn send_all(client: Client, mut events: mpsc::Receiver<Event>) {
    while let Some(event) = events.recv().await {
        let api: Api<KubeEvent> = Api::namespaced(client.clone(), namespace(&event.about));
        let params =
            PostParams { field_manager: Some(FIELD_MANAGER.to_owned()), ..PostParams::default() };
        if let Err(error) = api.create(&params, &wire(&event)).await {
            let error: &dyn std::error::Error = &error;
            tracing::debug!(
                controller = "events",
                error,
                reason = event.reason,
                "an event was lost"
            );
        }
    }
}

/// Events of cluster-scoped objects are kept in `default`, as everybody does.
fn namespace(about: &About) -> &str {
    if about.namespace.is_empty() { "default" } else { &about.namespace }
}

fn wire(event: &Event) -> KubeEvent {
    let nanos = i128::try_from(clock::since_epoch().as_nanos()).unwrap_or(0);
    let now = Time(jiff::Timestamp::from_nanosecond(nanos).unwrap_or_default());
    let Event { about, severity, reason, message, .. } = event;
    KubeEvent {
        metadata: ObjectMeta {
            name: Some(format!("{}.{nanos:x}", about.name)),
            namespace: Some(namespace(about).to_owned()),
            ..ObjectMeta::default()
        },
        involved_object: ObjectReference {
            api_version: Some(about.api_version.to_owned()),
            kind: Some(about.kind.to_owned()),
            namespace: Some(about.namespace.clone()).filter(|namespace| !namespace.is_empty()),
            name: Some(about.name.clone()),
            uid: Some(about.uid.clone()).filter(|uid| !uid.is_empty()),
            ..ObjectReference::default()
        },
        type_: Some(match severity {
            Severity::Normal => "Normal".to_owned(),
            Severity::Warning => "Warning".to_owned(),
        }),
        reason: Some((*reason).to_owned()),
        message: Some(cut(message)),
        source: Some(EventSource { component: Some(FIELD_MANAGER.to_owned()), host: None }),
        first_timestamp: Some(now.clone()),
        last_timestamp: Some(now),
        count: Some(1),
        ..KubeEvent::default()
    }
}

/// `message`, cut at the last character that fits whole.
fn cut(message: &str) -> String {
    let end = message.floor_char_boundary(MESSAGE_MAX.min(message.len()));
    message[..end].to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_message_is_cut_at_a_whole_character() {
        let long = "ü".repeat(600);
        let cut = cut(&format!("a{long}"));
        assert_eq!(cut.len(), 1_023);
        assert!(cut.ends_with('ü'));
    }
}
