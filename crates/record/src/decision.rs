//! The decision of a record as JSON: figures, and lists by their hashes.

mod ending;
mod pass;

use model::{
    Candidate, DaemonSet, Finding, InstanceType, Listing, MicroUsdPerHour, NewNode, Node,
    NodeClass, NodeFill, NodePool, Objective, Offering, Plan, Pod, PodShape, PreferencePrice,
    Profile, RegionName, Rivals, Selection, Snapshot, SoftRule, Spread, Supply, Term, Timestamp,
    Unschedulable,
};
use planner::{PoolReport, Report, Seed, Settings, Small, SupplyUse};
use serde::{Deserialize, Serialize};

use crate::error::{Problem, RecordError};
use crate::hash::Hash;
use crate::planning::{Planning, Shown, Why};
use crate::wire::Wire;

pub(crate) use ending::EndingTwin;
pub(crate) use pass::PassTwin;

/// Puts lists away; gives what each is known by.
pub(crate) trait Put {
    fn put<T: Wire>(&mut self, items: &[T]) -> Hash;
}

/// Gets the list of that hash. `field` is its path, for errors.
pub(crate) trait Get {
    fn get<T: Wire>(&self, field: &'static str, hash: Hash) -> Result<Vec<T>, RecordError>;
}

/// What was decided, by kind. Kinds may be added without a new format: whoever does not know one says
/// so and reads the others.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum DecisionTwin {
    /// Which nodes to buy.
    Provision(Box<ProvisionTwin>),
    /// Which nodes go with nothing in their place.
    End(Box<EndingTwin>),
    /// Which nodes go together, and what comes in their place.
    Move(Box<PassTwin>),
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ProvisionTwin {
    pub(crate) version: String,
    pub(crate) why: Why,
    #[serde(with = "crate::wire")]
    pub(crate) now: Timestamp,
    pub(crate) seed: u64,
    pub(crate) settings: SettingsTwin,
    pub(crate) cut: bool,
    pub(crate) snapshot: SnapshotTwin,
    pub(crate) plan: PlanTwin,
    pub(crate) report: ReportTwin,
    pub(crate) findings: Hash,
    pub(crate) shown: Shown,
}

impl ProvisionTwin {
    pub(crate) fn new(planning: &Planning<'_>, lists: &mut impl Put) -> Self {
        let Planning { why, now, seed, settings, cut, snapshot, plan, report, findings, shown } =
            planning;
        Self {
            version: crate::VERSION.to_owned(),
            why: *why,
            now: *now,
            seed: seed.0,
            settings: SettingsTwin::new(settings),
            cut: *cut,
            snapshot: SnapshotTwin::new(snapshot, lists),
            plan: PlanTwin::new(plan, lists),
            report: ReportTwin::new(report, lists),
            findings: lists.put::<Finding>(findings),
            shown: shown.clone(),
        }
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct SettingsTwin {
    price_weights: bool,
    restart_cost: i64,
    /// Absent where preferences have no price, as in records before there was one.
    #[serde(default, skip_serializing_if = "crate::wire::is_nothing")]
    preference_price: i64,
    work_limit: u64,
}

impl SettingsTwin {
    fn new(settings: &Settings) -> Self {
        let Settings { price_weights, objective, work_limit } = *settings;
        let Objective { restart_cost, preference_price } = objective;
        let preference_price = preference_price.millionths();
        Self { price_weights, restart_cost, preference_price, work_limit }
    }

    pub(crate) fn settings(&self) -> Settings {
        let Self { price_weights, restart_cost, preference_price, work_limit } = *self;
        let preference_price = PreferencePrice::of_millionths(preference_price);
        let objective = Objective { restart_cost, preference_price };
        Settings { price_weights, objective, work_limit }
    }
}

/// A snapshot; each list by what it is known by.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct SnapshotTwin {
    #[serde(with = "crate::wire")]
    region: RegionName,
    /// Absent for the default, as in records before there was another.
    #[serde(with = "crate::wire", default, skip_serializing_if = "crate::wire::is_default")]
    profile: Profile,
    shapes: Hash,
    pods: Hash,
    rivals: Hash,
    selections: Hash,
    spreads: Hash,
    terms: Hash,
    soft_rules: Hash,
    daemon_sets: Hash,
    nodes: Hash,
    pools: Hash,
    node_classes: Hash,
    types: Hash,
    listings: Hash,
    supplies: Hash,
    offerings: Hash,
}

impl SnapshotTwin {
    pub(crate) fn new(snapshot: &Snapshot, lists: &mut impl Put) -> Self {
        let Snapshot {
            region,
            profile,
            shapes,
            pods,
            rivals,
            selections,
            spreads,
            terms,
            soft_rules,
            daemon_sets,
            nodes,
            pools,
            node_classes,
            types,
            listings,
            supplies,
            offerings,
        } = snapshot;
        Self {
            region: region.clone(),
            profile: *profile,
            shapes: lists.put::<PodShape>(shapes),
            pods: lists.put::<Pod>(pods),
            rivals: lists.put::<Rivals>(rivals),
            selections: lists.put::<Selection>(selections),
            spreads: lists.put::<Spread>(spreads),
            terms: lists.put::<Term>(terms),
            soft_rules: lists.put::<SoftRule>(soft_rules),
            daemon_sets: lists.put::<DaemonSet>(daemon_sets),
            nodes: lists.put::<Node>(nodes),
            pools: lists.put::<NodePool>(pools),
            node_classes: lists.put::<NodeClass>(node_classes),
            types: lists.put::<InstanceType>(types),
            listings: lists.put::<Listing>(listings),
            supplies: lists.put::<Supply>(supplies),
            offerings: lists.put::<Offering>(offerings),
        }
    }

    pub(crate) fn snapshot(&self, lists: &impl Get) -> Result<Snapshot, RecordError> {
        Ok(Snapshot {
            region: self.region.clone(),
            profile: self.profile,
            shapes: lists.get("snapshot.shapes", self.shapes)?,
            pods: lists.get("snapshot.pods", self.pods)?,
            rivals: lists.get("snapshot.rivals", self.rivals)?,
            selections: lists.get("snapshot.selections", self.selections)?,
            spreads: lists.get("snapshot.spreads", self.spreads)?,
            terms: lists.get("snapshot.terms", self.terms)?,
            soft_rules: lists.get("snapshot.softRules", self.soft_rules)?,
            daemon_sets: lists.get("snapshot.daemonSets", self.daemon_sets)?,
            nodes: lists.get("snapshot.nodes", self.nodes)?,
            pools: lists.get("snapshot.pools", self.pools)?,
            node_classes: lists.get("snapshot.nodeClasses", self.node_classes)?,
            types: lists.get("snapshot.types", self.types)?,
            listings: lists.get("snapshot.listings", self.listings)?,
            supplies: lists.get("snapshot.supplies", self.supplies)?,
            offerings: lists.get("snapshot.offerings", self.offerings)?,
        })
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct PlanTwin {
    new_nodes: Hash,
    existing: Hash,
    unschedulable: Hash,
}

impl PlanTwin {
    fn new(plan: &Plan, lists: &mut impl Put) -> Self {
        let Plan { new_nodes, existing, unschedulable } = plan;
        Self {
            new_nodes: lists.put::<NewNode>(new_nodes),
            existing: lists.put::<NodeFill>(existing),
            unschedulable: lists.put::<Unschedulable>(unschedulable),
        }
    }

    pub(crate) fn plan(&self, lists: &impl Get) -> Result<Plan, RecordError> {
        Ok(Plan {
            new_nodes: lists.get("plan.newNodes", self.new_nodes)?,
            existing: lists.get("plan.existing", self.existing)?,
            unschedulable: lists.get("plan.unschedulable", self.unschedulable)?,
        })
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct ReportTwin {
    pub(crate) figures: Figures,
    candidates: Hash,
    pools: Hash,
    supplies: Hash,
}

/// The figures of a report.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct Figures {
    #[serde(with = "crate::wire")]
    cost: MicroUsdPerHour,
    #[serde(with = "crate::wire")]
    weights_cost: Option<MicroUsdPerHour>,
    work_used: u64,
    complete: bool,
    #[serde(with = "crate::wire")]
    small: Option<Small>,
    classes: usize,
    classes_improved: usize,
}

impl Figures {
    pub(crate) fn new(report: &Report) -> Self {
        let Report {
            // The question's, and written there.
            now: _,
            seed: _,
            cost,
            weights_cost,
            candidates: _,
            work_used,
            complete,
            small,
            classes,
            classes_improved,
            pools: _,
            supplies: _,
        } = report;
        Self {
            cost: *cost,
            weights_cost: *weights_cost,
            work_used: *work_used,
            complete: *complete,
            small: *small,
            classes: *classes,
            classes_improved: *classes_improved,
        }
    }
}

impl ReportTwin {
    fn new(report: &Report, lists: &mut impl Put) -> Self {
        Self {
            figures: Figures::new(report),
            candidates: lists.put::<Candidate>(&report.candidates),
            pools: lists.put::<PoolReport>(&report.pools),
            supplies: lists.put::<SupplyUse>(&report.supplies),
        }
    }

    pub(crate) fn report(
        &self,
        now: Timestamp,
        seed: Seed,
        lists: &impl Get,
    ) -> Result<Report, RecordError> {
        let Self {
            figures:
                Figures { cost, weights_cost, work_used, complete, small, classes, classes_improved },
            candidates,
            pools,
            supplies,
        } = *self;
        Ok(Report {
            now,
            seed,
            cost,
            weights_cost,
            candidates: lists.get("report.candidates", candidates)?,
            work_used,
            complete,
            small,
            classes,
            classes_improved,
            pools: lists.get("report.pools", pools)?,
            supplies: lists.get("report.supplies", supplies)?,
        })
    }
}

impl DecisionTwin {
    /// Reads a decision from its JSON.
    pub(crate) fn read(json: &[u8]) -> Result<Self, Problem> {
        serde_json::from_slice(json).map_err(|error| Problem::Json(error.to_string()))
    }
}
