//! Pods in domains as soft rules count them, and what those are charged that go without.
//!
//! Kept up to date as pods come and go, so that a change is judged by making it and taking it back.

use std::collections::BTreeMap;

use model::Snapshot;

use super::books::{Ask, Books, Carried, Role, Rule, View};

/// Where a node is: its look, and its place among seats for rules over hostnames.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct At {
    pub(super) look: usize,
    pub(super) seat: usize,
}

/// The domain of nodes without the label.
const NOWHERE: usize = usize::MAX;

/// Pods in one domain of a rule.
#[derive(Clone, Debug, Default)]
struct Cell {
    /// Pods of the selection.
    there: i64,
    /// What all carriers are charged together that are of the selection.
    own: i64,
    /// And those that are not.
    others: i64,
    /// Carriers of a spread by what they cost alone and their place.
    carriers: BTreeMap<(i64, usize), i64>,
}

/// One view of a spread over a label, by domain.
#[derive(Clone, Debug, Default)]
struct Seen {
    /// Nodes that make a domain eligible: those there and bought ones that count, and one for all that could be
    /// bought.
    eligible: BTreeMap<usize, i64>,
    /// Pods of the selection on counting nodes.
    pods: BTreeMap<usize, i64>,
}

impl Seen {
    fn least(&self) -> i64 {
        let pods = |domain| self.pods.get(domain).copied().unwrap_or(0);
        self.eligible.keys().map(pods).min().unwrap_or(0)
    }
}

/// All counts.
pub(super) struct Tally<'b, 'a> {
    books: &'b Books<'a>,
    /// By rule and domain.
    cells: Vec<BTreeMap<usize, Cell>>,
    /// By rule and view.
    seen: Vec<Vec<Seen>>,
    /// By rule; of spreads over labels alone.
    costs: Vec<i64>,
    /// What all that go without are charged, nano-USD per hour.
    pub(super) total: i64,
    /// Changes made, each as many as there are rules that it touches.
    pub(super) work: u64,
}

impl<'b, 'a> Tally<'b, 'a> {
    /// Before any pod is placed and any node is bought, where `left` is left of what is scarce.
    pub(super) fn new(snapshot: &Snapshot, books: &'b Books<'a>, left: &[i64]) -> Self {
        let cells = vec![BTreeMap::new(); books.rules.len()];
        let seen = books.rules.iter().map(|rule| vec![Seen::default(); rule.views.len()]);
        let costs = vec![0; books.rules.len()];
        let mut tally = Self { books, cells, seen: seen.collect(), costs, total: 0, work: 0 };
        tally.add_base(snapshot);
        for rule in 0..books.rules.len() {
            tally.open_what_can_be(rule, left);
        }
        tally
    }

    /// Counts pods that are bound, and the nodes that are there.
    fn add_base(&mut self, snapshot: &Snapshot) {
        let seats = &self.books.built.rest.nodes;
        let seat_of: BTreeMap<usize, usize> =
            seats.iter().enumerate().map(|(seat, node)| (node.node.get(), seat)).collect();
        let mut of_selection: BTreeMap<_, Vec<usize>> = BTreeMap::new();
        for (place, rule) in snapshot.soft_rules.iter().enumerate() {
            of_selection.entry(rule.selection).or_default().push(place);
        }
        for (position, node) in snapshot.nodes.iter().enumerate() {
            let look = self.books.looks.of_node[position];
            for (selection, pods) in &node.matched {
                for rule in of_selection.get(selection).into_iter().flatten() {
                    let seat = seat_of.get(&position);
                    let key = self.books.rules[*rule].key;
                    let domain = match (key, seat) {
                        (Some(_), _) => self.domain(*rule, At { look, seat: 0 }),
                        (None, Some(seat)) => *seat,
                        // Nobody comes there.
                        (None, None) => continue,
                    };
                    self.count(*rule, look, domain, *pods);
                }
            }
        }
        let mut nodes = vec![0; self.books.looks.len()];
        self.books.looks.of_node.iter().for_each(|look| nodes[*look] += 1);
        for (look, nodes) in nodes.into_iter().enumerate().filter(|(_, nodes)| *nodes > 0) {
            self.open(look, nodes);
        }
    }

    /// Makes domains eligible in which carriers of a spread could open a node.
    fn open_what_can_be(&mut self, rule: usize, left: &[i64]) {
        let Rule { key, views, .. } = &self.books.rules[rule];
        let Some(key) = *key else { return };
        let kinds = &self.books.built.rest.kinds;
        for (seen, View { opens, .. }) in self.seen[rule].iter_mut().zip(views) {
            for (place, kind) in kinds.iter().enumerate() {
                let within = kind.draws.iter().all(|draw| draw.amount <= left[draw.of]);
                if !within || !opens.contains(place) {
                    continue;
                }
                for offering in &kind.offerings {
                    let look = self.books.looks.of_offering[offering.get()];
                    if let Some(domain) = self.books.looks.domain(look, key) {
                        seen.eligible.entry(domain).or_insert(1);
                    }
                }
            }
        }
    }

    fn domain(&self, rule: usize, at: At) -> usize {
        match self.books.rules[rule].key {
            None => at.seat,
            Some(key) => self.books.looks.domain(at.look, key).unwrap_or(NOWHERE),
        }
    }

    /// `nodes` more nodes of `look`, or fewer.
    pub(super) fn open(&mut self, look: usize, nodes: i64) {
        let books = self.books;
        for (rule, Rule { key, views, .. }) in books.rules.iter().enumerate() {
            let Some(domain) = key.and_then(|key| books.looks.domain(look, key)) else { continue };
            let mut changed = false;
            for (seen, view) in self.seen[rule].iter_mut().zip(views) {
                if books.looks.counts(view.filter, look) {
                    let known = seen.eligible.entry(domain).or_default();
                    changed |= *known == 0;
                    *known += nodes;
                    if *known == 0 {
                        seen.eligible.remove(&domain);
                        changed = true;
                    }
                }
            }
            if changed {
                self.recount(rule);
            }
        }
    }

    /// `pods` more pods of the shape at `place` there, or fewer.
    pub(super) fn put(&mut self, place: usize, at: At, pods: i64) {
        let books = self.books;
        self.work += 1;
        for Role { rule, is_of, carried } in &books.roles[place] {
            self.work += 1;
            let domain = self.domain(*rule, at);
            let is_local = books.rules[*rule].views.is_empty();
            let before = if is_local { self.cost_of(*rule, domain) } else { 0 };
            if *is_of {
                self.count(*rule, at.look, domain, pods);
            }
            if let Some(carried) = carried {
                self.carry(*rule, domain, (place, *is_of, *carried), pods);
            }
            if is_local {
                self.total += self.cost_of(*rule, domain) - before;
            } else {
                self.recount(*rule);
            }
        }
    }

    /// Counts pods of the selection of `rule`.
    fn count(&mut self, rule: usize, look: usize, domain: usize, pods: i64) {
        if domain == NOWHERE {
            return;
        }
        self.cells[rule].entry(domain).or_default().there += pods;
        for (seen, view) in self.seen[rule].iter_mut().zip(&self.books.rules[rule].views) {
            if self.books.looks.counts(view.filter, look) {
                *seen.pods.entry(domain).or_default() += pods;
            }
        }
    }

    fn carry(
        &mut self,
        rule: usize,
        domain: usize,
        (place, is_of, carried): (usize, bool, Carried),
        pods: i64,
    ) {
        let cell = self.cells[rule].entry(domain).or_default();
        match self.books.rules[rule].asks {
            Ask::Together | Ask::Apart => {
                let sum = if is_of { &mut cell.own } else { &mut cell.others };
                *sum += carried.charge.saturating_mul(pods);
            }
            Ask::Even(_) => {
                let key = (self.books.standalone[place], place);
                let known = cell.carriers.entry(key).or_default();
                *known += pods;
                if *known == 0 {
                    cell.carriers.remove(&key);
                }
            }
        }
    }

    /// What carriers of `rule` in `domain` are charged.
    fn cost_of(&self, rule: usize, domain: usize) -> i64 {
        let Some(cell) = self.cells[rule].get(&domain) else { return 0 };
        let if_at = |holds: bool, charge: i64| if holds { charge } else { 0 };
        match self.books.rules[rule].asks {
            Ask::Together if domain == NOWHERE => cell.own + cell.others,
            Ask::Together => if_at(cell.there <= 1, cell.own) + if_at(cell.there <= 0, cell.others),
            Ask::Apart if domain == NOWHERE => 0,
            Ask::Apart => if_at(cell.there > 1, cell.own) + if_at(cell.there > 0, cell.others),
            Ask::Even(_) if domain == NOWHERE => self.cheapest(rule, cell, |_| i64::MAX),
            Ask::Even(skew) => self.cheapest(rule, cell, |view| match self.seen[rule].get(view) {
                None => cell.there - skew,
                Some(seen) => seen.pods.get(&domain).copied().unwrap_or(0) - seen.least() - skew,
            }),
        }
    }

    /// What those carriers of a spread are charged that are too many: of each view as many as `over` says, and
    /// those first to which it is worth least.
    fn cheapest(&self, rule: usize, cell: &Cell, over: impl Fn(usize) -> i64) -> i64 {
        let (mut gone, mut sum) = (0_i64, 0_i64);
        for ((_, place), pods) in &cell.carriers {
            let role = self.books.roles[*place].iter().find(|role| role.rule == rule);
            let Some(carried) = role.and_then(|role| role.carried) else { continue };
            let more = over(carried.view).saturating_sub(gone).clamp(0, (*pods).max(0));
            gone += more;
            sum = sum.saturating_add(carried.charge.saturating_mul(more));
        }
        sum
    }

    /// Works out anew what a spread over a label comes to.
    fn recount(&mut self, rule: usize) {
        if self.books.rules[rule].views.is_empty() {
            return;
        }
        let cost: i64 = self.cells[rule].keys().map(|domain| self.cost_of(rule, *domain)).sum();
        self.total += cost - self.costs[rule];
        self.costs[rule] = cost;
    }

    /// Domains that a pod of the shape at `place` would rather be in for a rule that it carries, with the label;
    /// over hostnames seats.
    pub(super) fn wanted(&self, place: usize) -> Vec<(Option<usize>, usize)> {
        let mut wanted = Vec::new();
        let carried = self.books.roles[place].iter().filter(|role| role.carried.is_some());
        for role in carried {
            let rule = &self.books.rules[role.rule];
            let domains: Vec<usize> = match rule.asks {
                Ask::Apart => continue,
                Ask::Together => {
                    let cells = self.cells[role.rule].iter();
                    cells.filter(|(_, cell)| cell.there > 0).map(|(domain, _)| *domain).collect()
                }
                Ask::Even(_) => {
                    let view = role.carried.map_or(0, |carried| carried.view);
                    let Some(seen) = self.seen[role.rule].get(view) else { continue };
                    let least = seen.least();
                    let pods = |domain: &usize| seen.pods.get(domain).copied().unwrap_or(0);
                    let domains = seen.eligible.keys().copied();
                    domains.filter(|domain| pods(domain) == least).collect()
                }
            };
            let domains = domains.into_iter().filter(|domain| *domain != NOWHERE);
            wanted.extend(domains.take(super::WANTED_MAX).map(|domain| (rule.key, domain)));
        }
        wanted
    }
}
