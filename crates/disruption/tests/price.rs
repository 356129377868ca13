//! What the eviction of a pod costs.

use disruption::{Node, eviction_price};
use model::MicroUsdPerHour;

use crate::support::{cluster, daemon, node, pod, pool};

fn priced(price: Option<i64>, pods: usize, daemons: usize) -> Node {
    let here = vec![pod("p"); pods].into_iter().chain(vec![daemon("d"); daemons]);
    Node { price: price.map(MicroUsdPerHour::new), pods: here.collect(), ..node("n") }
}

#[test]
fn an_hour_of_what_pods_cost_on_nodes_whose_price_is_known() {
    for (nodes, price) in [
        (vec![], 0),
        (vec![priced(Some(100_000), 0, 2)], 0),
        (vec![priced(Some(100_000), 3, 2)], 33_333),
        (vec![priced(Some(100_000), 3, 0), priced(None, 5, 0), priced(Some(60_000), 1, 0)], 40_000),
    ] {
        let cluster = cluster(pool("100%"), nodes);
        assert_eq!(eviction_price(None, &cluster), price, "{cluster:?}");
        assert_eq!(eviction_price(Some(7), &cluster), 7);
    }
}
