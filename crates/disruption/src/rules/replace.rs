//! Replace: one cheaper node comes in the place of one, for those of its pods that do not fit on nodes
//! that stay. The saving must be more than what the evictions and the launch cost, so that no node is
//! replaced by an equal one.

use model::fleet::Reason;
use solver::Yard;

use super::{Finds, Rule, underused};
use crate::search::Search;

pub(super) const RULE: Rule = Rule {
    name: "replace",
    reason: Reason::Underutilized,
    wants: underused::wants,
    finds: Finds::Trades(trade),
};

fn trade(search: &mut Search) {
    search.each(Yard::try_replace);
}
