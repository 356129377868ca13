//! What DaemonSets take: of a new node by what it will be, and of a node that is there.
//!
//! Rules: `scheduling.md` sections 8 and 10 of Karpenter's model. A DaemonSet counts where its pod
//! tolerates the taints (never minding `PreferNoSchedule`) and one of its alternatives admits the
//! labels.

use model::{
    DaemonSet, InstanceType, LabelKey, LabelValue, Labels, Node, Resources, TypeIndex, untolerated,
};

use super::levels::{PoolView, Split};
use super::places::Places;
use crate::lower::label_keys::{INITIALIZED, REGISTERED};

/// The DaemonSets that a pool's nodes may run. Bit `i` of a set of bits stands for alternative `i`.
#[derive(Debug)]
pub(super) struct Daemons<'a> {
    /// The DaemonSet of each alternative; alternatives of one are neighbours.
    owners: Vec<&'a DaemonSet>,
    types: Vec<Vec<u64>>,
    places: Vec<Vec<u64>>,
    choices: Vec<Vec<u64>>,
}

impl<'a> Daemons<'a> {
    /// Finds out which alternatives admit which types, places and choices.
    pub(super) fn new(
        view: &PoolView<'a>,
        daemon_sets: &'a [DaemonSet],
        types: &[InstanceType],
        places: &Places<'_>,
        choices: &[Labels],
    ) -> Self {
        let (owners, splits): (Vec<&DaemonSet>, Vec<Split<'_>>) = daemon_sets
            .iter()
            .filter(|set| untolerated(&view.pool.taints, &set.shape.tolerations).is_none())
            .flat_map(|set| {
                let alternatives = set.shape.alternatives.iter();
                alternatives.map(move |one| (set, Split::of_daemons(view, one)))
            })
            .filter(|(_, split)| split.constant)
            .unzip();
        let bits = |admits: &dyn Fn(&Split<'_>) -> bool| bits_of(splits.iter().map(admits));
        Self {
            types: (types.iter()).map(|one| bits(&|split| split.admits_type(one))).collect(),
            places: (places.iter()).map(|one| bits(&|split| split.admits_place(one))).collect(),
            choices: (choices.iter()).map(|one| bits(&|split| split.admits_choice(one))).collect(),
            owners,
        }
    }

    /// Writes into `bits` the alternatives that admit a node of this type, place and choice.
    pub(super) fn matching_into(
        &self,
        bits: &mut Vec<u64>,
        instance_type: TypeIndex,
        place: usize,
        choice: usize,
    ) {
        let of_type = &self.types[instance_type.get()];
        let words = of_type.iter().zip(&self.places[place]);
        let words = words.zip(&self.choices[choice]);
        bits.clear();
        bits.extend(words.map(|((of_type, of_place), of_choice)| of_type & of_place & of_choice));
    }

    /// What the DaemonSets with at least one matching alternative ask for together.
    pub(super) fn requests(&self, matching: &[u64]) -> Resources {
        let mut requests = Resources::new();
        let mut counted: Option<&DaemonSet> = None;
        for (position, owner) in self.owners.iter().enumerate() {
            let matches = matching[position / 64] >> (position % 64) & 1 == 1;
            if matches && counted.is_none_or(|last| last.name != owner.name) {
                requests.add(&owner.shape.requests);
                counted = Some(owner);
            }
        }
        requests
    }
}

fn bits_of(flags: impl Iterator<Item = bool>) -> Vec<u64> {
    let mut words = Vec::new();
    for (position, flag) in flags.enumerate() {
        if position % 64 == 0 {
            words.push(0);
        }
        if let Some(word) = words.last_mut() {
            *word |= u64::from(flag) << (position % 64);
        }
    }
    words
}

/// The DaemonSets that will run a pod on `node`. A node of a pool counts as registered and initialized.
pub fn expected_daemons<'a>(
    node: &Node,
    daemon_sets: &'a [DaemonSet],
) -> impl Iterator<Item = &'a DaemonSet> {
    let value_of = |key: &LabelKey| match key.as_str() {
        REGISTERED | INITIALIZED if node.pool.is_some() => Some("true"),
        _ => node.labels.get(key).map(LabelValue::as_str),
    };
    daemon_sets.iter().filter(move |set| {
        let mut alternatives = set.shape.alternatives.iter();
        untolerated(&node.taints, &set.shape.tolerations).is_none()
            && alternatives.any(|one| one.first_refused(value_of).is_none())
    })
}

/// What is left on `node`: allocatable less what is bound, less what expected DaemonSet pods ask
/// for beyond those that are bound. What falls below zero stays below zero.
pub(crate) fn node_room(node: &Node, daemon_sets: &[DaemonSet]) -> Resources {
    let mut expected = Resources::new();
    for set in expected_daemons(node, daemon_sets) {
        expected.add(&set.shape.requests);
    }
    expected.subtract(&node.bound_daemons);
    let missing: Resources = expected
        .iter()
        .filter(|(_, amount)| amount.get() > 0)
        .map(|(name, amount)| (name.clone(), amount))
        .collect();
    let mut room = node.allocatable.clone();
    room.subtract(&node.bound);
    room.subtract(&missing);
    room
}
