//! A claimed reason, and the model's reason that it stands for.

use model::{Amount, Effect, Quantity, well_known};
use serde::Deserialize;

/// The typed fields of a reason; see [`super::reason`]. The words are not judged.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(tag = "code", rename_all = "kebab-case", rename_all_fields = "camelCase")]
pub(crate) enum Reason {
    NoNodePool,
    EmptyPool {
        node_pool: String,
    },
    Taint {
        node_pool: String,
        taint: String,
        excluded: u32,
    },
    Requirement {
        node_pool: String,
        key: String,
        excluded: u32,
    },
    Unpriced {
        node_pool: String,
        excluded: u32,
    },
    Resource {
        node_pool: String,
        resource: String,
        needs: String,
        largest: String,
        largest_type: String,
        excluded: u32,
    },
    Combination {
        node_pool: String,
        excluded: u32,
    },
    MinValues {
        node_pool: String,
        key: String,
        least: i64,
        open: i64,
        excluded: u32,
    },
    Limit {
        node_pool: String,
        resource: String,
        limit: String,
        used: String,
        least: String,
        excluded: u32,
    },
    Supply {
        node_pool: String,
        supply: String,
        cap: i64,
        excluded: u32,
    },
    Spread {
        node_pool: String,
        key: String,
        selection: String,
        max_skew: i64,
        least: i64,
        #[serde(default)]
        least_in: Option<String>,
        load: i64,
        excluded: u32,
    },
    Affinity {
        node_pool: String,
        key: String,
        selection: String,
        #[serde(default)]
        there_in: Option<String>,
        excluded: u32,
    },
    AntiAffinity {
        node_pool: String,
        key: String,
        selection: String,
        own: bool,
        pods: i64,
        excluded: u32,
    },
}

impl Reason {
    /// The reason it stands for, or which text in it is not understood.
    pub(crate) fn to_model(&self) -> Result<model::Reason, String> {
        Ok(match self.clone() {
            Self::NoNodePool => model::Reason::NoNodePool,
            Self::EmptyPool { node_pool } => model::Reason::EmptyPool { pool: node_pool.into() },
            Self::Taint { node_pool, taint: text, excluded } => {
                model::Reason::Taint { pool: node_pool.into(), taint: taint(&text)?, excluded }
            }
            Self::Requirement { node_pool, key, excluded } => {
                model::Reason::Requirement { pool: node_pool.into(), key: key.into(), excluded }
            }
            Self::Unpriced { node_pool, excluded } => {
                model::Reason::Unpriced { pool: node_pool.into(), excluded }
            }
            Self::Supply { node_pool, supply, cap, excluded } => model::Reason::Supply {
                pool: node_pool.into(),
                supply: supply.into(),
                cap,
                excluded,
            },
            Self::Spread {
                node_pool,
                key,
                selection,
                max_skew,
                least,
                least_in,
                load,
                excluded,
            } => model::Reason::Spread {
                pool: node_pool.into(),
                key: key.into(),
                selection: selection.into(),
                max_skew,
                least,
                least_in: least_in.map(model::LabelValue::from),
                load,
                excluded,
            },
            rule @ (Self::MinValues { .. } | Self::Affinity { .. } | Self::AntiAffinity { .. }) => {
                rule.into_rule()
            }
            Self::Combination { node_pool, excluded } => {
                model::Reason::Combination { pool: node_pool.into(), excluded }
            }
            Self::Resource { node_pool, resource, needs, largest, largest_type, excluded } => {
                model::Reason::Resource {
                    pool: node_pool.into(),
                    needs: amount(&resource, &needs)?,
                    largest: amount(&resource, &largest)?,
                    resource: resource.as_str().into(),
                    largest_type: largest_type.into(),
                    excluded,
                }
            }
            Self::Limit { node_pool, resource, limit, used, least, excluded } => {
                model::Reason::Limit {
                    pool: node_pool.into(),
                    limit: amount(&resource, &limit)?,
                    used: amount(&resource, &used)?,
                    least: amount(&resource, &least)?,
                    resource: resource.as_str().into(),
                    excluded,
                }
            }
        })
    }

    /// Of least values, or of a term between pods.
    fn into_rule(self) -> model::Reason {
        match self {
            Self::MinValues { node_pool, key, least, open, excluded } => model::Reason::MinValues {
                pool: node_pool.into(),
                key: key.into(),
                least,
                open,
                excluded,
            },
            Self::Affinity { node_pool, key, selection, there_in, excluded } => {
                model::Reason::Affinity {
                    pool: node_pool.into(),
                    key: key.into(),
                    selection: selection.into(),
                    there_in: there_in.map(model::LabelValue::from),
                    excluded,
                }
            }
            Self::AntiAffinity { node_pool, key, selection, own, pods, excluded } => {
                model::Reason::AntiAffinity {
                    pool: node_pool.into(),
                    key: key.into(),
                    selection: selection.into(),
                    own,
                    pods,
                    excluded,
                }
            }
            // No other reason is about these.
            _ => model::Reason::NoNodePool,
        }
    }
}

/// An amount in the resource's base unit.
fn amount(resource: &str, text: &str) -> Result<Amount, String> {
    let quantity: Quantity = text.parse().map_err(|_| format!("{text:?} is not a quantity"))?;
    Ok(Amount::new(match resource {
        well_known::CPU => quantity.milli_value(),
        _ => quantity.value(),
    }))
}

/// `key=value:Effect`, or `key:Effect` without a value.
fn taint(text: &str) -> Result<model::Taint, String> {
    let effects = [Effect::NoSchedule, Effect::PreferNoSchedule, Effect::NoExecute];
    text.rsplit_once(':')
        .and_then(|(taint, effect)| {
            let effect = effects.into_iter().find(|known| known.as_str() == effect)?;
            let (key, value) = taint.split_once('=').unwrap_or((taint, ""));
            Some(model::Taint { key: key.to_owned(), value: value.to_owned(), effect })
        })
        .ok_or_else(|| format!("{text:?} is not a taint such as key=value:NoSchedule"))
}

#[cfg(test)]
mod tests {
    use crate::fixture;

    #[test]
    fn every_printed_reason_is_read_back_as_it_was() {
        for reason in fixture::reasons() {
            let printed = serde_json::to_string(&super::super::reason::Reason::new(&reason))
                .expect("it is JSON");
            let claim: super::Reason = serde_json::from_str(&printed).expect("it is read");
            assert_eq!(claim.to_model(), Ok(reason), "{printed}");
        }
    }
}
