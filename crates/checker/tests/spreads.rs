//! Spreads: what is spread is accepted, what is not is refused with its numbers.

use testkit::world;

use crate::support::{plan, verdict};

/// The verdict on `plan` of the world that `lines` and two types in three zones make.
fn judged(lines: &str, text: &str) -> Vec<String> {
    let base = "zones a,b,c
        type m cpu=8 mem=32Gi price=0.4
        pool p\n";
    let snapshot = world(&format!("{base}{lines}"));
    let plan = plan(&snapshot, text);
    verdict(&snapshot, plan)
}

fn refused(place: &str, pod: &str, over: &str, skew: i64, load: i64, least: i64) -> String {
    format!(
        "{place} has pod default/{pod}, which is spread over {over} with a skew of {skew} at most: \
         there are {load} of e in its domain, and {least} in another"
    )
}

const ZONE: &str = "topology.kubernetes.io/zone";

#[test]
fn a_zone_may_have_one_more_than_the_emptiest() {
    let pods = "pod e x5 cpu=1 of=e spread=zone/e/1";
    let nodes = |a: &str, b: &str, c: &str| {
        format!("buy p m a on-demand: {a}\nbuy p m b on-demand: {b}\nbuy p m c on-demand: {c}")
    };
    assert_eq!(judged(pods, &nodes("e-0 e-1", "e-2 e-3", "e-4")), Vec::<String>::new());
    let over = refused("new node 0 (p, m)", "e-0", ZONE, 1, 3, 1);
    assert_eq!(judged(pods, &nodes("e-0 e-1 e-2", "e-3", "e-4")), [over]);
    // No node is in zone c, and one could be.
    let over = refused("new node 0 (p, m)", "e-0", ZONE, 1, 3, 0);
    let other = refused("new node 1 (p, m)", "e-3", ZONE, 1, 2, 0);
    let two = "buy p m a on-demand: e-0 e-1 e-2\nbuy p m b on-demand: e-3 e-4";
    assert_eq!(judged(pods, two), [over, other]);
}

#[test]
fn only_zones_that_can_be_launched_in_count() {
    let pods = "pod e x4 cpu=1 of=e spread=zone/e/1";
    let two = "buy p m a on-demand: e-0 e-1\nbuy p m b on-demand: e-2 e-3";
    for (words, over) in [
        ("", true),
        // The pool does not go to zone c, or its limit is reached.
        ("pool p require zone!=c", false),
        ("pool p limits nodes=2", false),
        // A node is there, be it that it takes none of them.
        ("pool p require zone!=c\nnode n type=m zone=c taint k:NoSchedule", true),
        ("pool p require zone!=c\nnode n type=m zone=c state=unschedulable", true),
    ] {
        let text = format!("zones a,b,c\ntype m cpu=8 mem=32Gi price=0.4\n{words}\n{pods}");
        let text = if words.is_empty() { text + "\npool p" } else { text };
        let snapshot = world(&text);
        let verdict = verdict(&snapshot, plan(&snapshot, two));
        assert_eq!(!verdict.is_empty(), over, "{words}: {verdict:?}");
    }
}

#[test]
fn taints_count_where_they_are_honoured() {
    let world_of = |policy: &str| {
        world(&format!(
            "zones a,b,c
             type m cpu=8 mem=32Gi price=0.4
             pool p require zone!=c
             node n type=m zone=c taint k:NoSchedule
             pod e x4 cpu=1 of=e spread=zone/e/1{policy}"
        ))
    };
    let text = "buy p m a on-demand: e-0 e-1\nbuy p m b on-demand: e-2 e-3";
    for (policy, accepted) in [("", false), ("/taints", true), ("/anywhere", false)] {
        let snapshot = world_of(policy);
        let verdict = verdict(&snapshot, plan(&snapshot, text));
        assert_eq!(verdict.is_empty(), accepted, "{policy}: {verdict:?}");
    }
}

#[test]
fn pods_that_are_there_count_and_those_that_carry_no_spread_come_later() {
    let lines = "node n type=m zone=a of=e:2
        pod e x3 cpu=1 of=e spread=zone/e/1
        pod f x9 cpu=100m of=e";
    let good = "buy p m b on-demand: e-0 e-1\nbuy p m c on-demand: e-2
        on n: f-0 f-1 f-2 f-3 f-4 f-5 f-6 f-7 f-8";
    assert_eq!(judged(lines, good), Vec::<String>::new());
    let over = refused("node n", "e-2", ZONE, 1, 3, 1);
    let bad = "buy p m b on-demand: e-0\nbuy p m c on-demand: e-1
        on n: e-2 f-0 f-1 f-2 f-3 f-4 f-5 f-6 f-7 f-8";
    assert_eq!(judged(lines, bad), [over]);
}

#[test]
fn over_hostnames_the_least_is_nothing() {
    let lines = "node n type=m zone=a of=e:2
        pod e x4 cpu=1 of=e spread=hostname/e/3";
    let good = "buy p m b on-demand: e-0 e-1 e-2\non n: e-3";
    assert_eq!(judged(lines, good), Vec::<String>::new());
    let over = refused("node n", "e-2", "kubernetes.io/hostname", 3, 4, 0);
    assert_eq!(judged(lines, "buy p m b on-demand: e-0 e-1\non n: e-2 e-3"), [over]);
}

#[test]
fn too_few_domains_are_as_one_that_is_empty() {
    let pods = "pod e x6 cpu=1 of=e spread=zone/e/1/min=4";
    let text = "buy p m a on-demand: e-0 e-1\nbuy p m b on-demand: e-2 e-3
        buy p m c on-demand: e-4 e-5";
    assert_eq!(judged(pods, text).len(), 3);
    let reason = format!("missing: p spread {ZONE} e skew 1 load 1 least 0 in - excludes 3");
    let text = "buy p m a on-demand: e-0\nbuy p m b on-demand: e-1\nbuy p m c on-demand: e-2
        out: e-3 e-4 e-5";
    assert_eq!(judged(pods, text), Vec::<String>::new());
    let snapshot = world(&format!("zones a,b,c\ntype m cpu=8 price=0.4\npool p\n{pods}"));
    let mut silent = plan(&snapshot, text);
    silent.unschedulable[0].reasons.clear();
    assert_eq!(verdict(&snapshot, silent), [reason]);
}

#[test]
fn a_pod_left_out_that_a_zone_would_take_is_missed() {
    let pods = "pod e x2 cpu=1 of=e spread=zone/e/1";
    let could =
        "pod default/e-1 is left out and pool p may still buy a m (on-demand, b) that holds it";
    assert_eq!(judged(pods, "buy p m a on-demand: e-0\nout: e-1"), [could]);
    let has = "pod default/e-1 is left out and fits on node n";
    let lines = format!("node n type=m zone=b\n{pods}");
    assert!(judged(&lines, "buy p m a on-demand: e-0\nout: e-1").contains(&has.to_owned()));
}

#[test]
fn a_node_of_lesser_weight_is_justified_by_the_zone_of_a_pod_that_is_spread() {
    let snapshot = world(
        "zones a,b
         type m cpu=8 mem=32Gi price=0.4
         pool heavy weight=9 require zone=a
         pool light
         pod e x2 cpu=1 of=e spread=zone/e/1
         pod f cpu=1",
    );
    let good = "buy heavy m a on-demand: e-0\nbuy light m b on-demand: e-1 f";
    assert_eq!(verdict(&snapshot, plan(&snapshot, good)), Vec::<String>::new());
    let bad =
        "buy heavy m a on-demand: e-0\nbuy light m b on-demand: e-1\nbuy light m b on-demand: f";
    assert_eq!(verdict(&snapshot, plan(&snapshot, bad)).len(), 1);
}
