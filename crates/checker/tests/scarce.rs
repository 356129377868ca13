//! Supplies and rivals: what breaks them is refused, reasons are true, and the bound counts them.

use checker::prove;
use model::{Certificate, NanoUsdPerHour, Objective, Plan, Reason, Snapshot};
use testkit::world;

use crate::support::{plan, shown, verdict};

/// `big` holds four pods of `web`; two of it are reserved.
const WORLD: &str = "
    zones a,b
    type big cpu=4 mem=16Gi price=0.40
    type small cpu=1 mem=4Gi price=0.12
    pool p require capacity=on-demand,reserved
    supply r cap=2 type=big zone=a price=0.05
    node n1 cpu=1 mem=4Gi pods=9
    node n2 cpu=4 mem=4Gi pods=9 rivals=db
    pod web x12 cpu=1 mem=1Gi
    pod db x2 cpu=500m mem=1Gi rivals=db";

const PLAN: &str = "
    buy p big a reserved: web-0 web-1 web-2 db-0
    buy p big a reserved: web-3 web-4 web-5 db-1
    buy p big a on-demand: web-6 web-7
    on n2: web-8 web-9 web-10 web-11";

fn refused(text: &str, expected: &[&str]) {
    let snapshot = world(WORLD);
    assert_eq!(verdict(&snapshot, plan(&snapshot, text)), expected, "{text}");
}

#[test]
fn a_plan_within_supplies_and_with_rivals_apart_is_accepted() {
    refused(PLAN, &[]);
}

#[test]
fn a_supply_gives_no_more_than_it_has() {
    let third = PLAN.replace("big a on-demand", "big a reserved");
    refused(&third, &["supply r has 2 units and the plan takes 3"]);
}

#[test]
fn rivals_do_not_share_a_node() {
    let together = PLAN
        .replace("web-2 db-0", "web-2 web-3")
        .replace("web-3 web-4 web-5 db-1", "web-4 web-5 db-0 db-1");
    refused(&together, &["new node 1 (p, big) may have one pod of db: it is given 2"]);
    let on_node = PLAN.replace("web-2 db-0", "web-2").replace("on n2:", "on n1: db-0\n on n2:");
    refused(&on_node, &[]);
    let taken = PLAN.replace("web-2 db-0", "web-2 web-11").replace("web-10 web-11", "web-10 db-0");
    refused(&taken, &["node n2 may have one pod of db: it is given 1 and had one before"]);
}

/// Of four `db` two have no node to go to: `p` may open one node only, `q` has one unit, and `n` has
/// one of them already.
const LEFT: &str = "
    type big cpu=4 mem=16Gi price=0.40 zones=a
    pool p limits nodes=1 require capacity=on-demand,reserved
    pool q require capacity=reserved
    supply r cap=1 type=big price=0.05
    supply s cap=0 type=big
    node n cpu=4 mem=4Gi pods=9 rivals=db
    pod db x4 cpu=500m mem=1Gi rivals=db";

#[test]
fn room_beside_a_rival_is_no_room_and_a_supply_that_is_used_up_is_a_reason() {
    let snapshot = world(LEFT);
    let text = "buy q big a reserved: db-0\n buy p big a on-demand: db-1\n out: db-2 db-3";
    let accepted = plan(&snapshot, text);
    let reasons: Vec<String> = accepted.unschedulable[0].reasons.iter().map(shown).collect();
    assert_eq!(
        reasons,
        [
            "p limit nodes 1 used 1 least 1 excludes 3",
            "q supply r has 1 excludes 1",
            "q supply s has 0 excludes 1"
        ]
    );
    assert_eq!(verdict(&snapshot, accepted.clone()), Vec::<String>::new());
    let corrupted = |change: fn(&mut Vec<Reason>)| {
        let mut plan = accepted.clone();
        change(&mut plan.unschedulable[0].reasons);
        verdict(&snapshot, plan)
    };
    assert_eq!(
        corrupted(|reasons| {
            reasons.pop();
        }),
        ["missing: q supply s has 0 excludes 1"]
    );
    let other_cap = corrupted(|reasons| {
        if let Some(Reason::Supply { cap, .. }) = reasons.last_mut() {
            *cap = 9;
        }
    });
    assert_eq!(
        other_cap,
        ["wrong: q supply s has 9 excludes 1; true: q supply s has 0 excludes 1"]
    );
    let early = plan(&snapshot, "buy p big a on-demand: db-1\n out: db-0 db-2 db-3");
    assert_eq!(
        verdict(&snapshot, early),
        ["pod default/db-0 is left out and pool q may still buy a big (reserved, a) that holds it"]
    );
}

/// Worths of a pod of `web` and of `db`.
fn certificate(snapshot: &Snapshot, web: i64, db: i64) -> Certificate {
    let worth = |shape: &model::PodShape| if shape.rivals.is_empty() { web } else { db };
    let worths = snapshot.shapes.iter().map(|shape| NanoUsdPerHour::new(worth(shape)));
    Certificate { worths: worths.collect() }
}

fn bound(snapshot: &Snapshot, plan: &Plan, certificate: &Certificate) -> checker::Bound {
    prove(snapshot, plan, certificate, Objective::LIST_PRICES, 1_000_000).expect("all go together")
}

#[test]
fn a_unit_of_a_supply_takes_what_it_saves_off_the_bound_and_scales_nothing() {
    let snapshot = world(
        "type big cpu=4 mem=16Gi price=0.40 zones=a
         pool p
         supply r cap=2 type=big price=0.05
         pod web x12 cpu=1 mem=1Gi",
    );
    let text = "
        buy p big a reserved: web-0 web-1 web-2 web-3
        buy p big a reserved: web-4 web-5 web-6 web-7
        buy p big a on-demand: web-8 web-9 web-10 web-11";
    let plan = plan(&snapshot, text);
    let certificate = certificate(&snapshot, 100_000_000, 0);
    let proved = bound(&snapshot, &plan, &certificate);
    // Twelve pods are worth 1.20 USD; each unit holds worth of 0.40 for 0.05.
    assert_eq!(proved.supply_worths.get(), 700_000_000);
    assert_eq!((proved.lower.get(), proved.scale.denominator), (500_000_000, 1));
    let mut more = snapshot.clone();
    more.supplies[0].cap = 3;
    assert_eq!(bound(&more, &plan, &certificate).lower.get(), 150_000_000);
    // Were there as many as are wanted, twelve pods would cost 0.15, and worths are scaled to that.
    let mut endless = snapshot.clone();
    endless.listings.iter_mut().for_each(|listing| listing.supply = None);
    let proved = bound(&endless, &plan, &certificate);
    assert_eq!((proved.lower.get(), proved.scale.denominator), (150_000_000, 400_000_000));
    assert_eq!(proved.supply_worths.get(), 0);
    // One nano-USD more on each pod is scaled away again, and proves no more.
    let over = bound(&snapshot, &plan, &self::certificate(&snapshot, 100_000_001, 0));
    assert!(over.lower.get() <= 500_000_000 && over.scale.denominator == 400_000_004);
    // Units beyond what there are pods for count for nothing.
    let few = Plan { new_nodes: plan.new_nodes[2..].to_vec(), ..Plan::default() };
    more.supplies[0].cap = 1_000_000;
    let proved = bound(&more, &few, &certificate);
    assert_eq!((proved.supply_worths.get(), proved.lower.get()), (1_400_000_000, 0));
    // Nothing else is for sale: worths beyond the price of a unit are right.
    let mut only = snapshot.clone();
    only.offerings.retain(|offering| only.listings[offering.listing.get()].supply.is_some());
    only.supplies[0].cap = 3;
    let proved = bound(&only, &plan, &self::certificate(&snapshot, 500_000_000, 0));
    assert_eq!(proved.lower.get(), 150_000_000);
    assert_eq!(proved.worst, None);
}

#[test]
fn a_node_counts_one_pod_of_rivals_and_none_beside_another() {
    let snapshot = world(
        "type big cpu=4 mem=16Gi price=0.40 zones=a
         pool p
         node n cpu=4 mem=16Gi pods=9 rivals=db
         pod web x3 cpu=1 mem=1Gi
         pod db x3 cpu=1 mem=1Gi rivals=db",
    );
    let text = "
        buy p big a on-demand: db-0
        buy p big a on-demand: db-1
        buy p big a on-demand: db-2
        on n: web-0 web-1 web-2";
    let plan = plan(&snapshot, text);
    // Nodes for db alone: each of the three is worth a node, and `n` takes none of them.
    let proved = bound(&snapshot, &plan, &certificate(&snapshot, 0, 400_000_000));
    assert_eq!((proved.lower.get(), proved.node_worths.get()), (1_200_000_000, 0));
    // Three of web ride along with one of db, and no more than one of db.
    let tight = certificate(&snapshot, 50_000_000, 250_000_000);
    let proved = bound(&snapshot, &plan, &tight);
    assert_eq!((proved.scale.denominator, proved.node_worths.get()), (1, 150_000_000));
    let over = bound(&snapshot, &plan, &certificate(&snapshot, 50_000_001, 250_000_000));
    assert_eq!(over.scale.denominator, 400_000_003);
    assert!(over.lower < proved.lower, "{over:?}");
}
