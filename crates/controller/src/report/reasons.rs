//! Reasons for pods left out, as a sentence of an event.

use model::{Amount, Reason, ResourceName};

/// Reasons shown in one event; the message has room for about so many.
const SHOWN_MAX: usize = 6;

/// What the reasons say together.
pub(crate) fn sentence(reasons: &[Reason]) -> String {
    let shown = reasons.iter().take(SHOWN_MAX).map(one).collect::<Vec<_>>().join("; ");
    match reasons.len().saturating_sub(SHOWN_MAX) {
        0 => shown,
        more => format!("{shown}; and {more} more"),
    }
}

fn one(reason: &Reason) -> String {
    match reason {
        Reason::NoNodePool => "there is no NodePool".to_owned(),
        Reason::EmptyPool { pool } => {
            format!("nodepool {pool} admits nothing that the region sells; widen its requirements")
        }
        Reason::Taint { pool, taint, .. } => {
            format!("nodepool {pool}: taint {taint} is not tolerated")
        }
        Reason::Requirement { pool, key, excluded } => {
            format!(
                "nodepool {pool}: node selector or affinity on {key} refuses {excluded} offerings"
            )
        }
        Reason::Unpriced { pool, excluded } => {
            format!("nodepool {pool}: {excluded} offerings that would admit it have no known price")
        }
        Reason::Resource { pool, resource, needs, largest, largest_type, .. } => format!(
            "nodepool {pool}: needs {resource} {}, the largest is {} on {largest_type}",
            amount(resource, *needs),
            amount(resource, *largest)
        ),
        Reason::Combination { pool, excluded } => format!(
            "nodepool {pool}: none of {excluded} offerings has all resources together, though each \
             alone is there"
        ),
        Reason::Limit { pool, resource, limit, used, .. } => format!(
            "nodepool {pool}: its limit of {resource} {} is reached, {} is used",
            amount(resource, *limit),
            amount(resource, *used)
        ),
        Reason::Supply { pool, supply, cap, .. } => {
            format!("nodepool {pool}: all {cap} of {supply} are taken")
        }
    }
}

/// An amount as in a manifest: cores and bytes with a unit.
fn amount(resource: &ResourceName, amount: Amount) -> String {
    let value = amount.get();
    match resource.as_str() {
        "cpu" => format!("{value}m"),
        "memory" | "ephemeral-storage" => format!("{}Mi", value.div_euclid(1 << 20)),
        _ => value.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use model::{InstanceTypeName, NodePoolName};

    use super::*;

    #[test]
    fn a_reason_names_pool_needs_and_largest() {
        let reason = Reason::Resource {
            pool: NodePoolName::from("general"),
            resource: ResourceName::from("cpu"),
            needs: Amount::new(500_000),
            largest: Amount::new(191_450),
            largest_type: InstanceTypeName::from("m7a.48xlarge"),
            excluded: 7,
        };
        let expected =
            "nodepool general: needs cpu 500000m, the largest is 191450m on m7a.48xlarge";
        assert_eq!(sentence(std::slice::from_ref(&reason)), expected);
        let many = vec![reason; 8];
        assert!(sentence(&many).ends_with("; and 2 more"));
    }
}
