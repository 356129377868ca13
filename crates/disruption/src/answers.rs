//! What becomes of each node: one answer each, with its numbers.

use std::collections::BTreeMap;

use model::fleet::Cluster;
use model::{Move, NanoUsdPerHour, NodeIndex, NodeName, Snapshot};
use solver::{Look, Withheld};

use crate::consolidate::{Answer, Lots, Settings};
use crate::kept::Kept;
use crate::search::Search;

/// Why tenants that may go stay, by place in the cluster, and whose turn is next.
pub(crate) fn looked(
    snapshot: &Snapshot,
    settings: &Settings,
    lots: &Lots,
    search: &Search,
) -> (BTreeMap<usize, Kept>, Option<NodeName>) {
    let (mut kept, mut next, mut unreached) = (BTreeMap::new(), None, 0);
    for &position in &search.order {
        let tenant = &lots.tenants[position];
        let Some(place) = lots.places[position] else { continue };
        if search.yard.is_gone(position) {
            continue;
        }
        let taken = search.yard.taken_by(position);
        let why = if taken > 0 {
            Kept::Takes { pods: taken }
        } else if let Some(Look { withheld: Some(withheld), .. }) = search.looks[position] {
            Kept::SpotForSpot {
                types: match withheld {
                    Withheld::Spot => None,
                    Withheld::FewTypes(types) => Some(types),
                },
            }
        } else if let Some(look) = search.looks[position] {
            Kept::NoSaving {
                pods: look.pods,
                seated: look.seated,
                price: tenant.price.map(|p| NanoUsdPerHour::new(p.get().saturating_mul(1000))),
                replacement: look.replacement,
                evictions: settings.prices.evictions(look.pods),
            }
        } else {
            unreached += 1;
            next.get_or_insert_with(|| snapshot.node(tenant.node).name.clone());
            Kept::Later { place: unreached }
        };
        kept.insert(place, why);
    }
    (kept, next)
}

/// One answer for each node of `cluster`; `kept` has one for each that does not go.
pub(crate) fn answers(
    cluster: &Cluster,
    place_of: &BTreeMap<NodeIndex, usize>,
    moves: &[Move],
    mut kept: BTreeMap<usize, Kept>,
) -> Vec<Answer> {
    let mut answers: Vec<Option<Answer>> = vec![None; cluster.nodes.len()];
    let mut taken: BTreeMap<usize, usize> = BTreeMap::new();
    for (position, one) in moves.iter().enumerate() {
        for node in &one.removed {
            answers[place_of[node]] = Some(Answer::Goes(position));
        }
        for fill in &one.taken {
            if let Some(place) = place_of.get(&fill.node) {
                *taken.entry(*place).or_default() += fill.pods.len();
            }
        }
    }
    // What the search gave it and these moves do not is not said.
    for (place, why) in &mut kept {
        if matches!(why, Kept::Takes { .. }) {
            *why = Kept::Takes { pods: taken.get(place).copied().unwrap_or(0) };
        }
    }
    let answer = |(place, goes): (usize, Option<Answer>)| {
        goes.unwrap_or_else(|| {
            let why = kept.get(&place).cloned();
            Answer::Kept(why.expect("who does not go is kept for a reason"))
        })
    };
    answers.into_iter().enumerate().map(answer).collect()
}
