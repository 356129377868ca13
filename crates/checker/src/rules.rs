//! What a plan is held against, one rule a file.

mod admission;
mod fit;
mod folded;
mod indices;
mod limits;
mod min_values;
mod places;
mod purchases;
mod reasons;
mod rivals;
mod spreads;
mod states;
mod supplies;
mod ties;
mod vacancies;
mod weights;

use model::{Plan, Snapshot};

use crate::facts::Facts;
use crate::found::Found;

/// A rule.
pub(crate) enum Rule {
    /// About form; the rules after it rely on it.
    Form(fn(&Snapshot, &Plan, &mut Found)),
    /// About substance, over facts recomputed from the snapshot.
    Substance(fn(&Facts<'_>, &mut Found)),
}

/// Every rule; forms first.
pub(crate) const ALL: &[Rule] = &[
    Rule::Form(indices::check),
    Rule::Form(places::check),
    Rule::Substance(folded::check),
    Rule::Substance(purchases::check),
    Rule::Substance(states::check),
    Rule::Substance(admission::check),
    Rule::Substance(fit::check),
    Rule::Substance(rivals::check),
    Rule::Substance(spreads::check),
    Rule::Substance(ties::check),
    Rule::Substance(min_values::check),
    Rule::Substance(limits::check),
    Rule::Substance(supplies::check),
    Rule::Substance(weights::check),
    Rule::Substance(vacancies::check),
    Rule::Substance(reasons::check),
];
