//! Reasons: the true list is accepted, and each kind of false one refused.

use model::{Amount, Effect, Plan, Reason, Taint};
use testkit::world;

use crate::support::{plan, shown, verdict};

const WORLD: &str = "
    zones a,b
    type huge cpu=64 mem=64Gi price=?
    type lean cpu=16 mem=8Gi price=0.5 zones=a
    type slim cpu=4 mem=64Gi price=0.4
    type twin cpu=16 mem=8Gi price=0.5 zones=a
    type zero cpu=1 mem=1Gi price=0.1
    pool empty weight=30 require arch=arm64 taint x:NoSchedule
    pool tainted weight=20 taint soft:PreferNoSchedule taint k=v:NoSchedule taint x:NoExecute
    pool p weight=10 limits cpu=24,nodes=5
    daemonset logs mem=1Gi tolerate *
    pod one cpu=10 mem=1Gi select type=twin or select zone=a
    pod both cpu=8 mem=16Gi select zone=a
    pod vast cpu=99 mem=999Gi select zone=b or select zone=c
    pod lone cpu=10 mem=999Gi
    pod none cpu=1 select hostname= select zone=a";

const PLAN: &str = "
    buy p lean a on-demand: one
    out: both
    out: vast
    out: lone
    out: none";

const LIMITED: &str = "
    type a cpu=8 mem=8Gi price=0.5
    type b cpu=4 mem=32Gi price=0.4
    type c cpu=1 mem=8Gi price=0.4
    type d cpu=1 mem=9Gi price=0.4
    pool p limits mem=47Gi,cpu=13,nodes=5
    pool q limits nodes=0
    pool r limits gpu=1 used gpu=2
    node n pool=p type=b bound cpu=4
    pod full cpu=8
    pod more cpu=1 mem=4Gi
    pod most cpu=2 mem=9Gi";

const LIMITED_PLAN: &str = "
    buy p a a on-demand: full
    out: more
    out: most";

fn given(plan: &Plan, group: usize) -> Vec<String> {
    plan.unschedulable[group].reasons.iter().map(shown).collect()
}

#[test]
fn reasons_are_those_of_the_definition() {
    let snapshot = world(WORLD);
    let plan = plan(&snapshot, PLAN);
    let gib = |n: i64| n << 30;
    let (needs, largest) = (gib(999), gib(63));
    let memory = |excluded: u32| {
        format!("p resource memory needs {needs} of {largest} on slim excludes {excluded}")
    };
    let own: [Vec<String>; 4] = [
        vec![
            "p requirement topology.kubernetes.io/zone excludes 3".to_owned(),
            "p unpriced excludes 1".to_owned(),
            "p combination excludes 4".to_owned(),
        ],
        vec![
            "p requirement topology.kubernetes.io/zone excludes 5".to_owned(),
            "p unpriced excludes 1".to_owned(),
            "p resource cpu needs 99000 of 4000 on slim excludes 2".to_owned(),
            memory(2),
        ],
        vec!["p unpriced excludes 2".to_owned(), memory(6)],
        vec!["p requirement kubernetes.io/hostname excludes 8".to_owned()],
    ];
    for (group, own) in own.into_iter().enumerate() {
        let mut expected = vec![
            "empty empty-pool".to_owned(),
            "tainted taint k=v:NoSchedule excludes 8".to_owned(),
        ];
        expected.extend(own);
        assert_eq!(given(&plan, group), expected);
    }
    assert_eq!(verdict(&snapshot, plan), Vec::<String>::new());
}

#[test]
fn limits_are_those_that_the_plan_leaves() {
    let snapshot = world(LIMITED);
    let plan = plan(&snapshot, LIMITED_PLAN);
    let gib = |n: i64| n << 30;
    let memory = (gib(47), gib(40), gib(8));
    assert_eq!(
        given(&plan, 0),
        [
            "p limit cpu 13000 used 12000 least 4000 excludes 2".to_owned(),
            format!("p limit memory {} used {} least {} excludes 2", memory.0, memory.1, memory.2),
            "q limit nodes 0 used 0 least 1 excludes 4".to_owned(),
            "r limit nvidia.com/gpu 1 used 2 least 0 excludes 4".to_owned(),
        ]
    );
    assert_eq!(
        given(&plan, 1),
        [
            "p limit cpu 13000 used 12000 least 4000 excludes 1",
            "q limit nodes 0 used 0 least 1 excludes 1",
            "r limit nvidia.com/gpu 1 used 2 least 0 excludes 1",
        ]
    );
    assert_eq!(verdict(&snapshot, plan), Vec::<String>::new());
}

#[test]
fn without_pools_there_is_one_reason() {
    let snapshot = world("type a cpu=8 price=0.5\npod one cpu=1");
    let mut plan = plan(&snapshot, "out: one");
    assert_eq!(given(&plan, 0), ["no-node-pool"]);
    assert_eq!(verdict(&snapshot, plan.clone()), Vec::<String>::new());
    plan.unschedulable[0].reasons.clear();
    assert_eq!(verdict(&snapshot, plan), ["missing: no-node-pool"]);
}

/// Group of the plan, what is falsified in its reasons, what the checker says.
type Lie = (usize, fn(&mut Vec<Reason>), &'static [&'static str]);

/// About [`PLAN`].
const LIES: &[Lie] = &[
    (0, |_| {}, &[]),
    (0, |reasons| drop(reasons.remove(0)), &["missing: empty empty-pool"]),
    (0, |reasons| reasons.swap(2, 3), &["the reasons for pod default/both are out of order"]),
    (0, |reasons| reasons.swap(0, 1), &["the reasons for pod default/both are out of order"]),
    (
        0,
        |reasons| {
            let pool = "p".into();
            reasons.insert(0, Reason::EmptyPool { pool });
        },
        &["false: p empty-pool"],
    ),
    (0, |reasons| reasons.push(Reason::NoNodePool), &["false: no-node-pool"]),
    (0, |reasons| reasons.push(reasons[4].clone()), &["false: p combination excludes 4"]),
    (
        0,
        |reasons| {
            let (key, value) = ("x".to_owned(), String::new());
            let effect = Effect::NoExecute;
            let excluded = 8;
            let (pool, taint) = ("tainted".into(), Taint { key, value, effect });
            reasons[1] = Reason::Taint { pool, taint, excluded };
        },
        &[
            "wrong: tainted taint x:NoExecute excludes 8; true: tainted taint k=v:NoSchedule excludes 8",
        ],
    ),
    (
        0,
        |reasons| {
            let (pool, key) = ("p".into(), "topology.kubernetes.io/zone".into());
            reasons[2] = Reason::Requirement { pool, key, excluded: 2 };
        },
        &[
            "wrong: p requirement topology.kubernetes.io/zone excludes 2; true: p requirement topology.kubernetes.io/zone excludes 3",
        ],
    ),
    (
        0,
        |reasons| {
            let (pool, key) = ("p".into(), "kubernetes.io/arch".into());
            reasons[2] = Reason::Requirement { pool, key, excluded: 3 };
        },
        &[
            "false: p requirement kubernetes.io/arch excludes 3",
            "missing: p requirement topology.kubernetes.io/zone excludes 3",
        ],
    ),
    (
        0,
        |reasons| reasons[3] = Reason::Unpriced { pool: "p".into(), excluded: 2 },
        &["wrong: p unpriced excludes 2; true: p unpriced excludes 1"],
    ),
    (
        0,
        |reasons| reasons[4] = Reason::Combination { pool: "p".into(), excluded: 5 },
        &["wrong: p combination excludes 5; true: p combination excludes 4"],
    ),
    (
        1,
        |reasons| {
            if let Reason::Resource { largest, .. } = &mut reasons[4] {
                *largest = Amount::new(16000);
            }
        },
        &[
            "wrong: p resource cpu needs 99000 of 16000 on slim excludes 2; true: p resource cpu needs 99000 of 4000 on slim excludes 2",
        ],
    ),
    (
        1,
        |reasons| {
            if let Reason::Resource { largest_type, .. } = &mut reasons[4] {
                *largest_type = "zero".into();
            }
        },
        &[
            "wrong: p resource cpu needs 99000 of 4000 on zero excludes 2; true: p resource cpu needs 99000 of 4000 on slim excludes 2",
        ],
    ),
];

/// About [`LIMITED_PLAN`].
const LIES_ON_LIMITS: &[Lie] = &[
    (
        1,
        |reasons| {
            if let Reason::Limit { used, .. } = &mut reasons[0] {
                *used = Amount::new(4000);
            }
        },
        &[
            "wrong: p limit cpu 13000 used 4000 least 4000 excludes 1; true: p limit cpu 13000 used 12000 least 4000 excludes 1",
        ],
    ),
    (
        0,
        |reasons| {
            if let Reason::Limit { least, .. } = &mut reasons[0] {
                *least = Amount::new(8000);
            }
        },
        &[
            "wrong: p limit cpu 13000 used 12000 least 8000 excludes 2; true: p limit cpu 13000 used 12000 least 4000 excludes 2",
        ],
    ),
    (
        1,
        |reasons| {
            if let Reason::Limit { limit, .. } = &mut reasons[1] {
                *limit = Amount::new(1);
            }
        },
        &[
            "wrong: q limit nodes 1 used 0 least 1 excludes 1; true: q limit nodes 0 used 0 least 1 excludes 1",
        ],
    ),
    (
        1,
        |reasons| {
            if let Reason::Limit { resource, .. } = &mut reasons[0] {
                *resource = "memory".into();
            }
        },
        &[
            "false: p limit memory 13000 used 12000 least 4000 excludes 1",
            "missing: p limit cpu 13000 used 12000 least 4000 excludes 1",
        ],
    ),
];

#[test]
fn each_false_reason_is_refused() {
    let all = [(WORLD, PLAN, LIES), (LIMITED, LIMITED_PLAN, LIES_ON_LIMITS)];
    for (text, plan_text, lies) in all {
        let snapshot = world(text);
        for (group, falsify, expected) in lies {
            let mut plan = plan(&snapshot, plan_text);
            falsify(&mut plan.unschedulable[*group].reasons);
            assert_eq!(verdict(&snapshot, plan), *expected);
        }
    }
}
