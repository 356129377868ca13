//! Why a shape that was left out fits nowhere, as defined at [`model::Reason`].

use std::collections::BTreeMap;

use model::{
    Amount, InstanceTypeName, LabelKey, NewNode, Offering, PodShape, PoolIndex, Reason,
    ResourceName, Resources, ShapeIndex, Snapshot, Supply, SupplyIndex, untolerated, well_known,
};

/// What is taken after a plan.
pub(crate) struct Used {
    /// By the nodes of each pool, `nodes` counting them.
    pools: Vec<Resources>,
    /// Units of each supply.
    supplies: Vec<i64>,
}

impl Used {
    /// The sums of what is there and what `new_nodes` add.
    pub(crate) fn after(snapshot: &Snapshot, new_nodes: &[NewNode]) -> Self {
        let mut used: Vec<Resources> =
            snapshot.pools.iter().map(|pool| pool.used.clone()).collect();
        let mut supplies = vec![0; snapshot.supplies.len()];
        for node in new_nodes {
            let offering = snapshot.offering(node.offering);
            let pool = offering.pool.get();
            if let Some(supply) = snapshot.supply_of(offering) {
                supplies[supply.get()] += 1;
            }
            for (name, _) in &snapshot.pools[pool].limits {
                let draw = draw(snapshot, offering, name);
                let sum = used[pool].get(name.as_str()).get().saturating_add(draw.get());
                used[pool].set(name.clone(), Amount::new(sum));
            }
        }
        Self { pools: used, supplies }
    }
}

/// What one more node of `offering` takes of the limited resource `name`.
fn draw(snapshot: &Snapshot, offering: &Offering, name: &ResourceName) -> Amount {
    match name.as_str() {
        well_known::NODES => Amount::new(1),
        name => snapshot.machine_of(offering).capacity.get(name),
    }
}

/// Every reason for `shape`, pool by pool.
pub(crate) fn reasons(snapshot: &Snapshot, used: &Used, shape: ShapeIndex) -> Vec<Reason> {
    if snapshot.pools.is_empty() {
        return vec![Reason::NoNodePool];
    }
    let shape = snapshot.shape(shape);
    (0..snapshot.pools.len())
        .flat_map(|pool| pool_reasons(snapshot, used, shape, PoolIndex::new(pool)))
        .collect()
}

fn pool_reasons(
    snapshot: &Snapshot,
    used: &Used,
    shape: &PodShape,
    index: PoolIndex,
) -> Vec<Reason> {
    let pool = snapshot.pool(index);
    let name = || pool.name.clone();
    let offerings: Vec<&Offering> =
        snapshot.offerings.iter().filter(|offering| offering.pool == index).collect();
    if offerings.is_empty() {
        return vec![Reason::EmptyPool { pool: name() }];
    }
    if let Some(taint) = untolerated(&pool.taints, &shape.tolerations) {
        let excluded = count(offerings.len());
        return vec![Reason::Taint { pool: name(), taint: taint.clone(), excluded }];
    }
    let mut refused: BTreeMap<LabelKey, u32> = BTreeMap::new();
    let mut unpriced = 0;
    let mut rest: Vec<&Offering> = Vec::new();
    for offering in offerings {
        if let Some(key) = refused_key(snapshot, offering, shape) {
            *refused.entry(key).or_default() += 1;
        } else if snapshot.listing_of(offering).price.is_none() {
            unpriced += 1;
        } else {
            rest.push(offering);
        }
    }
    let mut reasons: Vec<Reason> = refused
        .into_iter()
        .map(|(key, excluded)| Reason::Requirement { pool: name(), key, excluded })
        .collect();
    if unpriced > 0 {
        reasons.push(Reason::Unpriced { pool: name(), excluded: unpriced });
    }
    let fitting: Vec<&Offering> =
        rest.iter().filter(|offering| shape.requests.fits_in(&offering.room)).copied().collect();
    if fitting.is_empty() {
        reasons.extend(size_reasons(snapshot, shape, index, &rest));
    } else {
        reasons.extend(limit_reasons(snapshot, used, index, &fitting));
    }
    reasons
}

/// The smallest key that refuses `offering` in the shape's first alternative; `None` where some
/// alternative admits it.
fn refused_key(snapshot: &Snapshot, offering: &Offering, shape: &PodShape) -> Option<LabelKey> {
    let labels = snapshot.labels_of(offering);
    let mut refused =
        shape.alternatives.iter().map(|terms| terms.first_refused(|key| labels.get(key)));
    let first = refused.next()?;
    let key = first?;
    if refused.any(|refused| refused.is_none()) { None } else { Some(key.clone()) }
}

fn size_reasons(
    snapshot: &Snapshot,
    shape: &PodShape,
    pool: PoolIndex,
    offerings: &[&Offering],
) -> Vec<Reason> {
    let pool = &snapshot.pool(pool).name;
    if offerings.is_empty() {
        return Vec::new();
    }
    let excluded = count(offerings.len());
    let mut reasons = Vec::new();
    for (resource, needs) in shape.requests.iter() {
        let (largest, largest_type) = largest(snapshot, offerings, resource);
        if needs > largest {
            reasons.push(Reason::Resource {
                pool: pool.clone(),
                resource: resource.clone(),
                needs,
                largest,
                largest_type,
                excluded,
            });
        }
    }
    if reasons.is_empty() {
        reasons.push(Reason::Combination { pool: pool.clone(), excluded });
    }
    reasons
}

/// The most that any offering has of `resource`, and the first type by name that has it.
fn largest(
    snapshot: &Snapshot,
    offerings: &[&Offering],
    resource: &ResourceName,
) -> (Amount, InstanceTypeName) {
    let (amount, name) = offerings
        .iter()
        .map(|offering| {
            let listing = snapshot.listing_of(offering);
            let name = &snapshot.instance_type(listing.instance_type).name;
            (offering.room.get(resource.as_str()), std::cmp::Reverse(name))
        })
        .max()
        .expect("there is at least one offering");
    (amount, name.0.clone())
}

fn limit_reasons(
    snapshot: &Snapshot,
    used: &Used,
    index: PoolIndex,
    offerings: &[&Offering],
) -> Vec<Reason> {
    let pool = snapshot.pool(index);
    let Used { pools, supplies } = used;
    let used = &pools[index.get()];
    let mut limits: Vec<&(ResourceName, Amount)> = pool.limits.iter().collect();
    limits.sort();
    let mut broken: BTreeMap<&ResourceName, (Amount, Amount, u32)> = BTreeMap::new();
    let mut used_up: BTreeMap<SupplyIndex, u32> = BTreeMap::new();
    for offering in offerings {
        let first = limits.iter().find(|(name, limit)| {
            let sum =
                used.get(name.as_str()).get().saturating_add(draw(snapshot, offering, name).get());
            sum > limit.get()
        });
        if let Some((name, limit)) = first {
            let draw = draw(snapshot, offering, name);
            let entry = broken.entry(name).or_insert((*limit, draw, 0));
            entry.1 = entry.1.min(draw);
            entry.2 += 1;
        } else if let Some(supply) = snapshot.supply_of(offering)
            && supplies[supply.get()] >= snapshot.supply(supply).cap
        {
            *used_up.entry(supply).or_default() += 1;
        }
    }
    let used_up = used_up.into_iter().map(|(supply, excluded)| {
        let Supply { name, cap, kind: _ } = snapshot.supply(supply);
        Reason::Supply { pool: pool.name.clone(), supply: name.clone(), cap: *cap, excluded }
    });
    broken
        .into_iter()
        .map(|(resource, (limit, least, excluded))| Reason::Limit {
            pool: pool.name.clone(),
            resource: resource.clone(),
            limit,
            used: used.get(resource.as_str()),
            least,
            excluded,
        })
        .chain(used_up)
        .collect()
}

fn count(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}
