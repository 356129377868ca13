//! What soft rules say about pods of each shape, in numbers.
//!
//! In: a snapshot and its problem. Out: the rules by their place in the snapshot, and for each shape its *roles*:
//! the rules that it carries or is counted by, with what a pod is charged that goes without. Shapes are known by
//! their *place* in the order of parents, which does not depend on names.

use std::collections::{BTreeMap, BTreeSet};

use model::{
    NanoUsdPerHour, Objective, SelectionIndex, ShapeIndex, Snapshot, SoftAsk, SoftRule, well_known,
};

use super::looks::{Filter, Looks};
use crate::bits::Bits;
use crate::problem::{Built, Class};

/// A soft rule.
#[derive(Clone, Debug)]
pub(super) struct Rule {
    /// The label that it is over, as [`Looks`] knows it; `None` over hostnames.
    pub(super) key: Option<usize>,
    /// What it asks for.
    pub(super) asks: Ask,
    /// For spreads over labels: what decides which nodes and domains count, one entry for carriers that agree.
    pub(super) views: Vec<View>,
}

/// What a soft rule asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ask {
    Together,
    Apart,
    /// With this skew.
    Even(i64),
}

/// What decides for some carriers of a spread which nodes count and which domains are eligible.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct View {
    /// As [`Looks`] knows it.
    pub(super) filter: usize,
    /// Kinds that they may open.
    pub(super) opens: Bits,
}

/// What a shape has to do with a rule.
#[derive(Clone, Copy, Debug)]
pub(super) struct Role {
    /// The rule.
    pub(super) rule: usize,
    /// Whether it is counted.
    pub(super) is_of: bool,
    /// Whether it carries the rule, and how.
    pub(super) carried: Option<Carried>,
}

/// How a shape carries a rule.
#[derive(Clone, Copy, Debug)]
pub(super) struct Carried {
    /// What a pod is charged that goes without, as often as it carries it.
    pub(super) charge: i64,
    /// The place of its view.
    pub(super) view: usize,
}

/// All of it.
pub(super) struct Books<'a> {
    pub(super) built: &'a Built,
    pub(super) rules: Vec<Rule>,
    pub(super) looks: Looks<'a>,
    /// By place.
    pub(super) shapes: Vec<ShapeIndex>,
    /// By shape.
    pub(super) place_of: BTreeMap<ShapeIndex, usize>,
    /// By place: the parent.
    pub(super) parent_of: Vec<usize>,
    /// By place: shapes of one kin may change places whatever is required of them.
    pub(super) kin_of: Vec<usize>,
    /// By place: whether nothing is required of such pods with regard to others.
    pub(super) is_free: Vec<bool>,
    /// By place: what a pod costs alone.
    pub(super) standalone: Vec<i64>,
    /// By place.
    pub(super) roles: Vec<Vec<Role>>,
}

impl<'a> Books<'a> {
    /// The books of `snapshot`; `None` where no soft rule has a price.
    pub(super) fn new(
        snapshot: &'a Snapshot,
        built: &'a Built,
        objective: Objective,
    ) -> Option<Self> {
        if !super::are_priced(snapshot, objective) {
            return None;
        }
        let listed = built.parents.iter().enumerate();
        let listed = listed
            .flat_map(|(parent, class)| class.shapes.iter().map(move |shape| (*shape, parent)));
        let (shapes, parent_of): (Vec<ShapeIndex>, Vec<usize>) = listed.unzip();
        let place_of = shapes.iter().enumerate().map(|(place, shape)| (*shape, place)).collect();
        let filters = shapes.iter().flat_map(|shape| {
            let soft = snapshot.shape(*shape).rules.soft.iter();
            soft.filter_map(|rule| filter(snapshot, *shape, snapshot.soft_rule(*rule)))
        });
        let over = snapshot.soft_rules.iter().map(|rule| &rule.key);
        let over = over.filter(|key| key.as_str() != well_known::HOSTNAME);
        let looks = Looks::new(snapshot, over, &filters.collect());
        let standalone = |shape: &ShapeIndex| {
            built.standalone.get(shape).map_or(0, |standalone| standalone.get())
        };
        let mut books = Self {
            rules: snapshot.soft_rules.iter().map(|rule| rule_of(&looks, rule)).collect(),
            standalone: shapes.iter().map(standalone).collect(),
            kin_of: Vec::new(),
            is_free: Vec::new(),
            roles: Vec::new(),
            built,
            looks,
            shapes,
            place_of,
            parent_of,
        };
        books.add_kin(snapshot);
        books.add_roles(snapshot, objective);
        Some(books)
    }

    /// The class that pods of the shape at `place` are of.
    pub(super) fn parent(&self, place: usize) -> &'a Class {
        &self.built.parents[self.parent_of[place]]
    }

    fn add_kin(&mut self, snapshot: &Snapshot) {
        let of_spreads = snapshot.spreads.iter().map(|spread| spread.selection);
        let of_terms = snapshot.terms.iter().map(|term| term.selection);
        let required: BTreeSet<SelectionIndex> = of_spreads.chain(of_terms).collect();
        let mut kin: BTreeMap<(usize, Vec<SelectionIndex>), usize> = BTreeMap::new();
        for (place, shape) in self.shapes.iter().enumerate() {
            let matches = snapshot.shape(*shape).rules.matches.iter().copied();
            let matches: Vec<SelectionIndex> =
                matches.filter(|one| required.contains(one)).collect();
            let parent = self.parent_of[place];
            let no_rules = self.built.sets[parent] == 0 && self.parent(place).quotas.is_empty();
            self.is_free.push(no_rules && matches.is_empty());
            let next = kin.len();
            self.kin_of.push(*kin.entry((parent, matches)).or_insert(next));
        }
    }

    fn add_roles(&mut self, snapshot: &'a Snapshot, objective: Objective) {
        let mut of_selection: BTreeMap<SelectionIndex, Vec<usize>> = BTreeMap::new();
        for (place, rule) in snapshot.soft_rules.iter().enumerate() {
            of_selection.entry(rule.selection).or_default().push(place);
        }
        let mut views: Vec<BTreeMap<View, usize>> = vec![BTreeMap::new(); self.rules.len()];
        for (place, shape) in self.shapes.iter().enumerate() {
            let rules = &snapshot.shape(*shape).rules;
            let mut roles: BTreeMap<usize, Role> = BTreeMap::new();
            for rule in rules.matches.iter().filter_map(|one| of_selection.get(one)).flatten() {
                roles.insert(*rule, Role { rule: *rule, is_of: true, carried: None });
            }
            for index in &rules.soft {
                let rule = snapshot.soft_rule(*index);
                let standalone = NanoUsdPerHour::new(self.standalone[place]);
                let charge = objective.preference(standalone, rule.weight).get();
                let absent = Role { rule: index.get(), is_of: false, carried: None };
                let role = roles.entry(index.get()).or_insert(absent);
                let view = filter(snapshot, *shape, rule).map_or(0, |filter| {
                    let filter = self.looks.filter(&filter);
                    let view = View { filter, opens: self.parent(place).kinds.clone() };
                    let known = &mut views[index.get()];
                    let next = known.len();
                    *known.entry(view).or_insert(next)
                });
                let known = role.carried.map_or(0, |carried| carried.charge);
                role.carried = Some(Carried { charge: known.saturating_add(charge), view });
            }
            self.roles.push(roles.into_values().collect());
        }
        for (rule, views) in self.rules.iter_mut().zip(views) {
            let mut ordered: Vec<(View, usize)> = views.into_iter().collect();
            ordered.sort_by_key(|(_, place)| *place);
            rule.views = ordered.into_iter().map(|(view, _)| view).collect();
        }
    }
}

fn rule_of(looks: &Looks<'_>, rule: &SoftRule) -> Rule {
    let key = (rule.key.as_str() != well_known::HOSTNAME).then(|| looks.key(&rule.key));
    let asks = match rule.asks {
        SoftAsk::Together => Ask::Together,
        SoftAsk::Apart => Ask::Apart,
        SoftAsk::Spread { max_skew, .. } => Ask::Even(max_skew),
    };
    Rule { key, asks, views: Vec::new() }
}

/// What decides which nodes a spread over a label counts where pods of `shape` carry it.
fn filter<'a>(snapshot: &'a Snapshot, shape: ShapeIndex, rule: &SoftRule) -> Option<Filter<'a>> {
    let SoftAsk::Spread { node_affinity, node_taints, .. } = rule.asks else { return None };
    if rule.key.as_str() == well_known::HOSTNAME {
        return None;
    }
    let shape = snapshot.shape(shape);
    Some(Filter::new((shape.affinity(), node_affinity), (&shape.tolerations, node_taints)))
}
