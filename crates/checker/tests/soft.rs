//! Soft rules between pods: what a plan satisfies of them, and what the rest comes to.

use model::{Objective, PreferencePrice, SoftAsk};
use testkit::world;

use crate::support::plan;

const OBJECTIVE: Objective =
    Objective { preference_price: PreferencePrice::DEFAULT, ..Objective::LIST_PRICES };

/// Satisfied weight of all weight, what is given up for (`with`, `away` or `even`) by how many, and the money in
/// thousandths of a pod's standalone price at a weight of 100 (of which 50 are the price of one).
#[track_caller]
fn check(lines: &str, text: &str, expected: &str) {
    // A pod of one core is a quarter of the smaller node: 0.1 USD an hour.
    let base = "zones a,b\n type m cpu=4 mem=32Gi price=0.4\n type l cpu=8 mem=64Gi price=0.9\n";
    let snapshot = world(&format!("{base} pool p\n {lines}"));
    let plan = plan(&snapshot, text);
    let checked = checker::check(&snapshot, plan).expect("soft rules refuse nothing");
    let preferences = checked.preferences();
    let given_up = preferences.given_up.iter().map(|one| {
        let checker::Preferred::Pods(rule, name) = &one.preferred else { return "?".to_owned() };
        let asks = match rule.asks {
            SoftAsk::Together => "with",
            SoftAsk::Apart => "away",
            SoftAsk::Spread { .. } => "even",
        };
        let keeping = one
            .keeping
            .map_or(String::new(), |keeping| format!(" kept for {}", keeping.get() / 100_000));
        format!("; {} {asks} {name} x{}{keeping}", snapshot.pod(one.pod).name, one.pods)
    });
    let given_up: String = given_up.collect();
    let price = preferences.price(OBJECTIVE).get() / 100_000;
    let (satisfied, weight) = (preferences.satisfied, preferences.weight);
    assert_eq!(format!("{satisfied}/{weight} at {price}{given_up}"), expected, "{lines}\n{text}");
}

#[test]
fn apart_is_given_up_by_each_that_carries_it_and_is_not_alone() {
    let away = "pod w x3 cpu=1 of=w away=100:hostname/w";
    check(
        away,
        "buy p m a on-demand: w-0 w-1 w-2",
        "0/300 at 150; default/w-0 away w x3 kept for 3000",
    );
    check(
        away,
        "buy p m a on-demand: w-0\n buy p m a on-demand: w-1 w-2",
        "100/300 at 100; default/w-1 away w x2 kept for 3000",
    );
    // Those that are meant need not carry it, and count where they are bound too.
    let others = "pod w cpu=1 away=40:zone/d\n pod d cpu=1 of=d";
    check(others, "buy p m a on-demand: w d", "0/40 at 20; default/w away d x1");
    check(others, "buy p m a on-demand: w\n buy p m b on-demand: d", "40/40 at 0");
    let bound = "node n type=m zone=a of=d:2\n pod w cpu=1 away=40:zone/d";
    check(bound, "buy p m a on-demand: w", "0/40 at 20; default/w away d x1");
    check(bound, "buy p m b on-demand: w", "40/40 at 0");
    // A node without the label is away from all.
    let nowhere = "node n cpu=4 mem=32Gi pods=9\n pod w x2 cpu=1 of=w away=1:zone/w";
    check(nowhere, "on n: w-0 w-1", "2/2 at 0");
}

#[test]
fn together_is_satisfied_by_another_in_the_domain() {
    let near = "pod w x3 cpu=1 of=w near=10:zone/w";
    check(
        near,
        "buy p m a on-demand: w-0 w-1\n buy p m b on-demand: w-2",
        "20/30 at 5; default/w-2 with w x1",
    );
    check(near, "buy p m a on-demand: w-0 w-1\n buy p m a on-demand: w-2", "30/30 at 0");
    let nowhere = "node n cpu=4 mem=32Gi pods=9\n pod w x2 cpu=1 of=w near=1:zone/w";
    check(nowhere, "on n: w-0 w-1", "0/2 at 1; default/w-0 with w x2");
    // Twice is twice as much.
    let twice = "pod w x2 cpu=1 of=w near=10:hostname/w near=10:hostname/w";
    check(twice, "buy p m a on-demand: w-0 w-1", "40/40 at 0");
    check(
        twice,
        "buy p m a on-demand: w-0\n buy p m b on-demand: w-1",
        "0/40 at 20; default/w-0 with w x2; default/w-0 with w x2",
    );
}

#[test]
fn of_a_spread_as_many_go_without_as_are_too_many() {
    let even = "pod w x4 cpu=1 of=w even=zone/w/1";
    check(even, "buy p m a on-demand: w-0 w-1\n buy p m b on-demand: w-2 w-3", "400/400 at 0");
    check(
        even,
        "buy p m a on-demand: w-0 w-1 w-2\n buy p m b on-demand: w-3",
        "300/400 at 50; default/w-0 even w x1",
    );
    // Nobody is in the other zone, and could be.
    check(even, "buy p m a on-demand: w-0 w-1 w-2 w-3", "100/400 at 150; default/w-0 even w x3");
    let one_zone = "pod w x4 cpu=1 of=w even=zone/w/1 select zone=a";
    check(one_zone, "buy p m a on-demand: w-0 w-1 w-2 w-3", "400/400 at 0");
    let nodes = "pod w x4 cpu=1 of=w even=hostname/w/2";
    check(
        nodes,
        "buy p m a on-demand: w-0 w-1 w-2 w-3",
        "200/400 at 100; default/w-0 even w x2 kept for 3000",
    );
    // Of several that are too many those go without that it is worth least to.
    let sizes = "pod w x2 cpu=1 of=w even=hostname/w/1\n pod v cpu=2 of=w even=hostname/w/1";
    check(
        sizes,
        "buy p m a on-demand: w-0 w-1 v",
        "100/300 at 100; default/w-0 even w x2 kept for 3000",
    );
    // Bound pods count, and those that do not carry it.
    let bound =
        "node n type=m zone=a of=w:2\n pod w x2 cpu=1 of=w even=zone/w/1\n pod v cpu=1 of=w";
    check(bound, "buy p m b on-demand: w-0 w-1 v", "200/200 at 0");
    check(bound, "buy p m b on-demand: w-0 v\n buy p m a on-demand: w-1", "200/200 at 0");
    check(bound, "buy p m a on-demand: w-0 w-1 v", "0/200 at 100; default/w-0 even w x2");
    let nowhere = "node n cpu=4 mem=32Gi pods=9\n pod w cpu=1 of=w even=zone/w/1";
    check(nowhere, "on n: w", "0/100 at 50; default/w even w x1");
}
