//! The table of `stowage plan --disrupt`: moves, what they save beside the bound, and each node that stays
//! with its reason.

use std::collections::BTreeMap;

use disruption::{Answer, Kept};
use model::{MicroUsdPerHour, Move, NewNode, well_known};

use super::heading::plural;
use super::text::{Align, aligned, few, wrapped};
use super::{ROWS_MAX, findings};
use crate::money::{HOURS_PER_MONTH, cents, count, millionths, percent};
use crate::moves::Moves;

const ALIGNS: [Align; 6] =
    [Align::Right, Align::Left, Align::Left, Align::Left, Align::Right, Align::Right];

const TITLES: [&str; 6] = ["move", "why", "goes", "is launched", "evicts", "saves USD/h"];

/// The whole table with a final newline.
pub(crate) fn render(moves: &Moves<'_>) -> String {
    let sections = [
        heading(moves),
        listed(moves),
        costs(moves),
        kept(moves),
        findings::render(moves.findings),
    ];
    let shown: Vec<&str> =
        sections.iter().map(String::as_str).filter(|section| !section.is_empty()).collect();
    shown.join("\n")
}

fn heading(moves: &Moves<'_>) -> String {
    let nodes = moves.cluster.nodes.len();
    let pods: usize = moves.cluster.nodes.iter().map(|node| node.pods.len()).sum();
    let mut subject = vec![format!(
        "{} {} with {} {} on EC2 {}, at {}",
        count(nodes),
        plural(nodes, "node", "nodes"),
        count(pods),
        plural(pods, "pod", "pods"),
        moves.snapshot.region,
        snapshot::moment_text(moves.now),
    )];
    if let Some(span) = moves.catalog.price_span() {
        subject.push(format!("; on-demand prices of {span}"));
    }
    subject.push(format!("; catalog of {}", moves.catalog.newest));
    let sample = if moves.is_sample {
        wrapped("", "Sample: simulations/clusters/underused.yaml, made up.")
    } else {
        String::new()
    };
    wrapped("", &subject.concat()) + &sample
}

fn listed(moves: &Moves<'_>) -> String {
    let all = moves.all();
    if all.is_empty() {
        return "No moves: nothing saves more than it costs.\n".to_owned();
    }
    let mut rows = vec![TITLES.map(str::to_owned).to_vec()];
    for (position, one) in all.iter().enumerate().take(ROWS_MAX) {
        rows.push(vec![
            count(position + 1),
            one.reason.as_str().to_owned(),
            few(one.removed.iter().map(|node| moves.snapshot.node(*node).name.to_string())),
            launched(moves, one),
            count(one.evictions()),
            cents(one.saving),
        ]);
    }
    let table = aligned(&ALIGNS, &rows);
    match all.len().saturating_sub(ROWS_MAX) {
        0 => table,
        more => format!("{table}  ... and {} more; -o json has them all\n", count(more)),
    }
}

/// Types with how many of each, such as `2 x m7i.large`.
fn launched(moves: &Moves<'_>, one: &Move) -> String {
    let name = |node: &NewNode| {
        let listing = moves.snapshot.listing_of(moves.snapshot.offering(node.offering));
        let name = &moves.snapshot.instance_type(listing.instance_type).name;
        format!("{name} {}", listing.capacity_type)
    };
    let mut types: BTreeMap<String, usize> = BTreeMap::new();
    for node in &one.launched {
        *types.entry(name(node)).or_default() += 1;
    }
    if types.is_empty() {
        return "-".to_owned();
    }
    few(types.into_iter().map(|(name, nodes)| format!("{} x {name}", count(nodes))))
}

fn costs(moves: &Moves<'_>) -> String {
    let totals = moves.checked.totals();
    let saving = moves.saving();
    let month = i64::try_from(HOURS_PER_MONTH).unwrap_or(i64::MAX);
    let monthly = MicroUsdPerHour::new(saving.get().saturating_mul(month));
    let mut lines = vec![
        format!("Cost now       {} USD/h", cents(totals.cost_before)),
        format!(
            "Cost after     {} USD/h: {} saved, {} a month",
            cents(totals.cost_after),
            cents(saving),
            cents(monthly)
        ),
    ];
    let gap = moves.gap().map_or_else(String::new, |gap| format!(", gap {}", percent(gap)));
    lines.push(format!("Lower bound    {} USD/h for what is left{gap}", cents(moves.bound())));
    let hours = moves.prices.horizon_seconds / 3600;
    let each = moves.evictions_per_usd().map_or_else(String::new, |each| {
        format!(", {} for each dollar saved in {hours} h", short(each))
    });
    lines.push(format!(
        "Moves          {} {} and {} {} for {} {}{each}",
        count(totals.removed),
        plural(totals.removed, "node goes", "nodes go"),
        count(totals.launched),
        plural(totals.launched, "comes", "come"),
        count(totals.evictions),
        plural(totals.evictions, "eviction", "evictions"),
    ));
    lines.join("\n") + "\n"
}

/// Two decimals of a ratio in millionths, rounded up.
fn short(ratio: i128) -> String {
    millionths((ratio + 9_999) / 10_000 * 10_000)
}

fn kept(moves: &Moves<'_>) -> String {
    let kept = moves.kept();
    if kept == 0 {
        return String::new();
    }
    let mut lines =
        vec![format!("{} {} kept:\n", count(kept), plural(kept, "node is", "nodes are"))];
    let nodes = moves.cluster.nodes.iter().zip(&moves.found.answers);
    let stay = nodes.filter_map(|(node, answer)| match answer {
        Answer::Goes(_) => None,
        Answer::Kept(why) => Some((node, why)),
    });
    let mut rest: BTreeMap<&'static str, usize> = BTreeMap::new();
    for (position, (node, why)) in stay.enumerate() {
        if position < ROWS_MAX {
            lines.push(wrapped(&format!("  {}  ", label(moves, node)), &sentence(why)));
        } else {
            *rest.entry(why.as_str()).or_default() += 1;
        }
    }
    if !rest.is_empty() {
        let words = rest.iter().map(|(word, nodes)| format!("{} {word}", count(*nodes)));
        let words: Vec<String> = words.collect();
        let more = format!("... and more: {}; -o json has them all", words.join(", "));
        lines.push(wrapped("  ", &more));
    }
    lines.concat()
}

fn sentence(why: &Kept) -> String {
    format!("{}: {why}", why.as_str())
}

/// Name and type of a node.
fn label(moves: &Moves<'_>, node: &model::fleet::Node) -> String {
    let name = node.name.as_ref().map(ToString::to_string);
    let name = name.or_else(|| node.claim.as_ref().map(ToString::to_string)).unwrap_or_default();
    let known = moves.snapshot.nodes.iter().find(|one| Some(&one.name) == node.name.as_ref());
    match known.and_then(|known| known.labels.get(well_known::INSTANCE_TYPE)) {
        Some(kind) => format!("{name} ({kind})"),
        None => name,
    }
}
