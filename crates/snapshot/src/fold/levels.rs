//! On what a label of a new node depends: the pool, the type, the place or a choice.

use std::collections::BTreeSet;

use model::{
    InstanceType, LabelKey, LabelValue, Labels, NodeClassName, NodePool, RegionName, Requirement,
    Requirements, well_known,
};

use super::PoolFacts;
use super::places::Place;
use crate::lower::label_keys::{INITIALIZED, REGISTERED, is_well_known};

/// What a label depends on.
enum Level<'a> {
    /// The pool alone: this value, or never there.
    Constant(Option<&'a str>),
    /// The instance type.
    Type,
    /// Zone and capacity type.
    Place,
    /// A value chosen for the offering.
    Choice,
}

/// A pool as labels see it.
#[derive(Debug)]
pub(super) struct PoolView<'a> {
    region: &'a RegionName,
    /// The pool.
    pub(super) pool: &'a NodePool,
    class: &'a NodeClassName,
    /// Keys that requirements leave open and neither the template nor the market decides.
    pub(super) chosen_keys: BTreeSet<&'a LabelKey>,
}

impl<'a> PoolView<'a> {
    /// The view of `facts`.
    pub(super) fn new(region: &'a RegionName, facts: &PoolFacts<'a>) -> Self {
        let pool = facts.pool;
        let chosen_keys = facts
            .requirements
            .iter()
            .map(|(key, _)| key)
            .filter(|key| !is_well_known(key.as_str()) && !pool.labels.contains_key(*key))
            .collect();
        Self { region, pool, class: facts.class, chosen_keys }
    }

    fn level(&self, key: &LabelKey) -> Level<'a> {
        match key.as_str() {
            well_known::ZONE | well_known::ZONE_ID | well_known::CAPACITY_TYPE => Level::Place,
            well_known::REGION => Level::Constant(Some(self.region.as_str())),
            well_known::NODE_POOL => Level::Constant(Some(self.pool.name.as_str())),
            well_known::NODE_CLASS => Level::Constant(Some(self.class.as_str())),
            // As in `OfferingLabels`: there, and a name that no requirement can know.
            well_known::HOSTNAME => Level::Constant(Some("")),
            _ if self.chosen_keys.contains(key) => Level::Choice,
            _ => match self.pool.labels.get(key) {
                Some(value) => Level::Constant(Some(value.as_str())),
                None if is_well_known(key.as_str()) => Level::Type,
                None => Level::Constant(None),
            },
        }
    }
}

/// A conjunction of requirements, by what their labels depend on.
#[derive(Debug)]
pub(super) struct Split<'a> {
    /// Whether the pool's own labels are admitted; where not, nothing of the pool is.
    pub(super) constant: bool,
    of_type: Vec<(&'a LabelKey, &'a Requirement)>,
    of_place: Vec<(&'a LabelKey, &'a Requirement)>,
    of_choice: Vec<(&'a LabelKey, &'a Requirement)>,
}

impl<'a> Split<'a> {
    /// Splits what pods or the pool require.
    pub(super) fn new(view: &PoolView<'a>, requirements: &'a Requirements) -> Self {
        Self::with(requirements, |key| view.level(key))
    }

    /// Splits what a DaemonSet requires: its pods wait for `registered` and `initialized`, which
    /// every node of a pool carries in the end (`scheduling.md` section 10 of Karpenter's model).
    pub(super) fn of_daemons(view: &PoolView<'a>, requirements: &'a Requirements) -> Self {
        Self::with(requirements, |key| match key.as_str() {
            REGISTERED | INITIALIZED => Level::Constant(Some("true")),
            _ => view.level(key),
        })
    }

    fn with(requirements: &'a Requirements, level: impl Fn(&LabelKey) -> Level<'a>) -> Self {
        let mut split = Self {
            constant: true,
            of_type: Vec::new(),
            of_place: Vec::new(),
            of_choice: Vec::new(),
        };
        for (key, requirement) in requirements.iter() {
            match level(key) {
                Level::Constant(value) => split.constant &= requirement.admits(value),
                Level::Type => split.of_type.push((key, requirement)),
                Level::Place => split.of_place.push((key, requirement)),
                Level::Choice => split.of_choice.push((key, requirement)),
            }
        }
        split
    }

    /// Whether the part about the type admits `instance_type`.
    pub(super) fn admits_type(&self, instance_type: &InstanceType) -> bool {
        self.of_type.iter().all(|(key, requirement)| {
            requirement.admits(instance_type.labels.get(*key).map(LabelValue::as_str))
        })
    }

    /// Whether the part about the place admits `place`.
    pub(super) fn admits_place(&self, place: &Place<'_>) -> bool {
        self.of_place.iter().all(|(key, requirement)| requirement.admits(place.label(key)))
    }

    /// Whether the part about chosen labels admits `chosen`.
    pub(super) fn admits_choice(&self, chosen: &Labels) -> bool {
        self.of_choice
            .iter()
            .all(|(key, requirement)| requirement.admits(chosen.get(*key).map(LabelValue::as_str)))
    }
}
