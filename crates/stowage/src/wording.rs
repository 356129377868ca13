//! Reasons for unschedulable pods as sentences, the same in the table and in JSON.

use model::Reason;

use crate::money::count;
use crate::quantity::{human, human_pair};

/// What the reason says, with its numbers, in one sentence without a full stop.
pub(crate) fn message(reason: &Reason) -> String {
    match reason {
        Reason::NoNodePool => {
            "node pool: there is none; give a NodePool among the files".to_owned()
        }
        Reason::EmptyPool { pool } => format!(
            "node pool: {pool} admits nothing that the region sells; widen its requirements"
        ),
        Reason::Taint { pool, taint, excluded } => {
            format!("taint: {taint} is not tolerated ({})", offerings(*excluded, pool.as_str()))
        }
        Reason::Requirement { pool, key, excluded } => format!(
            "label: node selector or affinity on {key} refuses {}",
            offerings(*excluded, pool.as_str())
        ),
        Reason::Unpriced { pool, excluded } => format!(
            "price: unknown for {} that would admit it; --estimate-prices may derive it",
            offerings(*excluded, pool.as_str())
        ),
        Reason::Combination { pool, excluded } => format!(
            "resources: each alone is there, all together are on none of {}",
            offerings(*excluded, pool.as_str())
        ),
        Reason::Resource { pool, resource, needs, largest, largest_type, excluded } => {
            let (needs, most) = human_pair(resource.as_str(), *needs, *largest);
            let offerings = offerings(*excluded, pool.as_str());
            if largest.get() <= 0 {
                format!("{resource}: needs {needs}, none has any ({offerings})")
            } else {
                format!(
                    "{resource}: needs {needs}, largest allocatable {most} on {largest_type} \
                     ({offerings})"
                )
            }
        }
        Reason::Limit { pool, resource, limit, used, least, excluded } => format!(
            "limit: pool {pool} may have {resource} {}, has {} with this plan, and the least of {} \
             adds {}",
            human(resource.as_str(), *limit),
            human(resource.as_str(), *used),
            offerings(*excluded, pool.as_str()),
            human(resource.as_str(), *least)
        ),
        Reason::Supply { pool, supply, cap, excluded } => format!(
            "supply: this plan takes all {cap} of {supply}, which {} would take one of",
            offerings(*excluded, pool.as_str())
        ),
    }
}

fn offerings(excluded: u32, pool: &str) -> String {
    let number = count(usize::try_from(excluded).unwrap_or(usize::MAX));
    let noun = if excluded == 1 { "offering" } else { "offerings" };
    format!("{number} {noun} of pool {pool}")
}
