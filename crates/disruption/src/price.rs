//! What the eviction of a pod costs where nobody says.
//!
//! In: a cluster. Out: millionths of a dollar, what one of its pods costs in an hour on average. So a pod moves only
//! where that saves, within the day that moves have to pay, an hour of what it costs: as little in a fleet of small
//! pods as in one of large ones, and never for a part of a cent for which half of the fleet would move.

use model::fleet::Cluster;

/// What an hour of a pod costs on average, millionths of a dollar, rounded down; 0 where no pod would be evicted.
///
/// Nodes without such pods, and those whose price is not known, count for nothing.
pub fn usual_eviction(cluster: &Cluster) -> i64 {
    let mut pods = 0;
    let mut cost = 0_i64;
    for node in &cluster.nodes {
        let here = node.pods.iter().filter(|pod| pod.reschedulable).count();
        if let (Some(price), true) = (node.price, here > 0) {
            pods += i64::try_from(here).unwrap_or(i64::MAX);
            cost = cost.saturating_add(price.get());
        }
    }
    cost.checked_div(pods).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use model::MicroUsdPerHour;
    use model::fleet::{Cluster, Node, Place, Pod, PodBudget, Protection};

    use super::usual_eviction;

    fn node(price: Option<i64>, pods: usize, daemons: usize) -> Node {
        let pod = |reschedulable: bool| Pod {
            name: "p".into(),
            active: true,
            reschedulable,
            evictable: true,
            protection: Protection::None,
            budget: PodBudget::Allows,
            deletion_cost: 0,
            priority: 0,
            place: Place::Unknown,
        };
        let of = |reschedulable: bool, count: usize| (0..count).map(move |_| pod(reschedulable));
        Node {
            claim: Some("n".into()),
            name: Some("n".into()),
            pool: Some("default".into()),
            initialized: true,
            ready: true,
            deleting: false,
            terminating: false,
            nominated: false,
            do_not_disrupt: false,
            quiet_since: None,
            expires: None,
            price: price.map(MicroUsdPerHour::new),
            pods: of(true, pods).chain(of(false, daemons)).collect(),
        }
    }

    #[test]
    fn an_hour_of_what_pods_cost_on_nodes_whose_price_is_known() {
        for (nodes, price) in [
            (vec![], 0),
            (vec![node(Some(100_000), 0, 2)], 0),
            (vec![node(Some(100_000), 3, 2)], 33_333),
            (vec![node(Some(100_000), 3, 0), node(None, 5, 0), node(Some(60_000), 1, 0)], 40_000),
        ] {
            let cluster = Cluster { nodes, pools: Vec::new() };
            assert_eq!(usual_eviction(&cluster), price, "{cluster:?}");
        }
    }
}
