//! Random worlds that are small enough for the oracle and hard enough to be worth it.

use std::fmt::Write as _;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

/// Texts of worlds with 3 to 8 offerings in one or two pools of equal weight, 8 to 40 pods in 2 to 4
/// shapes over CPU, memory, GPUs and pods per node, 0 to 2 DaemonSets, 0 to 3 nodes, now and then a
/// limit, a supply, a taint, a selector, rivals. Prices follow size within a fifth. Parse them with [`crate::world()`].
pub fn small_worlds() -> impl Strategy<Value = String> {
    let types = vec(instance_type(), 2..=6);
    let daemon_sets = vec(select(DAEMON_SETS), 0..=2);
    let nodes = vec((any::<prop::sample::Index>(), select(NODES)), 0..=3);
    let supplies = vec((any::<prop::sample::Index>(), select(SUPPLIES)), 0..=1);
    let pods = vec(pod(), 2..=4);
    (types, pools(), daemon_sets, supplies, nodes, pods).prop_filter_map(
        "3 to 8 offerings, 8 to 40 pods",
        |(types, pools, daemon_sets, supplies, nodes, pods)| {
            let mut text = String::new();
            for (number, words) in types.iter().enumerate() {
                writeln!(text, "type t{number} {words}").ok()?;
            }
            for (number, words) in pools.iter().enumerate() {
                writeln!(text, "pool p{number} {words}").ok()?;
            }
            for (number, words) in daemon_sets.iter().enumerate() {
                writeln!(text, "daemonset d{number} {words}").ok()?;
            }
            for (number, (of_type, words)) in supplies.iter().enumerate() {
                let of_type = of_type.index(types.len());
                writeln!(text, "supply r{number} type=t{of_type} {words}").ok()?;
            }
            for (number, (of_type, words)) in nodes.iter().enumerate() {
                let of_type = of_type.index(types.len());
                writeln!(text, "node n{number} type=t{of_type} {words}").ok()?;
            }
            for (number, words) in pods.iter().enumerate() {
                writeln!(text, "pod s{number} {words}").ok()?;
            }
            let snapshot = crate::world(&text);
            let fits = (3..=8).contains(&snapshot.offerings.len())
                && (8..=40).contains(&snapshot.pods.len());
            fits.then_some(text)
        },
    )
}

const DAEMON_SETS: &[&str] =
    &["cpu=100m mem=128Mi", "cpu=250m mem=512Mi tolerate *", "mem=1Gi select family=m"];

const NODES: &[&str] = &[
    "",
    "pool=p0",
    "bound cpu=1,mem=2Gi,pods=2",
    "pool=p0 bound cpu=500m,mem=1Gi,pods=1 daemons cpu=100m,mem=128Mi,pods=1",
    "state=in-flight pool=p0",
    "state=unschedulable",
    "taint dedicated=x:NoSchedule",
    "rivals=r",
];

const SUPPLIES: &[&str] =
    &["cap=1", "cap=2", "cap=1 price=0.1", "cap=2 price=0.05", "cap=3 price=0.2"];

fn pools() -> impl Strategy<Value = Vec<&'static str>> {
    select(&[
        &[""] as &[&str],
        &["", "taint dedicated=x:NoSchedule"],
        &["require capacity=on-demand", "require capacity=spot limits cpu=16"],
        &["limits cpu=48"],
        &["limits nodes=5"],
        &["limits mem=96Gi,nodes=9"],
        &["limits cpu=24", "label team=red"],
        &["limits nodes=3 require family=c", "require family=m"],
    ])
    .prop_map(<[&str]>::to_vec)
}

/// Prices near those of EC2: about 0.03 USD per core, 0.004 per GiB and 0.4 per GPU.
fn instance_type() -> impl Strategy<Value = String> {
    (
        select(&[2_u32, 4, 8, 16]),
        select(&[2_u32, 4, 8]),
        prop_oneof![3 => Just(0_u32), 1 => 1..=4_u32],
        prop_oneof![2 => Just(29_u32), 1 => 3..=8_u32],
        80..=120_u32,
        prop_oneof![2 => Just(0_u32), 1 => 25..=60_u32],
        select(&["c", "m"]),
    )
        .prop_map(|(cpu, ratio, gpu, pods, noise, spot, family)| {
            let mem = cpu * ratio;
            let price = (cpu * 30_000 + mem * 4_000 + gpu * 400_000) / 100 * noise;
            let gpus = if gpu > 0 { format!("gpu={gpu} ") } else { String::new() };
            let spot = match spot {
                0 => String::new(),
                percent => format!(" spot={}", usd(price / 100 * percent)),
            };
            format!(
                "cpu={cpu} mem={mem}Gi pods={pods} {gpus}label family={family} overhead \
                 cpu=80m,mem=400Mi price={}{spot}",
                usd(price)
            )
        })
}

fn usd(micro: u32) -> String {
    format!("{}.{:06}", micro / 1_000_000, micro % 1_000_000)
}

fn pod() -> impl Strategy<Value = String> {
    (
        2..=12_u32,
        1..=14_u32,
        1..=28_u32,
        prop_oneof![8 => Just(""), 1 => Just("gpu=1"), 1 => Just("gpu=2")],
        select(&["", "", "", "select family=m", "select family=c", "select capacity=on-demand"]),
        select(&["", "", "tolerate dedicated=x", "priority=5"]),
        select(&["", "", "", "", "rivals=r", "rivals=s"]),
    )
        .prop_map(|(copies, cpu, mem, gpu, selects, rest, rivals)| {
            let requests = format!("cpu={}m mem={}Mi", cpu * 250, mem * 256);
            format!("x{copies} {requests} {gpu} {selects} {rest} {rivals}")
        })
}
