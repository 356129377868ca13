//! One corrupted plan for each rule: refused with exactly that violation.

use checker::check;
use model::{
    MachineIndex, MicroUsdPerHour, NewNode, NodeState, OfferingIndex, Plan, PodIndex, PoolIndex,
    ShapeIndex, Snapshot,
};
use testkit::world;

use crate::support::{plan, verdict};

const WORLD: &str = "
    zones a,b
    type big cpu=8 mem=32Gi pods=30 price=0.4 spot=0.1,b:?
    type small cpu=2 mem=8Gi pods=4 price=0.1 overhead cpu=100m
    pool heavy weight=10 limits cpu=16 require arch=amd64 taint dear:NoSchedule
    pool light require team=red,blue require zone=a label tier=web
    daemonset logs cpu=300m tolerate dear select karpenter.sh/initialized=true
    node n1 pool=light type=small zone=a bound cpu=1,pods=1
    node n2 cpu=4 pods=9 state=unschedulable
    node n3 cpu=4 mem=1Gi pods=9 taint k:NoExecute price=?
    pod web x6 cpu=500m mem=1Gi
    pod red cpu=1 select team=red
    pod rich cpu=1 tolerate dear
    pod odd cpu=100m tolerate k select zone=b or select !zone";

/// Accepted as it stands. New node 0 is of `light`, new node 1 of `heavy`.
const PLAN: &str = "
    buy light big a on-demand team=red: web-0 web-1 web-2 web-3 web-4 red
    buy heavy big b on-demand: rich
    on n1: web-5
    on n3: odd";

/// The position of the offering of a new node.
fn bought(plan: &Plan, node: usize) -> usize {
    plan.new_nodes[node].offering.get()
}

type Corruption = (&'static str, fn(&mut Snapshot, &mut Plan), &'static [&'static str]);

const FORM: &[Corruption] = &[
    ("nothing", |_, _| {}, &[]),
    (
        "index of a pod",
        |_, plan| plan.new_nodes[0].pods.push(PodIndex::new(99)),
        &["new node 0 refers to pods[99], and there are only 9"],
    ),
    (
        "index of a shape",
        |snapshot, _| snapshot.pods[0].shape = ShapeIndex::new(9),
        &["pod default/web-0 refers to shapes[9], and there are only 4"],
    ),
    (
        "index of a machine",
        |snapshot, _| snapshot.offerings[0].machine = MachineIndex::new(7),
        &["offering 0 refers to machines[7], and there are only 2"],
    ),
    (
        "index of a pool",
        |snapshot, _| snapshot.offerings[0].pool = PoolIndex::new(2),
        &["offering 0 refers to pools[2], and there are only 2"],
    ),
    (
        "no alternative",
        |snapshot, _| snapshot.shapes[0].alternatives.clear(),
        &["shapes[0] has no alternative; what asks for nothing has one empty alternative"],
    ),
    (
        "a pod forgotten",
        |_, plan| plan.new_nodes[0].pods.truncate(5),
        &["pod default/red is nowhere in the plan"],
    ),
    (
        "a pod in two places",
        |_, plan| plan.existing[0].pods.insert(0, PodIndex::new(0)),
        &["pod default/web-0 is on new node 0 (light, big) and again on node n1"],
    ),
    (
        "a pod twice in one place",
        |_, plan| plan.existing[0].pods.push(PodIndex::new(5)),
        &["pod default/web-5 is on node n1 and again on node n1"],
    ),
    (
        "a node for nobody",
        |_, plan| {
            plan.new_nodes.push(NewNode { offering: OfferingIndex::new(0), pods: Vec::new() });
        },
        &["new node 2 (heavy, big) has no pods"],
    ),
    (
        "pods out of order",
        |_, plan| plan.new_nodes[0].pods.swap(0, 1),
        &["new node 0 (light, big) is out of order, or its pods are"],
    ),
    (
        "nodes out of order",
        |_, plan| plan.existing.swap(0, 1),
        &["node n1 is out of order, or its pods are"],
    ),
];

const FACTS: &[Corruption] = &[
    (
        "a room of an offering that is folded falsely",
        |snapshot, plan| {
            let room = &mut snapshot.offerings[bought(plan, 0)].room;
            *room = room.clone().with("cpu", 8001);
        },
        &["offering 7 (light, big, a): room for cpu is folded as 8001, raw facts give 7700"],
    ),
    (
        "a DaemonSet forgotten",
        |snapshot, plan| {
            let room = &mut snapshot.offerings[bought(plan, 1)].room;
            *room = room.clone().with("cpu", 8000).with("pods", 30);
        },
        &["offering 2 (heavy, big, b): room for cpu is folded as 8000, raw facts give 7700"],
    ),
    (
        "a room of a node that is folded falsely",
        |snapshot, _| {
            let room = &mut snapshot.nodes[0].room;
            *room = room.clone().with("example.com/fpga", 1);
        },
        &["node n1: room for example.com/fpga is folded as 1, raw facts give 0"],
    ),
    (
        "an unknown price",
        |snapshot, plan| {
            let listing = snapshot.offerings[bought(plan, 0)].listing.get();
            snapshot.listings[listing].price = None;
        },
        &["new node 0 (light, big) is bought at an unknown price"],
    ),
    (
        "a type that the pool refuses",
        |snapshot, _| {
            let labels = &mut snapshot.types[0].labels;
            labels.insert("kubernetes.io/arch".into(), "arm64".into());
        },
        &[
            "new node 1 (heavy, big): the pool's requirement on kubernetes.io/arch refuses \"arm64\"",
        ],
    ),
    (
        "a label chosen unasked",
        |snapshot, plan| {
            let chosen = &mut snapshot.offerings[bought(plan, 1)].chosen_labels;
            chosen.insert("team".into(), "red".into());
        },
        &["new node 1 (heavy, big): label team is chosen and the pool does not ask for it"],
    ),
    (
        "a label chosen that the zone decides",
        |snapshot, plan| {
            let chosen = &mut snapshot.offerings[bought(plan, 0)].chosen_labels;
            chosen.insert("topology.kubernetes.io/zone".into(), "b".into());
        },
        &[
            "new node 0 (light, big): label topology.kubernetes.io/zone is chosen as b and is a by pool, type or listing",
        ],
    ),
    (
        "a value that the pool refuses",
        |snapshot, plan| {
            snapshot.pods[6].shape = snapshot.pods[0].shape;
            let chosen = &mut snapshot.offerings[bought(plan, 0)].chosen_labels;
            chosen.insert("team".into(), "green".into());
        },
        &["new node 0 (light, big): the pool's requirement on team refuses \"green\""],
    ),
    (
        "the machine of another type",
        |snapshot, plan| {
            let offering = &mut snapshot.offerings[bought(plan, 1)];
            offering.machine = MachineIndex::new(1);
            let (capacity, rest) = (1600, 8 << 30);
            offering.room = offering.room.clone().with("cpu", capacity).with("memory", rest);
            offering.room = offering.room.clone().with("pods", 3);
        },
        &["new node 1 (heavy, big): the machine is a small, the listing a big"],
    ),
    (
        "pods for a node that takes none",
        |snapshot, _| snapshot.nodes[0].state = NodeState::Unschedulable,
        &["node n1 takes no pods and is given 1"],
    ),
];

#[test]
fn each_corruption_is_refused_with_exactly_its_violation() {
    for (what, corrupt, expected) in FORM.iter().chain(FACTS) {
        let mut snapshot = world(WORLD);
        let mut plan = plan(&snapshot, PLAN);
        corrupt(&mut snapshot, &mut plan);
        assert_eq!(verdict(&snapshot, plan), *expected, "{what}");
    }
}

#[test]
fn a_group_left_out_has_one_shape() {
    let snapshot = world("pod a cpu=1\npod b cpu=2\npod c cpu=1");
    let plan = plan(&snapshot, "out: a b c");
    let expected = "unschedulable group 0 has pods of different shapes: default/a and default/b";
    assert_eq!(verdict(&snapshot, plan), [expected]);
}

/// Added line of the world, plan, violations.
const PLANS: &[(&str, &str, &[&str])] = &[
    (
        "",
        "buy light big a on-demand team=red: web-1 web-2 web-3 web-4 red
         buy heavy big b on-demand: rich
         on n1: web-5
         on n3: web-0 odd",
        &["pod default/web-0 does not tolerate k:NoExecute of node n3"],
    ),
    (
        "",
        "buy light big a on-demand team=blue: web-0 web-1 web-2 web-3 web-4 red
         buy heavy big b on-demand: rich
         on n1: web-5
         on n3: odd",
        &["pod default/red asks for labels that new node 0 (light, big) does not have"],
    ),
    (
        "",
        "buy light big a on-demand team=red: web-1 web-2 web-3 web-4 red
         buy heavy big b on-demand: rich
         on n1: web-0 web-5
         on n3: odd",
        &["node n1 is overfull: its pods ask for 1000 of cpu, there is room for 600"],
    ),
    (
        "pool third weight=20 limits nodes=0,mem=1Gi,cpu=8",
        "buy light big a on-demand team=red: web-0 web-1 web-2 web-3 web-4 red
         buy third big b on-demand: rich
         on n1: web-5
         on n3: odd",
        &[
            "pool third may have 1073741824 of memory: it has 0 and the plan adds 34359738368",
            "pool third may have 0 of nodes: it has 0 and the plan adds 1",
        ],
    ),
    (
        "",
        "buy light big a on-demand team=red: web-0 web-1 web-2 web-3 web-4 red
         buy light small a on-demand team=blue: rich
         on n1: web-5
         on n3: odd",
        &[
            "new node 1 (light, small) has weight 0, and pools of greater weight, such as heavy, can hold each of its pods",
        ],
    ),
    (
        // With one pod that only `light` can hold, `rich` may ride along.
        "",
        "buy light big a on-demand team=red: web-0 web-1 web-2 web-3 web-4 red rich
         on n1: web-5
         on n3: odd",
        &[],
    ),
    (
        // What the plan leaves of the limit of `heavy` no longer pays for a node of it.
        "pod also x2 cpu=7 tolerate dear",
        "buy light big a on-demand team=red: web-0 web-1 web-2 web-3 web-4 red
         buy light small a on-demand team=blue: rich
         buy heavy big b on-demand: also-0
         buy heavy big b on-demand: also-1
         on n1: web-5
         on n3: odd",
        &[],
    ),
    (
        "",
        "buy light big a on-demand team=red: web-0 web-1 web-2 web-3 web-4 red
         buy heavy big b on-demand: rich
         on n1: web-5
         out: odd",
        &["pod default/odd is left out and fits on node n3"],
    ),
    (
        "",
        "buy light small a on-demand team=red: web-0 red
         buy light small a on-demand team=red: web-1 web-2 web-3
         buy light small a on-demand team=blue: web-4
         on n1: web-5
         on n3: odd
         out: rich",
        &[
            "pod default/rich is left out and fits on new node 2 (light, small)",
            "pod default/rich is left out and pool heavy may still buy a big (on-demand, a) that holds it",
        ],
    ),
];

#[test]
fn each_unsound_plan_is_refused_with_exactly_its_violation() {
    for (line, text, expected) in PLANS {
        let snapshot = world(&format!("{WORLD}\n{line}"));
        let plan = plan(&snapshot, text);
        assert_eq!(verdict(&snapshot, plan), *expected, "{text}");
    }
}

#[test]
fn a_pool_over_its_limit_may_not_buy_even_what_the_limit_does_not_count() {
    let snapshot = world(
        "type t cpu=4 price=0.1\npool p limits gpu=1 used gpu=2\npool q limits gpu=1 used gpu=2
         pod a cpu=1",
    );
    let expected = "pool p may have 1 of nvidia.com/gpu: it has 2 and the plan adds 0";
    let bought = plan(&snapshot, "buy p t a on-demand: a");
    assert_eq!(verdict(&snapshot, bought), [expected]);
    assert!(verdict(&snapshot, plan(&snapshot, "out: a")).is_empty());
}

#[test]
fn daemon_sets_may_overdraw_what_no_pod_asks_for() {
    let snapshot = world(
        "type t cpu=4 price=0.1\npool p\ndaemonset d example.com/fpga=1 mem=1Gi
         pod a cpu=1\npod b cpu=1 mem=1",
    );
    let plan = plan(&snapshot, "buy p t a on-demand: a\nout: b");
    let reasons = &plan.unschedulable[0].reasons;
    assert_eq!(
        reasons.iter().map(crate::support::shown).collect::<Vec<_>>(),
        ["p resource memory needs 1 of -1073741824 on t excludes 1"]
    );
    assert!(verdict(&snapshot, plan).is_empty());
}

#[test]
fn totals_add_up_known_prices() {
    let snapshot = world(WORLD);
    let checked = check(&snapshot, plan(&snapshot, PLAN)).expect("a sound plan");
    let totals = checked.totals();
    assert_eq!(totals.cost_per_hour, MicroUsdPerHour::new(800_000));
    assert_eq!(totals.existing_cost_per_hour, MicroUsdPerHour::new(100_000));
    assert_eq!((totals.existing_unpriced, totals.new_nodes), (2, 2));
    assert_eq!((totals.pods_placed, totals.pods_left_out), (9, 0));
    assert_eq!(checked.plan().clone(), checked.into_plan());
}

#[test]
fn no_rule_lists_violations_without_end() {
    let snapshot = world("pod a x500 cpu=1");
    assert_eq!(verdict(&snapshot, Plan::default()).len(), 100);
}
