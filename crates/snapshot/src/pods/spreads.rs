//! Required topology spread, and required anti-affinity over other labels than the hostname that matches
//! its own pods: of those a domain takes one, which is a spread whose least is never more than nothing.
//! Beside them the listed terms between pods and soft rules.
//!
//! Input: pod specs with their labels and namespaces. Output: the spreads and selections of the
//! snapshot, which of them a pod carries, and which selections it is in.

use std::collections::BTreeSet;

use api::{PodSpec, TopologySpreadConstraint};
use model::{
    LabelKey, NodeInclusion, Operator, PodRules, Requirement, Requirements, Selection,
    SelectionIndex, SelectionName, SoftRule, SoftRuleIndex, Spread, SpreadIndex, Term, TermIndex,
    well_known,
};

use super::Problem;
use super::rivals::{Terms, Tie};
use super::selectors::{Index, Looks, Scope, Selector, add_keys, requirements};
use super::soft::Wish;
use crate::lower::label_keys::stable;

/// What a spread that nothing is refused for has as `whenUnsatisfiable`.
pub(super) const ANYWAY: &str = "ScheduleAnyway";

/// How many domains make the least of a spread count whose pods keep apart: more than there can be.
const APART: i64 = i64::MAX;

/// The required spreads of one pod.
#[derive(Clone, Debug, Default)]
pub(super) struct Constraints {
    spreads: Vec<(Selector, Spread)>,
    /// Labels that its nodes must have.
    keys: BTreeSet<LabelKey>,
}

impl Constraints {
    /// The spreads of a pod that looks so and has these `terms`, or the field that is wrong.
    pub(super) fn read(
        spec: &PodSpec,
        looks: Looks<'_>,
        terms: &Terms,
        path: &str,
    ) -> Result<Self, Problem> {
        let mut read = Self::default();
        for (key, selector) in &terms.apart {
            read.keep_apart(key, selector);
        }
        let keys = terms.together.iter().map(|(key, _)| key);
        read.keys.extend(keys.filter(|key| key.as_str() != well_known::HOSTNAME).cloned());
        for (index, constraint) in spec.topology_spread_constraints.iter().enumerate() {
            if constraint.when_unsatisfiable != ANYWAY {
                let path = format!("{path}.topologySpreadConstraints[{index}]");
                read.add(constraint, looks, &path)?;
            }
        }
        Ok(read)
    }

    fn keep_apart(&mut self, key: &LabelKey, selector: &Selector) {
        self.keys.insert(key.clone());
        let spread = Spread {
            key: key.clone(),
            selection: SelectionIndex::new(0),
            max_skew: 1,
            min_domains: APART,
            node_affinity: NodeInclusion::Ignore,
            node_taints: NodeInclusion::Ignore,
        };
        self.spreads.push((selector.clone(), spread));
    }

    fn add(
        &mut self,
        constraint: &TopologySpreadConstraint,
        looks: Looks<'_>,
        path: &str,
    ) -> Result<(), Problem> {
        let (spread, selector) = parsed(constraint, looks, path)?;
        // Every node has a hostname.
        if spread.key.as_str() != well_known::HOSTNAME {
            self.keys.insert(spread.key.clone());
        }
        // No selector: no pod is counted, and only the label must be there.
        self.spreads.extend(selector.map(|selector| (selector, spread)));
        Ok(())
    }

    /// Adds to `alternatives` that a node has the labels that the pod is spread over or goes with others
    /// over.
    pub(super) fn require_keys(&self, alternatives: &mut [Requirements]) {
        for requirements in alternatives {
            for key in &self.keys {
                requirements.require(key.clone(), Requirement::exists());
            }
        }
    }
}

/// A constraint with the pods that it counts, if any; the place of these is still to be filled in.
pub(super) fn parsed(
    constraint: &TopologySpreadConstraint,
    looks: Looks<'_>,
    path: &str,
) -> Result<(Spread, Option<Selector>), Problem> {
    let key = key(constraint, path)?;
    let max_skew = positive(constraint.max_skew, &format!("{path}.maxSkew"))?;
    let min_domains = positive(constraint.min_domains.unwrap_or(1), &format!("{path}.minDomains"))?;
    let policy = |value: &Option<Box<str>>, default, field: &str| {
        inclusion(value.as_deref(), default, &format!("{path}.{field}"))
    };
    let node_affinity =
        policy(&constraint.node_affinity_policy, NodeInclusion::Honor, "nodeAffinityPolicy")?;
    let node_taints =
        policy(&constraint.node_taints_policy, NodeInclusion::Ignore, "nodeTaintsPolicy")?;
    let selection = SelectionIndex::new(0);
    let spread = Spread { key, selection, max_skew, min_domains, node_affinity, node_taints };
    let Some(selector) = &constraint.label_selector else { return Ok((spread, None)) };
    let mut labels = requirements(selector, &format!("{path}.labelSelector"))?;
    add_keys(&mut labels, &constraint.match_label_keys, Operator::In, looks);
    let scope = Scope::Namespaces(BTreeSet::from([looks.namespace.to_owned()]));
    Ok((spread, Some(Selector { scope, labels })))
}

fn key(constraint: &TopologySpreadConstraint, path: &str) -> Result<LabelKey, Problem> {
    let wrong = |field: &str, message: String, remedy: &str| Problem {
        field: format!("{path}.{field}"),
        message,
        remedy: remedy.to_owned(),
    };
    if !["DoNotSchedule", ANYWAY].contains(&&*constraint.when_unsatisfiable) {
        let message = format!("{:?} is not understood", constraint.when_unsatisfiable);
        return Err(wrong("whenUnsatisfiable", message, "use DoNotSchedule or ScheduleAnyway"));
    }
    if constraint.topology_key.is_empty() {
        let remedy = "name a node label such as topology.kubernetes.io/zone";
        return Err(wrong("topologyKey", "is missing".to_owned(), remedy));
    }
    Ok(stable(&constraint.topology_key))
}

fn positive(value: i32, field: &str) -> Result<i64, Problem> {
    if value >= 1 {
        return Ok(i64::from(value));
    }
    Err(Problem {
        field: field.to_owned(),
        message: format!("{value} is below 1"),
        remedy: "give a number from 1 on".to_owned(),
    })
}

fn inclusion(
    value: Option<&str>,
    default: NodeInclusion,
    field: &str,
) -> Result<NodeInclusion, Problem> {
    match value {
        None => Ok(default),
        Some("Honor") => Ok(NodeInclusion::Honor),
        Some("Ignore") => Ok(NodeInclusion::Ignore),
        Some(other) => Err(Problem {
            field: field.to_owned(),
            message: format!("{other:?} is not understood"),
            remedy: "use Honor or Ignore".to_owned(),
        }),
    }
}

/// Selections, spreads, terms and soft rules.
pub(super) type Lists = (Vec<Selection>, Vec<Spread>, Vec<Term>, Vec<SoftRule>);

/// Every selection and spread that some pod carries.
#[derive(Debug, Default)]
pub(super) struct Spreads {
    selections: Index,
    /// Sorted.
    all: Vec<Spread>,
    /// Sorted.
    terms: Vec<Term>,
    /// Sorted.
    soft: Vec<SoftRule>,
}

impl Spreads {
    /// Those of all `constraints`, the `listed` terms, and what pods wish.
    pub(super) fn new(
        constraints: impl Iterator<Item = Constraints>,
        listed: &BTreeSet<Tie>,
        wishes: &BTreeSet<Wish>,
    ) -> Self {
        let all: Vec<(Selector, Spread)> = constraints.flat_map(|one| one.spreads).collect();
        let selectors = all.iter().map(|(selector, _)| selector);
        let selectors = selectors.chain(listed.iter().map(|(_, selector)| selector));
        let selectors = selectors.chain(wishes.iter().map(|(selector, _)| selector));
        let selections = Index::new(selectors.cloned().collect());
        let mut spreads = Self { selections, ..Self::default() };
        let placed = all.iter().filter_map(|(selector, spread)| spreads.placed(selector, spread));
        let distinct: BTreeSet<Spread> = placed.collect();
        spreads.all = distinct.into_iter().collect();
        spreads.terms = listed.iter().filter_map(|tie| spreads.term(tie)).collect();
        spreads.terms.sort_unstable();
        let soft: BTreeSet<SoftRule> = wishes.iter().filter_map(|one| spreads.soft(one)).collect();
        spreads.soft = soft.into_iter().collect();
        spreads
    }

    fn placed(&self, selector: &Selector, spread: &Spread) -> Option<Spread> {
        let selection = SelectionIndex::new(self.selections.place(selector)?);
        Some(Spread { selection, ..spread.clone() })
    }

    fn term(&self, (key, selector): &Tie) -> Option<Term> {
        let selection = SelectionIndex::new(self.selections.place(selector)?);
        Some(Term { key: key.clone(), selection })
    }

    fn soft(&self, (selector, rule): &Wish) -> Option<SoftRule> {
        let selection = SelectionIndex::new(self.selections.place(selector)?);
        Some(SoftRule { selection, ..rule.clone() })
    }

    /// Places of those of `wishes` that are listed, ascending.
    pub(super) fn wished(&self, wishes: &[Wish]) -> Vec<SoftRuleIndex> {
        let place = |wish: &Wish| self.soft.binary_search(&self.soft(wish)?).ok();
        let mut places: Vec<SoftRuleIndex> =
            wishes.iter().filter_map(place).map(SoftRuleIndex::new).collect();
        places.sort_unstable();
        places
    }

    /// As the snapshot lists them.
    pub(super) fn into_lists(self) -> Lists {
        let names = self.selections.names().map(SelectionName::new);
        (names.map(|name| Selection { name }).collect(), self.all, self.terms, self.soft)
    }

    /// Places of the selections that a pod that looks so is in.
    pub(super) fn matched(&self, looks: Looks<'_>) -> Vec<SelectionIndex> {
        self.selections.matched(looks).into_iter().map(SelectionIndex::new).collect()
    }

    /// Whether any term is listed.
    pub(super) const fn has_terms(&self) -> bool {
        !self.terms.is_empty()
    }

    /// Places of those of `ties` that are listed, ascending.
    pub(super) fn listed(&self, ties: &BTreeSet<Tie>) -> Vec<TermIndex> {
        let place = |tie: &Tie| self.terms.binary_search(&self.term(tie)?).ok();
        let places: BTreeSet<usize> = ties.iter().filter_map(place).collect();
        places.into_iter().map(TermIndex::new).collect()
    }

    /// The rules of a pod that looks so and has these `constraints` and `terms`.
    pub(super) fn rules(
        &self,
        looks: Looks<'_>,
        constraints: &Constraints,
        terms: &Terms,
    ) -> PodRules {
        let carried = constraints.spreads.iter().filter_map(|(selector, spread)| {
            let place = self.all.binary_search(&self.placed(selector, spread)?);
            place.ok().map(SpreadIndex::new)
        });
        let carried: BTreeSet<SpreadIndex> = carried.collect();
        PodRules {
            matches: self.matched(looks),
            spreads: carried.into_iter().collect(),
            together: self.listed(&terms.together),
            apart: self.listed(&terms.averse),
            soft: Vec::new(),
            affinity: Vec::new(),
        }
    }
}
