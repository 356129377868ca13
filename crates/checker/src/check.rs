//! From a plan to a checked plan.

use model::{MicroUsdPerHour, Plan, Snapshot};

use crate::Violation;
use crate::facts::Facts;
use crate::found::Found;
use crate::preferences::{self, Preferences};
use crate::rules::{self, Rule};

/// A plan that every rule accepts. Invariant: made by [`check`] alone.
#[must_use]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckedPlan {
    plan: Plan,
    totals: Totals,
    preferences: Preferences,
}

/// What a plan comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Totals {
    /// List prices of the new nodes.
    pub cost_per_hour: MicroUsdPerHour,
    /// Prices of the nodes that are there, as far as they are known.
    pub existing_cost_per_hour: MicroUsdPerHour,
    /// How many nodes that are there have no known price; they are not in the sum.
    pub existing_unpriced: usize,
    /// How many nodes are bought.
    pub new_nodes: usize,
    /// How many pods go to a node, new or existing.
    pub pods_placed: usize,
    /// How many pods go nowhere.
    pub pods_left_out: usize,
}

impl CheckedPlan {
    /// The plan.
    pub const fn plan(&self) -> &Plan {
        &self.plan
    }

    /// The plan itself.
    pub fn into_plan(self) -> Plan {
        self.plan
    }

    /// What it comes to.
    pub const fn totals(&self) -> Totals {
        self.totals
    }

    /// What its pods prefer of their nodes, and what of it is given up.
    pub const fn preferences(&self) -> &Preferences {
        &self.preferences
    }
}

/// Proves that `plan` is feasible over `snapshot` and that its reasons are true.
///
/// Rules on form (indices, each pod in one place) come first; where one of them finds anything, the
/// others are not asked, as nothing can be computed. No rule lists more than 100 violations.
///
/// # Errors
/// Every violation found, in order of rules.
pub fn check(snapshot: &Snapshot, plan: Plan) -> Result<CheckedPlan, Vec<Violation>> {
    for rule in rules::ALL {
        if let Rule::Form(rule) = rule {
            let mut found = Found::default();
            rule(snapshot, &plan, &mut found);
            found.into_result()?;
        }
    }
    let facts = Facts::new(snapshot, &plan);
    let mut found = Found::default();
    for rule in rules::ALL {
        if let Rule::Substance(rule) = rule {
            found.next_rule();
            rule(&facts, &mut found);
        }
    }
    found.into_result()?;
    let totals = totals(snapshot, &plan);
    let preferences = preferences::of_plan(&facts);
    Ok(CheckedPlan { plan, totals, preferences })
}

fn totals(snapshot: &Snapshot, plan: &Plan) -> Totals {
    let new = plan.new_nodes.iter();
    let rates = new.clone().filter_map(|node| {
        let listing = snapshot.listing_of(snapshot.offering(node.offering));
        listing.price.map(|price| price.rate)
    });
    let existing = snapshot.nodes.iter().map(|node| node.price);
    let on_new: usize = new.map(|node| node.pods.len()).sum();
    let on_existing: usize = plan.existing.iter().map(|fill| fill.pods.len()).sum();
    Totals {
        cost_per_hour: rates.sum(),
        existing_cost_per_hour: existing.clone().flatten().sum(),
        existing_unpriced: existing.filter(Option::is_none).count(),
        new_nodes: plan.new_nodes.len(),
        pods_placed: on_new + on_existing,
        pods_left_out: (plan.unschedulable.iter()).map(|group| group.pods.len()).sum(),
    }
}
