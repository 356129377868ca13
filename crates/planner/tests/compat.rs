//! Preferences as Karpenter takes them.

use std::collections::BTreeMap;

use model::{Objective, Plan, PreferencePrice, Profile, Snapshot};
use planner::{Seed, Settings, Timestamp, plan};
use proptest::prelude::*;
use testkit::{assert_sound, left_out, with_wishes, world, worlds};

const OBJECTIVE: Objective =
    Objective { restart_cost: 0, preference_price: PreferencePrice::DEFAULT };

fn planned(snapshot: &Snapshot) -> Plan {
    planned_at(snapshot, OBJECTIVE)
}

fn planned_at(snapshot: &Snapshot, objective: Objective) -> Plan {
    let settings = Settings { price_weights: false, objective, work_limit: 100_000 };
    plan(snapshot, &settings, Timestamp(0), Seed(0)).0
}

/// The nodes of the plan by pool, zone and how many pods they have, and the satisfied weight of all.
fn decided(text: &str, profile: Profile) -> (String, (i64, i64)) {
    let snapshot = Snapshot { profile, ..world(text) };
    let plan = planned(&snapshot);
    assert_sound(&snapshot, &plan, planned, checker::check);
    let mut nodes: BTreeMap<String, usize> = BTreeMap::new();
    for node in &plan.new_nodes {
        let offering = snapshot.offering(node.offering);
        let (pool, zone) =
            (&snapshot.pool(offering.pool).name, &snapshot.listing_of(offering).zone);
        let what = format!("{} {} {}", pool.as_str(), zone.as_str(), node.pods.len());
        *nodes.entry(what).or_default() += 1;
    }
    let nodes: Vec<String> = nodes.iter().map(|(node, times)| format!("{node} x{times}")).collect();
    let checked = checker::check(&snapshot, plan).expect("the plan holds");
    let preferences = checked.preferences();
    (nodes.join(", "), (preferences.satisfied, preferences.weight))
}

const ONE_ZONE: &str = "zones a\n type big cpu=4 mem=32Gi price=0.4\n pool p\n";
const TWO_ZONES: &str = "zones a,b\n type big cpu=4 mem=32Gi price=0.4,b:0.8\n pool p\n";

#[test]
fn preferences_are_required_until_they_keep_a_pod_out() {
    let few = "zones a\n type big cpu=4 mem=32Gi price=0.4\n pool p limits=nodes=2\n";
    let soft = "zones a\n type big cpu=4 mem=32Gi price=0.4\n pool cheap weight=10 taint t:PreferNoSchedule\n pool p\n";
    let tainted =
        "zones a\n type big cpu=4 mem=32Gi price=0.4\n pool cheap taint t:PreferNoSchedule\n";
    for (base, pods, priced, compat) in [
        // A node for each, though one would do.
        (
            ONE_ZONE,
            "pod w x3 cpu=1 of=s away=1:hostname/s",
            ("p a 3 x1", (0, 3)),
            ("p a 1 x3", (3, 3)),
        ),
        // As many as there may be; the third comes to one of them.
        (
            few,
            "pod w x3 cpu=1 of=s away=1:hostname/s",
            ("p a 3 x1", (0, 3)),
            ("p a 1 x1, p a 2 x1", (1, 3)),
        ),
        // A zone at twice the price.
        (TWO_ZONES, "pod w cpu=1 prefer 1:zone=b", ("p a 1 x1", (0, 1)), ("p b 1 x1", (1, 1))),
        // The heaviest is asked for alone, and where it cannot be had the next.
        (
            TWO_ZONES,
            "pod w cpu=1 prefer 9:zone=a prefer 1:zone=b",
            ("p a 1 x1", (9, 10)),
            ("p a 1 x1", (9, 10)),
        ),
        (
            TWO_ZONES,
            "pod w cpu=1 prefer 9:zone=c prefer 1:zone=b",
            ("p a 1 x1", (0, 10)),
            ("p b 1 x1", (1, 10)),
        ),
        // Nobody is there to be with.
        (ONE_ZONE, "pod w cpu=1 near=50:hostname/s", ("p a 1 x1", (0, 50)), ("p a 1 x1", (0, 50))),
        (
            TWO_ZONES,
            "pod w x4 cpu=1 of=s even=zone/s/1",
            ("p a 4 x1", (100, 400)),
            ("p a 2 x1, p b 2 x1", (400, 400)),
        ),
        // A price goes after weights, what is required before them.
        (soft, "pod w cpu=1", ("cheap a 1 x1", (0, 100)), ("p a 1 x1", (100, 100))),
        (tainted, "pod w cpu=1", ("cheap a 1 x1", (0, 100)), ("cheap a 1 x1", (0, 100))),
        // The third finds no zone without another, and those that are there let it in.
        (
            TWO_ZONES,
            "pod w x3 cpu=1 of=s away=50:zone/s",
            ("p a 3 x1", (0, 150)),
            ("p a 2 x1, p b 1 x1", (50, 150)),
        ),
    ] {
        let text = format!("{base}{pods}");
        let of = |(nodes, weights): (&str, (i64, i64))| (nodes.to_owned(), weights);
        assert_eq!(decided(&text, Profile::Cost), of(priced), "{text}");
        assert_eq!(decided(&text, Profile::Compat), of(compat), "{text}");
    }
}

/// `text` with preferences for its pods.
fn picky(text: &str, seed: u64) -> String {
    const WISHES: [&str; 6] = [
        "",
        "of=s away=100:hostname/s prefer 3:zone=a",
        "of=s even=zone/s/1",
        "of=t near=60:zone/s prefer 50:zone=b prefer 9:capacity=spot",
        "near=30:hostname/t away=10:zone/s",
        "of=s away=50:capacity/s",
    ];
    with_wishes(text, seed, &WISHES)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn plans_are_sound_and_leave_out_no_more_than_where_nothing_is_preferred(
        text in worlds(), seed: u64,
    ) {
        let priced = world(&picky(&text, seed));
        let snapshot = Snapshot { profile: Profile::Compat, ..priced.clone() };
        let plan = planned(&snapshot);
        assert_sound(&snapshot, &plan, planned, checker::check);
        let free = Objective { preference_price: PreferencePrice::NOTHING, ..OBJECTIVE };
        let free = planned_at(&priced, free);
        prop_assert!(left_out(&snapshot, &plan).len() <= left_out(&snapshot, &free).len());
        let faults = crate::alternatives::own_faults(&snapshot, &plan);
        prop_assert!(faults.is_empty(), "{:?}", faults);
    }
}
