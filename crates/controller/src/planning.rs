//! From the store to a checked plan: lower, plan, check; and the bound, once the plan is under way.
//!
//! In: what is known, the catalog, the time. Out: a plan that the checker accepts, with its report. It
//! sends nothing and reads no clock; it takes a core for as long as it runs, so callers put it on a
//! thread of its own.

mod fleet;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use checker::{CheckedPlan, Violation};
use ec2::Catalog;
use executor::{MachineFacts, resource_list};
use model::{
    FindingCode, InstanceTypeName, LiveMarket, MicroUsdPerHour, NanoUsdPerHour, NodeName,
    Objective, Plan, PreferencePrice, Timestamp,
};
use planner::{Alternative, Report, Seed, Settings};
use snapshot::{Inputs, LowerError, LowerOptions, Lowered, PodSelection, Policies, Unavailable};

use crate::store::{Objects, Tables};
pub(crate) use fleet::{Launches, Looked, MoveNodes, Moves, MovesError, NotHeld, UnderWay};

/// Units of work that the proof of a bound may take: about 0.3 s of one core of 2026. It runs beside the
/// execution of the plan, and a smaller limit gives a lower bound, and as true.
const PROOF_WORK_MAX: u64 = 3_000_000;

/// What every plan of this process shares.
#[derive(Clone, Debug)]
pub(crate) struct Planner {
    catalog: Arc<Catalog>,
    region: String,
    spending: Spending,
    policies: Policies,
}

/// What is spent on plans, and what things that are no machines are worth in them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Spending {
    /// See [`crate::Config`], as all of these.
    pub(crate) work_limit: u64,
    pub(crate) preference_price: PreferencePrice,
    pub(crate) eviction_price: Option<i64>,
    pub(crate) spot_for_spot: bool,
}

#[cfg(test)]
impl Spending {
    /// First answers, and the defaults.
    pub(crate) const NO_SEARCH: Self = Self {
        work_limit: 0,
        preference_price: PreferencePrice::DEFAULT,
        eviction_price: None,
        spot_for_spot: false,
    };
}

/// A plan that may be carried out.
#[derive(Debug)]
pub(crate) struct Planned {
    /// What it was made from.
    pub(crate) lowered: Lowered,
    /// The plan.
    pub(crate) checked: CheckedPlan,
    /// What it amounts to.
    pub(crate) report: Report,
    /// What it was made with.
    pub(crate) settings: Settings,
    /// Whether the search was ended by its watcher.
    pub(crate) cut: bool,
    /// For each new node, what may be bought in its place, best first.
    pub(crate) alternatives: Vec<Vec<Alternative>>,
}

/// What a plan depends on beside the cluster.
#[derive(Clone, Debug)]
pub(crate) struct Circumstances {
    /// The time.
    pub(crate) now: Timestamp,
    /// See [`Seed`].
    pub(crate) seed: u64,
    /// What the cloud sells, as far as it was read.
    pub(crate) market: Option<Arc<LiveMarket>>,
    /// What the cloud did not have a moment ago.
    pub(crate) unavailable: Unavailable,
}

/// What a plan costs, and what any plan for the same pods costs at least.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Bill {
    /// List prices of the new nodes.
    pub(crate) cost: MicroUsdPerHour,
    /// Proved by the checker; `None` where it proves nothing.
    pub(crate) bound: Option<NanoUsdPerHour>,
}

/// Why there is no plan.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PlanError {
    /// The input cannot be lowered.
    #[error(transparent)]
    Lower(#[from] LowerError),
    /// The checker refuses the plan; a bug of ours, so nothing of it is carried out.
    #[error("the checker refuses the plan, please report this bug: {}", first(&.0.violations))]
    Refused(Box<Refused>),
}

/// A plan that the checker refuses, for the record.
#[derive(Debug)]
pub(crate) struct Refused {
    /// What it was made from.
    pub(crate) lowered: Lowered,
    /// The plan.
    pub(crate) plan: Plan,
    /// What it amounts to.
    pub(crate) report: Report,
    /// What it was made with.
    pub(crate) settings: Settings,
    /// Whether the search was ended by its watcher.
    pub(crate) cut: bool,
    /// Why.
    pub(crate) violations: Vec<Violation>,
}

fn first(violations: &[Violation]) -> String {
    let first = violations.first().map(ToString::to_string).unwrap_or_default();
    format!("{first} ({} violations)", violations.len())
}

impl Planner {
    /// A planner for `region`; fails where the catalog does not have the region.
    pub(crate) fn new(
        region: String,
        spending: Spending,
        policies: Policies,
    ) -> Result<Self, LowerError> {
        let catalog = Arc::new(Catalog::embedded());
        catalog.region(&region)?;
        Ok(Self { catalog, region, spending, policies })
    }

    fn options(&self, circumstances: &Circumstances, existing_only: bool) -> LowerOptions {
        LowerOptions {
            region: self.region.clone(),
            pods: Some(PodSelection::Pending),
            architectures: Vec::new(),
            capacity_types: Vec::new(),
            estimate_prices: true,
            live_market: circumstances.market.clone(),
            unavailable: circumstances.unavailable.clone(),
            now: circumstances.now,
            existing_only,
            watched: true,
            policies: self.policies.clone(),
        }
    }

    const fn settings(&self) -> Settings {
        Settings {
            price_weights: false,
            objective: Objective {
                preference_price: self.spending.preference_price,
                ..Objective::LIST_PRICES
            },
            work_limit: self.spending.work_limit,
        }
    }

    /// Plans the pending pods of `tables`. `watch` may end the search.
    pub(crate) fn plan(
        &self,
        tables: &Tables,
        circumstances: &Circumstances,
        watch: &mut dyn FnMut() -> bool,
    ) -> Result<Planned, PlanError> {
        self.plan_inputs(inputs(tables), circumstances, false, watch)
    }

    /// Gives pending pods of `tables` places on its nodes and buys nothing: first the pods that its
    /// claims promise a place, then whatever fits beside them. The checker holds that no pod which is left
    /// out would fit.
    pub(crate) fn seat(
        &self,
        tables: &Tables,
        circumstances: &Circumstances,
    ) -> Result<Planned, PlanError> {
        self.plan_inputs(inputs(tables), circumstances, true, &mut || false)
    }

    /// The `DaemonSet`s that will run a pod on each node of `tables`, as `namespace/name`, by node.
    pub(crate) fn daemons(
        &self,
        tables: &Tables,
        circumstances: &Circumstances,
    ) -> Result<BTreeMap<String, BTreeSet<String>>, LowerError> {
        let options = self.options(circumstances, true);
        let Lowered { snapshot, .. } = snapshot::lower(inputs(tables), &self.catalog, &options)?;
        let of_node = |node: &model::Node| {
            let sets = snapshot::expected_daemons(node, &snapshot.daemon_sets);
            (node.name.to_string(), sets.map(|set| set.name.to_string()).collect())
        };
        Ok(snapshot.nodes.iter().map(of_node).collect())
    }

    fn plan_inputs(
        &self,
        inputs: Inputs,
        circumstances: &Circumstances,
        existing_only: bool,
        watch: &mut dyn FnMut() -> bool,
    ) -> Result<Planned, PlanError> {
        let options = self.options(circumstances, existing_only);
        let mut lowered = snapshot::lower(inputs, &self.catalog, &options)?;
        let work_limit = if existing_only { 0 } else { self.spending.work_limit };
        let settings = Settings { work_limit, ..self.settings() };
        let mut cut = false;
        let (plan, report) = planner::plan_watched(
            &lowered.snapshot,
            &settings,
            circumstances.now,
            Seed(circumstances.seed),
            &mut |_| {
                cut |= watch();
                cut
            },
        );
        let alternatives = planner::alternatives(&lowered.snapshot, &plan, settings.objective);
        if !existing_only {
            let (snapshot, services) = (&lowered.snapshot, lowered.services());
            let tie = planner::on_one_node(snapshot, &plan, services, settings.objective);
            lowered.findings.extend(tie);
        }
        // The checker keeps what it refuses, and a record needs it.
        let checked = match checker::check(&lowered.snapshot, plan.clone()) {
            Ok(checked) => checked,
            Err(violations) => {
                let refused = Refused { lowered, plan, report, settings, cut, violations };
                return Err(PlanError::Refused(Box::new(refused)));
            }
        };
        Ok(Planned { lowered, checked, report, settings, cut, alternatives })
    }
}

impl Planned {
    /// What a type holds under a class, in the form of a claim's status.
    pub(crate) fn machine(&self, class: &str, name: &InstanceTypeName) -> Option<MachineFacts> {
        let snapshot = &self.lowered.snapshot;
        let class = snapshot.node_classes.iter().find(|one| one.name.as_str() == class)?;
        let place = snapshot.types.binary_search_by(|one| one.name.cmp(name)).ok()?;
        let machine = class.machines.iter().find(|one| one.instance_type.get() == place)?;
        let mut allocatable = machine.capacity.clone();
        allocatable.subtract(&machine.overhead);
        let labels = snapshot.types[place].labels.iter();
        Some(MachineFacts {
            labels: labels.map(|(key, value)| (key.to_string(), value.to_string())).collect(),
            capacity: resource_list(&machine.capacity),
            allocatable: resource_list(&allocatable),
        })
    }

    /// The price of a node that was there.
    pub(crate) fn price_of(&self, node: &NodeName) -> Option<MicroUsdPerHour> {
        let nodes = &self.lowered.snapshot.nodes;
        let place = nodes.binary_search_by(|one| one.name.cmp(node)).ok()?;
        nodes[place].price
    }

    /// What is wrong with a pool's spec.
    pub(crate) fn problems_of(&self, pool: &str) -> Vec<String> {
        let object = format!("NodePool {pool}");
        let findings = self.lowered.findings.iter();
        findings
            .filter(|finding| finding.object == object && finding.code == FindingCode::BadField)
            .map(|finding| format!("{}: {}", finding.field, finding.message))
            .collect()
    }

    /// What the plan costs, with the best bound that the checker proves.
    pub(crate) fn bill(&self) -> Bill {
        let nothing = Objective::LIST_PRICES;
        let proved = checker::prove_best(
            &self.lowered.snapshot,
            self.checked.plan(),
            &self.report.candidates,
            nothing,
            PROOF_WORK_MAX,
        );
        let bound = proved.ok().map(|(_, bound)| bound.lower);
        Bill { cost: self.checked.totals().cost_per_hour, bound }
    }
}

impl Bill {
    /// (Cost − bound) / bound; 0 where both are 0, `None` where only the bound is, or unproved.
    pub(crate) fn gap(&self) -> Option<f64> {
        let bound = self.bound?.get();
        let cost = self.cost.get().saturating_mul(1_000);
        if bound <= 0 {
            return (cost <= 0).then_some(0.0);
        }
        Some(usd(cost.saturating_sub(bound).max(0), bound))
    }
}

/// `amount` in units of `unit`, such as nano-USD in USD; for metrics alone, as a float never reaches a
/// decision.
#[expect(clippy::cast_precision_loss, reason = "for display; exact below 9,000,000 USD an hour")]
pub(crate) fn usd(amount: i64, unit: i64) -> f64 {
    amount as f64 / unit as f64
}

/// Pools whose class is there; lowering would assume one, which is for plans on paper alone.
fn pools(tables: &Tables) -> Vec<api::NodePool> {
    let has_class = |pool: &&Arc<api::NodePool>| {
        let class = pool.spec.template.spec.node_class_ref.name.as_str();
        tables.node_classes.objects.contains_key(&(Box::default(), class.into()))
    };
    let pools = tables.node_pools.objects.values().filter(has_class);
    pools.map(|pool| told(api::NodePool::clone(pool))).collect()
}

/// The pool, not ready where nobody has said whether it is: lowering takes silence for consent, as on
/// paper nobody says it.
fn told(mut pool: api::NodePool) -> api::NodePool {
    let conditions = &mut pool.status.conditions;
    if !conditions.iter().any(|condition| condition.kind == api::names::READY) {
        conditions.push(api::Condition {
            kind: api::names::READY.to_owned(),
            status: "Unknown".to_owned(),
            reason: "AwaitingReconciliation".to_owned(),
            ..api::Condition::default()
        });
    }
    pool
}

/// Copies what planning reads out of the store.
fn inputs(tables: &Tables) -> Inputs {
    fn copied<T: Clone>(objects: &Objects<T>) -> Vec<T> {
        objects.values().map(|object| T::clone(object)).collect()
    }
    let mut inputs = Inputs::default();
    let objects = &mut inputs.objects;
    objects.pods = copied(&tables.pods.objects);
    objects.node_claims = copied(&tables.node_claims.objects);
    objects.nodes = copied(&tables.nodes.objects);
    objects.daemon_sets = copied(&tables.daemon_sets.objects);
    objects.limit_ranges = copied(&tables.limit_ranges.objects);
    objects.namespaces = copied(&tables.namespaces.objects);
    objects.priority_classes = copied(&tables.priority_classes.objects);
    objects.volume_claims = copied(&tables.volume_claims.objects);
    objects.volumes = copied(&tables.volumes.objects);
    objects.storage_classes = copied(&tables.storage_classes.objects);
    objects.csi_nodes = copied(&tables.csi_nodes.objects);
    objects.services = copied(&tables.services.objects);
    objects.replica_sets = copied(&tables.replica_sets.objects);
    objects.stateful_sets = copied(&tables.stateful_sets.objects);
    // Their selectors are what is asked for; pods that they have yet to make come by themselves.
    objects.replica_sets.iter_mut().for_each(|one| one.spec.replicas = Some(0));
    objects.stateful_sets.iter_mut().for_each(|one| one.spec.replicas = Some(0));
    objects.disruption_budgets = copied(&tables.disruption_budgets.objects);
    objects.node_pools = pools(tables);
    objects.node_classes = copied(&tables.node_classes.objects);
    if objects.node_pools.is_empty() {
        // Without a pool, lowering would assume some, which is for plans on paper alone.
        objects.pods.clear();
    }
    inputs
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bill(cost: i64, bound: Option<i64>) -> Bill {
        let bound = bound.map(NanoUsdPerHour::new);
        Bill { cost: MicroUsdPerHour::new(cost), bound }
    }

    #[test]
    fn a_gap_is_relative_to_the_bound() {
        assert_eq!(bill(110, Some(100_000)).gap(), Some(0.1));
        assert_eq!(bill(0, Some(0)).gap(), Some(0.0));
        assert_eq!(bill(1, Some(0)).gap(), None);
        assert_eq!(bill(1, None).gap(), None);
    }

    #[test]
    fn an_unknown_region_is_refused_at_the_start() {
        let with = Spending::NO_SEARCH;
        assert!(Planner::new("us-east-1".to_owned(), with, Policies::default()).is_ok());
        assert!(Planner::new("mars-north-1".to_owned(), with, Policies::default()).is_err());
    }
}
