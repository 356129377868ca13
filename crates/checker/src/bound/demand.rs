//! What a plan places, and what the certificate says it is worth.
//!
//! In: snapshot, plan and certificate. Out: classes of pods that the proof cannot tell apart, or
//! why the certificate proves nothing.

use std::collections::{BTreeMap, BTreeSet};

use model::{
    Certificate, Plan, PodShape, Requirements, ResourceName, RivalsIndex, ShapeIndex, Snapshot,
    Toleration,
};

use super::bins::Bin;
use super::knapsack::{Item, Knapsack, TOTAL_MAX};
use super::{BoundError, Scale};

/// What decides where a pod may go, and beside whom.
type Rule<'a> = (&'a [Requirements], &'a [Toleration], &'a [RivalsIndex]);

/// Pods of equal requests, rule and worth, of which the plan places some.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Class {
    /// What one asks for, in the order of [`Demand::resources`].
    pub(super) requests: Vec<i64>,
    /// Position in [`Demand::rules`].
    pub(super) rule: usize,
    /// What one is worth, nano-USD per hour; above zero.
    pub(super) worth: i64,
    /// How many the plan places.
    pub(super) count: i64,
    /// How many of them one node takes at most: one where they are rivals, else all.
    pub(super) together: i64,
}

/// All that a plan places and that is worth anything.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Demand<'a> {
    /// Resources that some class asks for.
    pub(super) resources: Vec<ResourceName>,
    /// A shape for each distinct rule of the classes: where pods may go, and beside whom.
    pub(super) rules: Vec<&'a PodShape>,
    /// Distinct classes. Invariant: their worth together is at most [`TOTAL_MAX`].
    pub(super) classes: Vec<Class>,
    /// Positions of classes that are in the same groups of rivals, where there are several.
    like: Vec<Vec<usize>>,
}

impl<'a> Demand<'a> {
    /// Reads the certificate's worths of the pods that `plan` places.
    pub(super) fn new(
        snapshot: &'a Snapshot,
        plan: &Plan,
        certificate: &Certificate,
    ) -> Result<Self, BoundError> {
        let worths = worths(snapshot, certificate)?;
        let placed = placed(snapshot, plan)?;
        let wanted = || {
            let shapes = snapshot.shapes.iter().zip(&worths).zip(&placed);
            shapes.filter(|((_, worth), placed)| **worth > 0 && **placed > 0)
        };
        let resources = resources(wanted().map(|((shape, _), _)| shape));
        let mut rules: BTreeMap<Rule<'a>, usize> = BTreeMap::new();
        let mut shapes: Vec<&'a PodShape> = Vec::new();
        let mut classes: BTreeMap<(Vec<i64>, usize, i64), i64> = BTreeMap::new();
        for ((shape, &worth), &placed) in wanted() {
            let requests = resources.iter().map(|name| shape.requests.get(name.as_str()).get());
            let rule = *rules
                .entry((&shape.alternatives, &shape.tolerations, &shape.rivals))
                .or_insert_with(|| {
                    shapes.push(shape);
                    shapes.len() - 1
                });
            *classes.entry((requests.collect(), rule, worth)).or_default() += placed;
        }
        let classes: Vec<Class> = classes
            .into_iter()
            .map(|((requests, rule, worth), count)| {
                let together = if shapes[rule].rivals.is_empty() { count } else { count.min(1) };
                Class { requests, rule, worth, count, together }
            })
            .collect();
        let like = like(&classes, &shapes);
        let demand = Self { resources, rules: shapes, classes, like };
        if demand.worth() > i128::from(TOTAL_MAX) {
            return Err(BoundError::WorthTooGreat);
        }
        Ok(demand)
    }

    /// The worth of all that the plan places.
    pub(super) fn worth(&self) -> i128 {
        self.classes.iter().map(|class| i128::from(class.worth) * i128::from(class.count)).sum()
    }

    /// How many pods the plan places that are worth anything.
    pub(super) fn pods(&self) -> i64 {
        self.classes.iter().map(|class| class.count).sum()
    }

    /// The pods that may go into `bin`, each of them costing `term` there.
    pub(super) fn knapsack(&self, bin: &Bin, term: i64) -> Knapsack {
        let fits =
            |class: &Class| class.requests.iter().zip(&bin.room).all(|(a, b)| *a == 0 || a <= b);
        let admitted =
            |class: &Class| bin.admits.contains(class.rule) && class.worth > term && fits(class);
        let replaced = self.replaced(admitted);
        let classes = self.classes.iter().enumerate();
        let classes = classes.filter(|(place, class)| admitted(class) && !replaced.contains(place));
        let items = classes.map(|(_, class)| Item {
            requests: class.requests.clone(),
            worth: class.worth - term,
            count: class.together,
        });
        Knapsack::new(items, &bin.room)
    }

    /// Classes that another in the same groups of rivals stands in for: of both together a node
    /// takes one pod, and one of the other asks for no more and is worth no less.
    fn replaced(&self, admitted: impl Fn(&Class) -> bool) -> BTreeSet<usize> {
        let mut replaced = BTreeSet::new();
        for like in &self.like {
            let mut kept: Vec<&Class> = Vec::new();
            let mut order: Vec<usize> =
                like.iter().copied().filter(|&place| admitted(&self.classes[place])).collect();
            // A class that stands in for another comes before it in this order.
            order.sort_by(|&a, &b| {
                let (a, b) = (&self.classes[a], &self.classes[b]);
                b.worth.cmp(&a.worth).then_with(|| a.requests.cmp(&b.requests))
            });
            for place in order {
                let class = &self.classes[place];
                let stands_in = |one: &&Class| {
                    one.requests.iter().zip(&class.requests).all(|(one, other)| one <= other)
                };
                if kept.iter().any(stands_in) {
                    replaced.insert(place);
                } else {
                    kept.push(class);
                }
            }
        }
        replaced
    }

    /// The same pods, their worths scaled and rounded down.
    pub(super) fn scaled(mut self, scale: Scale) -> Self {
        let Scale { numerator, denominator } = scale;
        for class in &mut self.classes {
            let worth = i128::from(class.worth) * i128::from(numerator) / i128::from(denominator);
            class.worth = i64::try_from(worth).unwrap_or(0);
        }
        self
    }
}

/// Positions of classes by the groups that they are in, those that are alone in theirs left out.
fn like(classes: &[Class], rules: &[&PodShape]) -> Vec<Vec<usize>> {
    let mut by_groups: BTreeMap<&[RivalsIndex], Vec<usize>> = BTreeMap::new();
    for (place, class) in classes.iter().enumerate() {
        by_groups.entry(&rules[class.rule].rivals).or_default().push(place);
    }
    by_groups.remove(&[][..]);
    by_groups.into_values().filter(|like| like.len() > 1).collect()
}

/// What a pod of each shape is worth.
fn worths(snapshot: &Snapshot, certificate: &Certificate) -> Result<Vec<i64>, BoundError> {
    let Certificate { worths } = certificate;
    if worths.len() != snapshot.shapes.len() {
        let (shapes, worths) = (snapshot.shapes.len(), worths.len());
        return Err(BoundError::WrongLength { worths, shapes });
    }
    if let Some(shape) = worths.iter().position(|worth| worth.get() < 0) {
        let worth = worths[shape];
        return Err(BoundError::NegativeWorth { shape: ShapeIndex::new(shape), worth });
    }
    Ok(worths.iter().map(|worth| worth.get()).collect())
}

/// How many pods of each shape `plan` places.
fn placed(snapshot: &Snapshot, plan: &Plan) -> Result<Vec<i64>, BoundError> {
    let new = plan.new_nodes.iter().flat_map(|node| &node.pods);
    let existing = plan.existing.iter().flat_map(|fill| &fill.pods);
    let mut seen = vec![false; snapshot.pods.len()];
    let mut placed = vec![0; snapshot.shapes.len()];
    for &pod in new.chain(existing) {
        match seen.get_mut(pod.get()) {
            Some(seen) if !*seen => *seen = true,
            Some(_) | None => return Err(BoundError::BadPlan { pod }),
        }
        placed[snapshot.pod(pod).shape.get()] += 1;
    }
    Ok(placed)
}

/// The resources that some of `shapes` asks for. One of which any asks for less than nothing is
/// left out: not to count it only lowers the bound.
fn resources<'a>(shapes: impl Iterator<Item = &'a PodShape>) -> Vec<ResourceName> {
    let mut asked: BTreeMap<&ResourceName, bool> = BTreeMap::new();
    for (name, amount) in shapes.flat_map(|shape| shape.requests.iter()) {
        *asked.entry(name).or_insert(true) &= amount.get() > 0;
    }
    asked.into_iter().filter(|(_, sound)| *sound).map(|(name, _)| name.clone()).collect()
}
