//! Small worlds that pods have to be seated anew for: what is decided zone by zone, pod by pod or pool by pool
//! is not the best of all.

use model::Snapshot;
use testkit::{assert_sound, left_out, world};

use crate::properties::{cost, solved};

const SOME_WORK: u64 = 600_000;

/// Two sizes in three zones.
const TYPES: &str = "zones a,b,c
    type s cpu=4 mem=16Gi pods=20 price=0.2
    type l cpu=16 mem=64Gi pods=60 price=0.72
";

/// All pods are placed, for this much, micro-USD per hour.
#[track_caller]
fn check(text: &str, least: i64) {
    let text = format!("{TYPES}{text}");
    let snapshot = world(&text);
    let plan = solved(&snapshot, SOME_WORK).plan;
    let replan = |after: &Snapshot| solved(after, SOME_WORK).plan;
    assert_sound(&snapshot, &plan, replan, checker::check);
    assert_eq!(left_out(&snapshot, &plan).len(), 0, "{text}");
    assert_eq!(cost(&snapshot, &plan), least, "{text}");
}

#[test]
fn pods_that_may_choose_a_zone_join_those_that_may_not() {
    check("pool p\npod w cpu=3 select zone=b\npod s cpu=1 of=s spread=zone/s/2", 200_000);
    check(
        "pool p
         pod f cpu=1 select zone=c
         pod d x2 cpu=1 of=db
         pod w cpu=1 with=zone/db",
        200_000,
    );
}

#[test]
fn a_chain_of_pods_that_follow_each_other_is_one_node() {
    check(
        "pool p
         pool q weight=5 require zone=b,c require type=s
         pod x cpu=3 of=x with=hostname/y spread=zone/x/1
         pod y cpu=0.5 of=y with=zone/z
         pod z cpu=0.5 of=z spread=zone/z/1",
        200_000,
    );
}

#[test]
fn pods_that_share_a_node_go_where_all_of_them_have_room() {
    check(
        "pool p weight=7 require type=s
         pool q require type=l
         pod d cpu=2 of=e
         pod e x2 cpu=3 of=e with=hostname/e",
        720_000,
    );
}

/// Whichever term comes first: a pod that others follow follows one itself.
#[test]
fn those_that_are_followed_and_follow_share_a_node_with_both() {
    for pods in [
        "pod a cpu=1 of=a with=hostname/b
         pod b cpu=1 of=b with=hostname/c
         pod c cpu=3 of=c",
        "pod a cpu=3 of=a
         pod b cpu=1 of=b with=hostname/a
         pod c cpu=1 of=c with=hostname/b",
        "pod a cpu=1 of=a with=hostname/d
         pod b cpu=1 of=b with=hostname/c
         pod c cpu=3 of=c
         pod d cpu=1 of=d with=hostname/b",
    ] {
        check(&format!("pool p\n{pods}"), 720_000);
    }
    // Two chains, each on a node of its own.
    check(
        "pool p
         pod a x2 cpu=1 of=a with=hostname/b
         pod b x2 cpu=1 of=b with=hostname/c apart=hostname/b
         pod c x2 cpu=2 of=c",
        400_000,
    );
}
