//! Terms between pods: who is with whom is accepted, who is alone or meets others is refused.

use testkit::world;

use crate::support::{plan, verdict};

/// The verdict on `text` in the world of `lines` beside one type in two zones.
#[track_caller]
fn check(lines: &str, text: &str, expected: &[&str]) {
    let base = "zones a,b
        type m cpu=8 mem=32Gi price=0.4
        pool p\n";
    let snapshot = world(&format!("{base}{lines}"));
    let plan = plan(&snapshot, text);
    assert_eq!(verdict(&snapshot, plan), expected, "{text} in\n{lines}");
}

const NODE: &str = "kubernetes.io/hostname";
const ZONE: &str = "topology.kubernetes.io/zone";

fn alone(place: &str, pod: &str, selection: &str, key: &str) -> String {
    format!(
        "{place} has pod default/{pod}, which goes with {selection} over {key}, and none of these is \
         there"
    )
}

#[test]
fn a_pod_is_where_one_is_that_it_goes_with() {
    let pods = "pod d cpu=1 of=db\npod w cpu=1 with=zone/db";
    check(pods, "buy p m a on-demand: d\nbuy p m a on-demand: w", &[]);
    let over = alone("new node 1 (p, m)", "w", "db", ZONE);
    check(pods, "buy p m a on-demand: d\nbuy p m b on-demand: w", &[&over]);
    let pods = "pod d cpu=1 of=db\npod w cpu=1 with=hostname/db";
    check(pods, "buy p m a on-demand: d w", &[]);
    let over = alone("new node 1 (p, m)", "w", "db", NODE);
    check(pods, "buy p m a on-demand: d\nbuy p m a on-demand: w", &[&over]);
    // One that runs there will do, on whatever node.
    let there = "node n type=m zone=b of=db state=unschedulable\npod w cpu=1 with=zone/db";
    check(there, "buy p m b on-demand: w", &[]);
    check(there, "buy p m a on-demand: w", &[&alone("new node 0 (p, m)", "w", "db", ZONE)]);
}

#[test]
fn the_first_of_a_service_comes_anywhere_and_the_others_follow() {
    let pods = "pod e x2 cpu=1 of=e with=zone/e";
    check(pods, "buy p m a on-demand: e-0\nbuy p m a on-demand: e-1", &[]);
    // Two that come first in two zones: none of them could be bound second.
    let first = alone("new node 0 (p, m)", "e-0", "e", ZONE);
    check(pods, "buy p m a on-demand: e-0\nbuy p m b on-demand: e-1", &[&first]);
    let there = "node n type=m zone=b of=e bound cpu=8\npod e cpu=1 of=e with=zone/e";
    check(there, "buy p m a on-demand: e", &[&alone("new node 0 (p, m)", "e", "e", ZONE)]);
}

#[test]
fn pods_that_wait_for_each_other_are_refused() {
    let pods = "pod v cpu=1 of=v with=zone/w\npod w cpu=1 of=w with=zone/v";
    let stuck = |pod: &str| {
        format!("pod default/{pod} on new node 0 (p, m) waits for pods that wait for it")
    };
    check(pods, "buy p m a on-demand: v w", &[&stuck("v"), &stuck("w")]);
    // One that runs breaks the circle.
    let there = format!("node n type=m zone=a of=w bound cpu=8\n{pods}");
    check(&there, "buy p m a on-demand: v w", &[]);
}

#[test]
fn pods_that_keep_away_meet_nobody() {
    let pods = "pod d cpu=1 of=db\npod w x2 cpu=1 apart=hostname/db";
    check(pods, "buy p m a on-demand: d\nbuy p m a on-demand: w-0 w-1", &[]);
    let met = |place: &str, pod: &str, key: &str, who: &str, pods: i64| {
        format!("{place} has pod default/{pod}, and over {key} {who} db: {pods} are in the way")
    };
    let place = "new node 0 (p, m)";
    let (own, others) = ("it keeps away from", "others there keep away from");
    let (web, db) = (met(place, "w-0", NODE, own, 1), met(place, "d", NODE, others, 2));
    check(pods, "buy p m a on-demand: d w-0 w-1", &[&web, &db]);
    // What runs keeps others away, and is kept away from.
    let there = "node n type=m zone=b apart=zone/db:3 state=unschedulable\npod d cpu=1 of=db";
    check(there, "buy p m a on-demand: d", &[]);
    check(there, "buy p m b on-demand: d", &[&met(place, "d", ZONE, others, 3)]);
    let there = "node n type=m zone=b of=db bound cpu=8\npod w cpu=1 apart=zone/db";
    check(there, "buy p m b on-demand: w", &[&met(place, "w", ZONE, own, 1)]);
}

#[test]
fn a_pod_stays_out_only_where_it_may_not_come_in() {
    let there = "node n type=m zone=b of=db
        pod w cpu=1 with=hostname/db";
    check(there, "out: w", &["pod default/w is left out and fits on node n"]);
    let there = "node n type=m zone=b of=db bound cpu=8
        pod w cpu=1 with=zone/db";
    check(
        there,
        "out: w",
        &["pod default/w is left out and pool p may still buy a m (on-demand, b) that holds it"],
    );
    let there = "node n type=m zone=b of=db bound cpu=8
        pod w cpu=1 with=hostname/db";
    check(there, "out: w", &[]);
}
