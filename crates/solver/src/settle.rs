//! The last word where rules over zones and the like are at stake and pods are left out.
//!
//! In: where a packing puts pods, and those it leaves out. Out: the same with pods taken away that break
//! a spread, as fewer pods came to other domains than were meant to, and with pods put one after another
//! wherever there is room, or can be bought, and no rule refuses them: afterwards none of those left
//! can go anywhere.

mod insert;
mod lots;
mod reseat;

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use model::{NewNode, NodeFill, OfferingIndex, PodIndex, Snapshot};

use crate::materialise::Placed;
use crate::packing::count;
use crate::problem::rules::{Loads, RuleSet};
use crate::problem::ties::{Domain, Of, matched};
use crate::problem::{Amounts, Built, Class, Company, Problem};
pub(crate) use reseat::{PODS_MAX, reseat};

/// Where a seat is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Bin {
    /// A node to buy: the offering and its kind.
    New(OfferingIndex, usize),
    /// A node that is there, by position in `Problem::nodes`.
    There(usize),
}

/// A node under the plan.
struct Seat {
    bin: Bin,
    site: usize,
    rest: Amounts,
    pods: Vec<PodIndex>,
    company: Company,
}

/// All nodes, and how many pods rules count where.
pub(crate) struct Board<'a> {
    snapshot: &'a Snapshot,
    built: &'a Built,
    seats: Vec<Seat>,
    /// Positions of the seats of each site.
    of_site: Vec<Vec<usize>>,
    loads: Loads,
    /// Domains of each term that had some of its pods before the plan.
    inhabited: Vec<BTreeSet<usize>>,
    /// What is left of everything scarce.
    scarce: Vec<i64>,
    /// Nodes bought of each kind.
    turns: Vec<usize>,
    /// Kinds that are bought.
    bought: BTreeSet<usize>,
}

/// What is known of a parent that waits.
#[derive(Clone)]
struct Search {
    /// By site: seats before this one, by position among those of the site, have no room.
    next: Vec<usize>,
    /// By place: whether nothing can be bought there.
    closed: Vec<bool>,
}

/// How good a placement is, less being better: pods left out by descending priority, then what the new
/// nodes come to and what pods are charged for preferences, nano-USD per hour.
pub(crate) type Rank = (Vec<(Reverse<i32>, i64)>, i64);

/// The rank of `placed`.
pub(crate) fn rank(built: &Built, placed: &Placed) -> Rank {
    let mut left: BTreeMap<Reverse<i32>, i64> = BTreeMap::new();
    for parent in &built.parents {
        left.entry(Reverse(parent.priority)).or_default();
    }
    for pod in &placed.left {
        let priority = built.parents[built.parent_of[pod.get()]].priority;
        *left.entry(Reverse(priority)).or_default() += 1;
    }
    let parent = |pod: &PodIndex| &built.parents[built.parent_of[pod.get()]];
    let cost = placed.new_nodes.iter().map(|node| {
        let of_kind = built.kinds_of[&node.offering][0];
        let charged = node.pods.iter().map(|pod| parent(pod).forgone.on_kind(of_kind));
        let objective = built.rest.kinds[of_kind].objective(count(node.pods.len()));
        charged.fold(objective, i64::saturating_add)
    });
    let there = placed.existing.iter().map(|fill| {
        let position = built.rest.nodes.iter().position(|one| one.node == fill.node);
        let charge = |pod| position.map_or(0, |node| parent(pod).forgone.on_node(node));
        fill.pods.iter().map(charge).fold(0, i64::saturating_add)
    });
    (left.into_iter().collect(), cost.chain(there).fold(0, i64::saturating_add))
}

/// Rounds of taking pods away and placing others. Two do nearly always: only where a node for others
/// makes a domain that a spread did not reckon with there are more.
const ROUNDS: usize = 8;

/// `placed` with nothing broken, and with everything placed that may be; the loads then.
pub(crate) fn settle(snapshot: &Snapshot, built: &Built, mut placed: Placed) -> (Placed, Loads) {
    for _ in 0..ROUNDS {
        let mut left = std::mem::take(&mut placed.left);
        let mut board = Board::new(snapshot, built, placed);
        let gone = board.mend();
        let mended = !gone.is_empty();
        left.extend(gone);
        let completed = !mended && board.complete(&mut left);
        left.sort_unstable();
        let loads;
        (placed, loads) = board.finish(left);
        if !mended && !completed {
            return (placed, loads);
        }
    }
    let mut left = std::mem::take(&mut placed.left);
    let mut board = Board::new(snapshot, built, placed);
    left.extend(board.mend());
    left.sort_unstable();
    board.finish(left)
}

impl<'a> Board<'a> {
    fn new(snapshot: &'a Snapshot, built: &'a Built, placed: Placed) -> Self {
        let Problem { kinds, nodes, .. } = &built.rest;
        let mut board = Self {
            snapshot,
            built,
            seats: Vec::new(),
            of_site: vec![Vec::new(); built.rules.sites.all.len()],
            loads: Loads::new(&built.rules, vec![Vec::new(); built.rules.scopes.len()]),
            inhabited: (0..built.rules.terms.key.len())
                .map(|term| built.rules.tie_base.inhabited(term))
                .collect(),
            scarce: built.rest.scarce.clone(),
            turns: vec![0; kinds.len()],
            bought: BTreeSet::new(),
        };
        let mut fills: BTreeMap<_, _> =
            placed.existing.into_iter().map(|fill| (fill.node, fill.pods)).collect();
        for (position, node) in nodes.iter().enumerate() {
            let pods = fills.remove(&node.node).unwrap_or_default();
            let seat = board.open(Bin::There(position));
            for pod in pods {
                board.put(seat, pod);
            }
        }
        for node in placed.new_nodes {
            let kind = built.kind_for(&node);
            let seat = board.open(Bin::New(node.offering, kind));
            for pod in node.pods {
                board.put(seat, pod);
            }
        }
        board.look();
        board
    }

    /// Finds out which domains are eligible now.
    fn look(&mut self) {
        let eligible = self.built.eligible(&self.scarce, &self.bought);
        self.loads.set_eligible(&self.built.rules, eligible);
    }

    /// Adds an empty seat; its position.
    fn open(&mut self, bin: Bin) -> usize {
        let Problem { kinds, nodes, .. } = &self.built.rest;
        let (site, rest, base) = match bin {
            Bin::New(_, kind) => (kinds[kind].site, &kinds[kind].room, &[][..]),
            Bin::There(node) => {
                (self.built.rules.site_of_node[node], &nodes[node].room, &nodes[node].base[..])
            }
        };
        if let Bin::New(_, kind) = bin {
            self.turns[kind] += 1;
            self.bought.insert(kind);
            for draw in &kinds[kind].draws {
                self.scarce[draw.of] = self.scarce[draw.of].saturating_sub(draw.amount);
            }
        }
        let company = Company::new(base);
        let there = match bin {
            Bin::New(..) => None,
            Bin::There(node) => Some(self.snapshot.node(nodes[node].node)),
        };
        self.loads.ties.open(&self.built.rules.terms, there);
        for (term, selection) in self.built.rules.terms.selection.iter().enumerate() {
            let is_over_nodes = self.built.rules.terms.key[term].is_none();
            if is_over_nodes && there.is_some_and(|node| matched(node, *selection) > 0) {
                self.inhabited[term].insert(self.seats.len());
            }
        }
        self.of_site[site].push(self.seats.len());
        self.seats.push(Seat { bin, site, rest: rest.clone(), pods: Vec::new(), company });
        self.seats.len() - 1
    }

    /// Adds a seat on a new node of `kind`; its position.
    fn open_kind(&mut self, kind: usize) -> usize {
        let offerings = &self.built.rest.kinds[kind].offerings;
        self.open(Bin::New(offerings[self.turns[kind] % offerings.len()], kind))
    }

    fn parent(&self, pod: PodIndex) -> &'a Class {
        &self.built.parents[self.built.parent_of[pod.get()]]
    }

    fn put(&mut self, seat: usize, pod: PodIndex) {
        let Class { requests, quotas, .. } = self.parent(pod);
        let at = &mut self.seats[seat];
        for (rest, need) in at.rest.iter_mut().zip(requests) {
            *rest -= need;
        }
        at.company.join(quotas, 1);
        at.pods.push(pod);
        self.tally(seat, pod, 1);
    }

    /// Takes `pod` away.
    fn take(&mut self, seat: usize, pod: PodIndex) {
        let Class { requests, quotas, .. } = self.parent(pod);
        let at = &mut self.seats[seat];
        for (rest, need) in at.rest.iter_mut().zip(requests) {
            *rest += need;
        }
        at.company.join(quotas, -1);
        at.pods.retain(|one| *one != pod);
        self.tally(seat, pod, -1);
    }

    /// Counts `pod` for every rule that sees it.
    fn tally(&mut self, seat: usize, pod: PodIndex, pods: i64) {
        let rules = &self.built.rules;
        let set = &rules.sets[self.built.sets[self.built.parent_of[pod.get()]]];
        let Seat { bin, site, .. } = self.seats[seat];
        self.loads.ties.add(&set.ties, |term| rules.tie_domain(term, site), pods);
        self.loads.ties.add(&set.node_ties, |_| Domain::In(seat), pods);
        let counts = |group: usize| {
            let scope = &rules.scopes[rules.groups[group].scope];
            let counts = match bin {
                Bin::New(_, kind) => scope.kinds.contains(kind),
                Bin::There(node) => scope.nodes.contains(self.built.rest.nodes[node].node.get()),
            };
            rules.domain(group, site).filter(|_| counts)
        };
        for selection in &self.snapshot.shape_of(pod).rules.matches {
            for topic in rules.of_selection.get(selection).into_iter().flatten() {
                for &group in &rules.of_topic[*topic] {
                    let Some(domain) = counts(group) else { continue };
                    self.loads.add(rules, group, domain, pods);
                    if set.skew(*topic).is_some_and(|skew| skew <= rules.groups[group].max_skew) {
                        self.loads.add_load(group, domain, pods);
                    }
                }
            }
        }
        for &group in &set.groups {
            if let Some(domain) = rules.domain(group, site) {
                self.loads.add_carriers(group, domain, pods);
            }
        }
    }

    /// Takes pods away until no rule is broken, and off nodes that no pod justifies any longer; which.
    fn mend(&mut self) -> Vec<PodIndex> {
        let mut gone = self.thin_out();
        loop {
            let stuck = self.unstick();
            if stuck.is_empty() {
                break;
            }
            gone.extend(stuck);
            gone.extend(self.thin_out());
        }
        let weights = self.built.rest.pools.iter().map(|pool| pool.weight);
        if gone.is_empty() && weights.clone().min() == weights.max() {
            return gone;
        }
        let mut known: BTreeMap<(usize, usize), Option<i32>> = BTreeMap::new();
        for seat in 0..self.seats.len() {
            let Seat { bin: Bin::New(_, kind), site, .. } = self.seats[seat] else { continue };
            let Problem { kinds, pools, .. } = &self.built.rest;
            let weight = pools[kinds[kind].pool].weight;
            let pods = self.seats[seat].pods.clone();
            let justifies = |pod: &PodIndex| {
                let parent = self.built.parent_of[pod.get()];
                if self.built.stays_with_others(parent) {
                    return true;
                }
                let heaviest =
                    known.entry((parent, site)).or_insert_with(|| self.heaviest(parent, site));
                heaviest.is_none_or(|heaviest| heaviest <= weight)
            };
            if !pods.iter().any(justifies) {
                for pod in pods {
                    self.take(seat, pod);
                    gone.push(pod);
                }
            }
        }
        gone
    }

    /// The greatest weight of a pool that can hold a pod of `parent` now, in the place that `site` is in.
    fn heaviest(&self, parent: usize, site: usize) -> Option<i32> {
        let mut places = self.built.places(parent).iter();
        let sites = places.find(|sites| sites.contains(&site))?;
        let kind = self.to_buy(parent, sites, None)?;
        Some(self.built.rest.pools[self.built.rest.kinds[kind].pool].weight)
    }

    /// Takes pods away that wait for each other; which.
    fn unstick(&mut self) -> Vec<PodIndex> {
        let built = self.built;
        let sets = &built.rules.sets;
        let follows =
            |set: &RuleSet| !set.ties.together.is_empty() || !set.node_ties.together.is_empty();
        if !sets.iter().any(follows) {
            return Vec::new();
        }
        let mut gone = Vec::new();
        for (seat, set) in self.waiting() {
            for pod in self.seats[seat].pods.clone() {
                if built.sets[built.parent_of[pod.get()]] == set {
                    self.take(seat, pod);
                    gone.push(pod);
                }
            }
        }
        gone
    }

    /// Seats and rule sets of pods that cannot be bound in any order.
    fn waiting(&self) -> Vec<(usize, usize)> {
        let built = self.built;
        let mut ready = self.inhabited.clone();
        let mut waiting: Vec<(usize, usize)> = Vec::new();
        for (seat, at) in self.seats.iter().enumerate() {
            let sets = at.pods.iter().map(|pod| built.sets[built.parent_of[pod.get()]]);
            let sets: BTreeSet<usize> = sets.collect();
            waiting.extend(sets.into_iter().map(|set| (seat, set)));
        }
        let begins = self.loads.ties.begins();
        loop {
            let before = waiting.len();
            self.admit(&mut waiting, &mut ready, &begins, true);
            if waiting.len() < before {
                continue;
            }
            self.admit(&mut waiting, &mut ready, &begins, false);
            if waiting.len() == before {
                return waiting;
            }
        }
    }

    /// Binds those that wait and find whom they go with; who is where then is `ready`. `patient`: none of a
    /// selection comes before the one that is to be its first.
    fn admit(
        &self,
        waiting: &mut Vec<(usize, usize)>,
        ready: &mut [BTreeSet<usize>],
        begins: &[Option<usize>],
        patient: bool,
    ) {
        let before = ready.to_vec();
        waiting.retain(|&(seat, set)| {
            let RuleSet { ties, node_ties, .. } = &self.built.rules.sets[set];
            let is_first = |term: usize, domain: usize| {
                before[term].is_empty() && (!patient || begins[term] == Some(domain))
            };
            let finds = |&(term, is_of): &(usize, bool)| match self.domain_of(seat, term) {
                Domain::In(domain) => {
                    before[term].contains(&domain) || is_of && is_first(term, domain)
                }
                Domain::Fresh | Domain::Nowhere => false,
            };
            let may_come = |of: &Of| {
                let first = begins[of.term].filter(|_| patient && before[of.term].is_empty());
                let domain = self.domain_of(seat, of.term);
                first.is_none_or(|first| of.together && domain == Domain::In(first))
            };
            let finds_all = ties.together.iter().chain(&node_ties.together).all(finds);
            if !finds_all || !ties.of.iter().chain(&node_ties.of).all(may_come) {
                return true;
            }
            for of in ties.of.iter().chain(&node_ties.of) {
                if let Domain::In(domain) = self.domain_of(seat, of.term) {
                    ready[of.term].insert(domain);
                }
            }
            false
        });
    }

    /// The domain of a seat as `term` sees it.
    fn domain_of(&self, seat: usize, term: usize) -> Domain {
        match self.built.rules.terms.key[term] {
            Some(_) => self.built.rules.tie_domain(term, self.seats[seat].site),
            None => Domain::In(seat),
        }
    }

    /// Takes pods away until no rule is broken; which.
    fn thin_out(&mut self) -> Vec<PodIndex> {
        let rules = &self.built.rules;
        let mut gone = Vec::new();
        loop {
            let before = gone.len();
            for seat in (0..self.seats.len()).rev() {
                let site = self.seats[seat].site;
                let mut pods = self.seats[seat].pods.clone();
                pods.sort_unstable_by_key(|pod| Reverse(self.built.order_of[pod.get()]));
                for pod in pods {
                    let set = &rules.sets[self.built.sets[self.built.parent_of[pod.get()]]];
                    let at_node = |_| Domain::In(seat);
                    if self.loads.breaks(rules, set, site)
                        || self.loads.ties.breaks(&set.node_ties, at_node)
                    {
                        self.take(seat, pod);
                        gone.push(pod);
                    }
                }
            }
            if gone.len() == before {
                return gone;
            }
        }
    }

    /// Places what can be placed of `left`, one after another; whether that is any.
    fn complete(&mut self, left: &mut Vec<PodIndex>) -> bool {
        let before = left.len();
        let mut waiting: BTreeMap<(Reverse<i32>, usize), Vec<PodIndex>> = BTreeMap::new();
        for pod in left.drain(..) {
            let parent = self.built.parent_of[pod.get()];
            let priority = Reverse(self.built.parents[parent].priority);
            waiting.entry((priority, parent)).or_default().push(pod);
        }
        let search = |parent: usize| Search {
            next: vec![0; self.of_site.len()],
            closed: vec![false; self.built.places(parent).len()],
        };
        let mut searches: BTreeMap<usize, Search> =
            waiting.keys().map(|(_, parent)| (*parent, search(*parent))).collect();
        loop {
            let mut any = false;
            for ((_, parent), pods) in &mut waiting {
                pods.sort_unstable_by_key(|pod| Reverse(self.built.order_of[pod.get()]));
                let search = searches.get_mut(parent).expect("every parent that waits has one");
                while let Some(pod) = pods.last() {
                    let Some(seat) = self.find(*parent, search) else { break };
                    self.put(seat, *pod);
                    pods.pop();
                    any = true;
                }
            }
            if !any {
                break;
            }
        }
        left.extend(waiting.into_values().flatten());
        left.len() < before
    }

    /// A seat for one more pod of `parent`: one with room, or one that is bought for it.
    fn find(&mut self, parent: usize, search: &mut Search) -> Option<usize> {
        let built = self.built;
        let set = &built.rules.sets[built.sets[parent]];
        let places = built.places(parent);
        let mut open: Vec<usize> = (0..places.len())
            .filter(|&place| !self.loads.refuses(&built.rules, set, places[place][0]))
            .collect();
        open.sort_by_key(|&place| (self.loads.sum(&built.rules, set, places[place][0]), place));
        // Where others have come since that it goes with there may be a seat that was none before.
        let looks_again = !set.node_ties.together.is_empty();
        for &site in open.iter().flat_map(|&place| &places[place]) {
            let next = &mut search.next[site];
            if looks_again {
                *next = 0;
            }
            while let Some(&seat) = self.of_site[site].get(*next) {
                if self.has_room(parent, seat) && self.joins(set, Domain::In(seat)) {
                    return Some(seat);
                }
                *next += 1;
            }
        }
        if !self.joins(set, Domain::Fresh) {
            return None;
        }
        for place in open {
            if search.closed[place] {
                continue;
            }
            let Some(kind) = self.to_buy(parent, &places[place], None) else {
                search.closed[place] = true;
                continue;
            };
            let is_new = !self.bought.contains(&kind);
            let seat = self.open_kind(kind);
            if is_new || built.rest.kinds[kind].draws.iter().any(|draw| draw.amount > 0) {
                self.look();
            }
            return Some(seat);
        }
        None
    }

    /// Whether terms over hostnames let one more pod with the rules of `set` onto a node.
    fn joins(&self, set: &RuleSet, node: Domain) -> bool {
        self.loads.ties.refusals(&set.node_ties, |_| node).next().is_none()
    }

    fn has_room(&self, parent: usize, seat: usize) -> bool {
        let parent = &self.built.parents[parent];
        let Seat { bin, rest, company, .. } = &self.seats[seat];
        let admits = match *bin {
            Bin::New(_, kind) => parent.kinds.contains(kind),
            Bin::There(node) => parent.nodes.contains(node),
        };
        admits && Problem::fits(&parent.requests, rest) && company.joining_max(&parent.quotas) > 0
    }

    /// The cheapest kind that may be bought on `sites` for a pod of `parent`, of that weight or else the
    /// greatest.
    fn to_buy(&self, parent: usize, sites: &[usize], weight: Option<i32>) -> Option<usize> {
        let Problem { kinds, pools, .. } = &self.built.rest;
        let class = &self.built.parents[parent];
        let buyable = |&kind: &usize| {
            let of = &kinds[kind];
            let within = of.draws.iter().all(|draw| draw.amount <= self.scarce[draw.of]);
            within
                && weight.is_none_or(|weight| pools[of.pool].weight == weight)
                && sites.contains(&of.site)
                && class.kinds.contains(kind)
                && Problem::fits(&class.requests, &of.room)
        };
        (0..kinds.len()).filter(buyable).min_by_key(|&kind| {
            let objective = kinds[kind].objective(1).saturating_add(class.forgone.on_kind(kind));
            (Reverse(pools[kinds[kind].pool].weight), objective, kind)
        })
    }

    fn finish(self, left: Vec<PodIndex>) -> (Placed, Loads) {
        let mut placed = Placed { new_nodes: Vec::new(), existing: Vec::new(), left };
        for Seat { bin, mut pods, .. } in self.seats {
            if pods.is_empty() {
                continue;
            }
            pods.sort_unstable();
            match bin {
                Bin::New(offering, _) => placed.new_nodes.push(NewNode { offering, pods }),
                Bin::There(node) => {
                    let node = self.built.rest.nodes[node].node;
                    placed.existing.push(NodeFill { node, pods });
                }
            }
        }
        placed.existing.sort_by_key(|fill| fill.node);
        (placed, self.loads)
    }
}
