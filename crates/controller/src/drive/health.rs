//! Counts how the starts of each pool's nodes went, for the pool's condition.

use std::collections::{BTreeMap, BTreeSet};

use executor::{Start, StartLimits, Starts};
use model::well_known;

use crate::store::Tables;

/// Generations of a pool and of its class: starts before a change of either say nothing any more.
type Generations = (Option<i64>, Option<i64>);

/// What is remembered of starts. All of it may be lost at any moment.
#[derive(Debug, Default)]
pub(super) struct Health {
    pools: BTreeMap<String, (Generations, Starts)>,
    /// UIDs of claims whose start was counted.
    counted: BTreeSet<String>,
    /// Whether claims were looked at: those that were registered before are not news.
    looked: bool,
    none: Starts,
}

impl Health {
    /// The last starts of a pool's nodes.
    pub(super) fn starts_of(&self, pool: &str) -> &Starts {
        self.pools.get(pool).map_or(&self.none, |(_, starts)| starts)
    }

    /// Counts claims that registered, or failed to, since the last look.
    pub(super) fn count(&mut self, tables: &Tables, limits: StartLimits) {
        self.see_pools(tables);
        let mut there = BTreeSet::new();
        for claim in tables.node_claims.objects.values() {
            let uid = claim.metadata.uid.as_deref().unwrap_or_default();
            let Some(start) = Start::of(claim, limits) else { continue };
            there.insert(uid.to_owned());
            let news = self.looked || start != Start::Registered;
            if self.counted.contains(uid) || !news {
                continue;
            }
            let pool = claim.metadata.labels.get(well_known::NODE_POOL);
            if let Some((_, starts)) = pool.and_then(|pool| self.pools.get_mut(pool)) {
                starts.add(start);
            }
        }
        self.counted = there;
        self.looked = true;
    }

    /// Forgets pools that are gone, and starts before a change.
    fn see_pools(&mut self, tables: &Tables) {
        let before = std::mem::take(&mut self.pools);
        for pool in tables.node_pools.objects.values() {
            let name = pool.metadata.name.as_str();
            let class = pool.spec.template.spec.node_class_ref.name.as_str();
            let class = tables.class(class);
            let class = class.and_then(|class| class.metadata.generation);
            let now = (pool.metadata.generation, class);
            let starts = match before.get(name) {
                Some((then, starts)) if *then == now => starts.clone(),
                Some(_) => Starts::default(),
                None => told(pool, now),
            };
            self.pools.insert(name.to_owned(), (now, starts));
        }
    }
}

/// What the pool's condition says, if it speaks of these generations.
fn told(pool: &api::NodePool, (generation, class): Generations) -> Starts {
    let conditions = pool.status.conditions.iter();
    let kind = api::names::NODE_REGISTRATION_HEALTHY;
    let same = |one: &&api::Condition| {
        one.kind == kind
            && one.observed_generation == generation
            && pool.status.node_class_observed_generation == class
    };
    Starts::begin(conditions.into_iter().find(same))
}
