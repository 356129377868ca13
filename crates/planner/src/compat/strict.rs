//! A snapshot in which pods require what they prefer.
//!
//! In: a snapshot, for each pod what it asks for of what it prefers, in its order. Out: the same snapshot with
//! shapes, spreads and terms that say so, and without preferences; what was there before keeps its index, but for
//! shapes.
//!
//! - Pods that would rather be away from pods of their own kind on nodes get a spread over nodes with a skew of 1, as
//!   others that have given it up may still come to them; Karpenter does not let preferred terms keep others out.
//! - Of preferred node affinity the heaviest term alone is asked for.
//! - With pods of another selection than those that it must be with a pod is not asked to be: the model has one.

use std::collections::BTreeMap;

use model::{
    LabelKey, NodeInclusion, PodShape, Profile, Requirement, ShapeIndex, Snapshot, SoftAsk,
    SoftRule, Spread, SpreadIndex, Term, TermIndex, well_known,
};

use super::steps::Step;

/// `snapshot` in which its pods require what is `asked`, pod by pod.
pub(super) fn strict(snapshot: &Snapshot, asked: Vec<Vec<Step>>) -> Snapshot {
    let mut writer = Writer {
        snapshot,
        spreads: snapshot.spreads.clone(),
        spread_of: snapshot.spreads.iter().cloned().zip((0..).map(SpreadIndex::new)).collect(),
        terms: snapshot.terms.clone(),
        term_of: snapshot.terms.iter().cloned().zip((0..).map(TermIndex::new)).collect(),
    };
    let mut known: BTreeMap<(ShapeIndex, Vec<Step>), PodShape> = BTreeMap::new();
    let shapes = snapshot.pods.iter().zip(asked).map(|(pod, steps)| {
        let shape = known.entry((pod.shape, steps));
        let strict =
            |(shape, steps): &(ShapeIndex, Vec<Step>)| writer.shape(snapshot.shape(*shape), steps);
        shape.or_insert_with_key(strict).clone()
    });
    let strict = snapshot.with_shapes(shapes);
    let Writer { spreads, terms, .. } = writer;
    let (profile, soft_rules) = (Profile::Cost, Vec::new());
    Snapshot { profile, spreads, terms, soft_rules, ..strict }
}

/// What rules there are by now.
struct Writer<'a> {
    snapshot: &'a Snapshot,
    spreads: Vec<Spread>,
    spread_of: BTreeMap<Spread, SpreadIndex>,
    terms: Vec<Term>,
    term_of: BTreeMap<Term, TermIndex>,
}

impl Writer<'_> {
    /// `shape` that requires what `steps` say, and prefers nothing.
    fn shape(&mut self, shape: &PodShape, steps: &[Step]) -> PodShape {
        let mut strict = shape.clone();
        strict.preferences.clear();
        strict.rules.soft.clear();
        let mut labels: Vec<(LabelKey, Requirement)> = Vec::new();
        let mut has_labels = false;
        for step in steps {
            match *step {
                Step::Soft(rule) => {
                    self.rule(&mut strict, &mut labels, self.snapshot.soft_rule(rule));
                }
                Step::Labels(_) if has_labels => {}
                Step::Labels(place) => {
                    has_labels = true;
                    let wanted = shape.preferences[place].labels.iter();
                    labels.extend(wanted.map(|(key, one)| (key.clone(), one.clone())));
                }
                Step::Taints => labels.extend(self.snapshot.other_pools(shape)),
            }
        }
        strict.require(&labels);
        strict
    }

    /// Has `shape` require what a soft rule asks for; `labels` that it takes of nodes.
    fn rule(
        &mut self,
        shape: &mut PodShape,
        labels: &mut Vec<(LabelKey, Requirement)>,
        rule: &SoftRule,
    ) {
        let is_of_hostnames = rule.key.as_str() == well_known::HOSTNAME;
        let is_own = shape.rules.matches.binary_search(&rule.selection).is_ok();
        let needs_label = match rule.asks {
            SoftAsk::Together => self.together(shape, rule),
            SoftAsk::Apart if is_of_hostnames && is_own => {
                let ignore = NodeInclusion::Ignore;
                self.spread(shape, rule, (1, ignore, ignore));
                false
            }
            SoftAsk::Apart => {
                let index = self.term(rule);
                add(&mut shape.rules.apart, index);
                false
            }
            SoftAsk::Spread { max_skew, node_affinity, node_taints } => {
                self.spread(shape, rule, (max_skew, node_affinity, node_taints));
                true
            }
        };
        if needs_label && !is_of_hostnames {
            labels.push((rule.key.clone(), Requirement::exists()));
        }
    }

    fn together(&mut self, shape: &mut PodShape, rule: &SoftRule) -> bool {
        let is_same = |index: &TermIndex| self.terms[index.get()].selection == rule.selection;
        let is_possible = shape.rules.together.first().is_none_or(is_same);
        if is_possible {
            let index = self.term(rule);
            add(&mut shape.rules.together, index);
        }
        is_possible
    }

    fn spread(
        &mut self,
        shape: &mut PodShape,
        rule: &SoftRule,
        (max_skew, node_affinity, node_taints): (i64, NodeInclusion, NodeInclusion),
    ) {
        let (key, selection) = (rule.key.clone(), rule.selection);
        let spread =
            Spread { key, selection, max_skew, min_domains: 1, node_affinity, node_taints };
        let index = *self.spread_of.entry(spread).or_insert_with_key(|spread| {
            self.spreads.push(spread.clone());
            SpreadIndex::new(self.spreads.len() - 1)
        });
        add(&mut shape.rules.spreads, index);
    }

    fn term(&mut self, rule: &SoftRule) -> TermIndex {
        let term = Term { key: rule.key.clone(), selection: rule.selection };
        *self.term_of.entry(term).or_insert_with_key(|term| {
            self.terms.push(term.clone());
            TermIndex::new(self.terms.len() - 1)
        })
    }
}

/// Adds `one` to an ascending list without repeats.
fn add<T: Ord>(all: &mut Vec<T>, one: T) {
    if let Err(place) = all.binary_search(&one) {
        all.insert(place, one);
    }
}
