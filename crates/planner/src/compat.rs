//! Preferences as Karpenter takes them: required, and given up one after another by pods that cannot be placed.
//!
//! In: a snapshot, settings of the solver. Out: what [`solver::solve`] gives, of the snapshot in which each pod
//! requires what it has not given up. What a pod gives up is decided by first answers: all that one leaves out give up
//! their next step ([`mod@steps`]), until nobody has anything to give up. So a preference may open nodes, as with
//! Karpenter, and never keeps a pod out.
//!
//! Pods that must be spread give up what would have them spread over fewer domains ([`domains`]).
//! Where a pod that has nothing left stays out, those give up who keep it away only as they would rather. What is
//! proved of the bill is proved of pods without preferences.

mod domains;
mod steps;
mod strict;

use std::collections::BTreeSet;

use model::{Objective, Plan, PodIndex, PreferencePrice, SelectionIndex, Snapshot, SoftAsk};
use solver::{Progress, Settings, Small, Solution};

use steps::{Step, steps};

/// Solves `snapshot` with preferences that are required until they are given up.
pub(crate) fn solve(
    snapshot: &Snapshot,
    settings: &Settings,
    watch: &mut dyn FnMut(&Progress) -> bool,
) -> Solution {
    let objective = Objective { preference_price: PreferencePrice::NOTHING, ..settings.objective };
    let settings = Settings { objective, ..*settings };
    let first = Settings { work_limit: 0, ..settings };
    let mut demands = Demands::new(snapshot);
    if demands.is_empty() {
        return solver::solve(snapshot, &settings, watch);
    }
    let found = loop {
        let strict = demands.strict();
        let plan = solver::solve(&strict, &first, &mut |_| false).plan;
        if demands.give_up(&plan) || demands.open_up(&strict, &plan) {
            continue;
        }
        let found = solver::solve(&strict, &settings, watch);
        if !demands.give_up(&found.plan) && !demands.open_up(&strict, &found.plan) {
            break found;
        }
    };
    let missing = left_out(&found.plan).count();
    // What is proved needs no more work than the plan took; another plan may.
    let work_limit = if missing == 0 { found.work_used } else { settings.work_limit };
    let free = solver::solve(snapshot, &Settings { work_limit, ..settings }, watch);
    // Terms that others require leave fewer values of a label open, which is no reason for a pod to stay out.
    let asks_values = snapshot.pools.iter().any(|pool| !pool.min_values.is_empty());
    if left_out(&free.plan).count() < missing || missing > 0 && asks_values {
        return Solution { work_used: found.work_used, ..free };
    }
    let small = found.small.map(|_| Small::NotProved);
    Solution { candidates: free.candidates, small, ..found }
}

fn left_out(plan: &Plan) -> impl Iterator<Item = PodIndex> {
    plan.unschedulable.iter().flat_map(|group| group.pods.iter().copied())
}

/// What each pod prefers, and what of it has been given up.
struct Demands<'a> {
    snapshot: &'a Snapshot,
    /// By shape.
    steps: Vec<Vec<Step>>,
    /// By pod: positions in the steps of its shape.
    given_up: Vec<BTreeSet<usize>>,
}

impl<'a> Demands<'a> {
    fn new(snapshot: &'a Snapshot) -> Self {
        let steps = snapshot.shapes.iter().map(|shape| steps(snapshot, shape)).collect();
        Self { snapshot, steps, given_up: vec![BTreeSet::new(); snapshot.pods.len()] }
    }

    /// Whether no pod prefers anything.
    fn is_empty(&self) -> bool {
        self.snapshot.pods.iter().all(|pod| self.steps[pod.shape.get()].is_empty())
    }

    /// The snapshot in which pods require what they have not given up.
    fn strict(&self) -> Snapshot {
        let asked = self.snapshot.pods.iter().zip(&self.given_up).map(|(pod, given_up)| {
            let steps = self.steps[pod.shape.get()].iter().enumerate();
            steps.filter(|(place, _)| !given_up.contains(place)).map(|(_, step)| *step).collect()
        });
        strict::strict(self.snapshot, asked.collect())
    }

    /// Has pods that `plan` leaves out give up what is next, or those that keep them away; whether anything was
    /// given up.
    fn give_up(&mut self, plan: &Plan) -> bool {
        let mut found = false;
        let mut stuck: BTreeSet<SelectionIndex> = BTreeSet::new();
        for pod in left_out(plan) {
            let shape = self.snapshot.pod(pod).shape;
            let given_up = &mut self.given_up[pod.get()];
            let next = (0..self.steps[shape.get()].len()).find(|place| !given_up.contains(place));
            match next {
                Some(place) => found |= given_up.insert(place),
                None => stuck.extend(&self.snapshot.shape(shape).rules.matches),
            }
        }
        found || self.make_way(plan, &stuck)
    }

    /// Has pods for which spreads count fewer domains in `strict` give up what takes them away; whether any did.
    fn open_up(&mut self, strict: &Snapshot, plan: &Plan) -> bool {
        let mut found = false;
        for pod in domains::narrowed(self.snapshot, strict, plan) {
            let steps = &self.steps[self.snapshot.pod(pod).shape.get()];
            for (place, step) in steps.iter().enumerate() {
                let soft = match *step {
                    Step::Soft(rule) => Some(&self.snapshot.soft_rule(rule).asks),
                    Step::Labels(_) | Step::Taints => None,
                };
                if !matches!(soft, Some(SoftAsk::Apart)) {
                    found |= self.given_up[pod.get()].insert(place);
                }
            }
        }
        found
    }

    /// Has placed pods give up keeping away from pods of these selections; whether any did.
    fn make_way(&mut self, plan: &Plan, stuck: &BTreeSet<SelectionIndex>) -> bool {
        let bought = plan.new_nodes.iter().flat_map(|node| &node.pods);
        let placed = bought.chain(plan.existing.iter().flat_map(|fill| &fill.pods));
        let mut found = false;
        for pod in placed {
            let steps = &self.steps[self.snapshot.pod(*pod).shape.get()];
            for (place, step) in steps.iter().enumerate() {
                let Step::Soft(rule) = *step else { continue };
                let rule = self.snapshot.soft_rule(rule);
                if rule.asks == SoftAsk::Apart && stuck.contains(&rule.selection) {
                    found |= self.given_up[pod.get()].insert(place);
                }
            }
        }
        found
    }
}
