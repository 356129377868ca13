//! What was planned, in the first lines; footnotes in the last.

use super::text::{few, wrapped};
use crate::answer::Answer;
use crate::money::count;

/// Pods, region, dates of the facts, and pools.
pub(super) fn render(answer: &Answer<'_>) -> String {
    let snapshot = answer.snapshot;
    let circumstances = &answer.circumstances;
    let mut subject = vec![format!(
        "{} {} ({}) on EC2 {}",
        count(snapshot.pods.len()),
        plural(snapshot.pods.len(), "pod", "pods"),
        circumstances.pods,
        snapshot.region,
    )];
    if !snapshot.nodes.is_empty() {
        subject.push(format!(
            ", {} existing {}",
            count(snapshot.nodes.len()),
            plural(snapshot.nodes.len(), "node", "nodes"),
        ));
    }
    if let Some(span) = circumstances.catalog.price_span() {
        subject.push(format!("; on-demand prices of {span}"));
    }
    subject.push(format!("; catalog of {}", circumstances.catalog.newest));
    wrapped("", &subject.concat()) + &pools(answer)
}

/// Notes on marks used above and on where the sample is from.
pub(super) fn render_footnotes(answer: &Answer<'_>) -> String {
    let mut notes = String::new();
    if estimated(answer) {
        notes.push_str(&wrapped(
            "~ ",
            "estimated price: spot from the Spot Advisor's savings, on-demand from another region",
        ));
    }
    let attribution = answer.circumstances.attribution;
    if !attribution.is_empty() {
        notes.push_str(&wrapped("", attribution));
    }
    notes
}

/// `one` for 1, `many` otherwise.
pub(super) const fn plural(number: usize, one: &'static str, many: &'static str) -> &'static str {
    if number == 1 { one } else { many }
}

fn pools(answer: &Answer<'_>) -> String {
    if !answer.circumstances.default_pools.is_empty() {
        return wrapped("Pools: ", &answer.circumstances.default_pools);
    }
    if answer.report.pools.is_empty() {
        return "Pools: none\n".to_owned();
    }
    let described =
        (answer.report.pools.iter().zip(&answer.snapshot.pools)).map(|(report, pool)| {
            let weight =
                if pool.weight > 0 { format!("weight {}, ", pool.weight) } else { String::new() };
            let offerings = usize::try_from(report.offerings).unwrap_or(usize::MAX);
            format!(
                "{} ({weight}{} {})",
                pool.name,
                count(offerings),
                plural(offerings, "offering", "offerings")
            )
        });
    wrapped("Pools: ", &few(described))
}

fn estimated(answer: &Answer<'_>) -> bool {
    (answer.plan.new_nodes.iter()).any(|node| {
        let listing = answer.snapshot.listing_of(answer.offering(node));
        listing.price.is_some_and(|price| price.estimated)
    })
}
