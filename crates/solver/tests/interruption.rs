//! Interruptions of spot nodes have a price.

use model::Objective;
use solver::{Settings, Weights, solve};
use testkit::{assert_sound, world};

/// The type bought for eight pods of which a node holds four, under a restart cost in micro-USD.
fn bought(restart_cost: i64, work_limit: u64) -> String {
    let snapshot = world(
        "type calm cpu=4 mem=16Gi spot=0.0505 band=5
         type rash cpu=4 mem=16Gi spot=0.05 band=more
         pool p require capacity=spot
         pod web x8 cpu=1 mem=1Gi",
    );
    let objective = Objective { restart_cost, ..Objective::LIST_PRICES };
    let settings = Settings { weights: Weights::Honoured, objective, work_limit };
    let plan = |snapshot: &_| solve(snapshot, &settings, &mut |_| false).plan;
    let found = plan(&snapshot);
    assert_sound(&snapshot, &found, plan, checker::check);
    let types: Vec<&str> = (found.new_nodes.iter())
        .map(|node| snapshot.listing_of(snapshot.offering(node.offering)).instance_type)
        .map(|index| snapshot.instance_type(index).name.as_str())
        .collect();
    assert_eq!(types.len(), 2);
    assert_eq!(types[0], types[1]);
    types[0].to_owned()
}

#[test]
fn of_two_near_equal_prices_the_steadier_is_bought_once_restarts_cost_something() {
    // Four pods a node: the bands are 0.225 restarts per pod and month apart, which is dearer than
    // 0.0005 USD per hour from 0.41 USD per restart on.
    for work_limit in [0, 1_000_000] {
        for (restart_cost, expected) in
            [(0, "rash"), (300_000, "rash"), (500_000, "calm"), (5_000_000, "calm")]
        {
            assert_eq!(bought(restart_cost, work_limit), expected, "{restart_cost} {work_limit}");
        }
    }
}
