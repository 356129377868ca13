//! What everything costs, what no plan for the same pods goes below, and how long was searched.

use model::MicroUsdPerHour;
use planner::Small;

use checker::{GivenUp, Preferences, Preferred};

use super::heading::plural;
use super::text::{Align, aligned, wrapped};
use crate::answer::{Answer, SearchEnd};
use crate::bill::beside_cost;
use crate::money::{HOURS_PER_MONTH, cents, count, exact, percent, rounded_down, rounded_up};
use crate::preferred::preferred;

/// The bill per hour and per month.
pub(super) fn render(answer: &Answer<'_>) -> String {
    let bill = &answer.bill;
    let mut rows = vec![cost_row("New nodes", bill.cost)];
    if !answer.snapshot.nodes.is_empty() {
        rows.push(cost_row("Existing nodes", bill.existing));
        rows.push(cost_row("Together", bill.cost + bill.existing));
    }
    if let Some(weights) = answer.report.weights_cost {
        rows.push(cost_row("Of it, for pool weights", weights));
    }
    if let Some(what) = beside_cost(bill) {
        rows.push(cost_row(&format!("With {what}"), rounded_up(bill.objective)));
    }
    rows.push(cost_row("Lower bound", rounded_down(bill.objective_bound)));
    let costs = aligned(&[Align::Left, Align::Right, Align::Right], &rows);
    costs
        + &unpriced(bill.existing_unpriced)
        + &preferences(answer)
        + &wrapped("  ", &search(answer))
}

/// Preferences that are listed at most, those of the greatest weight first; the others are counted.
const GIVEN_UP_MAX: usize = 5;

/// How much of what pods prefer they have, and what they go without.
fn preferences(answer: &Answer<'_>) -> String {
    let Preferences { weight, satisfied, given_up, .. } = &answer.bill.preferences;
    if *weight == 0 {
        return String::new();
    }
    let mut order: Vec<&GivenUp> = given_up.iter().collect();
    order.sort_by_key(|one| std::cmp::Reverse(one.weight.saturating_mul(one.pods)));
    let mut lines = format!("  Preferences: {satisfied} of {weight} weight satisfied.\n");
    for one in order.iter().take(GIVEN_UP_MAX) {
        let each = answer.bill.minimised.preference(one.standalone, one.weight);
        let keeping = match (one.keeping, &one.preferred) {
            (Some(keeping), _) => {
                format!(", keeping it takes {} or more", exact(rounded_up(keeping)))
            }
            (None, Preferred::Pods(..)) => String::new(),
            (None, Preferred::Labels(_) | Preferred::NoDislikedTaint) => {
                ", nothing to buy satisfies it".to_owned()
            }
        };
        lines += &wrapped(
            "    ",
            &format!(
                "{} of weight {}, given up by {} like {}: worth {} USD/h each{keeping}.",
                preferred(&one.preferred),
                one.weight,
                counted(one.pods),
                answer.snapshot.pod(one.pod).name,
                exact(rounded_up(each)),
            ),
        );
    }
    match order.len().saturating_sub(GIVEN_UP_MAX) {
        0 => lines,
        more => lines + &format!("    {} more preferences are given up.\n", count(more)),
    }
}

fn counted(pods: i64) -> String {
    let pods = usize::try_from(pods).unwrap_or(0);
    format!("{} {}", count(pods), plural(pods, "pod", "pods"))
}

fn unpriced(nodes: usize) -> String {
    if nodes == 0 {
        return String::new();
    }
    format!(
        "  {} existing {} no known price and {} not in the sum.\n",
        count(nodes),
        plural(nodes, "node has", "nodes have"),
        plural(nodes, "is", "are"),
    )
}

fn cost_row(what: &str, rate: MicroUsdPerHour) -> Vec<String> {
    vec![
        what.to_owned(),
        format!("{} USD/h", cents(rate)),
        format!("{} USD/month (730 h)", cents(rate.times(HOURS_PER_MONTH))),
    ]
}

/// The gap, and what ended the search.
fn search(answer: &Answer<'_>) -> String {
    let gap = answer.bill.gap().map_or_else(
        || "The lower bound is 0: it says nothing about the gap.".to_owned(),
        |gap| format!("Gap to the lower bound: {}.", percent(gap)),
    );
    let work = grouped(answer.report.work_used);
    let end = match answer.search_end {
        SearchEnd::Through => format!("Search through after {work} units of work."),
        SearchEnd::WorkLimit(flag) => format!("Search ended by {flag} after {work} units of work."),
        SearchEnd::TimeLimit => format!(
            "Search stopped by --time-limit after {work} units of work; --work {} gives the same \
             plan.",
            answer.report.work_used
        ),
    };
    let end = end + small(answer.report.small);
    let planner::Report { classes, classes_improved, .. } = answer.report;
    if answer.report.work_used == 0 || classes_improved >= classes {
        return format!("{gap} {end}");
    }
    format!(
        "{gap} {end} It worked on {} of {} kinds of pods, those on the dearest nodes.",
        count(*classes_improved),
        count(*classes)
    )
}

/// What is known of a plan of few nodes, beside the bound.
const fn small(small: Option<Small>) -> &'static str {
    match small {
        None => "",
        Some(Small::Cheapest) => {
            " With so few nodes all others were tried or ruled out: none is cheaper."
        }
        Some(Small::NotProved) => {
            " Few nodes, and not proved that there is no cheaper plan than this."
        }
    }
}

fn grouped(units: u64) -> String {
    count(usize::try_from(units).unwrap_or(usize::MAX))
}

#[cfg(test)]
mod tests {
    use super::search;
    use crate::fixture::Fixture;

    #[test]
    fn search_of_a_part_says_which_part() {
        let mut fixture = Fixture::new();
        fixture.report.work_used = 40_000_000;
        for (classes, improved, said) in [
            (
                12_664,
                4_998,
                Some("It worked on 4,998 of 12,664 kinds of pods, those on the dearest"),
            ),
            (5_000, 5_000, None),
        ] {
            fixture.report.classes = classes;
            fixture.report.classes_improved = improved;
            let text = search(&fixture.answer());
            assert_eq!(text.contains("It worked on"), said.is_some(), "{text}");
            assert!(said.is_none_or(|said| text.contains(said)), "{text}");
        }
    }
}
