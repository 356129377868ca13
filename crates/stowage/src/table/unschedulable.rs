//! Pods that go nowhere, by like reasons.

use model::Unschedulable;

use super::ROWS_MAX;
use super::heading::plural;
use super::text::{few, wrapped};
use crate::answer::Answer;
use crate::money::count;
use crate::wording::message;

/// Groups of pods with their reasons, the largest first; nothing where every pod has a place.
pub(super) fn render(answer: &Answer<'_>) -> String {
    let groups = &answer.plan.unschedulable;
    let pods: usize = groups.iter().map(|group| group.pods.len()).sum();
    if pods == 0 {
        return String::new();
    }
    let mut order: Vec<&Unschedulable> = groups.iter().collect();
    order.sort_by_key(|group| std::cmp::Reverse(group.pods.len()));
    let mut parts =
        vec![format!("{} {} nowhere:\n", count(pods), plural(pods, "pod goes", "pods go"))];
    for group in order.iter().take(ROWS_MAX) {
        push_group(&mut parts, answer, group);
    }
    if order.len() > ROWS_MAX {
        let rest = order.iter().skip(ROWS_MAX);
        parts.push(format!(
            "  ... and {} more groups: {} pods\n",
            count(order.len() - ROWS_MAX),
            count(rest.map(|group| group.pods.len()).sum())
        ));
    }
    parts.concat()
}

fn push_group(parts: &mut Vec<String>, answer: &Answer<'_>, group: &Unschedulable) {
    let names = (group.pods.iter()).map(|pod| answer.snapshot.pod(*pod).name.to_string());
    let number = count(group.pods.len());
    parts.push(wrapped(&format!("  {number:>6}  "), &few(names)));
    let shown = group.reasons.iter().take(ROWS_MAX);
    parts.extend(shown.map(|reason| wrapped("            ", &message(reason))));
    if group.reasons.len() > ROWS_MAX {
        let hidden = count(group.reasons.len() - ROWS_MAX);
        parts.push(format!("            ... and {hidden} more reasons\n"));
    }
}
