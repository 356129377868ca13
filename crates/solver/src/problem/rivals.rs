//! Which classes that keep apart on nodes are one class, and which of their quotas say anything.

use std::collections::{BTreeMap, BTreeSet};

use super::wishes::Forgone;
use super::{Amounts, Class};
use crate::bits::Bits;

/// `classes` with those joined that differ in groups of rivals alone, have as many pods each, and share
/// their groups with no other; of the others' quotas those are kept whose group has pods of several
/// classes, or pods on nodes that are there (`based`).
///
/// k classes of d pods each become one of k × d pods of which a node takes k: however these are spread
/// over nodes, at most k on each, they can be handed out so that no node has two of a class, always
/// from the classes with most pods left (the theorem of Gale and Ryser, as equal numbers are majorised
/// by all others of the same sum).
pub(super) fn merged(classes: Vec<Class>, groups: usize, based: &BTreeSet<usize>) -> Vec<Class> {
    type Key = (Amounts, i32, Bits, Bits, Forgone, usize);
    let mut members = vec![0_usize; groups];
    for quota in classes.iter().flat_map(|class| &class.quotas) {
        members[quota.group] += 1;
    }
    let mut position_of: BTreeMap<Key, usize> = BTreeMap::new();
    let mut merged: Vec<Class> = Vec::with_capacity(classes.len());
    for mut class in classes {
        let least = class.quotas.iter().map(|quota| quota.most).min();
        // Nodes with a pod of a group of which they take one take none of the class at all.
        class.quotas.retain(|quota| {
            members[quota.group] > 1 || (quota.most > 1 && based.contains(&quota.group))
        });
        class.together_max =
            least.map_or(class.together_max, |least| least.min(class.together_max));
        if least != Some(1) || !class.quotas.is_empty() || class.ties != 0 {
            merged.push(class);
            continue;
        }
        let Class { requests, priority, pods, kinds, nodes, forgone, .. } = &class;
        let alike = (requests.clone(), *priority, kinds.clone(), nodes.clone());
        let key = (alike.0, alike.1, alike.2, alike.3, forgone.clone(), pods.len());
        if let Some(position) = position_of.get(&key) {
            let joined = &mut merged[*position];
            joined.shapes.extend(class.shapes);
            joined.pods.extend(class.pods);
            joined.together_max += 1;
            joined.units += 1;
        } else {
            position_of.insert(key, merged.len());
            merged.push(class);
        }
    }
    merged
}
