//! How much of each pool's limits is used once the plan is carried out.

use planner::PoolReport;

use super::text::wrapped;
use model::human_amount as human;

/// One line per pool that has limits; nothing where none has.
pub(super) fn render(pools: &[PoolReport]) -> String {
    let limited = || pools.iter().filter(|pool| !pool.limits.is_empty());
    if limited().next().is_none() {
        return String::new();
    }
    let mut out = String::from("Limits, used with this plan:\n");
    for pool in limited() {
        out.push_str(&wrapped(&format!("  {}: ", pool.name), &uses(pool)));
    }
    out
}

fn uses(pool: &PoolReport) -> String {
    let parts: Vec<String> = (pool.limits.iter())
        .map(|limit| {
            let name = limit.resource.as_str();
            let (used, most) = (human(name, limit.used_after), human(name, limit.limit));
            format!("{name} {used} of {most}")
        })
        .collect();
    parts.join(", ")
}
