//! Terms between pods, in numbers: who goes with whom, and who keeps away.
//!
//! In: the terms of the snapshot, which shapes carry them and which are of their selections. Out: for each
//! shape its *ties*, those over labels and those over hostnames; [`TieLoads`] counts pods as they are
//! placed, and says what keeps a pod from a domain. [`Feuds`] says which pods share no node.

use std::collections::{BTreeMap, BTreeSet};

use model::{SelectionIndex, ShapeIndex, Snapshot, TermIndex, well_known};

use super::ranks::Ranks;
use super::sites::Sites;
use crate::bits::Bits;

/// What pods of one shape have to do with terms over one kind of label; terms by their place in
/// [`Snapshot::terms`].
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct TieSet {
    /// Terms whose pods it goes with, and whether it is of them itself.
    pub(crate) together: Vec<(usize, bool)>,
    /// Terms whose pods it keeps away from, and whether it is of them itself.
    pub(crate) apart: Vec<(usize, bool)>,
    /// Terms of whose pods it is.
    pub(crate) of: Vec<Of>,
}

/// That a pod is of the selection of a term.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Of {
    pub(crate) term: usize,
    /// Whether it goes with these pods.
    pub(crate) together: bool,
    /// Whether it keeps away from them.
    pub(crate) apart: bool,
}

impl TieSet {
    /// Whether no term has anything to do with it.
    pub(crate) const fn is_empty(&self) -> bool {
        self.together.is_empty() && self.apart.is_empty() && self.of.is_empty()
    }

    /// Adds what `other` has to do with terms.
    pub(crate) fn join(&mut self, other: &Self) {
        self.together.extend(&other.together);
        self.apart.extend(&other.apart);
        self.of.extend(&other.of);
        self.together.sort_unstable();
        self.together.dedup();
        self.apart.sort_unstable();
        self.apart.dedup();
        self.of.sort_unstable();
        self.of.dedup();
    }

    /// Every term that has.
    pub(crate) fn terms(&self) -> impl Iterator<Item = usize> + '_ {
        let carried = self.together.iter().chain(&self.apart).map(|entry| entry.0);
        carried.chain(self.of.iter().map(|of| of.term))
    }
}

/// The terms of a snapshot that matter to pods to be placed.
#[derive(Clone, Debug, Default)]
pub(crate) struct Terms {
    /// Of each term the position of its label in [`Sites::keys`]; `None` over hostnames.
    pub(crate) key: Vec<Option<usize>>,
    pub(crate) selection: Vec<SelectionIndex>,
    /// All of them in an order that does not depend on names.
    pub(crate) order: Vec<usize>,
    /// Terms of each selection.
    of_selection: BTreeMap<SelectionIndex, Vec<usize>>,
    /// Whether a pod to be placed goes with the pods of the term.
    pub(crate) is_wanted: Vec<bool>,
    /// Whether somebody keeps away from the pods of the term.
    is_shunned: Vec<bool>,
}

impl Terms {
    /// Those of `snapshot`; pods to be placed have the shapes `used`.
    pub(crate) fn new(
        snapshot: &Snapshot,
        (sites, ranks): (&Sites, &Ranks),
        used: &BTreeSet<ShapeIndex>,
    ) -> Self {
        let all = &snapshot.terms;
        let mut order: Vec<usize> = (0..all.len()).collect();
        order.sort_by_key(|&term| (&all[term].key, ranks.of_selection(all[term].selection), term));
        let mut terms = Self {
            key: all.iter().map(|term| sites.keys.binary_search(&term.key).ok()).collect(),
            selection: all.iter().map(|term| term.selection).collect(),
            order,
            of_selection: BTreeMap::new(),
            is_wanted: vec![false; all.len()],
            is_shunned: vec![false; all.len()],
        };
        for (place, term) in all.iter().enumerate() {
            terms.of_selection.entry(term.selection).or_default().push(place);
        }
        for rules in used.iter().map(|shape| &snapshot.shape(*shape).rules) {
            rules.together.iter().for_each(|term| terms.is_wanted[term.get()] = true);
            rules.apart.iter().for_each(|term| terms.is_shunned[term.get()] = true);
        }
        for (term, _) in snapshot.nodes.iter().flat_map(|node| &node.apart) {
            terms.is_shunned[term.get()] = true;
        }
        terms
    }

    /// The ties of `shape`: those over labels, and those over hostnames.
    pub(crate) fn of_shape(&self, snapshot: &Snapshot, shape: ShapeIndex) -> [TieSet; 2] {
        let rules = &snapshot.shape(shape).rules;
        let mut sets = [TieSet::default(), TieSet::default()];
        let which = |term: usize| usize::from(self.key[term].is_none());
        let is_of = |term: usize| rules.matches.binary_search(&self.selection[term]).is_ok();
        for term in rules.together.iter().map(|term| term.get()) {
            sets[which(term)].together.push((term, is_of(term)));
        }
        for term in rules.apart.iter().map(|term| term.get()) {
            sets[which(term)].apart.push((term, is_of(term)));
        }
        let of = rules.matches.iter().filter_map(|one| self.of_selection.get(one)).flatten();
        for &term in of.filter(|term| self.is_wanted[**term] || self.is_shunned[**term]) {
            let index = TermIndex::new(term);
            sets[which(term)].of.push(Of {
                term,
                together: rules.together.binary_search(&index).is_ok(),
                apart: rules.apart.binary_search(&index).is_ok(),
            });
        }
        for set in &mut sets {
            set.of.sort_unstable();
        }
        sets
    }

    /// Whether `selection` is that of a term over a label.
    pub(crate) fn counts(&self, selection: SelectionIndex) -> bool {
        let of = self.of_selection.get(&selection).into_iter().flatten();
        of.into_iter().any(|&term| {
            self.key[term].is_some() && (self.is_wanted[term] || self.is_shunned[term])
        })
    }

    /// The same over hostnames, where somebody goes with its pods.
    pub(crate) fn hosts(&self, selection: SelectionIndex) -> bool {
        let of = self.of_selection.get(&selection).into_iter().flatten();
        of.into_iter().any(|&term| self.key[term].is_none() && self.is_wanted[term])
    }
}

/// Labels of the terms that matter to pods of the shapes `used`, the hostname aside.
pub(crate) fn keys<'a>(
    snapshot: &'a Snapshot,
    used: &BTreeSet<ShapeIndex>,
) -> BTreeSet<&'a model::LabelKey> {
    let rules = used.iter().map(|shape| &snapshot.shape(*shape).rules);
    let carried = rules.flat_map(|rules| rules.together.iter().chain(&rules.apart));
    let on_nodes = snapshot.nodes.iter().flat_map(|node| &node.apart).map(|(term, _)| term);
    let keys = carried.chain(on_nodes).map(|term| &snapshot.term(*term).key);
    keys.filter(|key| key.as_str() != well_known::HOSTNAME).collect()
}

/// Where a pod would be, as a term sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Domain {
    /// In this one.
    In(usize),
    /// On a node that has nothing yet.
    Fresh,
    /// On a node without the label.
    Nowhere,
}

/// What keeps a pod away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kept {
    /// Pods that it goes with are elsewhere; the first domain where some are.
    Away { term: usize, there_in: Option<usize> },
    /// Pods are in the way that it keeps away from (`own`), or that keep away from it.
    Apart { term: usize, own: bool, pods: i64 },
}

/// How many pods are where, as one term sees it; by domain.
#[derive(Clone, Debug, Default)]
struct TieLoad {
    /// Of its selection.
    there: Vec<i64>,
    /// Of these, those that do not go with them, or were bound before.
    free: Vec<i64>,
    /// Planned ones that go with them.
    wants: Vec<i64>,
    /// Those that keep away from them.
    shuns: Vec<i64>,
    /// Of its selection, everywhere.
    total: i64,
    /// Of these, those that were bound before.
    bound: i64,
    /// Domains with pods that go with them and have none yet but such as do so too.
    begun: BTreeSet<usize>,
}

impl TieLoad {
    fn at(list: &[i64], domain: Domain) -> i64 {
        match domain {
            Domain::In(domain) => list[domain],
            Domain::Fresh | Domain::Nowhere => 0,
        }
    }

    /// Whether one that goes with them, and is counted, may be in `domain`.
    fn keeps(&self, domain: Domain) -> bool {
        if domain == Domain::Nowhere {
            return false;
        }
        let free = Self::at(&self.free, domain);
        let has_first = Self::at(&self.there, domain) > free;
        free > 0 || self.bound == 0 && has_first && !self.begins_elsewhere(domain)
    }

    /// Whether one more that goes with them may come to `domain` last; `is_of`: whether it is of them.
    fn takes(&self, domain: Domain, is_of: bool) -> bool {
        let is_first = is_of && self.total == 0;
        domain != Domain::Nowhere && (Self::at(&self.there, domain) > 0 || is_first)
    }

    fn first(&self) -> Option<usize> {
        self.there.iter().position(|there| *there > 0)
    }

    /// Looks at `domain` again.
    fn refresh(&mut self, domain: usize) {
        if self.wants[domain] > 0 && self.free[domain] == 0 {
            self.begun.insert(domain);
        } else {
            self.begun.remove(&domain);
        }
    }

    /// Whether the first of the selection is to come to another domain.
    fn begins_elsewhere(&self, domain: Domain) -> bool {
        [self.begun.first(), self.begun.last()]
            .into_iter()
            .flatten()
            .any(|other| domain != Domain::In(*other))
    }
}

/// How many pods are where, as terms see it. Over hostnames a domain is a seat, in the order in which
/// these are opened.
#[derive(Clone, Debug, Default)]
pub(crate) struct TieLoads(Vec<TieLoad>);

impl TieLoads {
    /// Before the plan.
    pub(crate) fn new(snapshot: &Snapshot, terms: &Terms, sites: &Sites) -> Self {
        let load = |(place, key): (usize, &Option<usize>)| {
            let selection = terms.selection[place];
            let mut load = TieLoad::default();
            if let Some(key) = key {
                for list in [&mut load.there, &mut load.wants, &mut load.shuns] {
                    list.resize(sites.domains[*key].len(), 0);
                }
            }
            for (position, node) in snapshot.nodes.iter().enumerate() {
                let domain = key.map(|key| sites.all[sites.of_node[position]][key]);
                let there = matched(node, selection);
                match domain {
                    Some(Some(domain)) => {
                        load.there[domain] += there;
                        load.shuns[domain] += shuns(node, place);
                    }
                    Some(None) => continue,
                    None => {}
                }
                load.total += there;
            }
            load.free = load.there.clone();
            load.bound = load.total;
            load
        };
        Self(terms.key.iter().enumerate().map(load).collect())
    }

    /// A seat more: terms over hostnames have a domain more, with what is on `node`.
    pub(crate) fn open(&mut self, terms: &Terms, node: Option<&model::Node>) {
        for (place, load) in self.0.iter_mut().enumerate() {
            if terms.key[place].is_some() {
                continue;
            }
            let there = node.map_or(0, |node| matched(node, terms.selection[place]));
            load.there.push(there);
            load.free.push(there);
            load.wants.push(0);
            load.shuns.push(node.map_or(0, |node| shuns(node, place)));
        }
    }

    /// Counts `pods` pods with the ties of `set` where `domain` says.
    pub(crate) fn add(&mut self, set: &TieSet, domain: impl Fn(usize) -> Domain, pods: i64) {
        for of in &set.of {
            let Domain::In(domain) = domain(of.term) else { continue };
            let load = &mut self.0[of.term];
            load.there[domain] += pods;
            load.total += pods;
            if !of.together {
                load.free[domain] += pods;
                load.refresh(domain);
            }
        }
        for &(term, _) in &set.together {
            let Domain::In(domain) = domain(term) else { continue };
            self.0[term].wants[domain] += pods;
            self.0[term].refresh(domain);
        }
        for &(term, _) in &set.apart {
            let Domain::In(domain) = domain(term) else { continue };
            self.0[term].shuns[domain] += pods;
        }
    }

    /// What keeps one more pod with the ties of `set` from where `domain` says.
    pub(crate) fn refusals<'a>(
        &'a self,
        set: &'a TieSet,
        domain: impl Fn(usize) -> Domain + Copy + 'a,
    ) -> impl Iterator<Item = Kept> + 'a {
        let away = set.together.iter().filter_map(move |&(term, is_of)| {
            let load = &self.0[term];
            let takes = load.takes(domain(term), is_of);
            (!takes).then(|| Kept::Away { term, there_in: load.first() })
        });
        let apart = set.apart.iter().filter_map(move |&(term, _)| {
            let pods = TieLoad::at(&self.0[term].there, domain(term));
            (pods > 0).then_some(Kept::Apart { term, own: true, pods })
        });
        let shunned = set.of.iter().filter_map(move |of| {
            let pods = TieLoad::at(&self.0[of.term].shuns, domain(of.term));
            (pods > 0).then_some(Kept::Apart { term: of.term, own: false, pods })
        });
        away.chain(apart).chain(shunned)
    }

    /// Whether a pod with the ties of `set` that is counted where `domain` says may not be there.
    pub(crate) fn breaks(&self, set: &TieSet, domain: impl Fn(usize) -> Domain) -> bool {
        let is_alone = |&(term, _): &(usize, bool)| !self.0[term].keeps(domain(term));
        let meets = |&(term, is_of): &(usize, bool)| {
            TieLoad::at(&self.0[term].there, domain(term)) > i64::from(is_of)
        };
        let is_shunned =
            |of: &Of| TieLoad::at(&self.0[of.term].shuns, domain(of.term)) > i64::from(of.apart);
        set.together.iter().any(is_alone)
            || set.apart.iter().any(meets)
            || set.of.iter().any(is_shunned)
    }

    /// For each term the domain that the first of its selection is to come to.
    pub(crate) fn begins(&self) -> Vec<Option<usize>> {
        let of = |load: &TieLoad| load.begun.first().copied().filter(|_| load.bound == 0);
        self.0.iter().map(of).collect()
    }

    /// Domains of `term` that have pods of its selection.
    pub(crate) fn inhabited(&self, term: usize) -> BTreeSet<usize> {
        let there = self.0[term].there.iter().enumerate();
        there.filter(|(_, pods)| **pods > 0).map(|(domain, _)| domain).collect()
    }

    /// Whether nobody is there yet whom those go with that carry `term`.
    pub(crate) fn is_open(&self, term: usize) -> bool {
        self.0[term].total == 0
    }
}

/// How many pods of `selection` are on `node`.
pub(crate) fn matched(node: &model::Node, selection: SelectionIndex) -> i64 {
    let place = node.matched.binary_search_by_key(&selection, |entry| entry.0);
    place.map_or(0, |place| node.matched[place].1)
}

/// How many pods on `node` keep away from those of the term at `place`.
fn shuns(node: &model::Node, place: usize) -> i64 {
    let place = node.apart.binary_search_by_key(&TermIndex::new(place), |entry| entry.0);
    place.map_or(0, |place| node.apart[place].1)
}

/// Which ties over hostnames keep pods from sharing a node, by their places among those of a problem; the
/// first are none.
#[derive(Clone, Debug, Default)]
pub(crate) struct Feuds {
    table: Vec<Bits>,
}

impl Feuds {
    /// Of pods with these ties.
    pub(crate) fn new(sets: &[TieSet]) -> Self {
        let row = |one: &TieSet| Bits::of(sets.iter().map(|other| Self::part_of(one, other)));
        Self { table: sets.iter().map(row).collect() }
    }

    /// Whether pods with the ties at these places share no node.
    pub(crate) fn part(&self, one: usize, other: usize) -> bool {
        one != 0 && other != 0 && self.table[one].contains(other)
    }

    /// Whether pods with these ties share no node.
    pub(crate) fn part_of(one: &TieSet, other: &TieSet) -> bool {
        let shuns = |one: &TieSet, other: &TieSet| {
            one.apart.iter().any(|(term, _)| other.of.iter().any(|of| of.term == *term))
        };
        shuns(one, other) || shuns(other, one)
    }

    /// Which ties share no node with those at `one`; nothing for none.
    pub(crate) fn of(&self, one: usize) -> Bits {
        if one == 0 { Bits::default() } else { self.table[one].clone() }
    }

    /// Whether nothing keeps any pods apart.
    pub(crate) fn is_empty(&self) -> bool {
        self.table.iter().all(Bits::is_empty)
    }
}

/// Whether `node` has pods that those with the ties of `set` share no node with.
pub(crate) fn keeps_out(node: &model::Node, terms: &Terms, set: &TieSet) -> bool {
    set.apart.iter().any(|(term, _)| matched(node, terms.selection[*term]) > 0)
        || set.of.iter().any(|of| shuns(node, of.term) > 0)
}
