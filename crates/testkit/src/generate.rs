//! Random small worlds as texts, so that a failure prints what can be read and pasted.

use std::fmt::Write as _;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select, subsequence};

/// Worlds of 2 to 8 types in up to 3 zones, 1 to 3 pools, 0 to 2 DaemonSets, 0 to 2 supplies, 0 to 4
/// nodes and 5 to 60 pods in at most 8 lines of like ones; CPU, memory, pods and now and then GPUs. They have spot
/// and unknown prices, taints, limits, weights, requirements, least values, choices of labels, rivals, spreads, terms
/// between pods. Parse them with
/// [`crate::world()`]. No pod asks for a node by name.
pub fn worlds() -> impl Strategy<Value = String> {
    let types = vec(instance_type(), 2..=8);
    let pools = vec(pool(), 1..=3);
    let daemon_sets = vec(daemon_set(), 0..=2);
    let supplies = prop_oneof![Just(vec![]), vec((supply(), any::<Index>()), 0..=2)];
    let nodes = vec(node(), 0..=4);
    let twins = prop_oneof![4 => Just(0_usize), 1 => 2..=4_usize];
    // Into how many groups of rivals the pods of a line are split.
    let pods = vec((pod(), 1..=12_usize, twins), 1..=8);
    let all = (types, pools, daemon_sets, supplies, nodes, pods);
    all.prop_map(|(types, pools, daemon_sets, supplies, nodes, pods)| {
        let mut text = "zones a,b,c\n".to_owned();
        let mut line = |line: String| {
            text.push_str(&line);
            text.push('\n');
        };
        for (number, words) in types.iter().enumerate() {
            line(format!("type t{number} {words}"));
        }
        for (number, words) in pools.iter().enumerate() {
            line(format!("pool p{number} {words}"));
        }
        for (number, words) in daemon_sets.iter().enumerate() {
            line(format!("daemonset d{number} {words}"));
        }
        for (number, (words, of_type)) in supplies.iter().enumerate() {
            line(format!("supply r{number} type=t{} {words}", of_type.index(types.len())));
        }
        for (number, (words, of_type, of_pool)) in nodes.iter().enumerate() {
            let pool =
                of_pool.map_or(String::new(), |pool| format!("pool=p{}", pool.index(pools.len())));
            let instance_type = of_type.index(types.len());
            line(format!("node n{number} type=t{instance_type} {pool} {words}"));
        }
        let mut left = PODS_MAX;
        for (number, (words, copies, twins)) in pods.iter().enumerate() {
            let copies = if number == 0 { (*copies).max(5) } else { *copies };
            let copies = copies.min(left);
            let words = words.replace('#', &number.to_string());
            left -= copies;
            if *twins < 2 {
                line(format!("pod s{number} x{copies} {words}"));
                continue;
            }
            // Groups that nothing but their names tells apart, some at times by a pod larger.
            for twin in 0..*twins {
                let copies = (copies + twin) / twins;
                if copies > 0 {
                    line(format!("pod s{number}-{twin} x{copies} {words} rivals=t{number}-{twin}"));
                }
            }
        }
        text
    })
}

const PODS_MAX: usize = 60;

/// Words of a line, in order.
fn words(parts: &[String]) -> String {
    let mut text = String::new();
    for part in parts.iter().filter(|part| !part.is_empty()) {
        write!(text, "{part} ").expect("writing to a string cannot fail");
    }
    text
}

/// One of `texts`.
fn one_of(texts: &[&'static str]) -> impl Strategy<Value = String> + use<> {
    select(texts.to_vec()).prop_map(str::to_owned)
}

/// One of `texts` once in `of` times, else nothing.
fn sometimes(of: u32, texts: &[&'static str]) -> impl Strategy<Value = String> + use<> {
    prop_oneof![(of - 1) => Just(String::new()), 1 => one_of(texts)]
}

fn zones() -> impl Strategy<Value = String> {
    subsequence(vec!["a", "b", "c"], 1..=3).prop_map(|zones| zones.join(","))
}

fn price() -> impl Strategy<Value = String> {
    let usd = |micro: u32| format!("{}.{:06}", micro / 1_000_000, micro % 1_000_000);
    prop_oneof![
        8 => (10_000..2_000_000_u32).prop_map(usd),
        1 => Just("?".to_owned()),
        1 => one_of(&["0.5,b:0.4", "0.3,a:?", "0.25", "1.0"]),
    ]
}

fn instance_type() -> impl Strategy<Value = String> {
    (
        (1..=16_u32, 1..=32_u32, 3..=30_u32),
        prop_oneof![4 => price().prop_map(|p| format!("price={p}")), 1 => Just(String::new())],
        prop_oneof![2 => Just(String::new()), 1 => price().prop_map(|p| format!("spot={p}"))],
        zones(),
        sometimes(4, &["gpu=1", "gpu=2", "gpu=4"]),
        sometimes(4, &["arch=arm64"]),
        sometimes(3, &["label family=c", "label family=m"]),
        sometimes(3, &["overhead cpu=80m,mem=300Mi"]),
    )
        .prop_map(|((cpu, mem, pods), price, spot, zones, gpu, arch, family, overhead)| {
            let size = format!("cpu={cpu} mem={mem}Gi pods={pods} zones={zones}");
            words(&[size, price, spot, gpu, arch, family, overhead])
        })
}

fn pool() -> impl Strategy<Value = String> {
    (
        one_of(&["", "weight=10", "weight=50"]),
        sometimes(3, &["limits cpu=20", "limits cpu=8,mem=40Gi", "limits nodes=2", "limits gpu=0"]),
        sometimes(4, &["taint dedicated=x:NoSchedule", "taint soft:PreferNoSchedule"]),
        sometimes(4, &["require zone=a,b", "require zone!=a"]),
        sometimes(4, &["require capacity=on-demand", "require capacity=spot"]),
        sometimes(4, &["require arch=amd64", "require family", "require family!=c"]),
        sometimes(4, &["require team=red,blue", "label team=red"]),
        sometimes(6, &["require !team", "taint soon:NoExecute"]),
        sometimes(5, &["values family=2", "values type=2", "values zone=2", "values type=3"]),
    )
        .prop_map(|(weight, limits, taint, zone, capacity, kind, team, rare, values)| {
            words(&[weight, limits, taint, zone, capacity, kind, team, rare, values])
        })
}

fn daemon_set() -> impl Strategy<Value = String> {
    (
        one_of(&["cpu=100m mem=128Mi", "cpu=250m", "mem=1Gi"]),
        sometimes(3, &["tolerate *", "tolerate dedicated"]),
        sometimes(
            2,
            &[
                "select zone=a",
                "select arch=arm64 or select family=m",
                "select karpenter.sh/initialized=true",
                "select team=red",
            ],
        ),
    )
        .prop_map(|(requests, tolerate, selects)| words(&[requests, tolerate, selects]))
}

fn supply() -> impl Strategy<Value = String> {
    (
        one_of(&["cap=1", "cap=2", "cap=3"]),
        one_of(&["zone=a", "zone=b"]),
        one_of(&["", "", "price=0.05", "price=0.9", "price=?", "capacity=on-demand price=0.01"]),
    )
        .prop_map(|(cap, zone, price)| words(&[cap, zone, price]))
}

type NodeWords = (String, Index, Option<Index>);

fn node() -> impl Strategy<Value = NodeWords> {
    let words = (
        one_of(&["zone=a", "zone=b"]),
        sometimes(3, &["state=in-flight", "state=unschedulable"]),
        sometimes(2, &["bound cpu=500m,mem=512Mi,pods=1", "bound cpu=3,mem=2Gi,pods=2"]),
        sometimes(3, &["daemons cpu=100m,mem=128Mi,pods=1"]),
        sometimes(5, &["taint dedicated=x:NoSchedule", "label team=blue", "price=?"]),
        sometimes(4, &["rivals=r", "rivals=r,s"]),
        sometimes(3, &["of=e0:2", "of=e1", "of=e0,h:3", "of=e2:4,h"]),
        sometimes(4, &["of=t0", "of=t1:2", "of=t0,t1", "apart=zone/t0", "apart=hostname/t1"]),
    )
        .prop_map(|(zone, state, bound, daemons, rare, rivals, matched, ties)| {
            words(&[zone, state, bound, daemons, rare, rivals, matched, ties])
        });
    (words, any::<Index>(), any::<Option<Index>>())
}

/// How pods are spread, in most worlds none at all; `#` stands for the number of the line, so that pods
/// of one selection look at the same nodes. Others may be of it too.
fn spread() -> impl Strategy<Value = String> {
    sometimes(
        4,
        &[
            "of=e# spread=zone/e#/1",
            "of=e#,e0 spread=zone/e#/2",
            "of=e# spread=zone/e#/1/min=3",
            "of=e# spread=zone/e#/1/anywhere/taints",
            "of=e# spread=hostname/e#/1",
            "of=e# spread=hostname/e#/2 spread=zone/e#/1",
            "of=e# spread=capacity/e#/1 spread=zone/e#/1",
            "of=e# spread=team/e#/1",
            "of=e0,e1,e2",
            "spread=zone/e#/1",
            "of=h spread=hostname/h/1",
            "of=h spread=hostname/h/3",
        ],
    )
}

/// With whom pods go and from whom they keep away, in most worlds nothing at all.
fn ties() -> impl Strategy<Value = String> {
    sometimes(
        4,
        &[
            "of=t0",
            "of=t1",
            "of=t0,t1",
            "apart=zone/t0",
            "apart=hostname/t0",
            "of=t0 apart=zone/t0",
            "of=t0 apart=hostname/t0 rivals=t0",
            "of=t1 apart=zone/t0 apart=hostname/t0",
            "with=zone/t0",
            "of=t0 with=zone/t0",
            "of=t1 with=zone/t1",
            "of=t0 with=capacity/t0",
            "of=t1 with=team/t1",
            "with=hostname/t0",
            "of=t1 with=hostname/t1",
            "with=hostname/t1 with=zone/t1",
            "of=t0 with=zone/t1",
            "of=t1 with=zone/t0",
        ],
    )
}

fn pod() -> impl Strategy<Value = String> {
    (
        (1..=40_u32, 0..=24_u32),
        sometimes(6, &["gpu=1", "gpu=2", "example.com/dongle=1"]),
        sometimes(
            2,
            &[
                "select zone=a",
                "select zone=b or select zone=c",
                "select arch=arm64",
                "select family=c or select zone=a",
                "select capacity=spot",
                "select team=red",
                "select team!=red",
                "select !team",
                "select team select zone!=b",
            ],
        ),
        sometimes(3, &["tolerate dedicated=x", "tolerate *", "tolerate soon:NoExecute"]),
        one_of(&["", "", "priority=5", "priority=-1"]),
        sometimes(4, &["rivals=r", "rivals=s", "rivals=r,s"]),
        (spread(), ties()),
        sometimes(5, &["volume=zone=a", "volume=zone=b,c"]),
    )
        .prop_map(
            |((cpu, mem), rare, selects, tolerate, priority, rivals, between, volume)| {
                let (spread, ties) = between;
                let requests = format!("cpu={}m mem={}Mi", cpu * 250, mem * 256);
                words(&[requests, rare, selects, tolerate, priority, rivals, spread, ties, volume])
            },
        )
}
