//! What pods on nodes that are there can be worth at most beyond what keeping the nodes costs.

use std::collections::BTreeMap;

use super::bins::Bin;
use super::demand::Demand;
use super::upper::Upper;
use super::work::Work;

/// The sum over all nodes, nano-USD per hour; `bins` says how many nodes are alike. Counting ends
/// once the sum reaches the worth of all pods, as nothing is left to prove then. A pod there has no
/// interruption term: the objective counts none, and without it pods are worth no less.
pub(super) fn worth(
    bins: &BTreeMap<(Bin, i64), i64>,
    demand: &Demand<'_>,
    work: &mut Work,
) -> i128 {
    let enough = demand.worth();
    let mut sum = 0;
    for (position, ((bin, price), copies)) in bins.iter().enumerate() {
        if sum >= enough {
            break;
        }
        let knapsack = demand.knapsack(bin, 0);
        let worth = work.share(bins.len() - position, |work| {
            let mut upper = Upper::unpriced(knapsack, work);
            upper.refine(*price, work);
            upper.get()
        });
        let worth = worth.saturating_sub(*price).max(0);
        sum += i128::from(worth) * i128::from(*copies);
    }
    sum
}
