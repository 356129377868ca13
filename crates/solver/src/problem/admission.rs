//! Which rules admit which offerings and nodes.
//!
//! Requirements are evaluated once per distinct rule set and distinct combination of the label
//! values that some rule looks at, not once per pod and offering.

use std::collections::{BTreeMap, BTreeSet};

use model::{
    LabelKey, NodeInclusion, NodeState, PodShape, Requirements, ShapeIndex, Snapshot, Spread,
    SpreadIndex, TAINT_WEIGHT, Taint, Toleration, TolerationOperator, is_disliked, untolerated,
};

use super::wishes::{WishesOf, has_soft_taints};

use crate::bits::Bits;

/// Rule sets of the shapes in use, and what they admit.
pub(crate) struct Admission {
    /// The rule set of each shape; `None` where no pod has the shape.
    pub(crate) rule_of: Vec<Option<usize>>,
    /// For each offering, the rule sets that admit it, as an index into `columns`.
    pub(crate) column_of: Vec<usize>,
    /// Distinct sets of admitting rule sets.
    pub(crate) columns: Vec<Bits>,
    /// For each node of the snapshot, the rule sets that admit it.
    pub(crate) nodes: Vec<Bits>,
    /// What decides which nodes a spread counts, by spread and rule set of the shape that carries it;
    /// as a rule set.
    pub(crate) filters: BTreeMap<(SpreadIndex, usize), usize>,
    /// For each node of the snapshot, the rule sets that its labels and taints admit, whether or not it
    /// takes pods.
    pub(crate) counting_nodes: Vec<Bits>,
    /// What shapes prefer, as rule sets that admit what is as preferred, with weights; none where
    /// preferences have no price.
    pub(crate) wishes: WishesOf,
}

/// Labels and tolerations, and whether a taint that pods only dislike keeps them away too.
type Rule<'a> = (&'a [Requirements], &'a [Toleration], bool);

/// What admits any label and tolerates any taint.
static ANY_LABELS: [Requirements; 1] = [Requirements::new()];
static ANY_TAINTS: [Toleration; 1] = [Toleration {
    key: None,
    operator: TolerationOperator::Exists,
    value: String::new(),
    effect: None,
}];

/// Which nodes `spread` counts where a pod of `shape` carries it.
fn filter<'a>(spread: &Spread, shape: &'a PodShape) -> Rule<'a> {
    let labels = match spread.node_affinity {
        NodeInclusion::Honor => shape.affinity(),
        NodeInclusion::Ignore => &ANY_LABELS,
    };
    let taints = match spread.node_taints {
        NodeInclusion::Honor => &shape.tolerations[..],
        NodeInclusion::Ignore => &ANY_TAINTS,
    };
    (labels, taints, false)
}

/// What `shape` prefers, with weights.
fn preferred<'a>(
    shape: &'a PodShape,
    has_soft_taints: bool,
) -> impl Iterator<Item = (Rule<'a>, i64)> {
    let of_labels = shape.preferences.iter().map(|one| {
        let rule: Rule<'a> = (std::slice::from_ref(&one.labels), &ANY_TAINTS, false);
        (rule, one.weight)
    });
    let of_taints: Rule<'a> = (&ANY_LABELS, &shape.tolerations, true);
    of_labels.chain(has_soft_taints.then_some((of_taints, TAINT_WEIGHT)))
}

/// Evaluates every rule set of the shapes in `used` against offerings and nodes; what they prefer only where
/// that has a price.
pub(crate) fn evaluate(
    snapshot: &Snapshot,
    used: &BTreeSet<ShapeIndex>,
    prices_wishes: bool,
) -> Admission {
    let mut rules: BTreeMap<Rule<'_>, usize> = BTreeMap::new();
    for index in used {
        let shape = snapshot.shape(*index);
        let spreads =
            shape.rules.spreads.iter().map(|spread| filter(snapshot.spread(*spread), shape));
        for rule in
            std::iter::once((&shape.alternatives[..], &shape.tolerations[..], false)).chain(spreads)
        {
            let next = rules.len();
            rules.entry(rule).or_insert(next);
        }
    }
    let wishes = wishes(snapshot, used, prices_wishes, &mut rules);
    let mut filters = BTreeMap::new();
    let mut rule_of = vec![None; snapshot.shapes.len()];
    for index in used {
        let shape = snapshot.shape(*index);
        let rule: Rule<'_> = (&shape.alternatives, &shape.tolerations, false);
        let position = rules[&rule];
        rule_of[index.get()] = Some(position);
        for spread in &shape.rules.spreads {
            filters.insert((*spread, position), rules[&filter(snapshot.spread(*spread), shape)]);
        }
    }
    let mut ordered: Vec<Rule<'_>> = vec![(&[], &[], false); rules.len()];
    for (rule, position) in &rules {
        ordered[*position] = *rule;
    }
    let (column_of, columns) = offering_columns(snapshot, &ordered);
    let counting_nodes: Vec<Bits> =
        snapshot.nodes.iter().map(|node| node_column(node, &ordered)).collect();
    let takes_pods = |(node, column): (&model::Node, &Bits)| match node.state {
        NodeState::Unschedulable => Bits::new(ordered.len()),
        NodeState::Ready | NodeState::InFlight => column.clone(),
    };
    let nodes = snapshot.nodes.iter().zip(&counting_nodes).map(takes_pods).collect();
    Admission { rule_of, column_of, columns, nodes, filters, counting_nodes, wishes }
}

/// What each shape prefers, with new `rules` behind the others.
fn wishes<'a>(
    snapshot: &'a Snapshot,
    used: &BTreeSet<ShapeIndex>,
    prices_wishes: bool,
    rules: &mut BTreeMap<Rule<'a>, usize>,
) -> WishesOf {
    let mut wishes = WishesOf::new();
    let has_soft_taints = has_soft_taints(snapshot);
    for index in used.iter().filter(|_| prices_wishes) {
        for (rule, weight) in preferred(snapshot.shape(*index), has_soft_taints) {
            let next = rules.len();
            let rule = *rules.entry(rule).or_insert(next);
            wishes.entry(*index).or_default().push((rule, weight));
        }
    }
    wishes
}

fn offering_columns(snapshot: &Snapshot, rules: &[Rule<'_>]) -> (Vec<usize>, Vec<Bits>) {
    let keys: BTreeSet<&LabelKey> = rules
        .iter()
        .flat_map(|(alternatives, ..)| alternatives.iter())
        .flat_map(|terms| terms.iter().map(|(key, _)| key))
        .collect();
    let mut columns: BTreeMap<Bits, usize> = BTreeMap::new();
    let mut seen: BTreeMap<(usize, Vec<Option<&str>>), usize> = BTreeMap::new();
    let mut column_of = Vec::with_capacity(snapshot.offerings.len());
    for offering in &snapshot.offerings {
        let labels = snapshot.labels_of(offering);
        let values: Vec<Option<&str>> = keys.iter().map(|key| labels.get(key)).collect();
        let signature = (offering.pool.get(), values);
        let column = if let Some(column) = seen.get(&signature) {
            *column
        } else {
            let taints = &snapshot.pool(offering.pool).taints;
            let bits = admitted(rules, taints, |key| labels.get(key));
            let next = columns.len();
            let column = *columns.entry(bits).or_insert(next);
            seen.insert(signature, column);
            column
        };
        column_of.push(column);
    }
    let mut ordered = vec![Bits::default(); columns.len()];
    for (bits, position) in columns {
        ordered[position] = bits;
    }
    (column_of, ordered)
}

fn node_column(node: &model::Node, rules: &[Rule<'_>]) -> Bits {
    admitted(rules, &node.taints, |key| node.labels.get(key).map(model::LabelValue::as_str))
}

fn admitted<'v>(
    rules: &[Rule<'_>],
    taints: &[Taint],
    value_of: impl Fn(&LabelKey) -> Option<&'v str>,
) -> Bits {
    let mut bits = Bits::new(rules.len());
    for (position, (alternatives, tolerations, soft)) in rules.iter().enumerate() {
        let tolerated = untolerated(taints, tolerations).is_none()
            && !(*soft && is_disliked(taints, tolerations));
        let matched = || alternatives.iter().any(|terms| terms.first_refused(&value_of).is_none());
        if tolerated && matched() {
            bits.insert(position);
        }
    }
    bits
}
