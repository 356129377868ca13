//! Several: nodes go together, and others of any number come in their place, wherever that saves more
//! than it costs. Nodes that stay are filled on the way.

use model::fleet::Reason;

use super::{Finds, Rule, underused};
use crate::search::Search;

pub(super) const RULE: Rule = Rule {
    name: "several",
    reason: Reason::Underutilized,
    wants: underused::wants,
    finds: Finds::Trades(trade),
};

fn trade(search: &mut Search) {
    search.several();
}
