//! Spreads over other labels than the hostname, in numbers.
//!
//! In: the shapes of planned pods with their spreads, and what counts where. Out: *topics*, a selection
//! over a label, whose pods are counted together; *groups*, a spread with what decides which nodes it
//! counts; and for each shape its rule set, terms between pods included. [`Loads`] counts pods as they
//! are placed.

use std::collections::{BTreeMap, BTreeSet};

use model::{
    Node, NodeInclusion, NodeState, SelectionIndex, ShapeIndex, Snapshot, SpreadIndex, well_known,
};

use super::admission::Admission;
use super::build::Built;
use super::sites::Sites;
use super::ties::{Domain, Kept, Terms, TieLoads, TieSet};
use crate::bits::Bits;

/// A selection of pods over the domains of a label.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Topic {
    /// Position in [`Sites::keys`].
    pub(crate) key: usize,
    /// The pods.
    pub(crate) selection: SelectionIndex,
}

/// A spread with what decides which nodes it counts.
#[derive(Clone, Debug)]
pub(crate) struct Group {
    /// Position in [`Rules::topics`].
    pub(crate) topic: usize,
    /// The spread.
    pub(crate) spread: SpreadIndex,
    pub(crate) max_skew: i64,
    pub(crate) min_domains: i64,
    /// Pods of the selection on counting nodes before the plan, by domain.
    pub(crate) base: Vec<i64>,
    /// What counts: a position in [`Rules::scopes`].
    pub(crate) scope: usize,
    /// The rule sets of [`Admission`] that decide which nodes count, and which the carrier may open.
    filter: usize,
    rule: usize,
}

/// What counts for some groups.
#[derive(Clone, Debug)]
pub(crate) struct Scope {
    /// Kinds whose nodes count.
    pub(crate) kinds: Bits,
    /// Nodes of the snapshot that count.
    pub(crate) nodes: Bits,
    /// Kinds that the carrier may open, limits and supplies aside.
    opens: Bits,
    /// Domains of nodes that are there and count.
    there: BTreeSet<usize>,
    /// Position in [`Sites::keys`].
    key: usize,
}

/// What pods of one shape carry and are counted by.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct RuleSet {
    /// Groups that it carries, in the order of its spreads.
    pub(crate) groups: Vec<usize>,
    /// Topics that it carries and whose selection it is in, with its least skew over each.
    pub(crate) topics: Vec<(usize, i64)>,
    /// Terms over other labels than the hostname.
    pub(crate) ties: TieSet,
    /// Terms over hostnames.
    pub(crate) node_ties: TieSet,
}

impl RuleSet {
    /// Whether it says anything over other labels than the hostname.
    pub(crate) const fn is_ruled(&self) -> bool {
        !self.groups.is_empty() || !self.ties.is_empty()
    }

    /// The least skew over `topic`, where it carries one and its pods count.
    pub(crate) fn skew(&self, topic: usize) -> Option<i64> {
        self.topics.iter().find(|entry| entry.0 == topic).map(|entry| entry.1)
    }
}

/// All of it.
#[derive(Clone, Debug)]
pub(crate) struct Rules {
    pub(crate) sites: Sites,
    /// The site of each node, by position in [`super::Problem::nodes`].
    pub(crate) site_of_node: Vec<usize>,
    pub(crate) topics: Vec<Topic>,
    pub(crate) groups: Vec<Group>,
    /// The groups of each topic.
    pub(crate) of_topic: Vec<Vec<usize>>,
    /// The topics of each selection.
    pub(crate) of_selection: BTreeMap<SelectionIndex, Vec<usize>>,
    /// Distinct rule sets; the first is empty.
    pub(crate) sets: Vec<RuleSet>,
    /// For each rule set its *places*: sites that its groups cannot tell apart, in order.
    pub(crate) places_of: Vec<Vec<Vec<usize>>>,
    /// The rule set of each shape.
    pub(crate) set_of: BTreeMap<ShapeIndex, usize>,
    pub(crate) scopes: Vec<Scope>,
    /// Terms between pods.
    pub(crate) terms: Terms,
    /// For each rule set the place of its ties over hostnames among distinct ones, the first being none.
    pub(crate) node_ties_of: Vec<usize>,
    /// What counts for them before the plan.
    pub(crate) tie_base: TieLoads,
    places: Places,
}

/// What tells scopes apart: rule sets of what counts and of the carrier, label, what becomes of taints.
type ScopeLook = (usize, usize, usize, NodeInclusion);

/// Where groups, topics and sets are in their lists.
#[derive(Clone, Debug, Default)]
struct Places {
    /// By spread and the rule set of the carrier.
    groups: BTreeMap<(SpreadIndex, usize), usize>,
    topics: BTreeMap<Topic, usize>,
    sets: BTreeMap<RuleSet, usize>,
}

impl Rules {
    /// No rule yet.
    pub(crate) fn new(sites: Sites, site_of_node: Vec<usize>) -> Self {
        Self {
            sites,
            site_of_node,
            topics: Vec::new(),
            groups: Vec::new(),
            of_topic: Vec::new(),
            of_selection: BTreeMap::new(),
            sets: vec![RuleSet::default()],
            places_of: Vec::new(),
            set_of: BTreeMap::new(),
            scopes: Vec::new(),
            terms: Terms::default(),
            node_ties_of: Vec::new(),
            tie_base: TieLoads::default(),
            places: Places { sets: BTreeMap::from([(RuleSet::default(), 0)]), ..Places::default() },
        }
    }

    /// Whether no pod has such a rule.
    pub(crate) fn is_empty(&self) -> bool {
        let has_ties = |set: &RuleSet| !set.ties.is_empty() || !set.node_ties.together.is_empty();
        self.groups.is_empty() && !self.sets.iter().any(has_ties)
    }

    /// Adds the rules of `shape`, whose rule set is `rule`; `filter` is what decides which nodes a
    /// spread of it counts.
    pub(crate) fn learn(
        &mut self,
        snapshot: &Snapshot,
        index: ShapeIndex,
        rule: usize,
        filter: impl Fn(SpreadIndex) -> usize,
    ) {
        let rules = &snapshot.shape(index).rules;
        let mut set = RuleSet::default();
        for &spread in &rules.spreads {
            if snapshot.spread(spread).key.as_str() == well_known::HOSTNAME {
                continue;
            }
            let group = self.group(snapshot, spread, rule, filter(spread));
            let topic = self.groups[group].topic;
            let skew = self.groups[group].max_skew;
            if rules.matches.contains(&self.topics[topic].selection) {
                match set.topics.iter_mut().find(|entry| entry.0 == topic) {
                    Some(entry) => entry.1 = entry.1.min(skew),
                    None => set.topics.push((topic, skew)),
                }
            }
            set.groups.push(group);
        }
        [set.ties, set.node_ties] = self.terms.of_shape(snapshot, index);
        let place = *self.places.sets.entry(set).or_insert_with_key(|set| {
            self.sets.push(set.clone());
            self.sets.len() - 1
        });
        self.set_of.insert(index, place);
    }

    fn group(
        &mut self,
        snapshot: &Snapshot,
        index: SpreadIndex,
        rule: usize,
        filter: usize,
    ) -> usize {
        if let Some(place) = self.places.groups.get(&(index, rule)) {
            return *place;
        }
        let spread = snapshot.spread(index);
        let key =
            self.sites.keys.binary_search(&spread.key).expect("every label looked at is a key");
        let topic = Topic { key, selection: spread.selection };
        let topic = *self.places.topics.entry(topic).or_insert_with(|| {
            self.of_selection.entry(topic.selection).or_default().push(self.topics.len());
            self.topics.push(topic);
            self.of_topic.push(Vec::new());
            self.topics.len() - 1
        });
        self.of_topic[topic].push(self.groups.len());
        self.places.groups.insert((index, rule), self.groups.len());
        self.groups.push(Group {
            topic,
            spread: index,
            max_skew: spread.max_skew,
            min_domains: spread.min_domains,
            base: vec![0; self.sites.domains[key].len()],
            scope: 0,
            filter,
            rule,
        });
        self.groups.len() - 1
    }

    /// Distinct ties over hostnames, the first being none.
    pub(super) fn node_ties(&self) -> Vec<TieSet> {
        let mut sets = vec![TieSet::default(); self.node_ties_of.iter().max().map_or(1, |n| n + 1)];
        for (set, place) in self.sets.iter().zip(&self.node_ties_of) {
            sets[*place].clone_from(&set.node_ties);
        }
        sets
    }

    /// Works out the places of every rule set, once all are known.
    pub(super) fn place(&mut self) {
        let mut known = BTreeMap::from([(TieSet::default(), 0)]);
        for set in &self.sets {
            let next = known.len();
            self.node_ties_of.push(*known.entry(set.node_ties.clone()).or_insert(next));
        }
        let of_set = |set: &RuleSet| {
            let of_groups =
                set.groups.iter().map(|group| self.topics[self.groups[*group].topic].key);
            let of_ties = set.ties.terms().filter_map(|term| self.terms.key[term]);
            let keys: BTreeSet<usize> = of_groups.chain(of_ties).collect();
            let mut places: BTreeMap<Vec<Option<usize>>, Vec<usize>> = BTreeMap::new();
            for (site, domains) in self.sites.all.iter().enumerate() {
                let seen = keys.iter().map(|key| domains[*key]).collect();
                places.entry(seen).or_default().push(site);
            }
            places.into_values().collect()
        };
        self.places_of = self.sets.iter().map(of_set).collect();
    }

    /// The domain of `site` that `term` looks at, which is over a label.
    pub(crate) fn tie_domain(&self, term: usize, site: usize) -> Domain {
        let key = self.terms.key[term];
        key.and_then(|key| self.sites.all[site][key]).map_or(Domain::Nowhere, Domain::In)
    }

    /// The domain of `site` that `group` looks at.
    pub(crate) fn domain(&self, group: usize, site: usize) -> Option<usize> {
        self.sites.all[site][self.topics[self.groups[group].topic].key]
    }
}

impl Built {
    /// Fills in what each group counts and which domains are eligible.
    pub(super) fn count(&mut self, snapshot: &Snapshot, admission: &Admission, columns: &[usize]) {
        if self.rules.is_empty() {
            return;
        }
        let mut scope_of: BTreeMap<ScopeLook, usize> = BTreeMap::new();
        for group in 0..self.rules.groups.len() {
            let Group { topic, spread, filter, rule, .. } = self.rules.groups[group];
            let Topic { key, selection } = self.rules.topics[topic];
            let taints = snapshot.spread(spread).node_taints;
            let place = *scope_of.entry((filter, rule, key, taints)).or_insert_with(|| {
                let column = |rule: usize| {
                    let columns = columns.iter().map(|column| &admission.columns[*column]);
                    Bits::of(columns.map(|column| column.contains(rule)))
                };
                let is_out = |node: &Node| {
                    node.state == NodeState::Unschedulable && taints == NodeInclusion::Honor
                };
                let nodes = snapshot.nodes.iter().zip(&admission.counting_nodes);
                let nodes = nodes.map(|(node, counts)| counts.contains(filter) && !is_out(node));
                let nodes = Bits::of(nodes);
                let Sites { all: sites, of_node, .. } = &self.rules.sites;
                let there = of_node.iter().enumerate().filter(|(node, _)| nodes.contains(*node));
                let there = there.filter_map(|(_, site)| sites[*site][key]).collect();
                let (kinds, opens) = (column(filter), column(rule));
                self.rules.scopes.push(Scope { kinds, nodes, opens, there, key });
                self.rules.scopes.len() - 1
            });
            let scope = &self.rules.scopes[place];
            let mut base = vec![0; self.rules.sites.domains[key].len()];
            for (position, node) in snapshot.nodes.iter().enumerate() {
                let matched = node.matched.binary_search_by_key(&selection, |entry| entry.0);
                let site = self.rules.sites.of_node[position];
                if let (Ok(matched), Some(domain)) = (matched, self.rules.sites.all[site][key])
                    && scope.nodes.contains(position)
                {
                    base[domain] += node.matched[matched].1;
                }
            }
            let group = &mut self.rules.groups[group];
            (group.scope, group.base) = (place, base);
        }
    }

    /// Eligible domains of each scope, where `left` is left of what is scarce and nodes of the kinds
    /// `bought` are bought.
    pub(crate) fn eligible(&self, left: &[i64], bought: &BTreeSet<usize>) -> Vec<Vec<usize>> {
        let within = |place: &usize| {
            self.rest.kinds[*place].draws.iter().all(|draw| draw.amount <= left[draw.of])
        };
        let open: Vec<usize> = (0..self.rest.kinds.len()).filter(within).collect();
        let sites = &self.rules.sites.all;
        let of_scope = |scope: &Scope| {
            let domain = |kind: &usize| sites[self.rest.kinds[*kind].site][scope.key];
            let opens = open.iter().filter(|kind| scope.opens.contains(**kind));
            let counts = bought.iter().filter(|kind| scope.kinds.contains(**kind));
            let mut eligible = scope.there.clone();
            eligible.extend(opens.chain(counts).filter_map(domain));
            eligible.into_iter().collect()
        };
        self.rules.scopes.iter().map(of_scope).collect()
    }

    /// Whether nodes of the kind at `position` are in a domain that some scope counts and that is not
    /// among its `eligible` ones.
    pub(crate) fn intrudes(&self, position: usize, eligible: &[Vec<usize>]) -> bool {
        let site = self.rest.kinds[position].site;
        self.rules.scopes.iter().zip(eligible).any(|(scope, eligible)| {
            let domain = self.rules.sites.all[site][scope.key];
            scope.kinds.contains(position) && domain.is_some_and(|d| !eligible.contains(&d))
        })
    }
}

/// How many pods are where, as groups see it.
#[derive(Clone, Debug)]
pub(crate) struct Loads {
    /// By group and domain: pods that count against the skew.
    load: Vec<Vec<i64>>,
    /// By group and domain: all pods.
    all: Vec<Vec<i64>>,
    /// By group and domain: planned pods that carry it.
    carriers: Vec<Vec<i64>>,
    /// By group: the least.
    least: Vec<i64>,
    /// By scope: eligible domains.
    eligible: Vec<Vec<usize>>,
    /// Of terms between pods.
    pub(crate) ties: TieLoads,
}

impl Loads {
    /// Before the plan, where these domains are `eligible`.
    pub(crate) fn new(rules: &Rules, eligible: Vec<Vec<usize>>) -> Self {
        let base: Vec<Vec<i64>> = rules.groups.iter().map(|group| group.base.clone()).collect();
        let least = vec![0; rules.groups.len()];
        let ties = rules.tie_base.clone();
        let carriers = base.iter().map(|base| vec![0; base.len()]).collect();
        let mut loads =
            Self { load: base.clone(), all: base, carriers, least, eligible: Vec::new(), ties };
        loads.set_eligible(rules, eligible);
        loads
    }

    /// From now on these domains are `eligible`.
    pub(crate) fn set_eligible(&mut self, rules: &Rules, eligible: Vec<Vec<usize>>) {
        self.eligible = eligible;
        for group in 0..rules.groups.len() {
            self.refresh(rules, group);
        }
    }

    fn refresh(&mut self, rules: &Rules, group: usize) {
        let counts = self.candidates(rules, group).map(|domain| self.all[group][domain]);
        self.least[group] = counts.min().unwrap_or(0);
    }

    /// Domains among which the least is sought: those that are eligible, if they are enough.
    fn candidates(&self, rules: &Rules, group: usize) -> impl Iterator<Item = usize> {
        let Group { scope, min_domains, .. } = rules.groups[group];
        let eligible = &self.eligible[scope];
        let enough = i64::try_from(eligible.len()).is_ok_and(|count| count >= min_domains);
        eligible.iter().copied().filter(move |_| enough)
    }

    /// The least of `group`.
    pub(crate) fn least(&self, group: usize) -> i64 {
        self.least[group]
    }

    /// The load of `domain` as `group` sees it.
    pub(crate) fn load(&self, group: usize, domain: usize) -> i64 {
        self.load[group][domain]
    }

    /// The first eligible domain that has the least, where that counts.
    pub(crate) fn least_in(&self, rules: &Rules, group: usize) -> Option<usize> {
        let mut candidates = self.candidates(rules, group);
        candidates.find(|domain| self.all[group][*domain] == self.least[group])
    }

    /// Whether pods with the rules of `set` that are in `site` break one of them.
    pub(crate) fn breaks(&self, rules: &Rules, set: &RuleSet, site: usize) -> bool {
        if self.ties.breaks(&set.ties, |term| rules.tie_domain(term, site)) {
            return true;
        }
        set.groups.iter().any(|&group| {
            let domain = rules.domain(group, site);
            domain.is_none_or(|domain| self.load[group][domain] > self.most(rules, group))
        })
    }

    /// Whether pods with the rules of `set` that are in `site` break one of them, or would where fewer
    /// domains were eligible than now.
    pub(crate) fn may_break(&self, rules: &Rules, set: &RuleSet, site: usize) -> bool {
        let over = |&group: &usize| {
            let Group { max_skew, min_domains, .. } = rules.groups[group];
            let domain = rules.domain(group, site);
            min_domains > 1 && domain.is_some_and(|domain| self.load[group][domain] > max_skew)
        };
        self.breaks(rules, set, site) || set.groups.iter().any(over)
    }

    /// Whether a group keeps one more pod with the rules of `set` from `site`.
    pub(crate) fn refuses(&self, rules: &Rules, set: &RuleSet, site: usize) -> bool {
        self.own_refusal(rules, set, site).is_some()
            || self.other_refusals(rules, set, site).next().is_some()
            || self.kept(rules, set, site).next().is_some()
    }

    /// What terms over labels keep one more pod with the rules of `set` from `site`.
    pub(crate) fn kept<'a>(
        &'a self,
        rules: &'a Rules,
        set: &'a RuleSet,
        site: usize,
    ) -> impl Iterator<Item = Kept> + 'a {
        self.ties.refusals(&set.ties, move |term| rules.tie_domain(term, site))
    }

    /// The first group of `set` that keeps one more of its pods from `site`.
    pub(crate) fn own_refusal(&self, rules: &Rules, set: &RuleSet, site: usize) -> Option<usize> {
        set.groups.iter().copied().find(|&group| {
            let own = i64::from(set.skew(rules.groups[group].topic).is_some());
            let domain = rules.domain(group, site);
            domain.is_none_or(|domain| self.load[group][domain] + own > self.most(rules, group))
        })
    }

    /// Groups with carriers in the domain of `site` that one more pod with the rules of `set` would break.
    pub(crate) fn other_refusals<'a>(
        &'a self,
        rules: &'a Rules,
        set: &'a RuleSet,
        site: usize,
    ) -> impl Iterator<Item = usize> + 'a {
        set.topics.iter().flat_map(move |&(topic, skew)| {
            rules.of_topic[topic].iter().copied().filter(move |&group| {
                let Some(domain) = rules.domain(group, site) else { return false };
                rules.groups[group].max_skew >= skew
                    && self.carriers[group][domain] > 0
                    && self.load[group][domain] + 1 > self.most(rules, group)
            })
        })
    }

    /// The greatest load that `group` allows.
    fn most(&self, rules: &Rules, group: usize) -> i64 {
        self.least[group] + rules.groups[group].max_skew
    }

    /// The sum of loads that `set` sees in `site`.
    pub(crate) fn sum(&self, rules: &Rules, set: &RuleSet, site: usize) -> i64 {
        let load =
            |&group: &usize| rules.domain(group, site).map(|domain| self.load[group][domain]);
        set.groups.iter().filter_map(load).sum()
    }

    /// Counts `pods` pods in `domain` against the skew of `group`.
    pub(crate) fn add_load(&mut self, group: usize, domain: usize, pods: i64) {
        self.load[group][domain] += pods;
    }

    /// Counts `pods` pods in `domain` that carry `group`.
    pub(crate) fn add_carriers(&mut self, group: usize, domain: usize, pods: i64) {
        self.carriers[group][domain] += pods;
    }

    /// Counts `pods` pods in `domain` as being there for `group`.
    pub(crate) fn add(&mut self, rules: &Rules, group: usize, domain: usize, pods: i64) {
        let before = self.all[group][domain];
        self.all[group][domain] += pods;
        if before <= self.least[group] || pods < 0 {
            self.refresh(rules, group);
        }
    }
}
