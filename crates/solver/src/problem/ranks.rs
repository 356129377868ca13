//! An order of groups of rivals and of selections, and with it of shapes, that does not depend on their
//! names.
//!
//! In: the snapshot and which pods have which shape. Out: a rank for each group and selection, by the
//! shapes and numbers of its members and by the nodes that have some. Those of equal rank are
//! interchangeable but for far-fetched cases, in which names decide.

use std::collections::BTreeMap;

use model::{
    LabelKey, Node, NodeInclusion, PodIndex, PodRules, PodShape, Requirements, RivalsIndex,
    SelectionIndex, ShapeIndex, Snapshot, SoftAsk, SoftRule, Spread, Term, TermIndex, well_known,
};

/// Pods by shape.
type PodsOf = BTreeMap<ShapeIndex, Vec<PodIndex>>;

/// Ranks of groups and selections.
pub(crate) struct Ranks {
    rivals: Vec<usize>,
    selections: Vec<usize>,
    /// See [`runs`].
    runs: Vec<usize>,
}

/// A spread without the name of its selection.
type SpreadLook = (LabelKey, usize, i64, i64, NodeInclusion, NodeInclusion);

impl Ranks {
    /// Ranks the groups and selections of `snapshot`; what pods prefer tells them apart where it `is_priced`.
    pub(crate) fn new(snapshot: &Snapshot, pods_of: &PodsOf, is_priced: bool) -> Self {
        let mut rivals: Vec<Content> = vec![Content::default(); snapshot.rivals.len()];
        let mut selections: Vec<Content> = vec![Content::default(); snapshot.selections.len()];
        let runs = runs(snapshot, is_priced);
        for (shape, pods) in pods_of {
            let (run, pods) = (runs[shape.get()], pods.len());
            let PodShape { rivals: groups, rules, .. } = snapshot.shape(*shape);
            let PodRules { matches, spreads, together, apart, soft, affinity: _ } = rules;
            let ties = together.len() + (apart.len() << 32);
            let look = [groups.len(), matches.len(), spreads.len(), ties];
            for group in groups {
                rivals[group.get()].members.push((run, look, pods));
            }
            for selection in matches {
                selections[selection.get()].members.push((run, look, pods));
            }
            for spread in spreads {
                let spread = snapshot.spread(*spread);
                let carried = (run, spread_look(spread, 0), pods);
                selections[spread.selection.get()].carriers.push(carried);
            }
            for (term, goes_with) in terms_of(snapshot, rules) {
                let carried = (run, term.key.clone(), goes_with, pods);
                selections[term.selection.get()].ties.push(carried);
            }
            for rule in soft.iter().filter(|_| is_priced) {
                let rule = snapshot.soft_rule(*rule);
                selections[rule.selection.get()].soft.push((run, soft_look(rule, 0), pods));
            }
        }
        let tells = |node: &&Node| {
            !node.rivals.is_empty() || !node.matched.is_empty() || !node.apart.is_empty()
        };
        for node in snapshot.nodes.iter().filter(tells) {
            let look = look(node);
            for group in &node.rivals {
                rivals[group.get()].nodes.push((look.clone(), 1));
            }
            for (selection, count) in &node.matched {
                selections[selection.get()].nodes.push((look.clone(), *count));
            }
            for (term, count) in &node.apart {
                let selection = snapshot.term(*term).selection.get();
                selections[selection].shunning.push((look.clone(), *count));
            }
        }
        Self { rivals: ranks(rivals), selections: ranks(selections), runs }
    }

    /// The ranks of `groups`, ascending.
    pub(crate) fn of(&self, groups: &[RivalsIndex]) -> Vec<usize> {
        let mut ranks: Vec<usize> = groups.iter().map(|group| self.rivals[group.get()]).collect();
        ranks.sort_unstable();
        ranks
    }

    /// The terms that pods on a node carry apart, by the ranks of their selections.
    pub(crate) fn of_apart(&self, snapshot: &Snapshot, node: &Node) -> Vec<(LabelKey, usize, i64)> {
        let look = |(term, count): &(TermIndex, i64)| {
            let term = snapshot.term(*term);
            (term.key.clone(), self.selections[term.selection.get()], *count)
        };
        let mut ranks: Vec<(LabelKey, usize, i64)> = node.apart.iter().map(look).collect();
        ranks.sort_unstable();
        ranks
    }

    /// The rank of `selection`.
    pub(crate) fn of_selection(&self, selection: SelectionIndex) -> usize {
        self.selections[selection.get()]
    }

    /// The pods of selections on a node, by the ranks of these.
    pub(crate) fn of_matched(&self, matched: &[(SelectionIndex, i64)]) -> Vec<(usize, i64)> {
        let rank =
            |(selection, count): &(SelectionIndex, i64)| (self.selections[selection.get()], *count);
        let mut ranks: Vec<(usize, i64)> = matched.iter().map(rank).collect();
        ranks.sort_unstable();
        ranks
    }

    /// The shapes of `pods_of` in the order of the snapshot, those that differ in rules between pods
    /// alone by the ranks of these and the number of their pods.
    pub(crate) fn ordered(
        &self,
        snapshot: &Snapshot,
        pods_of: PodsOf,
    ) -> Vec<(ShapeIndex, Vec<PodIndex>)> {
        let mut ordered: Vec<(ShapeIndex, Vec<PodIndex>)> = pods_of.into_iter().collect();
        ordered.sort_by_cached_key(|(shape, pods)| {
            let of = snapshot.shape(*shape);
            let ranks = (self.of(&of.rivals), self.of_rules(snapshot, &of.rules));
            (self.runs[shape.get()], ranks, pods.len(), *shape)
        });
        ordered
    }

    fn of_rules<'a>(&self, snapshot: &Snapshot, rules: &'a PodRules) -> RulesLook<'a> {
        let PodRules { matches, spreads, together: _, apart: _, soft, affinity } = rules;
        let rank = |selection: &SelectionIndex| self.selections[selection.get()];
        let mut matches: Vec<usize> = matches.iter().map(rank).collect();
        let mut spreads: Vec<SpreadLook> = spreads
            .iter()
            .map(|spread| snapshot.spread(*spread))
            .map(|spread| spread_look(spread, rank(&spread.selection)))
            .collect();
        matches.sort_unstable();
        spreads.sort_unstable();
        let ties = terms_of(snapshot, rules)
            .map(|(term, goes_with)| (term.key.clone(), rank(&term.selection), goes_with));
        let mut ties: Vec<TieLook> = ties.collect();
        ties.sort_unstable();
        let soft = soft.iter().map(|rule| snapshot.soft_rule(*rule));
        let mut soft: Vec<SoftLook> =
            soft.map(|rule| soft_look(rule, rank(&rule.selection))).collect();
        soft.sort_unstable();
        (matches, spreads, ties, soft, affinity)
    }
}

/// A soft rule without the name of its selection.
type SoftLook = (LabelKey, usize, SoftAsk, i64);

fn soft_look(rule: &SoftRule, selection: usize) -> SoftLook {
    let SoftRule { key, selection: _, asks, weight } = rule;
    (key.clone(), selection, *asks, *weight)
}

/// A term without the name of its selection, and whether its pods are gone with.
type TieLook = (LabelKey, usize, bool);

/// Rules between pods without names.
type RulesLook<'a> = (Vec<usize>, Vec<SpreadLook>, Vec<TieLook>, Vec<SoftLook>, &'a [Requirements]);

/// Terms that are carried, and whether their pods are gone with.
fn terms_of<'a>(
    snapshot: &'a Snapshot,
    rules: &'a PodRules,
) -> impl Iterator<Item = (&'a Term, bool)> {
    let together = rules.together.iter().map(|term| (snapshot.term(*term), true));
    together.chain(rules.apart.iter().map(|term| (snapshot.term(*term), false)))
}

fn spread_look(spread: &Spread, selection: usize) -> SpreadLook {
    let Spread { key, selection: _, max_skew, min_domains, node_affinity, node_taints } = spread;
    (key.clone(), selection, *max_skew, *min_domains, *node_affinity, *node_taints)
}

/// What a group or selection is, without its name.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
struct Content {
    /// Run of the shape, how many rules of each kind it has, and how many pods.
    members: Vec<(usize, [usize; 4], usize)>,
    /// Run of the shape, the spread, and how many pods.
    carriers: Vec<(usize, SpreadLook, usize)>,
    /// Run of the shape, the label of a term, whether it goes with the pods, and how many pods.
    ties: Vec<(usize, LabelKey, bool, usize)>,
    /// Run of the shape, the soft rule, and how many pods.
    soft: Vec<(usize, SoftLook, usize)>,
    /// A node, and how many pods it has.
    nodes: Vec<(String, i64)>,
    /// A node, and how many pods it has that keep away.
    shunning: Vec<(String, i64)>,
}

fn ranks(mut contents: Vec<Content>) -> Vec<usize> {
    for Content { members, carriers, ties, soft, nodes, shunning } in &mut contents {
        soft.sort_unstable();
        ties.sort_unstable();
        shunning.sort_unstable();
        members.sort_unstable();
        carriers.sort_unstable();
        nodes.sort_unstable();
    }
    let mut distinct = contents.clone();
    distinct.sort();
    distinct.dedup();
    let rank = |content: &Content| distinct.binary_search(content).unwrap_or_else(|place| place);
    contents.iter().map(rank).collect()
}

/// For each shape, how many shapes before it differ in more than rules between pods, and in more than what pods
/// prefer where that is not `is_priced`; shapes are sorted with these last, so that those that differ in nothing
/// else follow each other.
fn runs(snapshot: &Snapshot, is_priced: bool) -> Vec<usize> {
    let alone = |shape: &PodShape| {
        let PodShape {
            requests,
            alternatives,
            tolerations,
            priority,
            rivals: _,
            rules: _,
            preferences,
        } = shape.clone();
        (requests, alternatives, tolerations, priority, is_priced.then_some(preferences))
    };
    let mut run = 0;
    let mut runs = Vec::with_capacity(snapshot.shapes.len());
    for (position, shape) in snapshot.shapes.iter().enumerate() {
        if position > 0 && alone(shape) != alone(&snapshot.shapes[position - 1]) {
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
