//! Pending pods become a plan, and the plan becomes claims.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use executor::{ClaimSource, Request, Target, claim_name};
use model::{OfferingIndex, Plan, PodIndex, Snapshot};
use record::Why;
use tokio::time::Instant;

use super::{Driver, market_of};
use crate::clock;
use crate::perform::GroupKey;
use crate::planning::{Circumstances, PlanError, Planned};
use crate::records::Made;
use crate::report;
use crate::store::{Key, Tables};

/// A search ends after this long with the best plan so far; pods wait for it.
const SEARCH_MAX: Duration = Duration::from_secs(2);

impl Driver {
    /// Plans the pods that wait, asks for the claims, and says what was planned.
    pub(super) async fn provision(&mut self, started: Instant) {
        let why = self.why(started);
        self.batch.close();
        self.planned_at = Some(started);
        self.again = false;
        let mut tables = self.store.tables();
        self.work.seats.promise(&mut tables);
        self.planned_for = market_of(&tables);
        let planned = match self.plan(tables.clone(), started).await {
            Ok(planned) => Arc::new(planned),
            Err(error) => {
                {
                    let error: &dyn std::error::Error = &error;
                    tracing::error!(controller = "provisioner", error, "no plan");
                }
                if let PlanError::Refused(refused) = error {
                    self.metrics.plans_refused.inc();
                    self.records.keep(why, Made::Refused(refused));
                }
                return;
            }
        };
        self.facts.take_in(&planned, &tables);
        self.work.displaced.take_in(&planned, &tables);
        report::log_news(&planned, self.last.as_deref());
        self.last = Some(Arc::clone(&planned));
        // They come again, as soon as what makes them may have been seen.
        self.batch.arrived(planned.lowered.awaited, clock::instant());
        let took = clock::instant() - started;
        if planned.lowered.snapshot.pods.is_empty() {
            self.work.existing.clear();
            return;
        }
        self.plans += 1;
        self.records.keep(why, Made::Planned(Arc::clone(&planned)));
        let claims = self.ask_for_claims(&planned, &tables);
        self.work.existing = on_existing_nodes(&planned, &tables);
        report::tell_left_out(&planned, &tables, &mut self.recorder);
        report::tell_nominated(&planned, &claims, &tables, &mut self.recorder);
        let metrics = self.metrics.clone();
        tokio::task::spawn_blocking(move || {
            let bill = planned.bill();
            report::log_plan(&planned, &bill, took, &metrics);
        });
    }

    /// Why a plan is made at this time.
    fn why(&self, now: Instant) -> Why {
        match self.planned_at {
            None => Why::First,
            Some(_) if self.batch.due().is_some_and(|due| due <= now) => Why::Pods,
            Some(_) if self.again => Why::Changed,
            Some(_) => Why::Waiting,
        }
    }

    /// Plans on a thread for blocking work, as it takes a core for as long as it runs.
    async fn plan(&mut self, tables: Tables, started: Instant) -> Result<Planned, PlanError> {
        let planner = self.planner.clone();
        let circumstances = self.circumstances(started);
        let planned = tokio::task::spawn_blocking(move || {
            let late = || clock::instant() > started + SEARCH_MAX;
            planner.plan(&tables, &circumstances, &mut { late })
        });
        planned.await.expect("planning does not panic; if it does, so does the process")
    }

    /// What a plan that is made now depends on beside the cluster.
    pub(super) fn circumstances(&mut self, now: Instant) -> Circumstances {
        Circumstances {
            now: clock::now(),
            seed: self.seed,
            market: self.upkeep.market(),
            unavailable: self.work.unavailable.current(now),
        }
    }

    /// Asks for one claim for each new node; gives their names in the order of the nodes.
    fn ask_for_claims(&mut self, planned: &Planned, tables: &Tables) -> Vec<String> {
        let plan_id = format!("{:x}-{}", self.seed, self.plans);
        let alternatives: Vec<Vec<OfferingIndex>> = (planned.alternatives.iter())
            .map(|ranked| ranked.iter().map(|one| one.offering).collect())
            .collect();
        let pools: BTreeMap<&str, &api::NodePool> = (tables.node_pools.objects.iter())
            .map(|((_, name), pool)| (&**name, pool.as_ref()))
            .collect();
        let executor::Claims { requests, findings } = executor::claims(&ClaimSource {
            snapshot: &planned.lowered.snapshot,
            plan: &planned.checked,
            alternatives: &alternatives,
            pools: &pools,
            pod_uid: &|pod| uid(planned, pod, tables),
            hashes: &hashes(tables, &self.ca_bundle),
            plan_id: &plan_id,
        });
        for finding in &findings {
            report::log_finding(finding);
        }
        let wanted = since(planned, tables, &plan_id);
        let now = clock::instant();
        for request in requests {
            if let Request::Create { target, .. } = &request {
                let name = target.name.clone();
                if self.gate.may_write() {
                    let since = wanted.get(&name).cloned().unwrap_or_default();
                    self.work.expect(&name, since, now);
                }
                self.dispatch(GroupKey::Claim(name), vec![request]);
            }
        }
        names(&planned.lowered.snapshot, planned.checked.plan(), &plan_id)
    }
}

/// Annotations with the hashes of each pool and its class, by pool.
pub(super) fn hashes(
    tables: &Tables,
    ca_bundle: &str,
) -> BTreeMap<String, BTreeMap<String, String>> {
    let pools = tables.node_pools.objects.values();
    pools
        .filter_map(|pool| {
            let class = pool.spec.template.spec.node_class_ref.name.as_str();
            let class = tables.class(class)?;
            let annotations = api::drift::annotations(pool, class, ca_bundle);
            Some((pool.metadata.name.clone(), annotations))
        })
        .collect()
}

/// Names of the claims of the plan's new nodes, in their order.
pub(super) fn names(snapshot: &Snapshot, plan: &Plan, plan_id: &str) -> Vec<String> {
    let nodes = plan.new_nodes.iter().enumerate();
    nodes
        .map(|(place, node)| {
            let pool = &snapshot.pool(snapshot.offering(node.offering).pool).name;
            claim_name(pool.as_str(), plan_id, place)
        })
        .collect()
}

/// When the pods of each new node came, by the name of its claim.
fn since(planned: &Planned, tables: &Tables, plan_id: &str) -> BTreeMap<String, Vec<Instant>> {
    let plan = planned.checked.plan();
    let names = names(&planned.lowered.snapshot, plan, plan_id);
    let nodes = names.into_iter().zip(&plan.new_nodes);
    nodes
        .map(|(name, node)| {
            let came = |pod: &PodIndex| Some(tables.pending.get(&key(planned, *pod))?.since);
            (name, node.pods.iter().filter_map(came).collect())
        })
        .collect()
}

/// The key of a planned pod in the store.
pub(super) fn key(planned: &Planned, pod: PodIndex) -> Key {
    let name = planned.lowered.snapshot.pod(pod).name.as_str();
    let (namespace, name) = name.split_once('/').unwrap_or(("default", name));
    (namespace.into(), name.into())
}

fn uid(planned: &Planned, pod: PodIndex, tables: &Tables) -> Option<String> {
    let pod = tables.pods.objects.get(&key(planned, pod))?;
    pod.metadata.uid.as_deref().map(str::to_owned)
}

/// Pods that the plan puts on nodes that are there, by UID.
pub(super) fn on_existing_nodes(planned: &Planned, tables: &Tables) -> BTreeMap<String, Target> {
    let snapshot = &planned.lowered.snapshot;
    let nodes: BTreeSet<&str> = tables.nodes.objects.keys().map(|(_, name)| &**name).collect();
    let mut targets = BTreeMap::new();
    for fill in &planned.checked.plan().existing {
        let name = snapshot.node(fill.node).name.as_str();
        let target = if nodes.contains(name) {
            Target::Node(name.to_owned())
        } else {
            Target::Claim(name.to_owned())
        };
        let pods = fill.pods.iter().filter_map(|pod| uid(planned, *pod, tables));
        targets.extend(pods.map(|uid| (uid, target.clone())));
    }
    targets
}
