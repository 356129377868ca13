//! Fills the room that is left on existing and bought nodes.

use super::fill::{Stock, by_density, fill};
use crate::packing::{Group, Mix, Packing, add, residual};
use crate::problem::{Class, Problem};

/// Places pods that are left wherever there is still room. Afterwards none of them fits on any
/// existing or bought node.
pub(crate) fn top_up(problem: &Problem, values: &[i64], packing: &mut Packing) {
    if problem.has_wishes() {
        // Those that prefer some nodes that are there come before those that do not mind.
        let least = least_forgone(problem);
        let pleases = |class: usize, node: usize| {
            let forgone = &problem.classes[class].forgone;
            !forgone.is_nothing() && Some(forgone.on_node(node)) == least[class]
        };
        fill_nodes(problem, values, packing, pleases);
    }
    fill_nodes(problem, values, packing, |_, _| true);
    let mut position = 0;
    while position < packing.groups.len() {
        if packing.left.iter().all(|left| *left == 0) {
            return;
        }
        top_up_group(problem, values, packing, position);
        position += 1;
    }
}

/// What a pod of each class is charged at least on nodes that are there and may take it.
fn least_forgone(problem: &Problem) -> Vec<Option<i64>> {
    let least = |class: &Class| {
        let nodes = (0..problem.nodes.len()).filter(|node| class.nodes.contains(*node));
        nodes.map(|node| class.forgone.on_node(node)).min()
    };
    problem.classes.iter().map(least).collect()
}

/// Places pods on nodes that are there, of the classes and nodes that `accept` names.
fn fill_nodes(
    problem: &Problem,
    values: &[i64],
    packing: &mut Packing,
    accept: impl Fn(usize, usize) -> bool,
) {
    for position in 0..problem.nodes.len() {
        if packing.left.iter().all(|left| *left == 0) {
            return;
        }
        if problem.nodes[position].may_go() && packing.existing[position].is_empty() {
            continue;
        }
        let room = residual(problem, &problem.nodes[position].room, &packing.existing[position]);
        let there = &besides(&packing.existing[position], &problem.nodes[position].own);
        let admits = |class: usize| {
            problem.classes[class].nodes.contains(position) && accept(class, position)
        };
        let values = &*problem.less_forgone(values, |forgone| forgone.on_node(position));
        let candidates = candidates(problem, values, packing, &room, admits);
        let (left, base) = (&packing.left, problem.base(Some(position)));
        let stock = Stock { values, left, there, base, candidates: &candidates };
        let more = fill(problem, &stock, &room, None).mix;
        take(packing, &more, 1);
        extend(&mut packing.existing[position], &more);
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
    let values = &*problem.less_forgone(values, |forgone| forgone.on_kind(kind));
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
