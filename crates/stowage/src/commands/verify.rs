//! `stowage verify`: reads a plan made elsewhere, lowers its input, and lets the checker judge both
//! the plan and the bound that is claimed for it. Nothing is planned here.

use std::io::{self, Write};
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, anyhow};
use checker::{CheckedPlan, Preferences};
use model::{Objective, PreferencePrice, Snapshot};
use snapshot::Lowered;

use super::lowering;
use crate::args;
use crate::bill::{Bill, beside_cost};
use crate::money::{cents, count, exact, percent, rounded_down, rounded_up};
use crate::outcome::Failure;
use crate::rebuild::{self, Rebuilt};
use crate::stages::Stages;
use crate::wire::{self, Claim, Decimal};
use crate::{input, money};

/// The most that is listed of what is wrong; the rest is counted.
const PROBLEMS_MAX: usize = 100;

/// Judges the plan that `args` name and prints the verdict to standard output.
pub(super) fn run(args: &args::Verify) -> Result<ExitCode, Failure> {
    let mut stages = Stages::new();
    let (claim, inputs) = stages.run("read", || {
        let files: Vec<&Path> =
            std::iter::once(&args.plan).chain(&args.input.files).map(AsRef::as_ref).collect();
        let mut sources = input::read_all(&files).map_err(Failure::into_refusal)?;
        let plan = sources.remove(0);
        let claim = wire::read(&plan.bytes)
            .with_context(|| format!("{} is refused", plan.name))
            .map_err(Failure::refused)?;
        Ok::<_, Failure>((claim, lowering::parse(&args.input, &sources)?))
    })?;
    let lowered = stages.run("lower", || lowering::lower(&args.input, inputs))?;
    refuse_other_question(&claim, &lowered)?;
    let verdict = stages.run("check", || judge(&lowered.snapshot, &claim));
    let (text, code) = match verdict {
        Ok(text) => (text, ExitCode::SUCCESS),
        Err(problems) => (refutation(&problems), ExitCode::from(1)),
    };
    io::stdout()
        .write_all(text.as_bytes())
        .context("cannot write to standard output")
        .map_err(Failure::Broken)?;
    stages.print();
    Ok(code)
}

/// Refuses options that ask another question than the one the plan answers.
fn refuse_other_question(claim: &Claim, lowered: &Lowered) -> Result<(), Failure> {
    let region = lowered.snapshot.region.as_str();
    if claim.region != region {
        return Err(Failure::refused(anyhow!(
            "the plan is for region {}, and {region} is looked at; give --region {}",
            claim.region,
            claim.region
        )));
    }
    let pods = lowering::selection_name(lowered.summary.selection);
    if claim.pods != pods {
        return Err(Failure::refused(anyhow!(
            "the plan is for {} pods, and {pods} are looked at; give --pods {}",
            claim.pods,
            claim.pods
        )));
    }
    Ok(())
}

/// What holds, in words; or everything that does not.
fn judge(snapshot: &Snapshot, claim: &Claim) -> Result<String, Vec<String>> {
    let Rebuilt { plan, candidates } = rebuild::rebuild(snapshot, claim)?;
    let checked = checker::check(snapshot, plan)
        .map_err(|violations| violations.iter().map(ToString::to_string).collect::<Vec<_>>())?;
    let price = claim.preferences.as_ref().map_or(0, |claimed| claimed.preference_price.0);
    let preference_price = PreferencePrice::of_millionths(price);
    let minimised = Objective { restart_cost: claim.restart_cost.0, preference_price };
    let bill = Bill::new(snapshot, &checked, &candidates, minimised)
        .map_err(|error| vec![error.to_string()])?;
    let problems = false_figures(snapshot, claim, &checked, &bill);
    if problems.is_empty() { Ok(praise(&checked, &bill)) } else { Err(problems) }
}

/// Claimed figures that are not those of the checker, or are better than it can prove.
fn false_figures(
    snapshot: &Snapshot,
    claim: &Claim,
    checked: &CheckedPlan,
    bill: &Bill,
) -> Vec<String> {
    let mut problems = Vec::new();
    for (claimed, node) in claim.nodes.iter().zip(&checked.plan().new_nodes) {
        let price = snapshot.listing_of(snapshot.offering(node.offering)).price;
        let price = price.map_or(0, |price| price.rate.get());
        let field = format!("node {}: pricePerHour", claimed.name);
        problems.extend(differs(&field, claimed.price_per_hour, price));
    }
    let objective = rounded_up(bill.objective).get();
    problems.extend(differs("costPerHour", claim.cost_per_hour, bill.cost.get()));
    let existing = bill.existing.get();
    problems.extend(differs("existingCostPerHour", claim.existing_cost_per_hour, existing));
    problems.extend(differs("objectivePerHour", claim.objective_per_hour, objective));
    problems.extend(false_preferences(claim.preferences.as_ref(), bill));
    for (field, claimed, proved) in [
        ("lowerBoundPerHour", claim.lower_bound_per_hour, bill.objective_bound),
        ("costLowerBoundPerHour", claim.cost_lower_bound_per_hour, bill.cost_bound),
    ] {
        let proved = rounded_down(proved).get();
        if claimed.0 > proved {
            let (claimed, proved) = (shown(claimed.0), shown(proved));
            problems.push(format!("{field}: {claimed} is claimed, and only {proved} is proved"));
        }
    }
    if let Some(claimed) = claim.gap {
        let proved = bill.gap();
        if proved.is_none_or(|proved| i128::from(claimed.0) < proved) {
            let proved = proved.map_or_else(|| "none".to_owned(), money::millionths);
            let claimed = shown(claimed.0);
            problems.push(format!("gap: {claimed} is claimed, and {proved} is proved"));
        }
    }
    problems
}

/// Claimed figures of preferences that are not those of the checker.
fn false_preferences(claimed: Option<&wire::ClaimedPreferences>, bill: &Bill) -> Vec<String> {
    let Preferences { weight, satisfied, .. } = bill.preferences;
    let nothing = wire::ClaimedPreferences::default();
    let claimed = claimed.unwrap_or(&nothing);
    let price = rounded_up(bill.preferences.price(bill.minimised)).get();
    let numbers = [
        ("preferences.weight", claimed.weight, weight),
        ("preferences.satisfiedWeight", claimed.satisfied_weight, satisfied),
    ];
    let numbers = numbers.into_iter().filter(|(_, claimed, found)| claimed != found);
    let mut problems: Vec<String> = numbers
        .map(|(field, claimed, found)| format!("{field}: {claimed} is claimed, and it is {found}"))
        .collect();
    problems.extend(differs("preferences.pricePerHour", claimed.price_per_hour, price));
    let within = PreferencePrice::of_millionths(claimed.preference_price.0).millionths();
    if claimed.preference_price.0 != within {
        let shown = shown(claimed.preference_price.0);
        problems.push(format!("preferences.preferencePrice: {shown} is not 0 to 10"));
    }
    problems
}

fn differs(field: &str, claimed: Decimal, found: i64) -> Option<String> {
    (claimed.0 != found)
        .then(|| format!("{field}: {} is claimed, and it is {}", shown(claimed.0), shown(found)))
}

/// Millionths as a decimal.
fn shown(millionths: i64) -> String {
    exact(model::MicroUsdPerHour::new(millionths))
}

fn praise(checked: &CheckedPlan, bill: &Bill) -> String {
    let totals = checked.totals();
    let gap = bill.gap().map_or_else(String::new, |gap| format!(", gap {}", percent(gap)));
    let with_interruptions = match beside_cost(bill) {
        None => String::new(),
        Some(what) => format!(" ({} with {what})", cents(rounded_up(bill.objective))),
    };
    format!(
        "The plan holds: {} to buy, {} placed, {} nowhere.\n\
         Cost {} USD/h{with_interruptions}; lower bound {} USD/h{gap}, proved again.\n",
        counted(totals.new_nodes, "node"),
        counted(totals.pods_placed, "pod"),
        counted(totals.pods_left_out, "pod"),
        cents(bill.cost),
        cents(rounded_down(bill.objective_bound)),
    )
}

fn counted(number: usize, noun: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{} {noun}{plural}", count(number))
}

fn refutation(problems: &[String]) -> String {
    let listed = problems.iter().take(PROBLEMS_MAX).map(String::as_str);
    let mut lines: Vec<&str> = std::iter::once("The plan does not hold:").chain(listed).collect();
    let rest = match problems.len().saturating_sub(PROBLEMS_MAX) {
        0 => String::new(),
        more => format!("... and {} more", count(more)),
    };
    lines.extend(Some(rest.as_str()).filter(|rest| !rest.is_empty()));
    lines.join("\n  ") + "\n"
}
