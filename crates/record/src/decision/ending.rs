//! The decision on what goes with nothing in its place.

use disruption::{Allowance, Decision, Deletion, Kept, Waiting};
use model::fleet::{Cluster, Node, Pool, Reason};
use model::{NodeClaimName, NodePoolName, Timestamp};
use serde::{Deserialize, Serialize};

use super::{Get, Put};
use crate::error::RecordError;
use crate::fleet::Ending;
use crate::hash::Hash;

type Waits = ((NodeClaimName, Reason), Timestamp);
type Allows = ((NodePoolName, Reason), Allowance);

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct EndingTwin {
    pub(crate) version: String,
    #[serde(with = "crate::wire")]
    pub(crate) now: Timestamp,
    pub(crate) cluster: ClusterTwin,
    pub(crate) waiting: WaitingTwin,
    pub(crate) decision: DecidedTwin,
}

impl EndingTwin {
    pub(crate) fn new(ending: &Ending<'_>, lists: &mut impl Put) -> Self {
        let Ending { now, cluster, waiting, decision } = ending;
        Self {
            version: crate::VERSION.to_owned(),
            now: *now,
            cluster: ClusterTwin::new(cluster, lists),
            waiting: WaitingTwin::new(waiting, lists),
            decision: DecidedTwin::new(decision, lists),
        }
    }
}

/// The nodes and pools that are decided on.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ClusterTwin {
    nodes: Hash,
    pools: Hash,
}

impl ClusterTwin {
    pub(crate) fn new(cluster: &Cluster, lists: &mut impl Put) -> Self {
        let Cluster { nodes, pools } = cluster;
        Self { nodes: lists.put::<Node>(nodes), pools: lists.put::<Pool>(pools) }
    }

    pub(crate) fn cluster(&self, lists: &impl Get) -> Result<Cluster, RecordError> {
        Ok(Cluster {
            nodes: lists.get("cluster.nodes", self.nodes)?,
            pools: lists.get("cluster.pools", self.pools)?,
        })
    }
}

/// What waits to be validated.
#[derive(Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct WaitingTwin(Hash);

impl WaitingTwin {
    fn new(waiting: &Waiting, lists: &mut impl Put) -> Self {
        let waits: Vec<Waits> = waiting.iter().map(|(key, since)| (key.clone(), *since)).collect();
        Self(lists.put::<Waits>(&waits))
    }

    pub(crate) fn waiting(
        &self,
        field: &'static str,
        lists: &impl Get,
    ) -> Result<Waiting, RecordError> {
        Ok(lists.get::<Waits>(field, self.0)?.into_iter().collect())
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct DecidedTwin {
    expired: Hash,
    delete: Hash,
    kept: Hash,
    waiting: WaitingTwin,
    #[serde(with = "crate::wire")]
    again: Option<Timestamp>,
    allowances: Hash,
}

impl DecidedTwin {
    fn new(decision: &Decision, lists: &mut impl Put) -> Self {
        let Decision { expired, delete, kept, waiting, again, allowances } = decision;
        let kept: Vec<(usize, Kept)> =
            kept.iter().map(|(place, kept)| (*place, kept.clone())).collect();
        let allows: Vec<Allows> =
            allowances.iter().map(|(key, allowance)| (key.clone(), *allowance)).collect();
        Self {
            expired: lists.put::<NodeClaimName>(expired),
            delete: lists.put::<Deletion>(delete),
            kept: lists.put(&kept),
            waiting: WaitingTwin::new(waiting, lists),
            again: *again,
            allowances: lists.put::<Allows>(&allows),
        }
    }

    pub(crate) fn decision(&self, lists: &impl Get) -> Result<Decision, RecordError> {
        let kept: Vec<(usize, Kept)> = lists.get("decision.kept", self.kept)?;
        let allows: Vec<Allows> = lists.get("decision.allowances", self.allowances)?;
        Ok(Decision {
            expired: lists.get("decision.expired", self.expired)?,
            delete: lists.get("decision.delete", self.delete)?,
            kept: kept.into_iter().collect(),
            waiting: self.waiting.waiting("decision.waiting", lists)?,
            again: self.again,
            allowances: allows.into_iter().collect(),
        })
    }
}
