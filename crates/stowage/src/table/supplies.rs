//! How much of each capped supply the plan takes.

use planner::SupplyUse;

use super::text::wrapped;

/// One line per supply; nothing where there is none.
pub(super) fn render(supplies: &[SupplyUse]) -> String {
    if supplies.is_empty() {
        return String::new();
    }
    let line = |SupplyUse { supply, used }: &SupplyUse| {
        let use_of = format!("{used} of {}", supply.cap);
        wrapped(&format!("  {} {}: ", supply.kind.as_str(), supply.name), &use_of)
    };
    let lines: String = supplies.iter().map(line).collect();
    format!("Supplies, used with this plan:\n{lines}")
}
