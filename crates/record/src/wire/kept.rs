//! Why nodes stay, and what becomes of each.

use disruption::{Allowance, Answer, Deletion, Kept};
use model::fleet::Reason;
use model::{NanoUsdPerHour, NodeClaimName, NodeName, NodePoolName, PodName, Timestamp};
use serde::{Deserialize, Serialize};

use super::{Word, twins, word};

twins! { Allowance: AllowanceTwin, Answer: AnswerTwin, Deletion: DeletionTwin, Kept: KeptTwin }

word!(labels:
    model::well_known::INSTANCE_TYPE, model::well_known::CAPACITY_TYPE, model::well_known::ZONE);
word!(rules: "empty");

#[derive(Serialize, Deserialize)]
#[serde(remote = "Allowance", deny_unknown_fields)]
struct AllowanceTwin {
    total: usize,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    allowed: Option<usize>,
    consuming: usize,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "Answer", rename_all = "kebab-case")]
enum AnswerTwin {
    Goes(usize),
    Kept(#[serde(with = "crate::wire")] Kept),
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "Deletion", deny_unknown_fields)]
struct DeletionTwin {
    #[serde(with = "crate::wire")]
    claim: NodeClaimName,
    #[serde(with = "crate::wire")]
    node: NodeName,
    #[serde(with = "crate::wire")]
    pool: NodePoolName,
    #[serde(with = "rules")]
    rule: Word,
    #[serde(with = "crate::wire")]
    reason: Reason,
}

#[derive(Serialize, Deserialize)]
#[serde(
    remote = "Kept",
    deny_unknown_fields,
    rename_all = "kebab-case",
    rename_all_fields = "camelCase"
)]
enum KeptTwin {
    NotManaged,
    NoNode,
    Deleting,
    NotInitialized,
    Nominated,
    DoNotDisrupt,
    NoPool,
    PoolNotFound(#[serde(with = "crate::wire")] NodePoolName),
    PodDoNotDisrupt {
        #[serde(with = "crate::wire")]
        pod: PodName,
        #[serde(with = "crate::wire", default, skip_serializing_if = "Option::is_none")]
        until: Option<Timestamp>,
    },
    PodBudget {
        #[serde(with = "crate::wire")]
        pod: PodName,
        budget: String,
    },
    SeveralPodBudgets {
        #[serde(with = "crate::wire")]
        pod: PodName,
        budgets: usize,
    },
    StaticPool,
    ConsolidationDisabled,
    Empty,
    Unknown,
    NoLabel(#[serde(with = "labels")] Word),
    TypeNotFound(String),
    PodNotPlanned {
        #[serde(with = "crate::wire")]
        pod: PodName,
        field: String,
    },
    NoSaving {
        pods: usize,
        seated: usize,
        #[serde(with = "crate::wire", default, skip_serializing_if = "Option::is_none")]
        price: Option<NanoUsdPerHour>,
        #[serde(with = "crate::wire", default, skip_serializing_if = "Option::is_none")]
        replacement: Option<NanoUsdPerHour>,
        #[serde(with = "crate::wire")]
        evictions: NanoUsdPerHour,
    },
    SpotForSpot {
        #[serde(default, skip_serializing_if = "Option::is_none")]
        types: Option<usize>,
    },
    Takes {
        pods: usize,
    },
    PodBudgetSpent {
        budget: String,
        allowed: usize,
        taken: usize,
    },
    Balanced {
        #[serde(with = "crate::wire")]
        pool: NodePoolName,
        score: i64,
    },
    Later {
        place: usize,
    },
    NotQuiet {
        after: i64,
        #[serde(with = "crate::wire", default, skip_serializing_if = "Option::is_none")]
        until: Option<Timestamp>,
    },
    NotEmpty {
        pods: usize,
    },
    Budget {
        #[serde(with = "crate::wire")]
        reason: Reason,
        allowed: usize,
        total: usize,
        consuming: usize,
        taken: usize,
    },
    Canary {
        #[serde(with = "crate::wire")]
        pool: NodePoolName,
        #[serde(with = "crate::wire", default, skip_serializing_if = "Option::is_none")]
        node: Option<NodeName>,
    },
    Validating {
        #[serde(with = "crate::wire")]
        reason: Reason,
        #[serde(with = "crate::wire")]
        until: Timestamp,
    },
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chunks::json;
    use crate::wire::{In, Out};

    #[test]
    fn each_reason_is_read_as_it_was_written() {
        let (pod, pool, until) = (PodName::from("a/b"), NodePoolName::from("p"), Timestamp(7));
        let budget = "a/pdb".to_owned();
        let nano = NanoUsdPerHour::new(5);
        let all = [
            Kept::NotManaged,
            Kept::NoNode,
            Kept::Deleting,
            Kept::NotInitialized,
            Kept::Nominated,
            Kept::DoNotDisrupt,
            Kept::NoPool,
            Kept::PoolNotFound(pool.clone()),
            Kept::PodDoNotDisrupt { pod: pod.clone(), until: None },
            Kept::PodDoNotDisrupt { pod: pod.clone(), until: Some(until) },
            Kept::PodBudget { pod: pod.clone(), budget: budget.clone() },
            Kept::SeveralPodBudgets { pod: pod.clone(), budgets: 2 },
            Kept::StaticPool,
            Kept::ConsolidationDisabled,
            Kept::Empty,
            Kept::Unknown,
            Kept::NoLabel(model::well_known::INSTANCE_TYPE),
            Kept::NoLabel(model::well_known::CAPACITY_TYPE),
            Kept::NoLabel(model::well_known::ZONE),
            Kept::TypeNotFound("m9.huge".to_owned()),
            Kept::PodNotPlanned { pod, field: String::new() },
            Kept::NoSaving {
                pods: 3,
                seated: 2,
                price: None,
                replacement: Some(nano),
                evictions: nano,
            },
            Kept::SpotForSpot { types: None },
            Kept::SpotForSpot { types: Some(3) },
            Kept::Takes { pods: 1 },
            Kept::PodBudgetSpent { budget, allowed: 1, taken: 1 },
            Kept::Balanced { pool: pool.clone(), score: -3 },
            Kept::Later { place: 4 },
            Kept::NotQuiet { after: 30, until: Some(until) },
            Kept::NotEmpty { pods: 2 },
            Kept::Budget {
                reason: Reason::Drifted,
                allowed: usize::MAX,
                total: 9,
                consuming: 1,
                taken: 0,
            },
            Kept::Canary { pool, node: Some("n".into()) },
            Kept::Validating { reason: Reason::Empty, until },
        ];
        for kept in all {
            let written = json(&Out(&kept));
            let read: In<Kept> = serde_json::from_slice(&written).expect("it is ours");
            assert_eq!(read.0, kept);
            assert_eq!(json(&Out(&read.0)), written);
        }
    }
}
