//! Why a pod goes nowhere, with typed fields.

use serde::Serialize;

use crate::wording::message;
use model::canonical_quantity as canonical;

/// One reason: a stable code, its numbers, and the same in words.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct Reason<'a> {
    #[serde(flatten)]
    detail: Detail<'a>,
    /// The reason in words; for people, may change.
    message: String,
}

/// `excluded` counts offerings: pool, type, zone, capacity type and chosen labels.
#[derive(Serialize)]
#[serde(tag = "code", rename_all = "kebab-case", rename_all_fields = "camelCase")]
#[cfg_attr(test, derive(schemars::JsonSchema))]
enum Detail<'a> {
    /// There is no pool at all.
    NoNodePool,
    /// The pool admits nothing that the region sells.
    EmptyPool { node_pool: &'a str },
    /// The pod does not tolerate a taint of the pool.
    Taint { node_pool: &'a str, taint: String, excluded: u32 },
    /// The pod's node selector or required affinity refuses a label.
    Requirement { node_pool: &'a str, key: &'a str, excluded: u32 },
    /// The price is unknown.
    Unpriced { node_pool: &'a str, excluded: u32 },
    /// None has enough of a resource; amounts are Kubernetes quantities.
    Resource {
        node_pool: &'a str,
        resource: &'a str,
        needs: String,
        largest: String,
        largest_type: &'a str,
        excluded: u32,
    },
    /// Each resource alone is there on some offering, all together on none.
    Combination { node_pool: &'a str, excluded: u32 },
    /// The pool asks for more values of a label than are open to any of them.
    MinValues { node_pool: &'a str, key: &'a str, least: i64, open: i64, excluded: u32 },
    /// Buying would break a limit of the pool; amounts are Kubernetes quantities.
    Limit {
        node_pool: &'a str,
        resource: &'a str,
        limit: String,
        used: String,
        least: String,
        excluded: u32,
    },
    /// The plan takes all there is of a supply, such as a capacity reservation.
    Supply { node_pool: &'a str, supply: &'a str, cap: i64, excluded: u32 },
    /// Their domains have too many pods for a topology spread constraint.
    Spread {
        node_pool: &'a str,
        key: &'a str,
        selection: &'a str,
        max_skew: i64,
        least: i64,
        #[serde(skip_serializing_if = "Option::is_none")]
        least_in: Option<&'a str>,
        load: i64,
        excluded: u32,
    },
    /// The pods that it goes with are elsewhere.
    Affinity {
        node_pool: &'a str,
        key: &'a str,
        selection: &'a str,
        #[serde(skip_serializing_if = "Option::is_none")]
        there_in: Option<&'a str>,
        excluded: u32,
    },
    /// Pods that it keeps away from (`own`), or that keep away from it, are there.
    AntiAffinity {
        node_pool: &'a str,
        key: &'a str,
        selection: &'a str,
        own: bool,
        pods: i64,
        excluded: u32,
    },
}

impl<'a> Reason<'a> {
    /// The wire form of `reason`.
    pub(super) fn new(reason: &'a model::Reason) -> Self {
        Self { detail: Detail::new(reason), message: message(reason) }
    }
}

impl<'a> Detail<'a> {
    fn new(reason: &'a model::Reason) -> Self {
        match reason {
            model::Reason::NoNodePool => Self::NoNodePool,
            model::Reason::EmptyPool { pool } => Self::EmptyPool { node_pool: pool.as_str() },
            model::Reason::Taint { pool, taint, excluded } => Self::Taint {
                node_pool: pool.as_str(),
                taint: taint.to_string(),
                excluded: *excluded,
            },
            model::Reason::Requirement { pool, key, excluded } => Self::Requirement {
                node_pool: pool.as_str(),
                key: key.as_str(),
                excluded: *excluded,
            },
            model::Reason::Unpriced { pool, excluded } => {
                Self::Unpriced { node_pool: pool.as_str(), excluded: *excluded }
            }
            model::Reason::Combination { pool, excluded } => {
                Self::Combination { node_pool: pool.as_str(), excluded: *excluded }
            }
            model::Reason::Resource { pool, resource, needs, largest, largest_type, excluded } => {
                Self::Resource {
                    node_pool: pool.as_str(),
                    resource: resource.as_str(),
                    needs: canonical(resource.as_str(), *needs),
                    largest: canonical(resource.as_str(), *largest),
                    largest_type: largest_type.as_str(),
                    excluded: *excluded,
                }
            }
            model::Reason::Limit { pool, resource, limit, used, least, excluded } => Self::Limit {
                node_pool: pool.as_str(),
                resource: resource.as_str(),
                limit: canonical(resource.as_str(), *limit),
                used: canonical(resource.as_str(), *used),
                least: canonical(resource.as_str(), *least),
                excluded: *excluded,
            },
            model::Reason::Supply { pool, supply, cap, excluded } => Self::Supply {
                node_pool: pool.as_str(),
                supply: supply.as_str(),
                cap: *cap,
                excluded: *excluded,
            },
            model::Reason::Spread {
                pool,
                key,
                selection,
                max_skew,
                least,
                least_in,
                load,
                excluded,
            } => Self::Spread {
                node_pool: pool.as_str(),
                key: key.as_str(),
                selection: selection.as_str(),
                max_skew: *max_skew,
                least: *least,
                least_in: least_in.as_ref().map(model::LabelValue::as_str),
                load: *load,
                excluded: *excluded,
            },
            model::Reason::MinValues { .. }
            | model::Reason::Affinity { .. }
            | model::Reason::AntiAffinity { .. } => Self::of_rule(reason),
        }
    }

    /// Of least values, or of a term between pods.
    fn of_rule(reason: &'a model::Reason) -> Self {
        match reason {
            model::Reason::MinValues { pool, key, least, open, excluded } => Self::MinValues {
                node_pool: pool.as_str(),
                key: key.as_str(),
                least: *least,
                open: *open,
                excluded: *excluded,
            },
            model::Reason::Affinity { pool, key, selection, there_in, excluded } => {
                Self::Affinity {
                    node_pool: pool.as_str(),
                    key: key.as_str(),
                    selection: selection.as_str(),
                    there_in: there_in.as_ref().map(model::LabelValue::as_str),
                    excluded: *excluded,
                }
            }
            model::Reason::AntiAffinity { pool, key, selection, own, pods, excluded } => {
                Self::AntiAffinity {
                    node_pool: pool.as_str(),
                    key: key.as_str(),
                    selection: selection.as_str(),
                    own: *own,
                    pods: *pods,
                    excluded: *excluded,
                }
            }
            // No other reason is about these.
            _ => Self::NoNodePool,
        }
    }
}
