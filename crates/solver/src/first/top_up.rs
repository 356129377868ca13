//! Fills the room that is left on existing and bought nodes.

use super::fill::{Stock, by_density, fill};
use crate::packing::{Group, Mix, Packing, add, residual};
use crate::problem::Problem;

/// Places pods that are left wherever there is still room. Afterwards none of them fits on any
/// existing or bought node.
pub(crate) fn top_up(problem: &Problem, values: &[i64], packing: &mut Packing) {
    for position in 0..problem.nodes.len() {
        if packing.left.iter().all(|left| *left == 0) {
            return;
        }
        if problem.nodes[position].may_go() && packing.existing[position].is_empty() {
            continue;
        }
        let room = residual(problem, &problem.nodes[position].room, &packing.existing[position]);
        let there = &besides(&packing.existing[position], &problem.nodes[position].own);
        let admits = |class: usize| problem.classes[class].nodes.contains(position);
        let candidates = candidates(problem, values, packing, &room, admits);
        let (left, base) = (&packing.left, problem.base(Some(position)));
        let stock = Stock { values, left, there, base, candidates: &candidates };
        let more = fill(problem, &stock, &room, None).mix;
        take(packing, &more, 1);
        extend(&mut packing.existing[position], &more);
    }
    let mut position = 0;
    while position < packing.groups.len() {
        if packing.left.iter().all(|left| *left == 0) {
            return;
        }
        top_up_group(problem, values, packing, position);
        position += 1;
    }
}

/// `mix` without a node's own pods.
fn besides(mix: &Mix, own: &Mix) -> Mix {
    let mut mix = mix.clone();
    for &(class, pods) in own {
        add(&mut mix, class, -pods);
    }
    mix.retain(|(_, pods)| *pods > 0);
    mix
}

/// Adds to as many copies of a group as pods allow; the others become a group after it, so that
/// they are tried in turn with what is left then.
fn top_up_group(problem: &Problem, values: &[i64], packing: &mut Packing, position: usize) {
    let Group { kind, mix, copies } = packing.groups[position].clone();
    let room = residual(problem, &problem.kinds[kind].room, &mix);
    let admits = |class: usize| problem.classes[class].kinds.contains(kind);
    let candidates = candidates(problem, values, packing, &room, admits);
    let left = &packing.left;
    let stock = Stock { values, left, there: &mix, base: &[], candidates: &candidates };
    let more = fill(problem, &stock, &room, None).mix;
    let Some(times) = more.iter().map(|&(class, pods)| packing.left[class] / pods).min() else {
        return;
    };
    let times = times.min(copies);
    take(packing, &more, times);
    let mut filled = mix.clone();
    extend(&mut filled, &more);
    packing.groups[position] = Group { kind, mix: filled, copies: times };
    if times < copies {
        packing.groups.insert(position + 1, Group { kind, mix, copies: copies - times });
    }
}

/// Classes with pods left that `admits` accepts and that fit in `room` alone.
fn candidates(
    problem: &Problem,
    values: &[i64],
    packing: &Packing,
    room: &[i64],
    admits: impl Fn(usize) -> bool,
) -> Vec<usize> {
    let fits = |class: usize| Problem::fits(&problem.classes[class].requests, room);
    let mut candidates: Vec<usize> = (0..problem.classes.len())
        .filter(|&class| packing.left[class] > 0 && admits(class) && fits(class))
        .collect();
    by_density(problem, values, room, &mut candidates);
    candidates
}

fn take(packing: &mut Packing, more: &Mix, times: i64) {
    for &(class, pods) in more {
        packing.left[class] -= pods * times;
    }
}

fn extend(mix: &mut Mix, more: &Mix) {
    for &(class, pods) in more {
        add(mix, class, pods);
    }
}
