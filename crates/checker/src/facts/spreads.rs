//! How pods are spread, as [`model::Spread`] defines it: loads and leasts of every spread that planned
//! pods carry, as the plan leaves them.
//!
//! Nodes that agree in site and domain are counted together, and a spread looks at these sums.

use std::collections::{BTreeMap, BTreeSet};

use model::{
    LabelKey, LabelValue, NodeInclusion, PodRules, SelectionIndex, SelectionName, ShapeIndex,
    Snapshot, Spread, SpreadIndex, well_known,
};

use super::seats::{Crowd, Seat};
use super::{Seats, Sites};

/// Spreads as those that carry them see them.
pub(crate) struct Spreads<'a> {
    snapshot: &'a Snapshot,
    /// By shape and spread, hostnames aside.
    views: BTreeMap<(ShapeIndex, SpreadIndex), View<'a>>,
}

/// One spread as one shape sees it.
#[derive(Default)]
pub(crate) struct View<'a> {
    /// By domain: pods that count against the skew.
    loads: BTreeMap<&'a str, i64>,
    /// By eligible domain: all pods of the selection.
    pub(crate) totals: BTreeMap<&'a str, i64>,
    /// Domains with planned pods of the shape.
    carried_in: BTreeSet<&'a str>,
    /// The least.
    pub(crate) least: i64,
    /// The first eligible domain that has it.
    least_in: Option<LabelValue>,
}

/// A spread that keeps a pod from somewhere. The order is that of what a reason tells of it.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Refusal {
    pub(crate) key: LabelKey,
    pub(crate) selection: SelectionName,
    pub(crate) max_skew: i64,
    pub(crate) least: i64,
    pub(crate) least_in: Option<LabelValue>,
    pub(crate) load: i64,
}

/// Pods of one selection on nodes of one site and domain.
#[derive(Clone, Default)]
struct Sum {
    bound: i64,
    /// Planned ones that carry a spread over the same label, by their least skew.
    carriers: BTreeMap<i64, i64>,
    planned: i64,
}

/// Site, domain, and whether the nodes take no pods.
type Cell<'a> = (usize, &'a str, bool);

/// What all views are made from.
pub(crate) struct Counts<'a> {
    /// By label and selection.
    sums: BTreeMap<(&'a LabelKey, SelectionIndex), BTreeMap<Cell<'a>, Sum>>,
    /// By label: where nodes are, bought ones included.
    nodes: BTreeMap<&'a LabelKey, BTreeSet<Cell<'a>>>,
    /// By label and shape: domains that the plan puts pods of the shape into.
    shapes: BTreeMap<(&'a LabelKey, ShapeIndex), BTreeSet<&'a str>>,
    /// By label: where one more node could be bought.
    opening: BTreeMap<&'a LabelKey, BTreeSet<(usize, &'a str)>>,
}

impl<'a> Spreads<'a> {
    /// Counts what the plan comes to.
    pub(crate) fn new(
        snapshot: &'a Snapshot,
        seats: &Seats,
        sites: &Sites<'a>,
        opens: impl Fn(usize) -> bool,
    ) -> Self {
        let planned: BTreeSet<ShapeIndex> = snapshot.pods.iter().map(|pod| pod.shape).collect();
        let carried = planned.iter().flat_map(|shape| {
            let spreads = snapshot.shape(*shape).rules.spreads.iter();
            spreads.map(move |spread| (*shape, *spread))
        });
        let carried = carried.filter(|(_, spread)| !is_over_nodes(snapshot.spread(*spread)));
        let carried: Vec<(ShapeIndex, SpreadIndex)> = carried.collect();
        let mut views = BTreeMap::new();
        if !carried.is_empty() {
            let keys = carried.iter().map(|(_, spread)| &snapshot.spread(*spread).key).collect();
            let counts = Counts::new(snapshot, &keys, seats, sites, opens);
            for (shape, spread) in carried {
                let view = counts.view(snapshot, sites, shape, snapshot.spread(spread));
                views.insert((shape, spread), view);
            }
        }
        Self { snapshot, views }
    }

    /// The spread that keeps a further pod of `shape` from where labels are as `value_of` says; `seat` is
    /// the node there, where it is one and not an offering.
    pub(crate) fn refusal<'v>(
        &self,
        shape: ShapeIndex,
        value_of: impl Fn(&LabelKey) -> Option<&'v str>,
        seat: Option<&Seat>,
    ) -> Option<Refusal> {
        let rules = &self.snapshot.shape(shape).rules;
        let of_seat = |selection| seat.map(|seat| seat.crowd(selection));
        let own = rules.spreads.iter().find_map(|&index| {
            let spread = self.snapshot.spread(index);
            if is_over_nodes(spread) {
                let load = of_seat(spread.selection).map_or(0, |crowd| crowd.load(spread.max_skew));
                let is_over = load + 1 > spread.max_skew;
                return is_over.then(|| self.told(spread, load, &View::default()));
            }
            let view = &self.views[&(shape, index)];
            let load = view.load(value_of(&spread.key)?);
            let own = i64::from(rules.matches.contains(&spread.selection));
            (load + own > view.least + spread.max_skew).then(|| self.told(spread, load, view))
        });
        own.or_else(|| self.others(shape, value_of, of_seat))
    }

    /// The smallest refusal of spreads of planned pods where a further pod of `shape` would go.
    fn others<'v, 'c>(
        &self,
        shape: ShapeIndex,
        value_of: impl Fn(&LabelKey) -> Option<&'v str>,
        of_seat: impl Fn(SelectionIndex) -> Option<&'c Crowd>,
    ) -> Option<Refusal> {
        let rules = &self.snapshot.shape(shape).rules;
        let mut found: Vec<Refusal> = Vec::new();
        for own in rules.spreads.iter().map(|spread| self.snapshot.spread(*spread)) {
            if is_over_nodes(own) {
                let crowd = of_seat(own.selection);
                let skews = crowd.into_iter().flat_map(Crowd::skews);
                for skew in skews.filter(|skew| *skew >= own.max_skew) {
                    let load = crowd.map_or(0, |crowd| crowd.load(skew));
                    if load + 1 > skew {
                        let spread = Spread { max_skew: skew, ..own.clone() };
                        found.push(self.told(&spread, load, &View::default()));
                    }
                }
                continue;
            }
            let Some(domain) = value_of(&own.key) else { continue };
            if !rules.matches.contains(&own.selection) {
                continue;
            }
            for ((_, index), view) in &self.views {
                let spread = self.snapshot.spread(*index);
                let load = view.load(domain);
                let adds = (&spread.key, spread.selection) == (&own.key, own.selection)
                    && spread.max_skew >= least_skew(self.snapshot, rules, own)
                    && view.carried_in.contains(domain);
                if adds && load + 1 > view.least + spread.max_skew {
                    found.push(self.told(spread, load, view));
                }
            }
        }
        found.into_iter().min()
    }

    /// The first spread of `shape` that is broken where labels are as `value_of` says.
    pub(crate) fn broken<'v>(
        &self,
        shape: ShapeIndex,
        value_of: impl Fn(&LabelKey) -> Option<&'v str>,
        seat: &Seat,
    ) -> Option<(SpreadIndex, Refusal)> {
        let rules = &self.snapshot.shape(shape).rules;
        rules.spreads.iter().find_map(|&index| {
            let spread = self.snapshot.spread(index);
            let none = View::default();
            let (load, view) = if is_over_nodes(spread) {
                (seat.crowd(spread.selection).load(spread.max_skew), &none)
            } else {
                let view = &self.views[&(shape, index)];
                (view.load(value_of(&spread.key)?), view)
            };
            let is_over = load > view.least + spread.max_skew;
            is_over.then(|| (index, self.told(spread, load, view)))
        })
    }

    fn told(&self, spread: &Spread, load: i64, view: &View<'_>) -> Refusal {
        Refusal {
            key: spread.key.clone(),
            selection: self.snapshot.selection(spread.selection).name.clone(),
            max_skew: spread.max_skew,
            least: view.least,
            least_in: view.least_in.clone(),
            load,
        }
    }
}

/// The least skew over the key and selection of `like` that a pod with these `rules` carries.
fn least_skew(snapshot: &Snapshot, rules: &PodRules, like: &Spread) -> i64 {
    let spreads = rules.spreads.iter().map(|spread| snapshot.spread(*spread));
    let alike = spreads.filter(|one| (&one.key, one.selection) == (&like.key, like.selection));
    alike.map(|spread| spread.max_skew).min().unwrap_or(like.max_skew)
}

impl View<'_> {
    fn load(&self, domain: &str) -> i64 {
        self.loads.get(domain).copied().unwrap_or(0)
    }
}

/// Whether every node is a domain of its own.
pub(super) fn is_over_nodes(spread: &Spread) -> bool {
    spread.key.as_str() == well_known::HOSTNAME
}

impl<'a> Counts<'a> {
    /// Counts the pods of all seats over the labels `keys`; `opens` says of which offerings one more node could
    /// be bought.
    pub(crate) fn new(
        snapshot: &'a Snapshot,
        keys: &BTreeSet<&'a LabelKey>,
        seats: &Seats,
        sites: &Sites<'a>,
        opens: impl Fn(usize) -> bool,
    ) -> Self {
        let mut counts = Self {
            sums: BTreeMap::new(),
            nodes: BTreeMap::new(),
            shapes: BTreeMap::new(),
            opening: BTreeMap::new(),
        };
        for key in keys {
            for seat in seats.iter() {
                counts.add(snapshot, key, seat);
            }
            let opening = counts.opening.entry(key).or_default();
            for (position, offering) in snapshot.offerings.iter().enumerate() {
                let Some(domain) = snapshot.labels_of(offering).get(key) else { continue };
                let site = sites.of_offering(position);
                if !opening.contains(&(site, domain)) && opens(position) {
                    opening.insert((site, domain));
                }
            }
        }
        counts
    }

    /// Counts the pods of one node.
    fn add(&mut self, snapshot: &'a Snapshot, key: &'a LabelKey, seat: &Seat) {
        let Some(domain) = seat.label(snapshot, key) else { return };
        let cell = (seat.site, domain, !seat.takes_pods);
        self.nodes.entry(key).or_default().insert(cell);
        for (selection, bound) in seat.matched(snapshot) {
            self.sum(key, *selection, cell).bound += bound;
        }
        for (shape, count) in &seat.load {
            let rules = &snapshot.shape(*shape).rules;
            for selection in &rules.matches {
                let spreads = rules.spreads.iter().map(|spread| snapshot.spread(*spread));
                let alike = spreads.filter(|one| one.key == *key && one.selection == *selection);
                let skew = alike.map(|spread| spread.max_skew).min();
                let sum = self.sum(key, *selection, cell);
                sum.planned += i64::from(*count);
                if let Some(skew) = skew {
                    *sum.carriers.entry(skew).or_default() += i64::from(*count);
                }
            }
            self.shapes.entry((key, *shape)).or_default().insert(domain);
        }
    }

    fn sum(&mut self, key: &'a LabelKey, selection: SelectionIndex, cell: Cell<'a>) -> &mut Sum {
        self.sums.entry((key, selection)).or_default().entry(cell).or_default()
    }

    /// What `shape` sees of `spread`.
    pub(crate) fn view(
        &self,
        snapshot: &'a Snapshot,
        sites: &Sites<'a>,
        shape: ShapeIndex,
        spread: &Spread,
    ) -> View<'a> {
        let carried_in = self.shapes.get(&(&spread.key, shape)).cloned().unwrap_or_default();
        let shape = snapshot.shape(shape);
        let counts = |site: usize, is_out: bool| {
            let of_labels = || sites.counts(shape, site);
            let of_taints = || !is_out && sites.untolerated(shape, site).is_none();
            (spread.node_affinity == NodeInclusion::Ignore || of_labels())
                && (spread.node_taints == NodeInclusion::Ignore || of_taints())
        };
        let mut all: BTreeMap<&str, i64> = BTreeMap::new();
        for &(site, domain, is_out) in self.nodes.get(&spread.key).into_iter().flatten() {
            if counts(site, is_out) {
                all.insert(domain, 0);
            }
        }
        for &(site, domain) in self.opening.get(&spread.key).into_iter().flatten() {
            if sites.admits(shape, site) {
                all.insert(domain, 0);
            }
        }
        let mut view = View { carried_in, ..View::default() };
        let sums = self.sums.get(&(&spread.key, spread.selection));
        for (&(site, domain, is_out), sum) in sums.into_iter().flatten() {
            if !counts(site, is_out) {
                continue;
            }
            let carriers = sum.carriers.range(..=spread.max_skew).map(|(_, count)| count);
            *view.loads.entry(domain).or_default() += sum.bound + carriers.sum::<i64>();
            if let Some(all) = all.get_mut(domain) {
                *all += sum.bound + sum.planned;
            }
        }
        let enough = i64::try_from(all.len()).unwrap_or(i64::MAX) >= spread.min_domains;
        if let Some((least, domain)) = all.iter().map(|(domain, count)| (*count, *domain)).min()
            && enough
        {
            view.least = least;
            view.least_in = Some(LabelValue::from(domain));
        }
        view.totals = all;
        view
    }
}
