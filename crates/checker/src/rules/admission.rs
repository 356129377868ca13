//! Pods tolerate the taints of their node, and one of their alternatives admits its labels.

use std::collections::BTreeMap;

use model::{ShapeIndex, Taint};

use crate::Violation;
use crate::facts::Facts;
use crate::found::Found;

/// What a site answers to a shape.
#[derive(Clone, Copy)]
enum Answer<'a> {
    Admitted,
    Untolerated(&'a Taint),
    Unmatched,
}

/// Reports each shape on each node that does not admit it.
pub(super) fn check(facts: &Facts<'_>, found: &mut Found) {
    let mut answers: BTreeMap<(ShapeIndex, usize), Answer<'_>> = BTreeMap::new();
    for seat in facts.seats.iter() {
        for (shape, _) in &seat.load {
            let answer = *answers
                .entry((*shape, seat.site))
                .or_insert_with(|| ask(facts, *shape, seat.site));
            let pod = || facts.first_of(*shape, seat.pods(facts.plan));
            match answer {
                Answer::Admitted => {}
                Answer::Untolerated(taint) => found.push(Violation::Untolerated {
                    pod: pod(),
                    place: seat.place(facts.snapshot),
                    taint: taint.clone(),
                }),
                Answer::Unmatched => found
                    .push(Violation::NotAdmitted { pod: pod(), place: seat.place(facts.snapshot) }),
            }
        }
    }
}

fn ask<'a>(facts: &Facts<'a>, shape: ShapeIndex, site: usize) -> Answer<'a> {
    let shape = facts.snapshot.shape(shape);
    if let Some(taint) = facts.sites.untolerated(shape, site) {
        Answer::Untolerated(taint)
    } else if facts.sites.matches(shape, site) {
        Answer::Admitted
    } else {
        Answer::Unmatched
    }
}
