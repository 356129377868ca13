//! Builds the dense problem from a snapshot.

use std::collections::{BTreeMap, BTreeSet};

use model::{
    LabelKey, NanoUsdPerHour, NodeIndex, NodeState, Objective, OfferingIndex, PodIndex, PodShape,
    ResourceName, SelectionIndex, ShapeIndex, Snapshot, well_known,
};

use super::admission::{self, Admission};
use super::bundles::Bundles;
use super::kinds::{self, KindWithColumn};
use super::ranks::Ranks;
use super::rules::Rules;
use super::sites::Sites;
use super::ties::{Feuds, Terms, TieLoads};
use super::wishes::{Forgone, Wishes};
use super::{Amounts, Class, ExistingNode, Kind, Pool, Problem, Quota, min_values, scarce, ties};
use crate::bits::Bits;

/// A problem whose classes are told apart by rules between pods too, and these rules.
pub(crate) struct Built {
    /// Classes by shape: pods that not even a rule between pods can tell apart. Their quotas are those
    /// that the pods have, be it that they say nothing.
    pub(crate) parents: Vec<Class>,
    /// Of each parent the rule set, a position in [`Rules::sets`].
    pub(crate) sets: Vec<usize>,
    /// Rules over other labels than the hostname.
    pub(crate) rules: Rules,
    /// The problem without any class.
    pub(crate) rest: Problem,
    /// How many groups with quotas there are.
    pub(crate) groups: usize,
    /// The parent of each pod of the snapshot.
    pub(crate) parent_of: Vec<usize>,
    /// The place of each pod of the snapshot when parents and their pods are listed in order, which does not
    /// depend on names.
    pub(crate) order_of: Vec<usize>,
    /// The kinds of each offering that can be bought: of equal price and site, and more than one only where
    /// its pool asks for several values.
    pub(crate) kinds_of: BTreeMap<OfferingIndex, Vec<usize>>,
    /// What a pod costs alone of each shape that has soft rules with a price.
    pub(crate) standalone: BTreeMap<ShapeIndex, NanoUsdPerHour>,
    /// Selections that pods on each node of `rest` are of, where terms between pods look at them.
    pub(crate) node_matches: Vec<BTreeSet<SelectionIndex>>,
}

/// The problem of `snapshot`.
pub(crate) fn build(snapshot: &Snapshot, objective: Objective) -> Built {
    let mut pods_of: BTreeMap<ShapeIndex, Vec<PodIndex>> = BTreeMap::new();
    for (position, pod) in snapshot.pods.iter().enumerate() {
        pods_of.entry(pod.shape).or_default().push(PodIndex::new(position));
    }
    let used: BTreeSet<ShapeIndex> = pods_of.keys().copied().collect();
    let dimensions = dimensions(snapshot, &used);
    let is_priced = !objective.preference_price.is_nothing();
    let mut admission = admission::evaluate(snapshot, &used, is_priced);
    let places = scarce::Places::new(snapshot);
    let sites = Sites::new(snapshot, site_keys(snapshot, &used));
    let variants = min_values::variants(snapshot, &mut admission, &dimensions, &sites, &used);
    let admitted = (&admission, &variants);
    let grouped = kinds::group(snapshot, objective, admitted, &dimensions, &places, &sites);
    let ranks = Ranks::new(snapshot, &pods_of, is_priced);
    let terms = Terms::new(snapshot, (&sites, &ranks), &used);
    let crowds = Crowds::new(snapshot, &used);
    let nodes = nodes(snapshot, (&admission, &sites), &dimensions, (&ranks, &crowds));
    let pods_of = ranks.ordered(snapshot, pods_of);
    let tables = Tables { snapshot, dimensions, admission, kinds: &grouped, nodes: &nodes, crowds };
    let rules = tables.rules((sites, terms), &used);
    let feuds = Feuds::new(&rules.node_ties());
    let (parents, sets, standalone) = tables.parents(&rules, objective, pods_of);
    let groups = tables.crowds.first + tables.crowds.selections.len();
    let admission = tables.admission;
    let first_supply = places.first_supply();
    let columns: Vec<usize> = grouped.iter().map(|kind| kind.own).collect();
    let rest = Problem {
        classes: Vec::new(),
        kinds: grouped.into_iter().map(|group| group.kind).collect(),
        pools: snapshot.pools.iter().map(|pool| Pool { weight: pool.weight }).collect(),
        scarce: places.into_left(),
        first_supply,
        nodes,
        feuds,
        bundles: Bundles::new(),
    };
    let mut parent_of = vec![0; snapshot.pods.len()];
    let mut order_of = vec![0; snapshot.pods.len()];
    for (place, pod) in parents.iter().flat_map(|parent| &parent.pods).enumerate() {
        order_of[pod.get()] = place;
    }
    for (position, parent) in parents.iter().enumerate() {
        parent.pods.iter().for_each(|pod| parent_of[pod.get()] = position);
    }
    let node_matches = node_matches(snapshot, &rest.nodes);
    let kinds_of = kinds_of(&rest.kinds);
    let mut built = Built {
        parents,
        sets,
        rules,
        rest,
        groups,
        parent_of,
        order_of,
        kinds_of,
        standalone,
        node_matches,
    };
    built.count(snapshot, &admission, &columns);
    built
}

/// The kinds of each offering.
fn kinds_of(kinds: &[Kind]) -> BTreeMap<OfferingIndex, Vec<usize>> {
    let mut kinds_of: BTreeMap<OfferingIndex, Vec<usize>> = BTreeMap::new();
    for (position, kind) in kinds.iter().enumerate() {
        for offering in &kind.offerings {
            kinds_of.entry(*offering).or_default().push(position);
        }
    }
    kinds_of
}

/// Labels that rules between planned pods look at, the hostname aside; all that any might look at where
/// what is open to a node depends on them.
fn site_keys<'a>(snapshot: &'a Snapshot, used: &BTreeSet<ShapeIndex>) -> BTreeSet<&'a LabelKey> {
    if snapshot.pools.iter().any(|pool| !pool.min_values.is_empty()) {
        return snapshot.domain_keys();
    }
    let spreads = used.iter().flat_map(|shape| &snapshot.shape(*shape).rules.spreads);
    let keys = spreads.map(|spread| &snapshot.spread(*spread).key);
    let keys = keys.filter(|key| key.as_str() != well_known::HOSTNAME);
    keys.chain(ties::keys(snapshot, used)).collect()
}

/// Selections of terms between pods that pods on each of `nodes` are of.
fn node_matches(snapshot: &Snapshot, nodes: &[ExistingNode]) -> Vec<BTreeSet<SelectionIndex>> {
    let looked_at: BTreeSet<SelectionIndex> =
        snapshot.terms.iter().map(|term| term.selection).collect();
    let of_node = |node: &ExistingNode| {
        let matched = snapshot.node(node.node).matched.iter().map(|entry| entry.0);
        matched.filter(|one| looked_at.contains(one)).collect()
    };
    nodes.iter().map(of_node).collect()
}

/// Selections that are spread over hostnames, as groups with quotas behind those of rivals.
struct Crowds {
    first: usize,
    /// Sorted.
    selections: Vec<SelectionIndex>,
}

impl Crowds {
    fn new(snapshot: &Snapshot, used: &BTreeSet<ShapeIndex>) -> Self {
        let spreads = used.iter().flat_map(|shape| &snapshot.shape(*shape).rules.spreads);
        let spreads = spreads.map(|spread| snapshot.spread(*spread));
        let of_nodes = spreads.filter(|spread| spread.key.as_str() == well_known::HOSTNAME);
        let selections: BTreeSet<SelectionIndex> = of_nodes.map(|one| one.selection).collect();
        Self { first: snapshot.rivals.len(), selections: selections.into_iter().collect() }
    }

    fn group(&self, selection: SelectionIndex) -> Option<usize> {
        self.selections.binary_search(&selection).ok().map(|place| self.first + place)
    }

    /// The groups that a pod of `shape` is in, with what they allow beside it.
    fn quotas(&self, snapshot: &Snapshot, shape: &PodShape) -> Vec<Quota> {
        let rivals = shape.rivals.iter().map(|group| Quota { group: group.get(), most: 1 });
        let mut quotas: BTreeMap<usize, i64> =
            rivals.map(|Quota { group, most }| (group, most)).collect();
        for spread in shape.rules.spreads.iter().map(|spread| snapshot.spread(*spread)) {
            if spread.key.as_str() == well_known::HOSTNAME
                && let Some(group) = self.group(spread.selection)
            {
                let most = quotas.entry(group).or_insert(spread.max_skew);
                *most = spread.max_skew.min(*most);
            }
        }
        quotas.into_iter().map(|(group, most)| Quota { group, most }).collect()
    }

    /// How many pods of each group are on `node`.
    fn base(&self, node: &model::Node) -> Vec<(usize, i64)> {
        let matched = node.matched.iter();
        matched.filter_map(|(one, count)| Some((self.group(*one)?, *count))).collect()
    }
}

/// What classes are made from.
struct Tables<'a> {
    snapshot: &'a Snapshot,
    dimensions: Vec<ResourceName>,
    admission: Admission,
    kinds: &'a [KindWithColumn],
    nodes: &'a [ExistingNode],
    crowds: Crowds,
}

impl Tables<'_> {
    fn rules(&self, (sites, terms): (Sites, Terms), used: &BTreeSet<ShapeIndex>) -> Rules {
        let sites_of_nodes = self.nodes.iter().map(|node| sites.of_node[node.node.get()]).collect();
        let mut rules = Rules::new(sites, sites_of_nodes);
        rules.tie_base = TieLoads::new(self.snapshot, &terms, &rules.sites);
        rules.terms = terms;
        for shape in used {
            let rule =
                self.admission.rule_of[shape.get()].expect("every used shape has a rule set");
            let filter = |spread| self.admission.filters[&(spread, rule)];
            rules.learn(self.snapshot, *shape, rule, filter);
        }
        rules.place();
        rules
    }

    /// Classes, the rule set of each, and [`Built::standalone`].
    fn parents(
        &self,
        rules: &Rules,
        objective: Objective,
        pods_of: Vec<(ShapeIndex, Vec<PodIndex>)>,
    ) -> (Vec<Class>, Vec<usize>, BTreeMap<ShapeIndex, NanoUsdPerHour>) {
        type Key = (Amounts, i32, Bits, Bits, (Vec<Quota>, Forgone), usize);
        let of_pods = (&self.admission, &self.dimensions[..]);
        let mut wishes = Wishes::new(self.snapshot, of_pods, objective, self.kinds, self.nodes);
        let mut position_of: BTreeMap<Key, usize> = BTreeMap::new();
        let (mut parents, mut sets): (Vec<Class>, Vec<usize>) = (Vec::new(), Vec::new());
        let mut standalone = BTreeMap::new();
        for (index, pods) in pods_of {
            if !objective.preference_price.is_nothing()
                && !self.snapshot.shape(index).rules.soft.is_empty()
            {
                standalone.insert(index, wishes.standalone(index));
            }
            let set = rules.set_of[&index];
            let class =
                Class { forgone: wishes.of(index), ..self.class(rules, set, (index, pods)) };
            let Class { requests, priority, kinds, nodes, quotas, forgone, .. } = &class;
            let alike = (requests.clone(), *priority, kinds.clone(), nodes.clone());
            let beside = (quotas.clone(), forgone.clone());
            let key = (alike.0, alike.1, alike.2, alike.3, beside, set);
            if let Some(position) = position_of.get(&key) {
                parents[*position].shapes.extend(class.shapes);
                parents[*position].pods.extend(class.pods);
                continue;
            }
            position_of.insert(key, parents.len());
            parents.push(class);
            sets.push(set);
        }
        (parents, sets, standalone)
    }

    fn class(
        &self,
        rules: &Rules,
        set: usize,
        (index, pods): (ShapeIndex, Vec<PodIndex>),
    ) -> Class {
        let Self { snapshot, dimensions, admission, kinds, nodes, crowds } = self;
        let shape = snapshot.shape(index);
        let rule = admission.rule_of[index.get()].expect("every used shape has a rule set");
        let quotas = crowds.quotas(snapshot, shape);
        let is_full = |node: &ExistingNode| {
            let over = |quota: &Quota| {
                node.base.iter().any(|(group, count)| *group == quota.group && *count >= quota.most)
            };
            let rivals = &snapshot.node(node.node).rivals;
            shape.rivals.iter().any(|one| rivals.contains(one))
                || quotas.iter().any(over)
                || ties::keeps_out(
                    snapshot.node(node.node),
                    &rules.terms,
                    &rules.sets[set].node_ties,
                )
        };
        let on_nodes = nodes
            .iter()
            .map(|node| admission.nodes[node.node.get()].contains(rule) && !is_full(node));
        Class {
            shapes: vec![index],
            requests: kinds::amounts(&shape.requests, dimensions),
            priority: shape.priority,
            pods,
            kinds: Bits::of(kinds.iter().map(|k| admission.columns[k.column].contains(rule))),
            nodes: Bits::of(on_nodes),
            together_max: i64::MAX,
            units: 1,
            quotas,
            ties: rules.node_ties_of[set],
            forgone: Forgone::default(),
        }
    }
}

fn dimensions(snapshot: &Snapshot, used: &BTreeSet<ShapeIndex>) -> Vec<ResourceName> {
    let names: BTreeSet<&ResourceName> = used
        .iter()
        .flat_map(|index| snapshot.shape(*index).requests.iter())
        .map(|(name, _)| name)
        .collect();
    names.into_iter().cloned().collect()
}

/// Nodes that take pods, by room, admission and the pods there that matter to others, so that their
/// names decide nothing but ties between interchangeable ones.
fn nodes(
    snapshot: &Snapshot,
    (admission, sites): (&Admission, &Sites),
    dimensions: &[ResourceName],
    (ranks, crowds): (&Ranks, &Crowds),
) -> Vec<ExistingNode> {
    let mut nodes: Vec<ExistingNode> = snapshot
        .nodes
        .iter()
        .enumerate()
        .filter(|(_, node)| node.state != NodeState::Unschedulable)
        .map(|(position, node)| ExistingNode {
            node: NodeIndex::new(position),
            room: kinds::amounts(&node.room, dimensions),
            spare: kinds::amounts(&node.room, dimensions),
            price: 0,
            own: Vec::new(),
            base: crowds.base(node),
        })
        .collect();
    nodes.sort_by(|a, b| {
        let rules = |n: &ExistingNode| &admission.nodes[n.node.get()];
        let there = |n: &ExistingNode| {
            let node = snapshot.node(n.node);
            let apart = ranks.of_apart(snapshot, node);
            (ranks.of(&node.rivals), ranks.of_matched(&node.matched), apart)
        };
        (&a.room, rules(a))
            .cmp(&(&b.room, rules(b)))
            .then_with(|| there(a).cmp(&there(b)))
            .then_with(|| sites.of_node[a.node.get()].cmp(&sites.of_node[b.node.get()]))
            .then_with(|| a.node.cmp(&b.node))
    });
    nodes
}
