//! Small knapsacks and their optimum by trying everything; for tests, and shares no code with what
//! is tested.

use proptest::collection::vec;
use proptest::prelude::*;

use super::knapsack::{Item, Knapsack};

/// Items and a room: 1 to 7 items of 1 to 3 resources, some in few pieces, some in coarse units,
/// some overdrawn.
pub(super) fn instances() -> impl Strategy<Value = (Vec<Item>, Vec<i64>)> {
    let resource = prop_oneof![
        3 => (Just(1_i64), -2..80_i64, 0..40_i64),
        1 => (Just(1_i64), 1..6_i64, 0..3_i64),
        1 => (Just(7_i64), 0..90_i64, 0..6_i64),
    ];
    let resources = vec(resource, 1..=3);
    (resources, vec((vec(any::<u16>(), 3), 1..1000_i64, 1..7_i64), 1..=7)).prop_map(
        |(resources, items)| {
            let item = |(draws, worth, count): (Vec<u16>, i64, i64)| {
                let requests = resources.iter().zip(draws);
                let requests = requests
                    .map(|((unit, _, most), draw)| i64::from(draw) % (most + 1) * unit)
                    .collect();
                Item { requests, worth, count }
            };
            let items = items.into_iter().map(item).collect();
            (items, resources.iter().map(|(_, room, _)| *room).collect())
        },
    )
}

/// The greatest worth that fits.
pub(super) fn optimum(items: &[Item], room: &[i64]) -> i64 {
    let Some((item, rest)) = items.split_first() else { return 0 };
    let mut best = 0;
    for count in 0..=item.count {
        let asked = |k: usize| item.requests[k] * count;
        if (0..room.len()).any(|k| asked(k) > 0 && asked(k) > room[k]) {
            break;
        }
        let left: Vec<i64> = (0..room.len()).map(|k| room[k] - asked(k)).collect();
        best = best.max(item.worth * count + optimum(rest, &left));
    }
    best
}

/// The optimum of a reduced knapsack.
pub(super) fn optimum_of(knapsack: &Knapsack) -> i64 {
    knapsack.free + optimum(&knapsack.items, &knapsack.room)
}
