//! What is said about machines: heard from the queue and from status checks, and acted upon.
//!
//! In: messages and statuses, claims by their instances. Out: what the executor asks for, marks on
//! offerings that are short, metrics; and, last, the end of a message: once the store shows that nothing
//! is left to do about it. A process that ends before has left it on the queue, where it comes again.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use ::interruption::{InstanceStatus, Kind, Notice, notices, parse};
use cloud::{CloudError, Instance, InterruptionQueue, Receipt, Refusal};
use executor::Request;
use model::{CapacityType, InstanceId, InstanceTypeName, ZoneName, well_known};
use tokio::sync::OwnedSemaphorePermit;
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::Driver;
use super::disruption::disrupted;
use crate::clock;
use crate::listen::{Received, listen};
use crate::metrics::{Category, MessageType};
use crate::perform::{Answer, GroupKey, PerformError};
use crate::store::Tables;

/// Between two looks at the checks of machines: as Karpenter.
const STATUSES_EVERY: Duration = Duration::from_mins(1);
/// What cannot be acted upon for so long is let go: it is said again, by the queue after 20 s and by the
/// checks after a minute.
const TRIED_FOR: Duration = Duration::from_mins(1);
/// The label of messages that nobody can read.
const UNREADABLE: &str = "unreadable";

/// What is remembered of it. All of it may be lost at any moment.
#[derive(Debug, Default)]
pub(super) struct Interruptions {
    queue: Option<Arc<dyn InterruptionQueue>>,
    /// Ends with the driver.
    listener: JoinSet<()>,
    heard: Vec<Heard>,
    statuses_due: Option<Instant>,
    /// Why statuses were last not to be had; said once.
    statuses_refused: Option<String>,
}

/// Something that was said and is not acted upon yet.
#[derive(Debug)]
struct Heard {
    kind: Kind,
    /// Machines about which there may be something left to do.
    left: Vec<InstanceId>,
    /// Claims whose end was asked for.
    asked: BTreeSet<String>,
    /// Whether people and offerings were told.
    told: bool,
    at: Instant,
    /// How it ends on the queue, and the slot that it takes; nothing of what checks say.
    message: Option<(Receipt, OwnedSemaphorePermit)>,
}

impl Heard {
    fn new(notice: &Notice, message: Option<(Receipt, OwnedSemaphorePermit)>) -> Self {
        Self {
            kind: notice.kind(),
            left: notice.instances().to_vec(),
            asked: BTreeSet::new(),
            told: false,
            at: clock::instant(),
            message,
        }
    }
}

impl Driver {
    /// Listens on `queue` from now on.
    pub(crate) fn listen(&mut self, queue: Arc<dyn InterruptionQueue>) {
        let listener =
            listen(Arc::clone(&queue), self.gate.clone(), self.answers.clone(), self.seed);
        self.interruptions.listener.spawn(listener);
        self.interruptions.queue = Some(queue);
    }

    /// Reads messages. What cannot be read is counted, and ends as what was acted upon.
    pub(super) fn received(&mut self, received: Vec<Received>) {
        for Received { message, slot } in received {
            let notice = parse(&message.body);
            let word = notice.as_ref().map_or(UNREADABLE, |notice| notice.kind().as_str());
            let labels = MessageType { message_type: word };
            self.metrics.interruption.received.get_or_create(&labels).inc();
            if let Some(sent) = message.sent_at {
                let waited = u64::try_from(clock::now().0.saturating_sub(sent.0)).unwrap_or(0);
                self.metrics.interruption.wait.observe(Duration::from_secs(waited).as_secs_f64());
            }
            let notice = notice.unwrap_or_else(|why| {
                // Of the message nothing else is said: anybody may have written it.
                let why = why.as_str();
                tracing::warn!(controller = "interruption", why, "a message cannot be read");
                Notice::new(Kind::NoOp, Vec::new(), None)
            });
            self.interruptions.heard.push(Heard::new(&notice, Some((message.receipt, slot))));
        }
    }

    /// Takes in what the checks of machines say.
    pub(super) fn heard_statuses(&mut self, answer: Result<Vec<InstanceStatus>, CloudError>) {
        match answer {
            Ok(statuses) => {
                self.interruptions.statuses_refused = None;
                let now = clock::now();
                let notices = statuses.iter().flat_map(|status| notices(status, now));
                let heard = notices.map(|notice| Heard::new(&notice, None));
                self.interruptions.heard.extend(heard);
            }
            Err(error) => {
                let known = self.interruptions.statuses_refused.replace(error.code.clone());
                if known.as_ref() != Some(&error.code) {
                    let error: &dyn std::error::Error = &error;
                    let message = "the checks of machines cannot be read; they are not heeded";
                    tracing::warn!(controller = "interruption", error, "{message}");
                }
            }
        }
    }

    /// Asks for the checks of machines, where it is time.
    pub(super) fn ask_statuses(&mut self) {
        let now = clock::instant();
        let due = self.interruptions.statuses_due;
        if due.is_some_and(|due| due > now) || !self.gate.may_write() {
            return;
        }
        self.interruptions.statuses_due = Some(now + STATUSES_EVERY);
        let (performer, answers) = (Arc::clone(&self.performer), self.answers.clone());
        tokio::spawn(async move {
            let statuses = performer.cloud().statuses();
            let statuses = performer.call("Statuses", statuses, |error| error.class).await;
            drop(answers.send(Answer::Statuses(Box::new(statuses.and_then(|heard| heard)))));
        });
    }

    /// Acts upon what was heard, and forgets what is done.
    pub(super) fn heed(&mut self) {
        if self.interruptions.heard.is_empty() {
            return;
        }
        let tables = self.store.tables();
        let claims = self.claims_by_instance(&tables);
        let now = clock::instant();
        let heard = std::mem::take(&mut self.interruptions.heard);
        for mut one in heard {
            self.heed_one(&mut one, &claims, &tables);
            if !one.left.is_empty() {
                if now < one.at + TRIED_FOR {
                    self.interruptions.heard.push(one);
                }
            } else if let Some((receipt, slot)) = one.message {
                self.end_message(receipt, slot);
            }
        }
    }

    fn heed_one(
        &mut self,
        heard: &mut Heard,
        claims: &BTreeMap<InstanceId, Arc<api::NodeClaim>>,
        tables: &Tables,
    ) {
        let ids = std::mem::take(&mut heard.left);
        for id in ids {
            let Some(claim) = claims.get(&id) else {
                // Somebody else's machine, or one whose claim is gone: there is nothing to do.
                tracing::debug!(controller = "interruption", instance = id.as_str(), "no claim");
                continue;
            };
            let provider = claim.status.provider_id.as_deref();
            let nodes = tables.nodes.objects.values().map(Arc::as_ref);
            let nodes: Vec<&api::Node> = nodes
                .filter(|node| provider.is_some() && node.spec.provider_id.as_deref() == provider)
                .collect();
            let requests = executor::interrupt(claim, &nodes, heard.kind, clock::now());
            let (notes, writes): (Vec<_>, Vec<_>) =
                requests.into_iter().partition(|request| matches!(request, Request::Note(_)));
            if !heard.told {
                self.tell(claim, heard.kind, &notes);
            }
            if writes.is_empty() {
                continue;
            }
            let key = GroupKey::Claim(claim.metadata.name.clone());
            if !self.work.is_held(&key, tables, clock::instant()) {
                if heard.asked.insert(claim.metadata.name.clone()) {
                    self.count(claim, heard);
                }
                self.dispatch(key, writes);
            }
            heard.left.push(id);
        }
        heard.told = true;
    }

    /// Tells people, and marks what is short.
    fn tell(&mut self, claim: &api::NodeClaim, kind: Kind, notes: &[Request]) {
        for note in notes {
            if let Request::Note(note) = note {
                self.recorder.note(note);
            }
        }
        let (node_claim, notice) = (claim.metadata.name.as_str(), kind.as_str());
        tracing::info!(controller = "interruption", node_claim, notice, "heard of a machine");
        if kind.says_capacity_is_short() {
            let short = short(claim, kind);
            self.work.unavailable.remember(short.as_ref(), clock::instant());
        }
    }

    fn count(&self, claim: &api::NodeClaim, heard: &Heard) {
        if heard.message.is_none() {
            let category = Category { category: heard.kind.as_str() };
            self.metrics.interruption.unhealthy.get_or_create(&category).inc();
        }
        if claim.is_deleting() {
            return;
        }
        let disrupted = disrupted(claim, heard.kind.as_str(), "");
        self.metrics.claims_disrupted.get_or_create(&disrupted).inc();
    }

    /// Ends a message on the queue; one that cannot be ended comes again, and asks for nothing.
    fn end_message(&self, receipt: Receipt, slot: OwnedSemaphorePermit) {
        let Some(queue) = self.interruptions.queue.clone() else { return };
        let (performer, metrics) = (Arc::clone(&self.performer), self.metrics.clone());
        tokio::spawn(async move {
            match performer.end_message(&*queue, &receipt).await {
                Ok(()) => {
                    metrics.interruption.deleted.inc();
                }
                Err(error) if error.is_role() => {}
                Err(error) => log_left(&error),
            }
            drop(slot);
        });
    }

    /// Claims by their machines, those included whose machine is not written down yet.
    fn claims_by_instance(&self, tables: &Tables) -> BTreeMap<InstanceId, Arc<api::NodeClaim>> {
        let claims = tables.node_claims.objects.values();
        let known = claims.filter_map(|claim| {
            let written = claim.status.provider_id.as_deref().and_then(Instance::id_of);
            let memory = || self.work.memory.get(&claim.metadata.name)?.instance_id();
            Some((written.or_else(memory)?, Arc::clone(claim)))
        });
        known.collect()
    }
}

/// What the claim was bought as, not to be asked for again for a while.
fn short(claim: &api::NodeClaim, kind: Kind) -> Option<Refusal> {
    let label = |key: &str| claim.metadata.labels.get(key);
    let capacity_type = match label(well_known::CAPACITY_TYPE)?.as_str() {
        "spot" => CapacityType::Spot,
        "reserved" => CapacityType::Reserved,
        _ => return None,
    };
    Some(Refusal {
        instance_type: InstanceTypeName::from(label(well_known::INSTANCE_TYPE)?.as_str()),
        zone: label(well_known::ZONE).map(|zone| ZoneName::from(zone.as_str())),
        capacity_type,
        code: kind.as_str().to_owned(),
    })
}

fn log_left(error: &PerformError) {
    let error: &dyn std::error::Error = error;
    let message = "a message cannot be deleted, it will come again";
    tracing::warn!(controller = "interruption", error, "{message}");
}
