//! Delete: a node goes when all its pods fit on nodes that stay, and its price is more than what
//! their evictions cost.

use model::fleet::Reason;
use solver::Yard;

use super::{Finds, Rule, underused};
use crate::search::Search;

pub(super) const RULE: Rule = Rule {
    name: "delete",
    reason: Reason::Underutilized,
    wants: underused::wants,
    finds: Finds::Trades(trade),
};

fn trade(search: &mut Search) {
    search.each(Yard::try_delete);
}
