//! Who goes without a soft rule between pods, as [`model::SoftRule`] says.
//!
//! In: the seats of a plan, what shapes cost alone. Out: for each shape and soft rule of it the first pod that goes
//! without, and how many do.

use std::collections::{BTreeMap, BTreeSet};

use model::{
    LabelKey, NanoUsdPerHour, PodIndex, SelectionIndex, ShapeIndex, SoftAsk, SoftRule,
    SoftRuleIndex, Spread, well_known,
};

use super::first_pod;
use crate::facts::{Counts, Domain, Facts, domain_of};

/// The first pod that goes without, and how many do.
pub(super) type Without = BTreeMap<(ShapeIndex, SoftRuleIndex), (PodIndex, i64)>;

/// Pods of each selection in each domain of each label that soft terms look at.
type There<'a> = BTreeMap<(&'a LabelKey, SelectionIndex), BTreeMap<Domain<'a>, i64>>;

/// Looks at each soft rule that a placed pod carries; `standalone` is what a pod of a shape costs alone.
pub(super) fn without(
    facts: &Facts<'_>,
    mut standalone: impl FnMut(ShapeIndex) -> NanoUsdPerHour,
) -> Without {
    let mut found = Without::new();
    let there = there(facts);
    let counts = facts.counts(&spread_keys(facts));
    let mut carriers: BTreeMap<(SoftRuleIndex, Domain<'_>), BTreeMap<ShapeIndex, (PodIndex, i64)>> =
        BTreeMap::new();
    for (position, seat) in facts.seats.iter().enumerate() {
        for (shape, pods) in &seat.load {
            let rules = &facts.snapshot.shape(*shape).rules;
            let distinct: BTreeSet<SoftRuleIndex> = rules.soft.iter().copied().collect();
            for index in distinct {
                let rule = facts.snapshot.soft_rule(index);
                let domain = domain_of(facts.snapshot, &rule.key, seat, position);
                let there = || {
                    let of_rule = there.get(&(&rule.key, rule.selection))?;
                    of_rule.get(&domain?).copied()
                };
                let others =
                    || there().unwrap_or(0) - i64::from(rules.matches.contains(&rule.selection));
                let pods = (first_pod(facts, *shape, seat), i64::from(*pods));
                let goes_without = match (rule.asks, domain) {
                    (SoftAsk::Together, _) => domain.is_none() || others() <= 0,
                    (SoftAsk::Apart, _) => domain.is_some() && others() > 0,
                    (SoftAsk::Spread { .. }, None) => true,
                    (SoftAsk::Spread { .. }, Some(domain)) => {
                        add(carriers.entry((index, domain)).or_default(), *shape, pods);
                        false
                    }
                };
                if goes_without {
                    add(&mut found, (*shape, index), pods);
                }
            }
        }
    }
    let mut over = Over { facts, there, counts, known: BTreeMap::new() };
    for ((index, domain), carriers) in carriers {
        let mut order: Vec<_> = carriers.into_iter().collect();
        order.sort_by_key(|(shape, _)| (standalone(*shape), *shape));
        let mut gone = 0;
        for (shape, (pod, pods)) in order {
            let more = (over.over(shape, index, domain) - gone).clamp(0, pods);
            if more > 0 {
                gone += more;
                add(&mut found, (shape, index), (pod, more));
            }
        }
    }
    found
}

fn add<K: Ord>(all: &mut BTreeMap<K, (PodIndex, i64)>, key: K, (pod, pods): (PodIndex, i64)) {
    let known = all.entry(key).or_insert((pod, 0));
    *known = (known.0.min(pod), known.1 + pods);
}

/// Pods that were there before, and planned ones; over hostnames for spreads too.
fn there<'a>(facts: &Facts<'a>) -> There<'a> {
    let mut there = There::new();
    for rule in &facts.snapshot.soft_rules {
        there.entry((&rule.key, rule.selection)).or_default();
    }
    let mut of_selection: BTreeMap<SelectionIndex, BTreeSet<&LabelKey>> = BTreeMap::new();
    for rule in &facts.snapshot.soft_rules {
        of_selection.entry(rule.selection).or_default().insert(&rule.key);
    }
    for (position, seat) in facts.seats.iter().enumerate() {
        let before = seat.matched(facts.snapshot).iter().copied();
        let planned = seat.load.iter().flat_map(|(shape, pods)| {
            let matches = facts.snapshot.shape(*shape).rules.matches.iter();
            matches.map(|selection| (*selection, i64::from(*pods)))
        });
        for (selection, pods) in before.chain(planned) {
            for key in of_selection.get(&selection).into_iter().flatten() {
                let Some(domain) = domain_of(facts.snapshot, key, seat, position) else { continue };
                let of_rule = there.get_mut(&(*key, selection)).expect("every rule has its own");
                *of_rule.entry(domain).or_default() += pods;
            }
        }
    }
    there
}

/// Labels of soft spreads, the hostname aside.
fn spread_keys<'a>(facts: &Facts<'a>) -> BTreeSet<&'a LabelKey> {
    let rules = facts.snapshot.soft_rules.iter();
    let spreads = rules.filter(|rule| matches!(rule.asks, SoftAsk::Spread { .. }));
    spreads.map(|rule| &rule.key).filter(|key| key.as_str() != well_known::HOSTNAME).collect()
}

/// How far domains are over the least and the skew.
struct Over<'f, 'a> {
    facts: &'f Facts<'a>,
    there: There<'a>,
    counts: Counts<'a>,
    /// By shape and rule.
    known: BTreeMap<(ShapeIndex, SoftRuleIndex), BTreeMap<&'a str, i64>>,
}

impl<'a> Over<'_, 'a> {
    /// By how many pods `domain` exceeds the least and the skew of the rule at `index`, as `shape` sees it.
    fn over(&mut self, shape: ShapeIndex, index: SoftRuleIndex, domain: Domain<'a>) -> i64 {
        let Facts { snapshot, sites, .. } = self.facts;
        let SoftRule { key, selection, asks, weight: _ } = snapshot.soft_rule(index);
        let SoftAsk::Spread { max_skew, node_affinity, node_taints } = *asks else { return 0 };
        let domain = match domain {
            Domain::Value(domain) => domain,
            Domain::Seat(_) | Domain::Fresh => {
                let of_rule = self.there.get(&(key, *selection));
                return of_rule.and_then(|all| all.get(&domain)).map_or(0, |all| *all) - max_skew;
            }
        };
        let spread = || Spread {
            key: key.clone(),
            selection: *selection,
            max_skew,
            min_domains: 1,
            node_affinity,
            node_taints,
        };
        let counts = &self.counts;
        let over = self.known.entry((shape, index)).or_insert_with(|| {
            let view = counts.view(snapshot, sites, shape, &spread());
            let least = view.least;
            view.totals.into_iter().map(|(domain, all)| (domain, all - least - max_skew)).collect()
        });
        over.get(domain).copied().unwrap_or(0)
    }
}

/// Whether the node of its own that a pod may have satisfies the rule.
pub(super) fn is_over_nodes(rule: &SoftRule) -> bool {
    let alone = match rule.asks {
        SoftAsk::Together => false,
        SoftAsk::Apart | SoftAsk::Spread { .. } => true,
    };
    alone && rule.key.as_str() == well_known::HOSTNAME
}
