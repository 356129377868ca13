//! A workload that stays as it is: moves come to an end, the last day has none, and no node is replaced
//! by an equal one.

use std::fmt::Write as _;

use disruption::{Rotation, Settings, Waiting};
use model::{MovePrices, Objective, Snapshot, Timestamp};
use testkit::{carry_out, fleet};

use crate::support::at;

/// Seconds from one pass to the next.
const PASS: i64 = 3600;
const DAY: i64 = 86_400;

/// Thirty nodes, two thirds of each empty, as a scale-down leaves them.
fn scattered() -> String {
    let mut text = "
        zones a,b
        type s cpu=4 mem=16Gi pods=20 price=0.2
        type m cpu=8 mem=32Gi pods=40 price=0.41
        type l cpu=16 mem=64Gi pods=80 price=0.8
        pool p\n"
        .to_owned();
    let mut lot = 7_u32;
    for node in 0..30 {
        let name = format!("n{node:02}");
        let size = ["s", "m", "l"][node % 3];
        writeln!(text, "node {name} pool=p type={size}").unwrap();
        for pod in 0..=node % 3 {
            lot = lot.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let cpu = 300 + (lot >> 16) % 12 * 75;
            writeln!(text, "pod w{node}-{pod} x1 cpu={cpu}m mem=1Gi on={name}").unwrap();
        }
    }
    text
}

fn types(snapshot: &Snapshot, nodes: &[model::NodeIndex]) -> Vec<String> {
    let name = |node: &model::NodeIndex| {
        snapshot.node(*node).labels[model::well_known::INSTANCE_TYPE].to_string()
    };
    let mut types: Vec<String> = nodes.iter().map(name).collect();
    types.sort_unstable();
    types
}

fn launched(snapshot: &Snapshot, one: &model::Move) -> Vec<String> {
    let name = |node: &model::NewNode| {
        let listing = snapshot.listing_of(snapshot.offering(node.offering));
        snapshot.instance_type(listing.instance_type).name.to_string()
    };
    let mut types: Vec<String> = one.launched.iter().map(name).collect();
    types.sort_unstable();
    types
}

#[test]
fn the_last_day_of_a_stationary_fleet_has_no_disruption() {
    for (nodes_per_move, eviction) in [(1, 0), (8, 0), (8, 20_000)] {
        let settings = Settings {
            objective: Objective::LIST_PRICES,
            prices: MovePrices { eviction, ..MovePrices::default() },
            nodes_per_move,
            spot_for_spot: false,
            work_limit: 200_000,
        };
        let mut world = fleet(&scattered());
        let (mut rotation, mut waiting) = (Rotation::default(), Waiting::new());
        let mut disrupted: Vec<Timestamp> = Vec::new();
        for pass in 0..2 * DAY / PASS {
            let now = at(pass * PASS);
            let (snapshot, cluster) = &world;
            let emptied = disruption::decide(cluster, &waiting, now);
            assert!(emptied.delete.is_empty(), "no node of these is ever empty");
            waiting = emptied.waiting;
            let found = disruption::consolidate(snapshot, cluster, &settings, &rotation, now);
            assert_eq!(found.answers.len(), cluster.nodes.len());
            rotation = found.rotation;
            for one in &found.moves {
                assert!(one.saving > model::MicroUsdPerHour::ZERO);
                assert_ne!(types(snapshot, &one.removed), launched(snapshot, one));
                disrupted.extend(one.removed.iter().map(|_| now));
            }
            world = carry_out(snapshot, cluster, &found.moves);
        }
        assert!(disrupted.len() >= 15, "{} nodes went", disrupted.len());
        assert_eq!(disrupted.iter().filter(|time| **time >= at(DAY)).count(), 0);
    }
}
