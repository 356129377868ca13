//! Reasons for unschedulable pods as sentences, the same wherever people read them.

use crate::amount_text::{human_amount, human_amounts};
use crate::{Reason, well_known};

/// What the reason says, with its numbers, in one sentence without a full stop.
pub(crate) fn wording(reason: &Reason) -> String {
    match reason {
        Reason::NoNodePool => "node pool: there is none".to_owned(),
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
            "price: unknown for {} that would admit it",
            offerings(*excluded, pool.as_str())
        ),
        Reason::Combination { pool, excluded } => format!(
            "resources: each alone is there, all together are on none of {}",
            offerings(*excluded, pool.as_str())
        ),
        Reason::Resource { pool, resource, needs, largest, largest_type, excluded } => {
            let (needs, most) = human_amounts(resource.as_str(), *needs, *largest);
            let offerings = offerings(*excluded, pool.as_str());
            if largest.get() <= 0 && resource.as_str().starts_with(well_known::HOST_PORT) {
                format!(
                    "{resource}: a DaemonSet takes it on all that would admit the pod ({offerings})"
                )
            } else if largest.get() <= 0 {
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
            human_amount(resource.as_str(), *limit),
            human_amount(resource.as_str(), *used),
            offerings(*excluded, pool.as_str()),
            human_amount(resource.as_str(), *least)
        ),
        Reason::MinValues { pool, key, least, open, excluded } => format!(
            "minValues: requirement is not met for label(s) [{key}]: {least} values are asked for, and \
             {open} are open to {}",
            offerings(*excluded, pool.as_str())
        ),
        Reason::Supply { pool, supply, cap, excluded } => format!(
            "supply: this plan takes all {cap} of {supply}, which {} would take one of",
            offerings(*excluded, pool.as_str())
        ),
        Reason::Spread { pool, key, selection, max_skew, least, least_in, load, excluded } => {
            let least_in =
                least_in.as_ref().map_or(String::new(), |domain| format!(" in {domain}"));
            format!(
                "spread: over {key} with a skew of {max_skew} at most, and there are at least \
                 {load} of ({selection}) where {} would be, {least}{least_in}",
                offerings(*excluded, pool.as_str())
            )
        }
        Reason::Affinity { .. } | Reason::AntiAffinity { .. } => of_term(reason),
    }
}

/// What a reason says of a term between pods.
fn of_term(reason: &Reason) -> String {
    match reason {
        Reason::Affinity { pool, key, selection, there_in, excluded } => {
            let offerings = offerings(*excluded, pool.as_str());
            let there = there_in.as_ref().map_or("there are none anywhere".to_owned(), |domain| {
                format!("the first of them are in {domain}")
            });
            format!(
                "affinity: over {key} it goes with ({selection}), which are not where {offerings} \
                 would be: {there}"
            )
        }
        Reason::AntiAffinity { pool, key, selection, own, pods, excluded } => {
            let offerings = offerings(*excluded, pool.as_str());
            let (who, what) = if *own { ("it keeps", "") } else { ("others keep", " of them") };
            format!(
                "anti-affinity: over {key} {who} away from ({selection}), and there are at least \
                 {pods}{what} where {offerings} would be"
            )
        }
        other => other.code().to_owned(),
    }
}

fn offerings(excluded: u32, pool: &str) -> String {
    let number = grouped(excluded);
    let noun = if excluded == 1 { "offering" } else { "offerings" };
    format!("{number} {noun} of pool {pool}")
}

/// With grouped thousands, such as `9,614`.
fn grouped(number: u32) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_says_what_is_asked_for_what_there_is_and_of_how_many() {
        let reason = Reason::Resource {
            pool: "general".into(),
            resource: "cpu".into(),
            needs: crate::Amount::new(500_000),
            largest: crate::Amount::new(191_450),
            largest_type: "m7a.48xlarge".into(),
            excluded: 1_234_567,
        };
        let expected = "cpu: needs 500, largest allocatable 191.45 on m7a.48xlarge (1,234,567 \
                        offerings of pool general)";
        assert_eq!(reason.to_string(), expected);
        assert_eq!([0, 7, 999, 1_000].map(grouped), ["0", "7", "999", "1,000"]);
    }
}
