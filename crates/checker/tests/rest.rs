//! What no moves go below: proved, with nodes that may go kept at their own price or not.

use checker::{RestBound, prove_rest};
use model::fleet::Protection;
use model::{Candidate, Certificate, MicroUsdPerHour, NanoUsdPerHour, Timestamp};
use testkit::fleet;

const TEXT: &str = "type s cpu=2 mem=8Gi price=0.1
    type l cpu=8 mem=32Gi price=0.4
    pool p
    node a pool=p type=l
    node b pool=p type=l
    pod x x4 cpu=1 mem=1Gi on=a
    pod y x4 cpu=1 mem=1Gi on=b";

/// The bound where every pod is claimed to be worth so many nano-USD per hour.
fn bound(
    worth: i64,
    change: impl FnOnce(&mut model::Snapshot, &mut model::fleet::Cluster),
) -> RestBound {
    let (mut snapshot, mut cluster) = fleet(TEXT);
    change(&mut snapshot, &mut cluster);
    let worths = vec![NanoUsdPerHour::new(worth); snapshot.shapes.len()];
    let candidate = Candidate::new(Certificate { worths });
    prove_rest(&snapshot, &cluster, &[candidate], Timestamp(0), 1_000_000).expect("proved")
}

#[test]
fn pods_are_worth_what_the_cheapest_nodes_for_them_cost() {
    // Eight pods at a twentieth of a dollar: a small node for two, or a large one for eight, kept or
    // bought.
    let exact = bound(50_000_000, |_, _| {});
    assert_eq!(exact.lower, NanoUsdPerHour::new(400_000_000));
    assert_eq!(exact.staying, MicroUsdPerHour::ZERO);
    // A claim that is too high is scaled down to the same.
    assert_eq!(bound(90_000_000, |_, _| {}), exact);
}

#[test]
fn a_node_that_is_cheaper_than_the_market_lowers_the_bound_once() {
    // `a` costs half of what its like does, and holds eight pods worth 0.4.
    let cheap = bound(50_000_000, |snapshot, _| {
        snapshot.nodes[0].price = Some(MicroUsdPerHour::new(200_000));
    });
    assert_eq!(cheap.lower, NanoUsdPerHour::new(200_000_000));
}

#[test]
fn a_node_that_something_bars_stays_at_its_price_with_its_pods() {
    let barred = bound(50_000_000, |_, cluster| {
        cluster.nodes[0].pods[0].protection = Protection::Always;
    });
    // Four pods are left, all of which its free half holds.
    assert_eq!(barred.staying, MicroUsdPerHour::new(400_000));
    assert_eq!(barred.lower, NanoUsdPerHour::new(400_000_000));
    let both = bound(50_000_000, |snapshot, cluster| {
        cluster.nodes[0].pods[0].protection = Protection::Always;
        snapshot.nodes[0].bound.set("cpu".into(), model::Amount::new(8_000));
    });
    // It is full: the others need two small nodes.
    assert_eq!(both.lower, NanoUsdPerHour::new(600_000_000));
}
