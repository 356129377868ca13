//! What is looked after at its own pace: node classes, pools, the market, and counts.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use api::Ec2NodeClass;
use cloud::{CloudError, ResolvedNodeClass};
use executor::{CloudRequest, NodeClassView, PoolView, Request};
use model::{LiveMarket, Quantity, Timestamp, well_known};
use tokio::time::Instant;

use super::garbage::Garbage;
use super::health::Health;
use super::provision::hashes;
use super::{Driver, Failing, FailingByName};
use crate::backoff::Backoff;
use crate::clock;
use crate::metrics::{Metrics, Pool, Terminated};
use crate::perform::{Answer, GroupKey};
use crate::planning::Planned;
use crate::store::Tables;

/// What a class stands for is asked for so often: as Karpenter's caches.
const RESOLVE_EVERY: Duration = Duration::from_mins(1);
/// What was made for a class is looked for this long after: at once it may not be seen, and asking
/// without a pause would be throttled.
const SEEN_AFTER: Duration = Duration::from_millis(500);
/// What the cloud sells is asked for so often. A reading is some two hundred calls, Karpenter's are 12 h
/// apart, and spot prices move within hours.
const MARKET_EVERY: Duration = Duration::from_hours(1);
/// It is asked for again this soon where a part could not be read.
const MARKET_AGAIN: Duration = Duration::from_mins(5);
/// What launches made and do not use is looked for so often; Karpenter's own pace for profiles.
const TIDY_EVERY: Duration = Duration::from_mins(30);
/// What was unused for so long is deleted: far longer than a launch may take, and as long as Karpenter
/// spares a profile after a change of role.
const UNUSED_FOR: Duration = Duration::from_hours(1);
const BACKOFF: Backoff = Backoff { first: Duration::from_secs(1), most: Duration::from_mins(1) };

/// What is remembered of it.
#[derive(Debug, Default)]
pub(super) struct Upkeep {
    classes: BTreeMap<String, Class>,
    released: BTreeSet<String>,
    market: Option<Arc<LiveMarket>>,
    market_due: Option<Instant>,
    market_asked: bool,
    tidied_at: Option<Instant>,
    failing: FailingByName,
    claims: BTreeMap<String, Terminated>,
    registered: BTreeSet<String>,
    /// Whether claims were counted once.
    counted: bool,
}

#[derive(Debug, Default)]
struct Class {
    generation: Option<i64>,
    resolved: Option<ResolvedNodeClass>,
    at: Option<Instant>,
    asked: bool,
}

impl Upkeep {
    /// What the cloud sells, as far as it was read.
    pub(super) fn market(&self) -> Option<Arc<LiveMarket>> {
        self.market.clone()
    }

    /// Whether the market was read, or could not be read: before, a plan would be by the catalog alone.
    pub(super) fn has_asked_market(&self) -> bool {
        self.market.is_some() || self.failing.contains_key("market")
    }

    /// What machines of the class need was made: what it stands for is asked again soon.
    pub(super) fn prepared(&mut self, class: &str) {
        if let Some(known) = self.classes.get_mut(class) {
            known.resolved = None;
            known.at = clock::instant().checked_sub(RESOLVE_EVERY.saturating_sub(SEEN_AFTER));
        }
    }

    /// What was made for the class was given back.
    pub(super) fn released(&mut self, class: &str) {
        self.released.insert(class.to_owned());
    }

    /// Takes in what a class stands for.
    pub(super) fn resolved(
        &mut self,
        name: &str,
        generation: Option<i64>,
        answer: Result<ResolvedNodeClass, CloudError>,
        seed: u64,
    ) {
        let now = clock::instant();
        let class = self.classes.entry(name.to_owned()).or_default();
        class.asked = false;
        match answer {
            Ok(resolved) => {
                class.at = Some(now);
                class.generation = generation;
                class.resolved = Some(resolved);
                self.failing.remove(name);
            }
            Err(error) => self.fail(name, &error, seed, now),
        }
    }

    /// Takes in what the cloud sells. What could not be read stays as it was, part by part.
    pub(super) fn heard_market(&mut self, answer: Result<LiveMarket, CloudError>, seed: u64) {
        let now = clock::instant();
        self.market_asked = false;
        match answer {
            Ok(market) => {
                let next = if market.is_whole() { MARKET_EVERY } else { MARKET_AGAIN };
                self.market_due = Some(now + next);
                let market = match &self.market {
                    Some(before) => market.or(before),
                    None => market,
                };
                self.market = Some(Arc::new(market));
                self.failing.remove("market");
            }
            Err(error) => self.fail("market", &error, seed, now),
        }
    }

    /// Tidies, if it is time.
    fn tidy_group(&mut self, tables: &Tables, now: Instant) -> Option<(GroupKey, Vec<Request>)> {
        let at = self.tidied_at.get_or_insert(now);
        if *at + TIDY_EVERY > now {
            return None;
        }
        *at = now;
        let classes = tables.node_classes.objects.values();
        let classes = classes.map(|class| Ec2NodeClass::clone(class)).collect();
        Some((GroupKey::Tidy, vec![Request::Cloud(CloudRequest::Tidy(classes, UNUSED_FOR))]))
    }

    fn fail(&mut self, name: &str, error: &CloudError, seed: u64, now: Instant) {
        let failing = self.failing.entry(name.to_owned()).or_default();
        failing.failures = failing.failures.saturating_add(1);
        let wait = BACKOFF.wait(failing.failures, name, seed);
        failing.not_before = Some(now + wait);
        let error: &dyn std::error::Error = error;
        tracing::warn!(controller = "upkeep", name, error, "the cloud could not be asked");
    }

    fn may_ask(&self, name: &str, now: Instant) -> bool {
        let Some(Failing { not_before, .. }) = self.failing.get(name) else { return true };
        not_before.is_none_or(|moment| moment <= now)
    }

    /// Counts claims that came, registered and went.
    pub(super) fn count_claims(&mut self, tables: &Tables, metrics: &Metrics) {
        let mut there = BTreeMap::new();
        let mut registered = BTreeSet::new();
        for claim in tables.node_claims.objects.values() {
            let label = |key: &str| claim.metadata.labels.get(key).cloned().unwrap_or_default();
            let name = claim.metadata.name.clone();
            if claim.is_true(api::names::REGISTERED) {
                // Those that were registered before this process looked were counted by another.
                if self.counted && !self.registered.contains(&name) {
                    let pool = Pool { nodepool: label(well_known::NODE_POOL) };
                    metrics.nodes_created.get_or_create(&pool).inc();
                }
                registered.insert(name.clone());
            }
            let labels = Terminated {
                nodepool: label(well_known::NODE_POOL),
                capacity_type: label(well_known::CAPACITY_TYPE),
                zone: label(well_known::ZONE),
            };
            there.insert(name, labels);
        }
        for (name, labels) in &self.claims {
            if there.contains_key(name) {
                continue;
            }
            metrics.claims_terminated.get_or_create(labels).inc();
            if self.registered.contains(name) {
                let pool = Pool { nodepool: labels.nodepool.clone() };
                metrics.nodes_terminated.get_or_create(&pool).inc();
            }
        }
        self.claims = there;
        self.registered = registered;
        self.counted = true;
    }
}

impl Driver {
    /// Looks after node classes, pools and the market.
    pub(super) fn keep_up(&mut self) {
        let tables = self.store.tables();
        self.ask_classes(&tables);
        let now = clock::now();
        let instant = clock::instant();
        let mut groups = self.class_groups(&tables, now);
        self.health.count(&tables, self.work.limits);
        groups.extend(pool_groups(&tables, self.last.as_deref(), &self.health, now));
        groups.extend(self.upkeep.tidy_group(&tables, instant));
        let hashes = hashes(&tables, &self.ca_bundle);
        groups.extend(of_claims(&tables, &hashes, &self.garbage, now));
        for (key, requests) in groups {
            if !requests.is_empty() && !self.work.is_held(&key, &tables, instant) {
                self.dispatch(key, requests);
            }
        }
    }

    pub(super) fn ask_market(&mut self) {
        let now = clock::instant();
        let fresh = self.upkeep.market_due.is_some_and(|due| due > now);
        if fresh || self.upkeep.market_asked || !self.upkeep.may_ask("market", now) {
            return;
        }
        self.upkeep.market_asked = true;
        let (performer, answers) = (Arc::clone(&self.performer), self.answers.clone());
        tokio::spawn(async move {
            let market = performer.cloud().market();
            let market = performer.call("Market", market, |error| error.class).await;
            drop(answers.send(Answer::Market(Box::new(market.and_then(|market| market)))));
        });
    }

    fn ask_classes(&mut self, tables: &Tables) {
        let now = clock::instant();
        let classes = &tables.node_classes.objects;
        self.upkeep
            .classes
            .retain(|name, _| classes.contains_key(&(Box::default(), name.as_str().into())));
        for class in classes.values() {
            let name = &class.metadata.name;
            let may_ask = self.upkeep.may_ask(name, now);
            let known = self.upkeep.classes.entry(name.clone()).or_default();
            let fresh = known.at.is_some_and(|at| at + RESOLVE_EVERY > now)
                && known.generation == class.metadata.generation;
            if fresh || known.asked || !may_ask || class.metadata.deletion_timestamp.is_some() {
                continue;
            }
            known.asked = true;
            let (performer, answers) = (Arc::clone(&self.performer), self.answers.clone());
            let class = Arc::clone(class);
            tokio::spawn(async move {
                let resolved = performer.cloud().resolve(&class);
                let resolved = performer.call("Resolve", resolved, |error| error.class).await;
                let resolved = Box::new(resolved.and_then(|resolved| resolved));
                let name = class.metadata.name.clone();
                drop(answers.send(Answer::Resolved(name, class.metadata.generation, resolved)));
            });
        }
    }

    fn class_groups(&self, tables: &Tables, now: Timestamp) -> Vec<(GroupKey, Vec<Request>)> {
        let classes = tables.node_classes.objects.values();
        classes
            .map(|class| {
                let name = class.metadata.name.as_str();
                let known = self.upkeep.classes.get(name);
                let known = known.filter(|known| known.generation == class.metadata.generation);
                let claims = tables.node_claims.objects.values();
                let claims = claims.filter(|claim| claim.spec.node_class_ref.name == name).count();
                let view = NodeClassView {
                    class,
                    resolved: known.and_then(|known| known.resolved.as_ref()),
                    claims,
                    released: self.upkeep.released.contains(name),
                    ca_bundle: &self.ca_bundle,
                };
                (GroupKey::Class(name.to_owned()), executor::node_class(&view, now))
            })
            .collect()
    }
}

/// Claims whose hashes are of another version than those of their pools and classes, or whose drift has
/// changed; one thing about a claim at a time, as each has its version as a precondition.
fn of_claims(
    tables: &Tables,
    hashes: &BTreeMap<String, BTreeMap<String, String>>,
    garbage: &Garbage,
    now: Timestamp,
) -> Vec<(GroupKey, Vec<Request>)> {
    let due = |claim: &api::NodeClaim| {
        let name = claim.metadata.labels.get(well_known::NODE_POOL)?;
        let hashes = hashes.get(name)?;
        let pool = tables.pool(name.as_str())?;
        let class = claim.spec.node_class_ref.name.as_str();
        let class = tables.class(class)?;
        let instance = garbage.instance_of(claim);
        let view = executor::DriftView { claim, pool, class, hashes, instance };
        executor::restamp(claim, hashes).or_else(|| executor::drift(&view, now))
    };
    let claims = tables.node_claims.objects.values();
    let due = claims.filter_map(|claim| {
        Some((GroupKey::Claim(claim.metadata.name.clone()), vec![due(claim)?]))
    });
    due.collect()
}

fn pool_groups(
    tables: &Tables,
    planned: Option<&Planned>,
    health: &Health,
    now: Timestamp,
) -> Vec<(GroupKey, Vec<Request>)> {
    let pools = tables.node_pools.objects.values();
    pools
        .map(|pool| {
            let name = pool.metadata.name.as_str();
            let class = pool.spec.template.spec.node_class_ref.name.as_str();
            let class = tables.class(class);
            let problems = planned.map(|planned| planned.problems_of(name)).unwrap_or_default();
            let view = PoolView {
                pool,
                node_class: class.map(Arc::as_ref),
                problems: &problems,
                resources: &resources_of(name, tables),
                starts: health.starts_of(name),
            };
            (GroupKey::Pool(name.to_owned()), executor::pool(&view, now))
        })
        .collect()
}

/// What the claims of a pool come to: what their Nodes say, or, before, what was expected of the machine.
fn resources_of(pool: &str, tables: &Tables) -> api::ResourceList {
    let mut sums: BTreeMap<&str, Quantity> = BTreeMap::new();
    let mut nodes = 0_u64;
    for claim in tables.node_claims.objects.values() {
        if claim.metadata.labels.get(well_known::NODE_POOL).map(String::as_str) != Some(pool) {
            continue;
        }
        nodes += 1;
        let node = claim.status.node_name.as_deref();
        let node = node.and_then(|node| tables.node(node));
        let capacity = node.map_or(&claim.status.capacity, |node| &node.status.capacity);
        for (name, quantity) in capacity {
            if let Ok(quantity) = quantity.as_str().parse::<Quantity>() {
                let sum = sums.entry(name).or_default();
                *sum = *sum + quantity;
            }
        }
    }
    let mut list: api::ResourceList =
        sums.into_iter().map(|(name, sum)| (name.to_owned(), sum.to_string().into())).collect();
    list.insert(well_known::NODES.to_owned(), nodes.to_string().into());
    list
}
