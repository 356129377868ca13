//! Problems that solving works on, made from classes that rules between pods tell apart.
//!
//! Once it is decided how many pods of a class go to which place (sites that its rules cannot tell
//! apart), those that go to one place are a class of their own, and rules over other labels than the hostname hold whatever is done with
//! them there. Classes that only such rules told apart are one again.

use std::collections::{BTreeMap, BTreeSet};

use model::{NewNode, NodeFill, PodIndex, Snapshot};

use super::build::Built;
use super::bundles::Bundling;
use super::rules::Loads;
use super::wishes::Forgone;
use super::{Amounts, Class, Problem, Quota, dominance, rivals};
use crate::bits::Bits;
use crate::materialise::Placed;
use crate::packing::{Group, Mix, Packing, add, count};

/// How many pods of each parent go to each place of its rule set; empty for parents without rules.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Assignment(pub(crate) Vec<Vec<i64>>);

impl Built {
    /// Whether the parent at `position` has rules over other labels than the hostname.
    pub(crate) fn is_ruled(&self, position: usize) -> bool {
        self.rules.sets[self.sets[position]].is_ruled()
    }

    /// Whether pods of the parent at `position` go with others on one node: weights do not part them.
    pub(crate) fn stays_with_others(&self, position: usize) -> bool {
        !self.rules.sets[self.sets[position]].node_ties.together.is_empty()
    }

    /// The problem without rules over other labels than the hostname, of the first `pods` of each
    /// parent.
    pub(crate) fn plain(&self, pods: impl Fn(usize) -> usize) -> Problem {
        let parents = self.parents.iter().enumerate();
        let first = |(position, parent): (usize, &Class)| {
            let pods = parent.pods.iter().take(pods(position)).copied().collect();
            Class { pods, ..parent.clone() }
        };
        self.problem(parents.map(first).filter(|class| !class.pods.is_empty()), None)
    }

    /// The problem in which each place has as many pods as `assignment` gives it, and pods that it gives
    /// to none have nowhere to go.
    pub(crate) fn split(&self, assignment: &Assignment) -> Problem {
        let counts = |parent: usize| {
            let mut pods = self.parents[parent].pods.iter().copied();
            let of_place = |many: &i64| {
                let many = usize::try_from(*many).unwrap_or(usize::MAX);
                pods.by_ref().take(many).collect::<Vec<PodIndex>>()
            };
            let mut given: Vec<Vec<PodIndex>> = assignment.0[parent].iter().map(of_place).collect();
            given.push(pods.collect());
            given
        };
        self.split_pods(counts, |bundling| {
            bundling.bundle();
        })
    }

    /// The problem in which each place has the pods that `given` gives it, parent by parent: a list for
    /// each place, and one of pods that have nowhere to go.
    /// `bundle` makes bundles of those that go with others on one node.
    fn split_pods(
        &self,
        given: impl Fn(usize) -> Vec<Vec<PodIndex>>,
        bundle: impl Fn(&mut Bundling<'_>),
    ) -> Problem {
        let mut classes = Vec::new();
        let mut known: BTreeMap<&[usize], (Bits, Bits)> = BTreeMap::new();
        for (position, parent) in self.parents.iter().enumerate() {
            if !self.is_ruled(position) {
                classes.push(parent.clone());
                continue;
            }
            let places = self.places(position).iter().map(Vec::as_slice).chain([&[][..]]);
            for (sites, pods) in places.zip(given(position)).filter(|(_, pods)| !pods.is_empty()) {
                let (kinds, nodes) = known.entry(sites).or_insert_with(|| self.on_sites(sites));
                classes.push(Class {
                    pods,
                    kinds: parent.kinds.and(kinds),
                    nodes: parent.nodes.and(nodes),
                    ..parent.clone()
                });
            }
        }
        self.problem(classes.into_iter(), Some(&bundle))
    }

    /// The problem in which each place has the pods that `placed` puts there, and that packing of it.
    pub(crate) fn split_placed(&self, placed: &Placed) -> (Problem, Packing) {
        let mut site_of: Vec<Option<usize>> = vec![None; self.parent_of.len()];
        for NewNode { offering, pods } in &placed.new_nodes {
            let site = self.rest.kinds[self.kinds_of[offering][0]].site;
            for pod in pods {
                site_of[pod.get()] = Some(site);
            }
        }
        for NodeFill { node, pods } in &placed.existing {
            let site = self.rules.sites.of_node[node.get()];
            for pod in pods {
                site_of[pod.get()] = Some(site);
            }
        }
        let given = |parent: usize| {
            let places = self.places(parent);
            let mut given = vec![Vec::new(); places.len() + 1];
            for pod in &self.parents[parent].pods {
                let site = site_of[pod.get()];
                let place = site.and_then(|site| places.iter().position(|one| one.contains(&site)));
                given[place.unwrap_or(places.len())].push(*pod);
            }
            given
        };
        let position = |node| self.rest.nodes.iter().position(|one| one.node == node);
        let bought = placed.new_nodes.iter().map(|node| (None, &node.pods[..]));
        let there = placed.existing.iter().map(|fill| (position(fill.node), &fill.pods[..]));
        let nodes: Vec<(Option<usize>, &[PodIndex])> = bought.chain(there).collect();
        let problem = self.split_pods(given, |bundling| bundling.keep(&nodes));
        let kind_of = |node: &NewNode| self.kind_for(node);
        let packing = packing(&problem, kind_of, placed);
        (problem, packing)
    }

    /// The places that the parent at `position` tells apart.
    pub(crate) fn places(&self, position: usize) -> &[Vec<usize>] {
        &self.rules.places_of[self.sets[position]]
    }

    /// The problem in which pods that rules over other labels than the hostname count, or ask something
    /// of, stay in the site that they are in, by pod of the snapshot; those that could not be bound
    /// there again have nowhere to go, and neither have those that go with others on one node. Groups with quotas are classes of their own: what is said of all
    /// pods of several groups together does not hold for some of them.
    pub(crate) fn at_home(&self, snapshot: &Snapshot, site_of: &[Option<usize>]) -> Problem {
        let eligible = self.eligible(&self.rest.scarce, &BTreeSet::new());
        let loads = Loads::new(&self.rules, eligible.clone());
        let mut classes = Vec::new();
        for (position, parent) in self.parents.iter().enumerate() {
            let counts = |pod: &PodIndex| {
                let mut matches = snapshot.shape_of(*pod).rules.matches.iter();
                self.is_ruled(position)
                    || matches.any(|one| {
                        self.rules.of_selection.contains_key(one) || self.rules.terms.counts(*one)
                    })
            };
            let mut of_site: BTreeMap<Option<usize>, Vec<PodIndex>> = BTreeMap::new();
            for pod in &parent.pods {
                let site = site_of[pod.get()].filter(|_| counts(pod));
                of_site.entry(site).or_default().push(*pod);
            }
            let set = &self.rules.sets[self.sets[position]];
            for (site, pods) in of_site {
                let mut class = Class { pods, ..parent.clone() };
                if let Some(site) = site {
                    let sites = [site];
                    let is_broken = loads.may_break(&self.rules, set, site);
                    let (kinds, nodes) = self.on_sites(if is_broken { &[] } else { &sites });
                    class.kinds = class.kinds.and(&kinds);
                    class.nodes = class.nodes.and(&nodes);
                }
                if self.keeps_company(snapshot, position) {
                    let (kinds, nodes) = self.on_sites(&[]);
                    (class.kinds, class.nodes) = (kinds, nodes);
                }
                classes.push(class);
            }
        }
        let mut problem = Problem { classes: distinct(classes.into_iter()), ..self.rest.clone() };
        dominance::mark(&mut problem.kinds, &problem.classes);
        for (position, kind) in problem.kinds.iter_mut().enumerate() {
            kind.searched &= !self.intrudes(position, &eligible);
        }
        problem
    }

    /// Whether pods of the parent at `position` go with others on their node, or others with them: they
    /// stay where they are.
    fn keeps_company(&self, snapshot: &Snapshot, position: usize) -> bool {
        let Some(pod) = self.parents[position].pods.first() else { return false };
        let mut matches = snapshot.shape_of(*pod).rules.matches.iter();
        let set = &self.rules.sets[self.sets[position]];
        !set.node_ties.together.is_empty() || matches.any(|one| self.rules.terms.hosts(*one))
    }

    /// How many pods of each parent and place `packing` leaves out, of those that are given to a place;
    /// `None` where it leaves out none.
    pub(crate) fn lost(&self, problem: &Problem, packing: &Packing) -> Option<Vec<Vec<i64>>> {
        let parents = 0..self.parents.len();
        let mut lost: Vec<Vec<i64>> =
            parents.map(|parent| vec![0; self.places(parent).len()]).collect();
        let mut any = false;
        for (class, left) in problem.classes.iter().zip(&packing.left) {
            let Some(site) = self.site(class).filter(|_| *left > 0) else { continue };
            let left = usize::try_from(*left).unwrap_or(usize::MAX);
            for pod in class.pods.iter().rev().take(left) {
                let parent = self.parent_of[pod.get()];
                let place = self.places(parent).iter().position(|sites| sites.contains(&site));
                if let Some(place) = place.filter(|_| self.is_ruled(parent)) {
                    lost[parent][place] += 1;
                    any = true;
                }
            }
        }
        any.then_some(lost)
    }

    /// A site of a class; `None` where it has none.
    fn site(&self, class: &Class) -> Option<usize> {
        let kinds = self.rest.kinds.iter().enumerate();
        let of_kinds = kinds.filter(|(place, _)| class.kinds.contains(*place)).map(|(_, k)| k.site);
        let nodes = self.rules.site_of_node.iter().enumerate();
        let of_nodes = nodes.filter(|(place, _)| class.nodes.contains(*place)).map(|(_, s)| *s);
        of_kinds.chain(of_nodes).next()
    }

    /// Kinds and nodes of some sites.
    fn on_sites(&self, sites: &[usize]) -> (Bits, Bits) {
        let kinds = self.rest.kinds.iter().map(|kind| sites.contains(&kind.site));
        let nodes = self.rules.site_of_node.iter().map(|site| sites.contains(site));
        (Bits::of(kinds), Bits::of(nodes))
    }

    /// The problem of `classes`, those that nothing tells apart joined; bundled where `bundle` is given.
    fn problem(
        &self,
        classes: impl Iterator<Item = Class>,
        bundle: Option<&dyn Fn(&mut Bundling<'_>)>,
    ) -> Problem {
        let based: BTreeSet<usize> =
            self.rest.nodes.iter().flat_map(|node| &node.base).map(|entry| entry.0).collect();
        let mut classes = distinct(classes);
        let mut problem = self.rest.clone();
        if let Some(bundle) = bundle {
            let mut bundling = Bundling::new(self, classes);
            if bundling.is_needed() {
                bundle(&mut bundling);
            }
            (classes, problem.bundles, problem.feuds) = bundling.finish();
            classes = distinct(classes.into_iter());
        }
        problem.classes = rivals::merged(classes, self.groups, &based);
        dominance::mark(&mut problem.kinds, &problem.classes);
        problem
    }

    /// The kind by which `node` holds its pods.
    pub(crate) fn kind_for(&self, node: &NewNode) -> usize {
        let kinds = &self.kinds_of[&node.offering];
        if let [only] = kinds[..] {
            return only;
        }
        let parents = || node.pods.iter().map(|pod| &self.parents[self.parent_of[pod.get()]]);
        let holds = |kind: &&usize| {
            let mut rest = self.rest.kinds[**kind].room.clone();
            parents().all(|parent| {
                rest.iter_mut().zip(&parent.requests).for_each(|(rest, need)| *rest -= need);
                parent.kinds.contains(**kind) && rest.iter().all(|rest| *rest >= 0)
            })
        };
        *kinds.iter().find(holds).unwrap_or(&kinds[0])
    }

    /// How many pods of each parent there are.
    pub(crate) fn pods_of(&self) -> Vec<i64> {
        self.parents.iter().map(|parent| count(parent.pods.len())).collect()
    }
}

/// `classes`, those that nothing tells apart joined.
fn distinct(classes: impl Iterator<Item = Class>) -> Vec<Class> {
    type Key = (Amounts, i32, Bits, Bits, (Vec<Quota>, Forgone), usize);
    let mut position_of: BTreeMap<Key, usize> = BTreeMap::new();
    let mut distinct: Vec<Class> = Vec::new();
    for class in classes {
        let Class { requests, priority, kinds, nodes, quotas, ties, forgone, .. } = &class;
        let alike = (requests.clone(), *priority, kinds.clone(), nodes.clone());
        let beside = (quotas.clone(), forgone.clone());
        let key = (alike.0, alike.1, alike.2, alike.3, beside, *ties);
        if let Some(position) = position_of.get(&key) {
            let joined = &mut distinct[*position];
            joined.shapes.extend(class.shapes);
            joined.pods.extend(class.pods);
        } else {
            position_of.insert(key, distinct.len());
            distinct.push(class);
        }
    }
    distinct
}

/// `placed` as a packing of `problem`, whose classes have these pods.
fn packing(problem: &Problem, kind_of: impl Fn(&NewNode) -> usize, placed: &Placed) -> Packing {
    let mut class_of: BTreeMap<PodIndex, usize> = BTreeMap::new();
    for (position, class) in problem.classes.iter().enumerate() {
        class_of.extend(class.pods.iter().map(|pod| (*pod, position)));
    }
    let mut packing = Packing::new(problem);
    let mut mix = |pods: &[PodIndex]| {
        let mut mix = Mix::new();
        // Of a bundle the first pod stands for all.
        for class in pods.iter().filter_map(|pod| class_of.get(pod)) {
            add(&mut mix, *class, 1);
            packing.left[*class] -= 1;
        }
        mix
    };
    let mut groups: BTreeMap<(usize, Mix), i64> = BTreeMap::new();
    for node in &placed.new_nodes {
        *groups.entry((kind_of(node), mix(&node.pods))).or_default() += 1;
    }
    let fills: Vec<_> = placed.existing.iter().map(|fill| (fill.node, mix(&fill.pods))).collect();
    for (node, mix) in fills {
        let position = problem.nodes.iter().position(|one| one.node == node);
        packing.existing[position.expect("pods are put on nodes that take some")] = mix;
    }
    let group = |((kind, mix), copies)| Group { kind, mix, copies };
    packing.groups = groups.into_iter().map(group).collect();
    packing
}
