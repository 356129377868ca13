//! An order of groups of rivals, and with it of shapes, that does not depend on their names; and which
//! of them are one class.
//!
//! In: the snapshot and which pods have which shape. Out: a rank for each group, by the shapes and
//! numbers of its members and by the nodes that have one of it. Groups of equal rank are
//! interchangeable but for far-fetched cases, in which names decide.

use std::collections::BTreeMap;

use model::{Node, PodIndex, PodShape, RivalsIndex, ShapeIndex, Snapshot, well_known};

use super::{Amounts, Class};
use crate::bits::Bits;

/// Pods by shape.
type PodsOf = BTreeMap<ShapeIndex, Vec<PodIndex>>;

/// Ranks of groups.
pub(crate) struct Ranks(Vec<usize>);

impl Ranks {
    /// Ranks the groups of `snapshot`.
    pub(crate) fn new(snapshot: &Snapshot, pods_of: &PodsOf) -> Self {
        let mut contents: Vec<Content> = vec![Content::default(); snapshot.rivals.len()];
        let runs = runs(snapshot);
        for (shape, pods) in pods_of {
            let groups = &snapshot.shape(*shape).rivals;
            for group in groups {
                let member = (runs[shape.get()], groups.len(), pods.len());
                contents[group.get()].members.push(member);
            }
        }
        for node in snapshot.nodes.iter().filter(|node| !node.rivals.is_empty()) {
            let look = look(node);
            for group in &node.rivals {
                contents[group.get()].nodes.push(look.clone());
            }
        }
        for content in &mut contents {
            content.members.sort_unstable();
            content.nodes.sort_unstable();
        }
        let mut distinct = contents.clone();
        distinct.sort();
        distinct.dedup();
        let rank =
            |content: &Content| distinct.binary_search(content).unwrap_or_else(|place| place);
        Self(contents.iter().map(rank).collect())
    }

    /// The ranks of `groups`, ascending.
    pub(crate) fn of(&self, groups: &[RivalsIndex]) -> Vec<usize> {
        let mut ranks: Vec<usize> = groups.iter().map(|group| self.0[group.get()]).collect();
        ranks.sort_unstable();
        ranks
    }

    /// The shapes of `pods_of` in the order of the snapshot, those that differ in rivals alone by the
    /// ranks of these and the number of their pods.
    pub(crate) fn ordered(
        &self,
        snapshot: &Snapshot,
        pods_of: PodsOf,
    ) -> Vec<(ShapeIndex, Vec<PodIndex>)> {
        let runs = runs(snapshot);
        let mut ordered: Vec<(ShapeIndex, Vec<PodIndex>)> = pods_of.into_iter().collect();
        ordered.sort_by_cached_key(|(shape, pods)| {
            let ranks = self.of(&snapshot.shape(*shape).rivals);
            (runs[shape.get()], ranks, pods.len(), *shape)
        });
        ordered
    }
}

/// `classes` with those joined that differ in groups of rivals alone, have as many pods each, and share
/// their groups with no other; of the others' groups those that are shared are kept.
///
/// k classes of d pods each become one of k × d pods of which a node takes k: however these are spread
/// over nodes, at most k on each, they can be handed out so that no node has two of a class, always
/// from the classes with most pods left (the theorem of Gale and Ryser, as equal numbers are majorised
/// by all others of the same sum).
pub(super) fn merged(classes: Vec<Class>, groups: usize) -> Vec<Class> {
    type Key = (Amounts, i32, Bits, Bits, usize);
    let mut members = vec![0_usize; groups];
    for group in classes.iter().flat_map(|class| &class.rivals) {
        members[*group] += 1;
    }
    let mut position_of: BTreeMap<Key, usize> = BTreeMap::new();
    let mut merged: Vec<Class> = Vec::with_capacity(classes.len());
    for mut class in classes {
        let is_rival = !class.rivals.is_empty();
        class.rivals.retain(|group| members[*group] > 1);
        if !is_rival || !class.rivals.is_empty() {
            merged.push(class);
            continue;
        }
        let Class { requests, priority, pods, kinds, nodes, .. } = &class;
        let key = (requests.clone(), *priority, kinds.clone(), nodes.clone(), pods.len());
        if let Some(position) = position_of.get(&key) {
            let joined = &mut merged[*position];
            joined.shapes.extend(class.shapes);
            joined.pods.extend(class.pods);
            joined.together_max += 1;
        } else {
            position_of.insert(key, merged.len());
            merged.push(class);
        }
    }
    merged
}

/// What a group is, without its name.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
struct Content {
    /// Run of the shape, how many groups it is in, and how many pods it has.
    members: Vec<(usize, usize, usize)>,
    nodes: Vec<String>,
}

/// For each shape, how many shapes before it differ in more than rivals; shapes are sorted with
/// rivals last, so that those that differ in nothing else follow each other.
fn runs(snapshot: &Snapshot) -> Vec<usize> {
    let but_rivals = |shape: &PodShape| {
        let PodShape { requests, alternatives, tolerations, priority, rivals: _ } = shape.clone();
        (requests, alternatives, tolerations, priority)
    };
    let mut run = 0;
    let mut runs = Vec::with_capacity(snapshot.shapes.len());
    for (position, shape) in snapshot.shapes.iter().enumerate() {
        if position > 0 && but_rivals(shape) != but_rivals(&snapshot.shapes[position - 1]) {
            run += 1;
        }
        runs.push(run);
    }
    runs
}

/// A node without its name, in words.
fn look(node: &Node) -> String {
    let labels = node.labels.iter().filter(|(key, _)| key.as_str() != well_known::HOSTNAME);
    let labels: Vec<_> = labels.collect();
    format!("{:?}", (node.state, &node.room, labels, &node.taints))
}
