//! The decision on moves.

use disruption::{Allowance, Answer, Consolidation, Drift, Kept, Rotation};
use model::{
    Candidate, Finding, Move, MovePrices, NodeClaimName, NodeName, NodePoolName, Objective,
    PreferencePrice, Timestamp,
};
use planner::{Pass, Question, Seed};
use serde::{Deserialize, Serialize};

use super::ending::ClusterTwin;
use super::{Get, Put, SettingsTwin, SnapshotTwin};
use crate::error::RecordError;
use crate::fleet::Passing;
use crate::hash::Hash;
use crate::planning::Shown;

type Since = (NodeClaimName, Timestamp);
type Allows = (NodePoolName, Allowance);

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct PassTwin {
    pub(crate) version: String,
    #[serde(with = "crate::wire")]
    now: Timestamp,
    seed: u64,
    settings: SettingsTwin,
    consolidation: ConsolidationTwin,
    drifted: Hash,
    #[serde(with = "crate::wire")]
    rotation: Option<NodeName>,
    pub(crate) snapshot: SnapshotTwin,
    pub(crate) cluster: ClusterTwin,
    pub(crate) found: FoundTwin,
    pub(crate) drift: DriftTwin,
    pub(crate) findings: Hash,
    pub(crate) shown: Shown,
}

impl PassTwin {
    pub(crate) fn new(passing: &Passing<'_>, lists: &mut impl Put) -> Self {
        let Passing { question, snapshot, cluster, pass, findings, shown } = passing;
        let Question { consolidation, settings, drifted, rotation, now, seed } = question;
        let Rotation { next } = rotation;
        let Pass { found, drift } = pass;
        let since: Vec<Since> = drifted.iter().map(|(claim, at)| (claim.clone(), *at)).collect();
        Self {
            version: crate::VERSION.to_owned(),
            now: *now,
            seed: seed.0,
            settings: SettingsTwin::new(settings),
            consolidation: ConsolidationTwin::new(consolidation),
            drifted: lists.put::<Since>(&since),
            rotation: next.clone(),
            snapshot: SnapshotTwin::new(snapshot, lists),
            cluster: ClusterTwin::new(cluster, lists),
            found: FoundTwin::new(found, lists),
            drift: DriftTwin::new(drift, lists),
            findings: lists.put::<Finding>(findings),
            shown: shown.clone(),
        }
    }

    pub(crate) fn question(&self, lists: &impl Get) -> Result<Question, RecordError> {
        let drifted: Vec<Since> = lists.get("drifted", self.drifted)?;
        Ok(Question {
            consolidation: self.consolidation.settings(),
            settings: self.settings.settings(),
            drifted: drifted.into_iter().collect(),
            rotation: Rotation { next: self.rotation.clone() },
            now: self.now,
            seed: Seed(self.seed),
        })
    }
}

/// What governs consolidation.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct ConsolidationTwin {
    restart_cost: i64,
    /// Absent where preferences have no price, as in records before there was one.
    #[serde(default, skip_serializing_if = "crate::wire::is_nothing")]
    preference_price: i64,
    eviction: i64,
    launch_seconds: i64,
    horizon_seconds: i64,
    nodes_per_move: usize,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    spot_for_spot: bool,
    work_limit: u64,
}

impl ConsolidationTwin {
    const fn new(settings: &disruption::Settings) -> Self {
        let disruption::Settings {
            objective: Objective { restart_cost, preference_price },
            prices: MovePrices { eviction, launch_seconds, horizon_seconds },
            nodes_per_move,
            spot_for_spot,
            work_limit,
        } = *settings;
        Self {
            restart_cost,
            preference_price: preference_price.millionths(),
            eviction,
            launch_seconds,
            horizon_seconds,
            nodes_per_move,
            spot_for_spot,
            work_limit,
        }
    }

    const fn settings(&self) -> disruption::Settings {
        let Self {
            restart_cost,
            preference_price,
            eviction,
            launch_seconds,
            horizon_seconds,
            nodes_per_move,
            spot_for_spot,
            work_limit,
        } = *self;
        let preference_price = PreferencePrice::of_millionths(preference_price);
        disruption::Settings {
            objective: Objective { restart_cost, preference_price },
            prices: MovePrices { eviction, launch_seconds, horizon_seconds },
            nodes_per_move,
            spot_for_spot,
            work_limit,
        }
    }
}

/// Moves, answers, and how far the search went.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct FoundTwin {
    moves: Hash,
    answers: Hash,
    allowances: Hash,
    #[serde(with = "crate::wire")]
    rotation: Option<NodeName>,
    #[serde(with = "crate::wire")]
    again: Option<Timestamp>,
    candidates: Hash,
    work_used: u64,
}

impl FoundTwin {
    fn new(found: &Consolidation, lists: &mut impl Put) -> Self {
        let Consolidation {
            moves,
            answers,
            allowances,
            rotation: Rotation { next },
            again,
            candidates,
            work_used,
        } = found;
        let allows: Vec<Allows> =
            allowances.iter().map(|(pool, allowance)| (pool.clone(), *allowance)).collect();
        Self {
            moves: lists.put::<Move>(moves),
            answers: lists.put::<Answer>(answers),
            allowances: lists.put::<Allows>(&allows),
            rotation: next.clone(),
            again: *again,
            candidates: lists.put::<Candidate>(candidates),
            work_used: *work_used,
        }
    }

    pub(crate) fn found(&self, lists: &impl Get) -> Result<Consolidation, RecordError> {
        let allows: Vec<Allows> = lists.get("found.allowances", self.allowances)?;
        Ok(Consolidation {
            moves: lists.get("found.moves", self.moves)?,
            answers: lists.get("found.answers", self.answers)?,
            allowances: allows.into_iter().collect(),
            rotation: Rotation { next: self.rotation.clone() },
            again: self.again,
            candidates: lists.get("found.candidates", self.candidates)?,
            work_used: self.work_used,
        })
    }
}

/// Which drifted nodes may go, and why the others stay.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct DriftTwin {
    go: Vec<usize>,
    kept: Hash,
}

impl DriftTwin {
    fn new(drift: &Drift, lists: &mut impl Put) -> Self {
        let Drift { go, kept } = drift;
        let kept: Vec<(usize, Kept)> =
            kept.iter().map(|(place, kept)| (*place, kept.clone())).collect();
        Self { go: go.clone(), kept: lists.put(&kept) }
    }

    pub(crate) fn drift(&self, lists: &impl Get) -> Result<Drift, RecordError> {
        let kept: Vec<(usize, Kept)> = lists.get("drift.kept", self.kept)?;
        Ok(Drift { go: self.go.clone(), kept: kept.into_iter().collect() })
    }
}
