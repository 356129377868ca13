//! Whatever the fleet, moves hold, save more than they cost, and come to an end.

use std::fmt::Write as _;

use disruption::{Cluster, Consolidation, Rotation, Settings};
use model::{CapacityType, MicroUsdPerHour, MovePrices, NewNode, NodeIndex, Objective, Snapshot};
use proptest::prelude::*;
use testkit::{carry_out, fleet};

use crate::support::at;

/// Most passes until a fleet of at most twelve nodes rests. Each pass but the last makes a move, and a
/// move takes a node out; those launched are cheaper than what they replace, of four prices.
const PASSES_MAX: usize = 60;

fn fleets() -> impl Strategy<Value = String> {
    let node = (0..4_usize, 0..3_usize, prop::collection::vec((0..8_usize, 1..4_usize), 0..4));
    let eviction = prop_oneof![Just(0_i64), 1..2_000_000_i64];
    (prop::collection::vec(node, 1..12), eviction).prop_map(|(nodes, eviction)| {
        let mut text = format!(
            "# {eviction}
            zones a,b
            type s cpu=2 mem=8Gi pods=10 price=0.1 spot=0.04
            type m cpu=4 mem=16Gi pods=20 price=0.2 spot=0.07
            type c cpu=8 mem=16Gi pods=20 price=0.34
            type l cpu=8 mem=32Gi pods=40 price=0.4 spot=0.11
            pool p weight=5 limits=cpu=90 require capacity=on-demand
            pool q taint k=v:NoSchedule
            daemonset d cpu=100m mem=128Mi tolerate *\n"
        );
        for (position, (size, of_pool, pods)) in nodes.into_iter().enumerate() {
            let size = ["s", "m", "c", "l"][size];
            let pool = ["p", "p zone=b", "q"][of_pool];
            let name = format!("n{position:02}");
            writeln!(text, "node {name} pool={pool} type={size} daemons cpu=100m,mem=128Mi,pods=1")
                .expect("writing to a string cannot fail");
            // Tolerations let pods of either pool run in both.
            let mut room = [1_800, 3_800, 7_800, 7_800][["s", "m", "c", "l"].iter().position(|one| *one == size).unwrap()];
            for (kind, count) in pods {
                let cpu = [200, 500, 900, 1_500, 100, 300, 400, 200][kind];
                let rest = ["mem=256Mi", "mem=1Gi", "mem=512Mi", "mem=1Gi select zone=a,b", "mem=128Mi rivals=r", "mem=256Mi priority=3", "mem=512Mi of=e spread=zone/e/1", "mem=256Mi of=e,h spread=hostname/h/2"][kind];
                let count = if kind == 4 { 1 } else { count };
                let fits = count.min(usize::try_from(room / cpu).unwrap_or(0));
                room -= cpu * i64::try_from(fits).unwrap();
                if fits > 0 {
                    writeln!(text, "pod w{position}-{kind}-{room} x{fits} cpu={cpu}m {rest} tolerate k=v on={name}")
                        .expect("writing to a string cannot fail");
                }
            }
        }
        text
    })
}

fn pass((snapshot, cluster): &(Snapshot, Cluster), settings: &Settings) -> Consolidation {
    disruption::consolidate(snapshot, cluster, settings, &Rotation::default(), at(0))
}

fn cost(snapshot: &Snapshot) -> MicroUsdPerHour {
    snapshot.nodes.iter().filter_map(|node| node.price).sum()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn moves_hold_and_pay_and_end(
        text in fleets(), nodes_per_move in 1..5_usize, spot_for_spot in any::<bool>(),
    ) {
        let eviction = text.lines().next().and_then(|line| line.strip_prefix("# "));
        let eviction = eviction.unwrap().parse().unwrap();
        let settings = Settings {
            objective: Objective::LIST_PRICES,
            prices: MovePrices { eviction, ..MovePrices::default() },
            nodes_per_move,
            spot_for_spot,
            work_limit: 1_000_000,
        };
        let mut world = fleet(&text);
        let mut passes = 0;
        loop {
            let found = pass(&world, &settings);
            prop_assert_eq!(found.answers.len(), world.1.nodes.len());
            let (snapshot, cluster) = &world;
            let checked = checker::check_moves(
                snapshot, cluster, found.moves.clone(), settings.prices, at(0),
            );
            prop_assert!(checked.is_ok(), "{:?}", checked);
            let is_spot = |node: &NodeIndex| snapshot.node(*node).is_spot();
            let comes = |one: &NewNode| {
                let listing = snapshot.listing_of(snapshot.offering(one.offering));
                listing.capacity_type == CapacityType::Spot
            };
            for one in &found.moves {
                // One alone would need more types than there are.
                let may = spot_for_spot && one.removed.len() > 1;
                prop_assert!(may || !one.removed.iter().all(is_spot) || !one.launched.iter().any(comes));
            }
            if found.moves.is_empty() {
                break;
            }
            let after = carry_out(snapshot, cluster, &found.moves);
            let saved: MicroUsdPerHour = found.moves.iter().map(|one| one.saving).sum();
            prop_assert_eq!(cost(&after.0), cost(snapshot) - saved);
            let price: i64 = found.moves.iter().map(|one| one.price.get()).sum();
            prop_assert!(saved.get() * 1000 > price);
            world = after;
            passes += 1;
            prop_assert!(passes <= PASSES_MAX);
        }
        // At rest it stays, and the same input gives the same answers.
        prop_assert_eq!(pass(&world, &settings), pass(&world, &settings));
    }
}
