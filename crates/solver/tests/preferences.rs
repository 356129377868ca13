//! What pods prefer has a price, and no more is paid for it.

use std::collections::BTreeSet;

use model::{
    NewNode, NodeFill, NodeIndex, Objective, OfferingIndex, Plan, PodIndex, PreferencePrice,
    Snapshot,
};
use proptest::prelude::*;
use solver::{Settings, Solution, Weights, solve};
use testkit::{assert_sound, rename, shuffle_pods, with_wishes, world, worlds};

use crate::properties::left_out as by_priority;

pub(crate) const WORK: u64 = 600_000;

pub(crate) const OBJECTIVE: Objective =
    Objective { preference_price: PreferencePrice::DEFAULT, ..Objective::LIST_PRICES };

pub(crate) fn solved(snapshot: &Snapshot, objective: Objective, work_limit: u64) -> Solution {
    let settings = Settings { weights: Weights::Honoured, objective, work_limit };
    solve(snapshot, &settings, &mut |_| false)
}

/// What `plan` comes to by the checker, nano-USD per hour, and the satisfied weight of all weight.
pub(crate) fn judged(snapshot: &Snapshot, plan: &Plan) -> (i64, (i64, i64)) {
    let checked = checker::check(snapshot, plan.clone()).expect("the plan holds");
    let preferences = checked.preferences();
    let cost = checked.totals().cost_per_hour.get() * 1_000;
    (cost + preferences.price(OBJECTIVE).get(), (preferences.satisfied, preferences.weight))
}

/// Zones a (dear by 4 % or by 6 %) and b; each `big` holds four pods, and a pod alone is a quarter of it.
const DEARER_BY_4: &str = "zones a,b\n type big cpu=4 mem=32Gi price=0.4,a:0.416\n pool p\n";
const DEARER_BY_6: &str = "zones a,b\n type big cpu=4 mem=32Gi price=0.4,a:0.424\n pool p\n";
const SAME: &str = "zones a,b\n type big cpu=4 mem=32Gi price=0.4\n pool p\n";

#[test]
fn a_preference_is_kept_up_to_its_price_and_given_up_beyond() {
    // Nodes bought by zone, and the satisfied weight of all.
    for (base, rest, nodes, satisfied) in [
        (DEARER_BY_4, "pod w x4 cpu=1 prefer 100:zone=a", "a", (400, 400)),
        (DEARER_BY_6, "pod w x4 cpu=1 prefer 100:zone=a", "b", (0, 400)),
        // At half the weight half the price.
        (DEARER_BY_4, "pod w x4 cpu=1 prefer 50:zone=a", "b", (0, 200)),
        // Several add up.
        (
            DEARER_BY_6,
            "pod w x4 cpu=1 prefer 100:zone=a prefer 60:type=big&zone=a",
            "a",
            (640, 640),
        ),
        // One of four is worth no node, nor a dearer one.
        (DEARER_BY_4, "pod w x3 cpu=1\n pod x cpu=1 prefer 100:zone=a", "b", (0, 100)),
        (SAME, "pod w x3 cpu=1\n pod x cpu=1 prefer 100:zone=a", "a", (100, 100)),
        (
            SAME,
            "pod w x2 cpu=1 prefer 90:zone=a\n pod x x2 cpu=1 prefer 80:zone=b",
            "a",
            (180, 340),
        ),
        (
            SAME,
            "pod w x4 cpu=1 prefer 90:zone=a\n pod x x4 cpu=1 prefer 80:zone=b",
            "ab",
            (680, 680),
        ),
        // A node that is there is free, whatever it is not.
        (SAME, "node n type=big zone=b\n pod x cpu=1 prefer 100:zone=a", "", (0, 100)),
        // Those that mind go where they like, those that do not go elsewhere.
        (
            SAME,
            "node m type=big zone=b bound cpu=2,pods=2\n node n type=big zone=a bound cpu=2,pods=2\n \
             pod w x2 cpu=1\n pod x x2 cpu=1 prefer 1:zone=b",
            "",
            (2, 2),
        ),
        (
            SAME,
            "node m type=big zone=a bound cpu=2,pods=2\n node n type=big zone=b bound cpu=2,pods=2\n \
             pod w x2 cpu=1\n pod x x2 cpu=1 prefer 1:zone=b",
            "",
            (2, 2),
        ),
        // A taint that keeps nobody away is disliked at a weight of 100.
        (
            "type big cpu=4 mem=32Gi price=0.4\n pool p taint t:PreferNoSchedule\n pool q\n",
            "pod w x4 cpu=1\n pod x x4 cpu=1 tolerate t",
            "aa",
            (400, 400),
        ),
        // Nothing that is to be had is as it is preferred.
        (SAME, "pod w x4 cpu=1 prefer 100:zone=c prefer 1:zone", "a", (4, 404)),
        // With a spread the places are chosen by price too.
        (SAME, "pod w x3 cpu=4 of=e spread=zone/e/1 prefer 100:zone=b", "abb", (200, 300)),
    ] {
        let snapshot = world(&format!("{base} {rest}"));
        for work in [0, WORK] {
            let found = sound(&snapshot, work);
            let case = format!("{base}{rest} with {work}");
            assert_eq!(judged(&snapshot, &found).1, satisfied, "{case}");
            assert_eq!(zones(&snapshot, &found), nodes, "{case}");
        }
    }
}

fn sound(snapshot: &Snapshot, work: u64) -> Plan {
    let plan = |snapshot: &Snapshot| solved(snapshot, OBJECTIVE, work).plan;
    let found = plan(snapshot);
    assert_sound(snapshot, &found, plan, checker::check);
    found
}

/// The zones of nodes bought, in order.
pub(crate) fn zones(snapshot: &Snapshot, plan: &Plan) -> String {
    let zone = |node: &NewNode| snapshot.listing_of(snapshot.offering(node.offering)).zone.as_str();
    let mut zones: Vec<&str> = plan.new_nodes.iter().map(zone).collect();
    zones.sort_unstable();
    zones.concat()
}

/// `text` with preferences for some of its pods.
fn picky(text: &str, seed: u64) -> String {
    const WISHES: [&str; 6] = [
        "",
        "prefer 100:zone=a",
        "prefer 50:zone=b prefer 20:type=t0",
        "prefer 100:capacity=spot prefer 100:zone!=a",
        "prefer 80:family=c",
        "prefer 7:nowhere=x prefer 90:team=red",
    ];
    with_wishes(text, seed, &WISHES)
}

pub(crate) fn left_out(plan: &Plan) -> usize {
    plan.unschedulable.iter().map(|group| group.pods.len()).sum()
}

/// Every way to put the pods `from` on into `cells`, of which the first may be the node that is there.
fn partitions(
    pods: usize,
    cells: &mut Vec<Vec<usize>>,
    next: usize,
    found: &mut Vec<Vec<Vec<usize>>>,
) {
    if next == pods {
        found.push(cells.clone());
        return;
    }
    for cell in 0..cells.len() {
        cells[cell].push(next);
        partitions(pods, cells, next + 1, found);
        cells[cell].pop();
    }
    cells.push(vec![next]);
    partitions(pods, cells, next + 1, found);
    cells.pop();
}

/// The least objective of all plans that place every pod, nano-USD per hour.
pub(crate) fn exhaustive(snapshot: &Snapshot) -> Option<i64> {
    let mut found = Vec::new();
    // The first cell is the node that is there, be it left empty.
    partitions(snapshot.pods.len(), &mut vec![Vec::new()], 0, &mut found);
    let indices = |cell: &[usize]| cell.iter().map(|pod| PodIndex::new(*pod)).collect::<Vec<_>>();
    let mut least = None;
    for cells in found {
        let (there, bought) = cells.split_first().expect("there is a first cell");
        if !there.is_empty() && snapshot.nodes.is_empty() {
            continue;
        }
        let ways = snapshot.offerings.len().pow(u32::try_from(bought.len()).expect("few cells"));
        for way in 0..ways {
            let mut rest = way;
            let new_nodes = bought.iter().map(|cell| {
                let offering = OfferingIndex::new(rest % snapshot.offerings.len());
                rest /= snapshot.offerings.len();
                NewNode { offering, pods: indices(cell) }
            });
            let new_nodes = new_nodes.collect();
            let fill = NodeFill { node: NodeIndex::new(0), pods: indices(there) };
            let existing = if there.is_empty() { Vec::new() } else { vec![fill] };
            let plan = Plan { new_nodes, existing, unschedulable: Vec::new() };
            if let Ok(checked) = checker::check(snapshot, plan) {
                let cost = checked.totals().cost_per_hour.get() * 1_000;
                let objective = cost + checked.preferences().price(OBJECTIVE).get();
                least = Some(least.map_or(objective, |least: i64| least.min(objective)));
            }
        }
    }
    least
}

/// Worlds of four pods at most, three offerings and perhaps a node.
fn tiny() -> impl Strategy<Value = String> {
    let pod = prop::sample::select(&[
        "cpu=1",
        "cpu=2 prefer 100:zone=a",
        "cpu=1 prefer 60:zone=b",
        "cpu=2 prefer 30:type=small",
        "cpu=1 prefer 100:zone=b prefer 100:type=big",
        "cpu=3 rivals=r prefer 100:zone=a",
        "cpu=1 rivals=r",
        "cpu=1 prefer 9:type=big tolerate t",
    ]);
    let node = prop::sample::select(&[
        "",
        "node n type=big zone=b bound cpu=2,pods=1",
        "node n type=small zone=a",
        "node n type=small zone=a taint t:PreferNoSchedule",
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

/// Plans are sound, and neither the order of pods nor names decide what they come to.
pub(crate) fn sound_whatever_the_order_and_names(
    snapshot: &Snapshot,
    seed: u64,
    work: u64,
) -> Result<(), TestCaseError> {
    let plan = solved(snapshot, OBJECTIVE, work).plan;
    let replan = |after: &Snapshot| solved(after, OBJECTIVE, work).plan;
    assert_sound(snapshot, &plan, replan, checker::check);
    let figures = |snapshot: &Snapshot, plan: &Plan| (judged(snapshot, plan), left_out(plan));
    let found = figures(snapshot, &plan);
    for other in [shuffle_pods(snapshot, seed), rename(snapshot, seed)] {
        let plan = solved(&other, OBJECTIVE, work).plan;
        prop_assert_eq!(&figures(&other, &plan), &found);
    }
    Ok(())
}

/// More work leaves out no more, and comes to no more where it leaves out as many.
pub(crate) fn no_more_with_more_work(snapshot: &Snapshot) -> Result<(), TestCaseError> {
    let first = solved(snapshot, OBJECTIVE, 0).plan;
    let more = solved(snapshot, OBJECTIVE, WORK).plan;
    let [out, before] = [&more, &first].map(|plan| by_priority(snapshot, plan));
    prop_assert!(out <= before);
    let cheaper = judged(snapshot, &more).0 <= judged(snapshot, &first).0;
    prop_assert!(cheaper || out < before);
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn no_plan_is_below_the_bound_and_ours_is_never_better_than_the_best(text in tiny()) {
        let snapshot = world(&text);
        let least = exhaustive(&snapshot).expect("some plan places all");
        let solution = solved(&snapshot, OBJECTIVE, WORK);
        let (objective, _) = judged(&snapshot, &solution.plan);
        prop_assert_eq!(left_out(&solution.plan), 0);
        let proved = checker::prove_best(
            &snapshot, &solution.plan, &solution.candidates, OBJECTIVE, 1_000_000,
        );
        let lower = proved.expect("all go together").1.lower.get();
        prop_assert!(lower <= least, "{} is proved, and {} is enough", lower, least);
        prop_assert!(least <= objective);
        // Four pods are few: column generation finds the cheapest, or one that is a little dearer.
        prop_assert!(objective <= least + least / 8, "{} is paid, and {} is enough", objective, least);
    }

    #[test]
    fn with_preferences_plans_are_sound_and_neither_order_nor_names_decide(
        text in worlds(), seed: u64, work in prop_oneof![Just(0), Just(WORK)],
    ) {
        let snapshot = world(&picky(&text, seed));
        sound_whatever_the_order_and_names(&snapshot, seed, work)?;
    }

    #[test]
    fn with_preferences_more_work_never_comes_to_more(text in worlds(), seed: u64) {
        let snapshot = world(&picky(&text, seed));
        no_more_with_more_work(&snapshot)?;
    }

    #[test]
    fn without_a_price_preferences_change_nothing(text in worlds(), seed: u64) {
        let picky = world(&picky(&text, seed));
        let mut plain = picky.clone();
        plain.shapes.iter_mut().for_each(|shape| shape.preferences.clear());
        let distinct: BTreeSet<_> = plain.shapes.iter().collect();
        // Shapes that are alike without their preferences stay apart here, as no list has them twice.
        prop_assume!(distinct.len() == plain.shapes.len());
        let bought = |snapshot: &Snapshot| {
            let plan = solved(snapshot, Objective::LIST_PRICES, WORK).plan;
            let checked = checker::check(snapshot, plan.clone()).expect("the plan holds");
            (left_out(&plan), checked.totals().cost_per_hour)
        };
        // Pods that are alike come in another order, and so may change places.
        prop_assert_eq!(bought(&picky), bought(&plain));
    }
}
