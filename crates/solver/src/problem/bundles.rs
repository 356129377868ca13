//! Pods that go with others on one node are planned as one: bundles.
//!
//! In: classes whose pods were given to places. Out: the same with bundles in the place of pods that carry
//! a term over hostnames: with pods that are planned and that they go with, shared out evenly; all on one
//! node where they go with each other and none is there yet; alone, and for nodes with such pods only,
//! where some run. What fits no node together has nowhere to go, and comes in at the end where there is
//! room. A bundle is a pod to whatever packs it; its first pod stands for all. A bundle goes with others in
//! turn, and others with it, as any of its pods do: so chains of terms end on one node.

use std::collections::{BTreeMap, BTreeSet};

use model::PodIndex;

use super::build::Built;
use super::ties::{Feuds, TieSet};
use super::{Class, Problem, Quota};
use crate::bits::Bits;

/// The other pods of each bundle, by its first.
pub(crate) type Bundles = BTreeMap<PodIndex, Vec<PodIndex>>;

/// A pod of the class at a position.
type Member = (usize, PodIndex);

/// What is planned as one.
struct Bundle {
    class: Class,
    ties: TieSet,
    /// All of it, the first pod first, each with its own class.
    members: Vec<Member>,
}

/// Whether pods of `term` are among it that do not go with such pods themselves.
fn is_host(set: &TieSet, term: usize) -> bool {
    set.of.iter().any(|of| of.term == term && !of.together)
}

/// Whether it goes with pods of `term` and has none that others can go with: a bundle that has both is whole.
fn follows(set: &TieSet, term: usize) -> bool {
    set.together.iter().any(|entry| entry.0 == term) && !is_host(set, term)
}

/// Bundles under way.
pub(super) struct Bundling<'a> {
    built: &'a Built,
    /// Distinct ties over hostnames, those of bundles behind those of classes.
    sets: Vec<TieSet>,
    classes: Vec<Class>,
    bundled: Vec<Class>,
    /// All of each bundle, by its first pod; one that nobody joined is alone.
    bundles: BTreeMap<PodIndex, Vec<Member>>,
    /// Pods that have nowhere to go, by class.
    left: Vec<Vec<PodIndex>>,
}

impl<'a> Bundling<'a> {
    /// Of these `classes`.
    pub(super) fn new(built: &'a Built, classes: Vec<Class>) -> Self {
        let (sets, left) = (built.rules.node_ties(), vec![Vec::new(); classes.len()]);
        Self { built, sets, classes, bundled: Vec::new(), bundles: BTreeMap::new(), left }
    }

    /// Whether any class has pods that go with others on one node.
    pub(super) fn is_needed(&self) -> bool {
        self.classes.iter().any(|class| !self.sets[class.ties].together.is_empty())
    }

    /// Bundles them as seems best.
    pub(super) fn bundle(&mut self) {
        let wanted = self.wanted();
        let terms = &self.built.rules.terms.order;
        for term in terms.iter().copied().filter(|term| wanted.contains(term)) {
            self.settle_on_nodes(term);
            let followers = self.members(|set| follows(set, term));
            if followers.is_empty() {
                continue;
            }
            let hosts = self.members(|set| is_host(set, term));
            let runs = !self.built.rules.tie_base.is_open(term);
            if !hosts.is_empty() {
                self.share_out(hosts, followers);
            } else if runs {
                self.leave_out(&followers);
            } else {
                let is_of = |&(class, _): &Member| {
                    self.sets[self.classes[class].ties].of.iter().any(|of| of.term == term)
                };
                let (first, rest): (Vec<Member>, Vec<Member>) =
                    followers.into_iter().partition(is_of);
                if first.is_empty() {
                    self.leave_out(&rest);
                } else {
                    self.gather(first.into_iter().chain(rest).collect());
                }
            }
        }
    }

    /// Bundles those that are on one node already: `nodes` are lists of pods, with the position of the node
    /// among those that are there, where it is one.
    pub(super) fn keep(&mut self, nodes: &[(Option<usize>, &[PodIndex])]) {
        let mut class_of: BTreeMap<PodIndex, usize> = BTreeMap::new();
        for (position, class) in self.classes.iter().enumerate() {
            if class.ties != 0 {
                class_of.extend(class.pods.iter().map(|pod| (*pod, position)));
            }
        }
        let wanted = self.wanted();
        let mut taken: BTreeSet<PodIndex> = BTreeSet::new();
        for (node, pods) in nodes {
            let is_tied = |class: usize| {
                let set = &self.sets[self.classes[class].ties];
                !set.together.is_empty() || set.of.iter().any(|of| wanted.contains(&of.term))
            };
            let members = pods.iter().filter_map(|pod| Some((*class_of.get(pod)?, *pod)));
            let members: Vec<Member> = members.filter(|member| is_tied(member.0)).collect();
            let follows =
                |&(class, _): &Member| !self.sets[self.classes[class].ties].together.is_empty();
            if !members.iter().any(follows) {
                continue;
            }
            let mut bundle: Option<Bundle> = None;
            for member in members {
                bundle = Some(self.joined(bundle, member));
                taken.insert(member.1);
            }
            if let Some(mut bundle) = bundle {
                if let Some(node) = node {
                    let mut only = Bits::new(self.built.rest.nodes.len());
                    only.insert(*node);
                    bundle.class.nodes = bundle.class.nodes.and(&only);
                    bundle.class.kinds = Bits::new(self.built.rest.kinds.len());
                } else {
                    bundle.class.nodes = Bits::new(self.built.rest.nodes.len());
                }
                let class = self.closed(bundle);
                self.bundled.push(class);
            }
        }
        for class in &mut self.classes {
            class.pods.retain(|pod| !taken.contains(pod));
        }
    }

    /// Terms that some go with.
    fn wanted(&self) -> BTreeSet<usize> {
        let together = self.sets.iter().flat_map(|set| &set.together);
        together.map(|entry| entry.0).collect()
    }

    /// The classes now, the other pods of bundles, and who shares no node.
    pub(super) fn finish(self) -> (Vec<Class>, Bundles, Feuds) {
        let Self { built, sets, classes, bundled, bundles, left } = self;
        let others = |members: Vec<Member>| members.into_iter().skip(1).map(|member| member.1);
        let bundles = bundles.into_iter().filter(|(_, all)| all.len() > 1);
        let bundles = bundles.map(|(first, all)| (first, others(all).collect()));
        let nowhere = (Bits::new(built.rest.kinds.len()), Bits::new(built.rest.nodes.len()));
        let left = classes.iter().zip(left).map(|(class, pods)| {
            let (kinds, nodes) = nowhere.clone();
            Class { pods, kinds, nodes, ..class.clone() }
        });
        let left: Vec<Class> = left.collect();
        let mut all: Vec<Class> = classes.into_iter().chain(left).chain(bundled).collect();
        all.retain(|class| !class.pods.is_empty());
        let feuds = Feuds::new(&sets);
        (all, bundles.collect(), feuds)
    }

    /// Positions of nodes that have pods of `term`.
    fn hosts_there(&self, term: usize) -> impl Iterator<Item = usize> + '_ {
        let selection = self.built.rules.terms.selection[term];
        let nodes = self.built.node_matches.iter().enumerate();
        nodes.filter(move |(_, node)| node.contains(&selection)).map(|(position, _)| position)
    }

    /// Gives those that go with pods of `term` to nodes that have some, as far as these have room.
    fn settle_on_nodes(&mut self, term: usize) {
        let nodes: Vec<usize> = self.hosts_there(term).collect();
        let mut only = Bits::new(self.built.rest.nodes.len());
        for node in &nodes {
            only.insert(*node);
        }
        for position in 0..self.classes.len() {
            let class = &self.classes[position];
            let set = &self.sets[class.ties];
            if nodes.is_empty() || !follows(set, term) {
                continue;
            }
            let admitted = nodes.iter().filter(|node| class.nodes.contains(**node));
            let fits = admitted.map(|&node| {
                Problem::fit_count(&class.requests, &self.built.rest.nodes[node].room)
            });
            let many = fits.fold(0, i64::saturating_add);
            let many = usize::try_from(many).unwrap_or(usize::MAX).min(class.pods.len());
            let (kinds, nodes) = (Bits::new(self.built.rest.kinds.len()), class.nodes.and(&only));
            let pods = self.classes[position].pods.drain(..many).collect();
            let mut given = Class { pods, kinds, nodes, ..self.classes[position].clone() };
            given.ties = self.place_of(self.sets[given.ties].clone());
            if many > 0 {
                self.bundled.push(given);
            }
        }
    }

    /// Takes the pods of classes with ties as `is` says, in order.
    fn members(&mut self, is: impl Fn(&TieSet) -> bool) -> Vec<Member> {
        let Self { classes, sets, .. } = self;
        let classes = classes.iter_mut().enumerate();
        let of = classes.filter(|(_, class)| class.ties != 0 && is(&sets[class.ties]));
        let pods = of.flat_map(|(position, class)| {
            std::mem::take(&mut class.pods).into_iter().map(move |pod| (position, pod))
        });
        pods.collect()
    }

    /// Shares `followers` out among `hosts`, as many to each as fit beside it.
    fn share_out(&mut self, hosts: Vec<Member>, followers: Vec<Member>) {
        let mut bundles: Vec<Bundle> = Vec::with_capacity(hosts.len());
        for host in hosts {
            bundles.push(self.joined(None, host));
        }
        let mut open: Vec<usize> = (0..bundles.len()).collect();
        let mut last = None;
        let mut turn = 0;
        for member in followers {
            // What has no room for one of a class has none for the next.
            if last != Some(member.0) {
                open = (0..bundles.len()).collect();
                last = Some(member.0);
            }
            loop {
                if open.is_empty() {
                    self.leave_out(&[member]);
                    break;
                }
                turn %= open.len();
                let place = open[turn];
                if let Some(wider) = self.wider(&bundles[place], member) {
                    bundles[place] = wider;
                    turn += 1;
                    break;
                }
                open.remove(turn);
            }
        }
        for bundle in bundles {
            let class = self.closed(bundle);
            self.classes.push(class);
        }
    }

    /// Puts as many of `members` as fit one node into one bundle.
    fn gather(&mut self, members: Vec<Member>) {
        let mut bundle: Option<Bundle> = None;
        let mut full = None;
        for member in members {
            let wider = match &bundle {
                _ if full == Some(member.0) => None,
                None => Some(self.joined(None, member)),
                Some(bundle) => self.wider(bundle, member),
            };
            if let Some(wider) = wider {
                bundle = Some(wider);
            } else {
                full = Some(member.0);
                self.leave_out(&[member]);
            }
        }
        if let Some(bundle) = bundle {
            let class = self.closed(bundle);
            self.classes.push(class);
        }
    }

    /// The bundle with one more, where some node holds it.
    fn wider(&self, bundle: &Bundle, member: Member) -> Option<Bundle> {
        let class = &self.classes[member.0];
        let shared = |quota: &Quota| bundle.class.quota(quota.group).is_some();
        if class.quotas.iter().any(shared) || Feuds::part_of(&bundle.ties, &self.sets[class.ties]) {
            return None;
        }
        let copy = Bundle {
            class: bundle.class.clone(),
            ties: bundle.ties.clone(),
            members: bundle.members.clone(),
        };
        let wider = self.joined(Some(copy), member);
        let Problem { kinds, nodes, .. } = &self.built.rest;
        let Class { requests, kinds: admitted, nodes: on, .. } = &wider.class;
        let bought = (0..kinds.len())
            .any(|kind| admitted.contains(kind) && Problem::fits(requests, &kinds[kind].room));
        let fits = bought
            || (0..nodes.len())
                .any(|node| on.contains(node) && Problem::fits(requests, &nodes[node].room));
        fits.then_some(wider)
    }

    /// `bundle` with `member`, or one of it alone; a member may be a bundle itself.
    fn joined(&self, bundle: Option<Bundle>, member: Member) -> Bundle {
        let class = &self.classes[member.0];
        let ties = &self.sets[class.ties];
        let members = self.all_of(member);
        let Some(mut bundle) = bundle else {
            let class = Class { pods: vec![member.1], units: 1, ..class.clone() };
            return Bundle { class, ties: ties.clone(), members };
        };
        let own = &mut bundle.class;
        for (sum, need) in own.requests.iter_mut().zip(&class.requests) {
            *sum = sum.saturating_add(*need);
        }
        own.kinds = own.kinds.and(&class.kinds);
        own.nodes = own.nodes.and(&class.nodes);
        own.priority = own.priority.max(class.priority);
        own.together_max = own.together_max.min(class.together_max);
        own.shapes.extend(&class.shapes);
        own.shapes.sort_unstable();
        own.shapes.dedup();
        own.forgone = own.forgone.and(&class.forgone);
        own.quotas.extend(&class.quotas);
        own.quotas.sort_unstable();
        bundle.ties.join(ties);
        bundle.members.extend(members);
        bundle
    }

    /// Pods that have nowhere to go.
    fn leave_out(&mut self, members: &[Member]) {
        for member in members {
            for (class, pod) in self.all_of(*member) {
                self.left[class].push(pod);
            }
            self.bundles.remove(&member.1);
        }
    }

    /// The pods of a bundle, each with its own class; what is none is alone.
    fn all_of(&self, member: Member) -> Vec<Member> {
        self.bundles.get(&member.1).cloned().unwrap_or_else(|| vec![member])
    }

    /// Notes who is in the bundle, and gives its class.
    fn closed(&mut self, bundle: Bundle) -> Class {
        let Bundle { mut class, ties, members } = bundle;
        class.ties = self.place_of(ties);
        for (_, pod) in &members {
            self.bundles.remove(pod);
        }
        self.bundles.insert(class.pods[0], members);
        class
    }

    fn place_of(&mut self, ties: TieSet) -> usize {
        self.sets.iter().position(|one| *one == ties).unwrap_or_else(|| {
            self.sets.push(ties);
            self.sets.len() - 1
        })
    }
}
