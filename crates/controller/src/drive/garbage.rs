//! Garbage collection: two complete lists of instances and an uncached list of claims, then what the
//! executor makes of them. What the last list said is kept for whoever compares claims with machines.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use cloud::{CloudError, ErrorClass, Instance};
use executor::{CloudRequest, CollectionGuard, GarbageView, Request};
use kube::Api;
use kube::api::ListParams;
use model::{InstanceId, NodeClaimName};
use tokio::time::Instant;

use super::Driver;
use crate::clock;
use crate::perform::{Answer, GroupKey, Performer, Sweep};
use crate::report::{Event, Severity};
use crate::store::Tables;
use crate::watch::Watched;

/// From the start to the first pass, and between passes: as Karpenter.
const FIRST: Duration = Duration::from_secs(10);
const EVERY: Duration = Duration::from_mins(2);
/// Between the two lists: what was launched meanwhile is in one of them only.
const BETWEEN: Duration = Duration::from_secs(5);

/// When the next pass is, and what the last one saw.
#[derive(Debug, Default)]
pub(super) struct Garbage {
    due: Option<Instant>,
    under_way: bool,
    seen: BTreeMap<InstanceId, Instance>,
}

impl Garbage {
    /// The claim's instance, as the last complete list had it.
    pub(super) fn instance_of(&self, claim: &api::NodeClaim) -> Option<&Instance> {
        self.seen.get(&Instance::id_of(claim.status.provider_id.as_deref()?)?)
    }
}

impl Driver {
    /// Begins a pass where one is due.
    pub(super) fn collect_garbage(&mut self) {
        let now = clock::instant();
        let due = *self.garbage.due.get_or_insert(now + FIRST);
        if now < due || self.garbage.under_way || !self.gate.may_write() {
            return;
        }
        self.garbage.due = Some(now + EVERY);
        self.garbage.under_way = true;
        let (performer, answers) = (Arc::clone(&self.performer), self.answers.clone());
        tokio::spawn(async move {
            let swept = match sweep(&performer).await {
                Ok(sweep) => Some(sweep),
                Err(error) => {
                    let error: &dyn std::error::Error = &error;
                    tracing::warn!(controller = "garbage", error, "nothing is collected this time");
                    None
                }
            };
            drop(answers.send(Answer::Swept(Box::new(swept))));
        });
    }

    /// Has the executor look at what a pass found.
    pub(super) fn swept(&mut self, sweep: Option<Sweep>) {
        self.garbage.under_way = false;
        let Some(sweep) = sweep else { return };
        let tables = self.store.tables();
        let ready = ready_claims(&tables);
        let claims: Vec<&api::NodeClaim> = sweep.claims.iter().collect();
        let nodes: Vec<&api::Node> = tables.nodes.objects.values().map(Arc::as_ref).collect();
        let found = executor::collect(
            &GarbageView {
                claims: &claims,
                before: &sweep.before,
                after: &sweep.after,
                nodes: &nodes,
                node_ready: &ready,
            },
            clock::now(),
        );
        self.tell_guard(found.guard);
        for (id, of_node) in found.instances {
            tracing::info!(
                controller = "garbage",
                instance = id.as_str(),
                "instance that no claim names"
            );
            let instance = sweep.after.iter().find(|instance| instance.id == id);
            let claim = instance.and_then(Instance::claim).unwrap_or_default();
            let request = CloudRequest::Terminate(NodeClaimName::from(claim), id.clone());
            let requests = std::iter::once(Request::Cloud(request)).chain(of_node).collect();
            self.dispatch(GroupKey::Instance(id.to_string()), requests);
        }
        for request in found.claims {
            if let Request::Delete { target, .. } = &request {
                self.dispatch(GroupKey::Claim(target.name.clone()), vec![request]);
            }
        }
        let seen = sweep.after.into_iter().map(|instance| (instance.id.clone(), instance));
        self.garbage.seen = seen.collect();
    }

    fn tell_guard(&mut self, guard: Option<CollectionGuard>) {
        let held = match guard {
            None => 0,
            Some(CollectionGuard::NoClaims { held } | CollectionGuard::Share { held }) => held,
        };
        self.metrics.held_back.set(i64::try_from(held).unwrap_or(i64::MAX));
        let Some(guard) = guard else { return };
        let message = guard.message();
        tracing::warn!(controller = "garbage", held, "{message}");
        self.recorder.record(Event {
            about: self.about.clone(),
            severity: Severity::Warning,
            reason: "GarbageHeldBack",
            message,
            quiet: None,
        });
    }
}

/// Why a pass found nothing out.
#[derive(Debug, thiserror::Error)]
enum SweepError {
    #[error("listing instances")]
    Cloud(#[source] CloudError),
    #[error("listing NodeClaims")]
    Kube(#[source] kube::Error),
    #[error("NodeClaim {0} cannot be read, so nobody knows which instance is its own")]
    Unreadable(String),
}

async fn sweep(performer: &Performer) -> Result<Sweep, SweepError> {
    let before = instances(performer).await?;
    tokio::time::sleep(BETWEEN).await;
    let after = instances(performer).await?;
    // The claims last: one that was made while the instances were listed is in it. Without a version
    // the API server answers from its store, not from a cache.
    let api: Api<Watched<api::NodeClaim>> = Api::all(performer.client().clone());
    let listed = api.list(&ListParams::default()).await.map_err(SweepError::Kube)?;
    let claims = listed.items.into_iter().map(|claim| {
        let (_, name) = claim.key();
        claim.into_object().map_err(|_| SweepError::Unreadable(name.into()))
    });
    Ok(Sweep { before, after, claims: claims.collect::<Result<_, _>>()? })
}

async fn instances(performer: &Performer) -> Result<Vec<Instance>, SweepError> {
    let class = |error: &CloudError| -> ErrorClass { error.class };
    let listed = performer.call("List", performer.cloud().instances(), class).await;
    listed.and_then(|listed| listed).map_err(SweepError::Cloud)
}

/// Claims whose Node is there and Ready.
fn ready_claims(tables: &Tables) -> BTreeSet<String> {
    let is_ready = |node: &api::Node| {
        let conditions = node.status.conditions.iter();
        conditions.filter(|one| one.kind == api::names::READY).any(|one| one.status == "True")
    };
    let claims = tables.node_claims.objects.values();
    claims
        .filter(|claim| {
            let node = claim.status.node_name.as_deref().unwrap_or_default();
            let node = tables.node(node);
            node.is_some_and(|node| is_ready(node))
        })
        .map(|claim| claim.metadata.name.clone())
        .collect()
}
