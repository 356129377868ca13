//! Soft rules between pods have a price, are kept where that is cheap, and cost no more than they are worth.

use model::{Objective, Plan, PreferencePrice, Snapshot};
use proptest::prelude::*;
use testkit::{assert_sound, with_wishes, world, worlds};

use crate::preferences::{
    OBJECTIVE, WORK, exhaustive, judged, left_out, no_more_with_more_work, solved,
    sound_whatever_the_order_and_names, zones,
};

/// Nodes of four cores in three zones at one price.
const ZONES: &str = "zones a,b,c\n type big cpu=4 mem=32Gi price=0.4\n pool p\n";

#[test]
fn soft_rules_are_kept_where_nothing_is_paid_for_it() {
    // Zones of the nodes bought, and the satisfied weight of all.
    for (rest, nodes, satisfied) in [
        // Nodes go to several zones, pods of a class to several nodes.
        ("pod w x12 cpu=1 of=w even=zone/w/1", "abc", (1200, 1200)),
        ("pod v x3 cpu=1 of=v away=9:hostname/v\n pod w x9 cpu=1", "abc", (27, 27)),
        (
            "pod v x3 cpu=1 of=v even=zone/v/1\n pod w x3 cpu=1 of=w even=zone/w/1\n pod x x6 cpu=1",
            "abc",
            (600, 600),
        ),
        // Those that are there already count, and where no node could come does not.
        (
            "node n type=big zone=b bound cpu=4,pods=4 of=w:4\n pod w x4 cpu=2 of=w even=zone/w/1",
            "ac",
            (400, 400),
        ),
        ("pod w x8 cpu=1 of=w even=zone/w/1 select zone!=c", "ab", (800, 800)),
        // To where the others are, nodes and all.
        (
            "node n type=big zone=c bound cpu=4,pods=4 of=db\n pod w x4 cpu=1 near=1:zone/db",
            "c",
            (4, 4),
        ),
        (
            "pod v x3 cpu=1 of=v near=5:hostname/v\n pod w x3 cpu=1 of=w near=5:hostname/w",
            "aa",
            (30, 30),
        ),
        // Sizes that fit into each other's place change it.
        ("pod v x2 cpu=2 of=v away=9:hostname/v\n pod w x4 cpu=1", "aa", (18, 18)),
        // None opens a node: one is given up on each but one.
        ("pod w x4 cpu=1 of=w away=100:hostname/w", "a", (0, 400)),
        ("pod w x4 cpu=1 of=w even=hostname/w/1", "a", (100, 400)),
    ] {
        let snapshot = world(&format!("{ZONES} {rest}"));
        for work in [0, WORK] {
            let plan = |snapshot: &Snapshot| solved(snapshot, OBJECTIVE, work).plan;
            let found = plan(&snapshot);
            assert_sound(&snapshot, &found, plan, checker::check);
            assert_eq!(judged(&snapshot, &found).1, satisfied, "{rest} with {work}");
            let bought = zones(&snapshot, &found);
            assert_eq!(bought.len(), nodes.len(), "{rest} with {work}: {bought}");
            assert!(satisfied.0 == 0 || nodes != "abc" || bought == "abc", "{rest}: {bought}");
        }
    }
}

#[test]
fn a_dearer_zone_is_bought_up_to_what_a_soft_rule_is_worth() {
    let there = "node n type=big zone=a bound cpu=4,pods=4 of=db\n pod w x4 cpu=1 near=100:zone/db";
    for (price, zone) in [("0.4,a:0.416", "a"), ("0.4,a:0.424", "b")] {
        let snapshot =
            world(&format!("zones a,b\n type big cpu=4 mem=32Gi price={price}\n pool p\n {there}"));
        for work in [0, WORK] {
            let plan = |snapshot: &Snapshot| solved(snapshot, OBJECTIVE, work).plan;
            let found = plan(&snapshot);
            assert_sound(&snapshot, &found, plan, checker::check);
            assert_eq!(zones(&snapshot, &found), zone, "{price} with {work}");
        }
    }
}

#[test]
fn without_a_price_soft_rules_are_passed_over() {
    let snapshot =
        world(&format!("{ZONES} pod v x3 cpu=1 of=v away=9:hostname/v\n pod w x9 cpu=1"));
    let plain = world(&format!("{ZONES} pod v x3 cpu=1\n pod w x9 cpu=1"));
    let nothing = Objective { preference_price: PreferencePrice::NOTHING, ..OBJECTIVE };
    // Pods that are alike come in another order, and so may change places.
    let bought = |snapshot: &Snapshot| {
        let plan = solved(snapshot, nothing, 0).plan;
        let nodes = plan.new_nodes.iter().map(|node| (node.offering, node.pods.len()));
        nodes.collect::<Vec<_>>()
    };
    assert_eq!(bought(&snapshot), bought(&plain));
    assert_eq!(judged(&snapshot, &solved(&snapshot, nothing, 0).plan).1, (0, 27));
}

/// `text` with soft rules for some of its pods.
fn picky(text: &str, seed: u64) -> String {
    const WISHES: [&str; 8] = [
        "",
        "of=s away=100:hostname/s",
        "of=s even=zone/s/1",
        "of=t near=60:zone/s",
        "near=30:hostname/t away=10:zone/s",
        "of=s,t even=hostname/t/1 even=zone/t/2/anywhere/taints",
        "of=t",
        "of=s away=50:capacity/s near=50:family/t",
    ];
    with_wishes(text, seed, &WISHES)
}

/// Worlds of four pods at most, three offerings and perhaps a node.
fn tiny() -> impl Strategy<Value = String> {
    let pod = prop::sample::select(&[
        "cpu=1 of=s",
        "cpu=2 of=s even=zone/s/1",
        "cpu=1 of=s away=100:hostname/s",
        "cpu=1 of=t near=100:zone/s",
        "cpu=2 of=t away=100:zone/t near=40:hostname/s",
        "cpu=1 of=s,t even=hostname/t/1 prefer 60:zone=b",
        "cpu=3 rivals=r of=s away=70:zone/t",
        "cpu=1 of=s spread=zone/s/1 near=90:zone/t",
        "cpu=1 of=t with=zone/s",
    ]);
    let node = prop::sample::select(&[
        "",
        "node n type=big zone=b bound cpu=2,pods=1 of=s",
        "node n type=small zone=a of=t:2",
        "node n type=small zone=a taint t:NoSchedule of=s",
    ]);
    let small = 100_u32..140;
    (small, 180_u32..260, 0_u32..14, node, prop::collection::vec(pod, 1..=4)).prop_map(
        |(small, big, more, node, pods)| {
            let dear = big + more;
            let pods: Vec<String> = (pods.iter().enumerate())
                .map(|(number, pod)| format!("pod w{number} {pod}\n"))
                .collect();
            format!(
                "zones a,b\n type small cpu=2 mem=8Gi zones=a price=0.{small}\n \
                 type big cpu=4 mem=8Gi price=0.{big},a:0.{dear}\n pool p\n {node}\n{}",
                pods.concat()
            )
        },
    )
}

/// What `plan` comes to by the checker, nano-USD per hour.
fn objective(snapshot: &Snapshot, plan: &Plan) -> i64 {
    judged(snapshot, plan).0
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn with_soft_rules_no_plan_is_below_the_bound_and_ours_is_never_better_than_the_best(
        text in tiny(),
    ) {
        let snapshot = world(&text);
        // Required rules may leave some out.
        if let Some(least) = exhaustive(&snapshot) {
            let solution = solved(&snapshot, OBJECTIVE, WORK);
            prop_assert_eq!(left_out(&solution.plan), 0);
            let objective = objective(&snapshot, &solution.plan);
            let proved = checker::prove_best(
                &snapshot, &solution.plan, &solution.candidates, OBJECTIVE, 1_000_000,
            );
            let lower = proved.expect("all go together").1.lower.get();
            prop_assert!(lower <= least, "{} is proved, and {} is enough", lower, least);
            prop_assert!(least <= objective);
            // Under required rules over zones the first places that hold are taken.
            let is_free = snapshot.spreads.is_empty() && snapshot.terms.is_empty();
            let most = if is_free { least + least / 8 } else { i64::MAX };
            prop_assert!(objective <= most, "{} is paid, and {} is enough", objective, least);
        }
    }

    #[test]
    fn with_soft_rules_plans_are_sound_and_neither_order_nor_names_decide(
        text in worlds(), seed: u64, work in prop_oneof![Just(0), Just(WORK)],
    ) {
        let snapshot = world(&picky(&text, seed));
        sound_whatever_the_order_and_names(&snapshot, seed, work)?;
    }

    #[test]
    fn with_soft_rules_more_work_never_comes_to_more(text in worlds(), seed: u64) {
        let snapshot = world(&picky(&text, seed));
        no_more_with_more_work(&snapshot)?;
    }
}
