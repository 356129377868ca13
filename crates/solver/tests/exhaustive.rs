//! Tiny worlds with every rule between pods, against all plans there are: bound ≤ optimum ≤ cost.
//!
//! The optimum is the cheapest of all plans that place every pod and that the checker accepts, found by
//! trying each: each pod on each node that is there, on each that was opened before it, and on a new one of
//! each offering.

use model::{
    NewNode, NodeFill, NodeIndex, NodeState, Objective, OfferingIndex, Plan, PodIndex, Snapshot,
};
use proptest::collection::vec;
use proptest::sample::select;
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::TestRunner;
use testkit::{apply, world};

use crate::properties::{cost, solved};

/// How many worlds are compared.
const WORLDS: usize = 400;
/// Enough for the search to end by itself on all of them.
const AMPLE_WORK: u64 = 400_000;
/// How many of those that can be placed whole must be, and how many of these at the optimum, in
/// hundredths; 222 of 237 and 191 of 222 were when this was measured.
const WHOLE_MIN: usize = 93;
const OPTIMAL_MIN: usize = 85;

const TYPES: &str = "zones a,b
    type s cpu=2 mem=8Gi pods=9 price=0.11,b:0.10
    type l cpu=4 mem=16Gi pods=9 price=0.19
";

const POOLS: &[&str] = &["pool p", "pool p", "pool p", "pool p values type=2"];

const NODES: &[&str] = &[
    "node n type=s zone=a",
    "node n type=l zone=b of=x bound cpu=2,pods=1",
    "node n type=l zone=a apart=zone/x bound cpu=1,pods=1",
    "node n type=s zone=b of=y apart=hostname/x",
    "node n type=s zone=a of=x,y bound cpu=2,pods=2",
];

const RULES: &[&str] = &[
    "",
    "of=x",
    "of=y",
    "of=x,y",
    "of=x spread=zone/x/1",
    "of=y spread=hostname/y/1",
    "of=x rivals=x",
    "apart=zone/x",
    "apart=hostname/x",
    "apart=zone/y apart=hostname/x",
    "of=x apart=zone/x",
    "of=y apart=hostname/y rivals=y",
    "with=zone/x",
    "with=hostname/x",
    "of=x with=zone/x",
    "of=x with=hostname/x",
    "of=y with=zone/x",
    "of=x with=hostname/y",
    "with=zone/x with=hostname/x",
    "of=y with=zone/y apart=hostname/x",
];

const PLACES: &[&str] = &["", "", "", "select zone=a", "select zone=b", "volume=zone=b"];

/// The worlds of this test, the same in every run: up to a node, and up to five pods in two or three
/// lines.
fn texts() -> Vec<String> {
    let pod = (1..=3_u32, 1..=3_usize, select(RULES), select(PLACES));
    let node = proptest::option::of(select(NODES));
    let all = (select(POOLS), node, vec(pod, 2..=3));
    let worlds = all.prop_filter_map("at most five pods", |(pool, node, pods)| {
        let count: usize = pods.iter().map(|(_, copies, ..)| copies).sum();
        let lines = pods.iter().enumerate().map(|(number, (cpu, copies, rules, place))| {
            format!("pod s{number} x{copies} cpu={}m {rules} {place}\n", cpu * 500)
        });
        let lines: String = lines.collect();
        (count <= 5).then(|| format!("{TYPES}{pool}\n{}\n{lines}", node.unwrap_or_default()))
    });
    let mut runner = TestRunner::deterministic();
    let mut next = || worlds.new_tree(&mut runner).expect("most worlds pass the filter");
    (0..WORLDS).map(|_| next().current()).collect()
}

/// All plans that place every pod.
struct Search<'a> {
    snapshot: &'a Snapshot,
    new_nodes: Vec<NewNode>,
    fills: Vec<NodeFill>,
    /// The least cost of those that the checker accepts, micro-USD per hour.
    best: Option<i64>,
}

impl Search<'_> {
    fn plan(&self) -> Plan {
        let existing = self.fills.iter().filter(|fill| !fill.pods.is_empty()).cloned().collect();
        Plan { new_nodes: self.new_nodes.clone(), existing, unschedulable: Vec::new() }
    }

    fn visit(&mut self, pod: usize) {
        let plan = self.plan();
        let paid = cost(self.snapshot, &plan);
        if self.best.is_some_and(|best| paid >= best) {
            return;
        }
        if pod == self.snapshot.pods.len() {
            if checker::check(self.snapshot, plan).is_ok() {
                self.best = Some(paid);
            }
            return;
        }
        let index = PodIndex::new(pod);
        for place in 0..self.fills.len() {
            self.fills[place].pods.push(index);
            self.visit(pod + 1);
            self.fills[place].pods.pop();
        }
        for place in 0..self.new_nodes.len() {
            self.new_nodes[place].pods.push(index);
            self.visit(pod + 1);
            self.new_nodes[place].pods.pop();
        }
        for offering in 0..self.snapshot.offerings.len() {
            let offering = OfferingIndex::new(offering);
            self.new_nodes.push(NewNode { offering, pods: vec![index] });
            self.visit(pod + 1);
            self.new_nodes.pop();
        }
    }
}

/// What placing every pod costs at least; `None` where that cannot be done.
fn optimum(snapshot: &Snapshot) -> Option<i64> {
    let nodes = snapshot.nodes.iter().enumerate();
    let open = nodes.filter(|(_, node)| node.state != NodeState::Unschedulable);
    let fill = |(node, _)| NodeFill { node: NodeIndex::new(node), pods: Vec::new() };
    let fills = open.map(fill).collect();
    let mut search = Search { snapshot, new_nodes: Vec::new(), fills, best: None };
    search.visit(0);
    search.best
}

#[test]
fn no_plan_costs_less_than_the_bound_and_none_of_ours_less_than_the_cheapest() {
    let mut refusals = Vec::new();
    let (mut placeable, mut whole, mut optimal, mut proved) = (0, 0, 0, 0);
    for text in texts() {
        let snapshot = world(&text);
        let solution = solved(&snapshot, AMPLE_WORK);
        if let Err(refused) = checker::check(&snapshot, solution.plan.clone()) {
            refusals.push(format!("{refused:#?} in\n{text}"));
            continue;
        }
        let after = apply(&snapshot, &solution.plan);
        let again = solved(&after, AMPLE_WORK).plan;
        if !again.new_nodes.is_empty() || !again.existing.is_empty() {
            refusals.push(format!("{again:?} after {:?} in\n{text}", solution.plan));
            continue;
        }
        let optimum = optimum(&snapshot);
        placeable += usize::from(optimum.is_some());
        if !solution.plan.unschedulable.is_empty() {
            continue;
        }
        let paid = cost(&snapshot, &solution.plan);
        let optimum = optimum.expect("a plan places all pods");
        let (plan, candidates) = (&solution.plan, &solution.candidates);
        let objective = Objective::LIST_PRICES;
        let (_, bound) = checker::prove_best(&snapshot, plan, candidates, objective, AMPLE_WORK)
            .expect("plan and candidates are of this snapshot");
        let bound = bound.lower.get();
        assert!(bound <= optimum * 1000, "bound {bound} nano > optimum {optimum} micro in\n{text}");
        assert!(optimum <= paid, "optimum {optimum} > cost {paid} in\n{text}");
        whole += 1;
        optimal += usize::from(optimum == paid);
        proved += usize::from((bound + 999) / 1000 == paid);
    }
    eprintln!(
        "exhaustive: of {WORLDS} worlds {placeable} can be placed whole, {whole} are, {optimal} of them at \
         the optimum, {proved} with gap 0"
    );
    assert!(refusals.is_empty(), "{}", refusals.join("\n"));
    assert!(whole * 100 >= placeable * WHOLE_MIN, "{whole} of {placeable} are placed whole");
    assert!(optimal * 100 >= whole * OPTIMAL_MIN, "{optimal} of {whole} are at the optimum");
}
