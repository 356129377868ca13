//! Where nodes are, as far as soft rules care: nodes and offerings that none can tell apart look alike.
//!
//! In: the snapshot, the labels that soft rules are over, what decides which nodes soft spreads count. Out: the
//! look of every offering and node, its domains, and whether a filter counts it.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use model::{
    LabelKey, LabelValue, NodeInclusion, NodeState, Requirements, Snapshot, Taint, Toleration,
    untolerated,
};

/// What decides which nodes a spread counts for a carrier: node affinity and tolerations; nothing where they
/// are not looked at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Filter<'a> {
    pub(super) affinity: Option<&'a [Requirements]>,
    pub(super) tolerations: Option<&'a [Toleration]>,
}

impl<'a> Filter<'a> {
    /// Of a carrier with this affinity and these tolerations.
    pub(super) fn new(
        (affinity, node_affinity): (&'a [Requirements], NodeInclusion),
        (tolerations, node_taints): (&'a [Toleration], NodeInclusion),
    ) -> Self {
        let is_honoured = |policy| match policy {
            NodeInclusion::Honor => true,
            NodeInclusion::Ignore => false,
        };
        Self {
            affinity: is_honoured(node_affinity).then_some(affinity),
            tolerations: is_honoured(node_taints).then_some(tolerations),
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Look<'a> {
    /// By key.
    values: Vec<Option<&'a str>>,
    taints: &'a [Taint],
    takes_pods: bool,
}

/// Looks of a snapshot.
pub(super) struct Looks<'a> {
    /// Labels that rules are over or filters look at, sorted.
    keys: Vec<&'a LabelKey>,
    all: Vec<Look<'a>>,
    /// By look and key: the domain.
    domains: Vec<Vec<Option<usize>>>,
    /// The look of each offering.
    pub(super) of_offering: Vec<usize>,
    /// The look of each node.
    pub(super) of_node: Vec<usize>,
    filters: Vec<Filter<'a>>,
    /// By filter and look: whether it is counted, where that was asked for.
    counted: RefCell<Vec<Vec<Option<bool>>>>,
}

impl<'a> Looks<'a> {
    /// Looks as rules over the labels `over` and these `filters` tell them apart.
    pub(super) fn new(
        snapshot: &'a Snapshot,
        over: impl Iterator<Item = &'a LabelKey>,
        filters: &BTreeSet<Filter<'a>>,
    ) -> Self {
        let asked = filters.iter().filter_map(|filter| filter.affinity).flatten();
        let asked = asked.flat_map(|terms| terms.iter().map(|(key, _)| key));
        let keys: BTreeSet<&LabelKey> = over.chain(asked).collect();
        let keys: Vec<&LabelKey> = keys.into_iter().collect();
        let mut places: BTreeMap<Look<'a>, usize> = BTreeMap::new();
        let mut place = |look: Look<'a>| {
            let next = places.len();
            *places.entry(look).or_insert(next)
        };
        let of_offering = snapshot.offerings.iter().map(|offering| {
            let labels = snapshot.labels_of(offering);
            let values = keys.iter().map(|key| labels.get(key)).collect();
            let taints = &snapshot.pool(offering.pool).taints;
            place(Look { values, taints, takes_pods: true })
        });
        let of_offering = of_offering.collect();
        let of_node = snapshot.nodes.iter().map(|node| {
            let value = |key: &&LabelKey| node.labels.get(*key).map(LabelValue::as_str);
            let values = keys.iter().map(value).collect();
            let takes_pods = match node.state {
                NodeState::Ready | NodeState::InFlight => true,
                NodeState::Unschedulable => false,
            };
            place(Look { values, taints: &node.taints, takes_pods })
        });
        let of_node = of_node.collect();
        let mut all: Vec<(Look<'a>, usize)> = places.into_iter().collect();
        all.sort_by_key(|(_, place)| *place);
        let all: Vec<Look<'a>> = all.into_iter().map(|(look, _)| look).collect();
        let domains = domains(&all, keys.len());
        let filters: Vec<Filter<'a>> = filters.iter().copied().collect();
        let counted = RefCell::new(vec![vec![None; all.len()]; filters.len()]);
        Self { keys, all, domains, of_offering, of_node, filters, counted }
    }

    /// How many there are.
    pub(super) const fn len(&self) -> usize {
        self.all.len()
    }

    /// The place of a label that is looked at.
    pub(super) fn key(&self, key: &LabelKey) -> usize {
        self.keys.binary_search(&key).expect("every label that is looked at is a key")
    }

    /// The place of a filter.
    pub(super) fn filter(&self, filter: &Filter<'_>) -> usize {
        self.filters.binary_search(filter).expect("every filter is listed")
    }

    /// The domain of `look` over the label at `key`.
    pub(super) fn domain(&self, look: usize, key: usize) -> Option<usize> {
        self.domains[look][key]
    }

    /// Whether the filter at this place counts nodes of `look`.
    pub(super) fn counts(&self, filter: usize, look: usize) -> bool {
        if let Some(known) = self.counted.borrow()[filter][look] {
            return known;
        }
        let Look { values, taints, takes_pods } = &self.all[look];
        let Filter { affinity, tolerations } = self.filters[filter];
        let value = |key: &LabelKey| values[self.key(key)];
        let of_labels =
            affinity.is_none_or(|all| all.iter().any(|terms| terms.first_refused(value).is_none()));
        let of_taints =
            tolerations.is_none_or(|all| *takes_pods && untolerated(taints, all).is_none());
        self.counted.borrow_mut()[filter][look] = Some(of_labels && of_taints);
        of_labels && of_taints
    }
}

/// By look and key: the place of its value among all values.
fn domains(looks: &[Look<'_>], keys: usize) -> Vec<Vec<Option<usize>>> {
    let values = |key: usize| {
        let values: BTreeSet<&str> = looks.iter().filter_map(|look| look.values[key]).collect();
        values.into_iter().collect::<Vec<&str>>()
    };
    let values: Vec<Vec<&str>> = (0..keys).map(values).collect();
    let of_look = |look: &Look<'_>| {
        let places = look.values.iter().zip(&values);
        places.map(|(value, all)| all.binary_search(&(*value)?).ok()).collect()
    };
    looks.iter().map(of_look).collect()
}
