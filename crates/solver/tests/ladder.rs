//! More work: the proved bound never falls, the plan never costs more, and the work that a run used
//! gives the same run again.

use std::fmt::Write as _;

use model::{Objective, Snapshot};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use solver::{Settings, Solution, Weights, solve};
use testkit::{small_worlds, world, worlds};

use crate::properties::{cost, solved};

/// Work limits, each some times the one before; the last ones are enough for most worlds.
const LADDER: [u64; 10] =
    [0, 300, 1_000, 3_000, 10_000, 30_000, 100_000, 300_000, 1_000_000, 3_000_000];

/// Enough for any proof here.
const PROOF_WORK: u64 = 3_000_000;

fn bound(snapshot: &Snapshot, solution: &Solution, objective: Objective) -> i64 {
    let candidates = &solution.candidates;
    checker::prove_best(snapshot, &solution.plan, candidates, objective, PROOF_WORK)
        .expect("plan and candidates are of this snapshot")
        .1
        .lower
        .get()
}

fn placed(solution: &Solution) -> usize {
    let new: usize = solution.plan.new_nodes.iter().map(|node| node.pods.len()).sum();
    new + solution.plan.existing.iter().map(|fill| fill.pods.len()).sum::<usize>()
}

fn climb(text: &str) {
    let snapshot = world(text);
    let mut last: Option<(usize, i64, i64)> = None;
    for work_limit in LADDER {
        let solution = solved(&snapshot, work_limit);
        let bound = bound(&snapshot, &solution, Objective::LIST_PRICES);
        let cost = cost(&snapshot, &solution.plan);
        assert!(bound <= cost * 1000, "bound {bound} over cost {cost} in\n{text}");
        if let Some((pods, old_cost, old_bound)) = last {
            // A better packing may let in pods that were left out: another bill, for more pods.
            if pods == placed(&solution) {
                assert!(cost <= old_cost, "cost {old_cost} rises to {cost} in\n{text}");
                assert!(bound >= old_bound, "bound {old_bound} falls to {bound} in\n{text}");
            }
        }
        last = Some((placed(&solution), cost, bound));
        let again = solved(&snapshot, solution.work_used);
        assert_eq!(again, solution, "{} units do not repeat the run in\n{text}", again.work_used);
    }
}

fn texts(strategy: &impl Strategy<Value = String>, number: usize) -> Vec<String> {
    let mut runner = TestRunner::deterministic();
    let mut next = || strategy.new_tree(&mut runner).expect("most worlds pass the filter");
    (0..number).map(|_| next().current()).collect()
}

#[test]
fn more_work_never_lowers_the_bound_nor_raises_the_cost() {
    for text in texts(&small_worlds(), 24).iter().chain(&texts(&worlds(), 24)) {
        climb(text);
    }
}

#[test]
fn bounds_of_many_sizes_never_fall() {
    let mut text = String::from(
        "type m cpu=48 mem=192Gi gpu=4 pods=60 price=3.9
         type l cpu=96 mem=384Gi gpu=8 pods=60 price=8.2
         type s cpu=8 mem=32Gi gpu=1 pods=60 price=0.7
         type c cpu=64 mem=128Gi pods=60 price=2.4
         pool p limits cpu=1500\n",
    );
    for size in 1..25_u32 {
        let (cpu, mem, gpu) = (size * 370, size * 1300 % 21_000 + 700, size % 3);
        let copies = 3 + size % 9;
        writeln!(text, "pod s{size} x{copies} cpu={cpu}m mem={mem}Mi gpu={gpu}")
            .expect("a string takes it");
    }
    climb(&text);
}

#[test]
fn run_that_is_interrupted_anywhere_is_repeated_by_its_work() {
    for text in texts(&small_worlds(), 12) {
        let snapshot = world(&text);
        let settings = Settings {
            weights: Weights::Honoured,
            objective: Objective::LIST_PRICES,
            work_limit: 3_000_000,
        };
        for looks in [1, 2, 5, 17, 60, 200] {
            let mut left = looks;
            let cut = solve(&snapshot, &settings, &mut |_| {
                left -= 1;
                left <= 0
            });
            assert_eq!(solved(&snapshot, cut.work_used), cut, "{looks} looks in\n{text}");
        }
    }
}
