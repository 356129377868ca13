//! Labels and taints, grouped: nodes and offerings that no rule set can tell apart are one site.

use std::collections::{BTreeMap, BTreeSet};

use model::{LabelKey, LabelValue, PodShape, Snapshot, Taint, untolerated};

/// Labels that every node of a pool carries once it is up, as `true`; DaemonSets may wait for them.
const UP: [&str; 2] = ["karpenter.sh/registered", "karpenter.sh/initialized"];

/// Sites as some rule sets see them.
pub(crate) struct Sites<'a> {
    /// Label keys that some rule set looks at, sorted.
    keys: Vec<&'a LabelKey>,
    distinct: Vec<Site<'a>>,
    of_offering: Vec<usize>,
    of_node: Vec<usize>,
}

#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Site<'a> {
    taints: &'a [Taint],
    /// In the order of `keys`.
    values: Vec<Option<&'a str>>,
}

impl<'a> Sites<'a> {
    /// Sites as pods see them.
    pub(crate) fn of_pods(snapshot: &'a Snapshot) -> Self {
        Self::new(snapshot, snapshot.shapes.iter(), false)
    }

    /// Sites as DaemonSets see them: nodes of pools are up.
    pub(crate) fn of_daemons(snapshot: &'a Snapshot) -> Self {
        let shapes = snapshot.daemon_sets.iter().map(|set| &set.shape);
        Self::new(snapshot, shapes, true)
    }

    fn new(
        snapshot: &'a Snapshot,
        shapes: impl Iterator<Item = &'a PodShape>,
        pools_are_up: bool,
    ) -> Self {
        let keys: BTreeSet<&LabelKey> = shapes
            .flat_map(|shape| shape.alternatives.iter().chain(&shape.rules.affinity))
            .flat_map(|terms| terms.iter().map(|(key, _)| key))
            .collect();
        let keys: Vec<&LabelKey> = keys.into_iter().collect();
        let is_up = |key: &LabelKey| pools_are_up && UP.contains(&key.as_str());
        let mut index: BTreeMap<Site<'a>, usize> = BTreeMap::new();
        let mut intern = |site: Site<'a>| {
            let next = index.len();
            *index.entry(site).or_insert(next)
        };
        let of_offering = (snapshot.offerings.iter())
            .map(|offering| {
                let labels = snapshot.labels_of(offering);
                let value =
                    |key: &LabelKey| if is_up(key) { Some("true") } else { labels.get(key) };
                intern(Site {
                    taints: &snapshot.pool(offering.pool).taints,
                    values: keys.iter().map(|key| value(key)).collect(),
                })
            })
            .collect();
        let of_node = (snapshot.nodes.iter())
            .map(|node| {
                let own = |key: &LabelKey| node.labels.get(key).map(LabelValue::as_str);
                let up = |key: &LabelKey| node.pool.is_some() && is_up(key);
                let value = |key: &LabelKey| if up(key) { Some("true") } else { own(key) };
                intern(Site {
                    taints: &node.taints,
                    values: keys.iter().map(|key| value(key)).collect(),
                })
            })
            .collect();
        let mut ordered: Vec<(Site<'a>, usize)> = index.into_iter().collect();
        ordered.sort_by_key(|(_, position)| *position);
        Self {
            keys,
            distinct: ordered.into_iter().map(|(site, _)| site).collect(),
            of_offering,
            of_node,
        }
    }

    /// How many there are.
    pub(crate) const fn len(&self) -> usize {
        self.distinct.len()
    }

    /// The site of the offering at `position`.
    pub(crate) fn of_offering(&self, position: usize) -> usize {
        self.of_offering[position]
    }

    /// The site of the node at `position`.
    pub(crate) fn of_node(&self, position: usize) -> usize {
        self.of_node[position]
    }

    /// The first taint of the site that `shape` does not tolerate.
    pub(crate) fn untolerated(&self, shape: &PodShape, site: usize) -> Option<&'a Taint> {
        untolerated(self.distinct[site].taints, &shape.tolerations)
    }

    /// The smallest key that the alternative at `position` refuses there.
    pub(crate) fn refused<'s>(
        &self,
        shape: &'s PodShape,
        position: usize,
        site: usize,
    ) -> Option<&'s LabelKey> {
        let values = &self.distinct[site].values;
        shape.alternatives.get(position)?.first_refused(|key| {
            let column = self.keys.binary_search(&key);
            values[column.expect("every key of an alternative is a column")]
        })
    }

    /// Whether some alternative of `shape` admits the labels there.
    pub(crate) fn matches(&self, shape: &PodShape, site: usize) -> bool {
        (0..shape.alternatives.len()).any(|position| self.refused(shape, position, site).is_none())
    }

    /// Whether the node affinity of `shape` admits the labels there, wherever its volumes are.
    pub(crate) fn counts(&self, shape: &PodShape, site: usize) -> bool {
        let values = &self.distinct[site].values;
        shape.affinity().iter().any(|terms| {
            let refused = terms.first_refused(|key| {
                let column = self.keys.binary_search(&key);
                values[column.expect("every key of node affinity is a column")]
            });
            refused.is_none()
        })
    }

    /// Whether `shape` may be there at all.
    pub(crate) fn admits(&self, shape: &PodShape, site: usize) -> bool {
        self.untolerated(shape, site).is_none() && self.matches(shape, site)
    }
}
