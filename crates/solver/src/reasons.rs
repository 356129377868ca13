//! Why a shape that was left out fits nowhere, as defined at [`model::Reason`].

use std::collections::{BTreeMap, BTreeSet};

use model::{
    Amount, InstanceTypeName, LabelKey, LabelValue, NewNode, NodePool, NodePoolName, Offering,
    PodShape, PoolIndex, Reason, ResourceName, Resources, SelectionName, ShapeIndex, Snapshot,
    Spread, Supply, SupplyIndex, Term, untolerated, well_known,
};

use crate::problem::Built;
use crate::problem::rules::Loads;
use crate::problem::ties::{Domain, Kept};

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
pub(crate) fn reasons(
    snapshot: &Snapshot,
    used: &Used,
    rules: Option<(&Built, &Loads)>,
    shape: ShapeIndex,
) -> Vec<Reason> {
    if snapshot.pools.is_empty() {
        return vec![Reason::NoNodePool];
    }
    let crowds =
        Crowds { snapshot, rules, set: rules.map(|(built, _)| built.rules.set_of[&shape]) };
    let shape = snapshot.shape(shape);
    (0..snapshot.pools.len())
        .flat_map(|pool| pool_reasons(snapshot, used, &crowds, shape, PoolIndex::new(pool)))
        .collect()
}

/// Rules between pods as a plan leaves them, for one shape.
struct Crowds<'a> {
    snapshot: &'a Snapshot,
    rules: Option<(&'a Built, &'a Loads)>,
    set: Option<usize>,
}

/// What a spread reason tells of the spread: key, selection, greatest skew, least and where.
type ToldOfSpread = (LabelKey, SelectionName, i64, i64, Option<LabelValue>);

/// What a reason tells of a rule between pods.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Told {
    Spread(ToldOfSpread),
    /// Key, selection, and where such pods are.
    Affinity(LabelKey, SelectionName, Option<LabelValue>),
    /// Key, selection, and whether it is the pod itself that keeps away.
    AntiAffinity(LabelKey, SelectionName, bool),
}

impl Crowds<'_> {
    /// What there is to tell of the rule that refuses the offering at `position`, and how many pods are in
    /// the way.
    fn refusing(&self, position: usize) -> Option<(Told, i64)> {
        let (built, loads) = self.rules?;
        let rules = &built.rules;
        let (site, set) = (rules.sites.of_offering[position], &rules.sets[self.set?]);
        let tell = |group: usize| {
            let domain = rules.domain(group, site)?;
            Some((self.told(built, loads, group), loads.load(group, domain)))
        };
        let spread = match loads.own_refusal(rules, set, site) {
            Some(group) => tell(group),
            None => loads.other_refusals(rules, set, site).filter_map(tell).min(),
        };
        let spread = spread.map(|(told, load)| (Told::Spread(told), load));
        spread.or_else(|| {
            let over_nodes = loads.ties.refusals(&set.node_ties, |_| Domain::Fresh);
            let kept = loads.kept(rules, set, site).chain(over_nodes);
            kept.map(|kept| self.told_of_term(built, kept)).min()
        })
    }

    fn told_of_term(&self, built: &Built, kept: Kept) -> (Told, i64) {
        let (Kept::Away { term, .. } | Kept::Apart { term, .. }) = kept;
        let Term { key, selection } = &self.snapshot.terms[term];
        let (key, selection) = (key.clone(), self.snapshot.selection(*selection).name.clone());
        match kept {
            Kept::Away { there_in, .. } => {
                let domains =
                    built.rules.terms.key[term].map(|key| &built.rules.sites.domains[key]);
                let there_in = domains.zip(there_in).map(|(domains, one)| domains[one].clone());
                (Told::Affinity(key, selection, there_in), 0)
            }
            Kept::Apart { own, pods, .. } => (Told::AntiAffinity(key, selection, own), pods),
        }
    }

    fn told(&self, built: &Built, loads: &Loads, group: usize) -> ToldOfSpread {
        let rules = &built.rules;
        let Spread { key, selection, max_skew, .. } =
            self.snapshot.spread(rules.groups[group].spread);
        let domains = &rules.sites.domains[rules.topics[rules.groups[group].topic].key];
        let least_in = loads.least_in(rules, group).map(|domain| domains[domain].clone());
        let selection = self.snapshot.selection(*selection).name.clone();
        (key.clone(), selection, *max_skew, loads.least(group), least_in)
    }
}

/// The reasons for offerings that rules between pods refuse: by rule the least load and how many.
fn crowd_reasons(pool: &NodePoolName, refused: BTreeMap<Told, (i64, u32)>) -> Vec<Reason> {
    let reason = |(told, (load, excluded)): (Told, (i64, u32))| {
        let pool = pool.clone();
        match told {
            Told::Spread((key, selection, max_skew, least, least_in)) => {
                Reason::Spread { pool, key, selection, max_skew, least, least_in, load, excluded }
            }
            Told::Affinity(key, selection, there_in) => {
                Reason::Affinity { pool, key, selection, there_in, excluded }
            }
            Told::AntiAffinity(key, selection, own) => {
                Reason::AntiAffinity { pool, key, selection, own, pods: load, excluded }
            }
        }
    };
    refused.into_iter().map(reason).collect()
}

fn pool_reasons(
    snapshot: &Snapshot,
    used: &Used,
    crowds: &Crowds<'_>,
    shape: &PodShape,
    index: PoolIndex,
) -> Vec<Reason> {
    let pool = snapshot.pool(index);
    let name = || pool.name.clone();
    let offerings = snapshot.offerings.iter().enumerate();
    let offerings: Vec<(usize, &Offering)> =
        offerings.filter(|(_, offering)| offering.pool == index).collect();
    if offerings.is_empty() {
        return vec![Reason::EmptyPool { pool: name() }];
    }
    if let Some(taint) = untolerated(&pool.taints, &shape.tolerations) {
        let excluded = count(offerings.len());
        return vec![Reason::Taint { pool: name(), taint: taint.clone(), excluded }];
    }
    let mut refused: BTreeMap<LabelKey, u32> = BTreeMap::new();
    let mut unpriced = 0;
    let mut rest: Vec<(usize, &Offering)> = Vec::new();
    for (position, offering) in offerings {
        if let Some(key) = refused_key(snapshot, offering, shape) {
            *refused.entry(key).or_default() += 1;
        } else if snapshot.listing_of(offering).price.is_none() {
            unpriced += 1;
        } else {
            rest.push((position, offering));
        }
    }
    let mut reasons: Vec<Reason> = refused
        .into_iter()
        .map(|(key, excluded)| Reason::Requirement { pool: name(), key, excluded })
        .collect();
    if unpriced > 0 {
        reasons.push(Reason::Unpriced { pool: name(), excluded: unpriced });
    }
    let fits = |(_, offering): &&(usize, &Offering)| shape.requests.fits_in(&offering.room);
    let fitting: Vec<(usize, &Offering)> = rest.iter().filter(fits).copied().collect();
    if fitting.is_empty() {
        let rest: Vec<&Offering> = rest.into_iter().map(|(_, offering)| offering).collect();
        reasons.extend(size_reasons(snapshot, shape, index, &rest));
    } else {
        let (few, fitting) = without_values(snapshot, pool, &fitting);
        reasons.extend(few);
        reasons.extend(limit_reasons(snapshot, used, crowds, index, &fitting));
    }
    reasons
}

/// The reasons for those of `offerings`, all of `pool`, to which too few values of a label are open; and the others.
fn without_values<'a>(
    snapshot: &'a Snapshot,
    pool: &NodePool,
    offerings: &[(usize, &'a Offering)],
) -> (Vec<Reason>, Vec<(usize, &'a Offering)>) {
    if pool.min_values.is_empty() {
        return (Vec::new(), offerings.to_vec());
    }
    let keys = snapshot.domain_keys();
    let mut of_site: BTreeMap<Vec<Option<&str>>, Vec<(usize, &Offering)>> = BTreeMap::new();
    for &(position, offering) in offerings {
        let labels = snapshot.labels_of(offering);
        let site = keys.iter().map(|key| labels.get(key)).collect();
        of_site.entry(site).or_default().push((position, offering));
    }
    let mut few: BTreeMap<&LabelKey, (i64, i64, u32)> = BTreeMap::new();
    let mut rest = Vec::new();
    for peers in of_site.into_values() {
        let open = |key: &LabelKey| {
            let values = peers.iter().filter_map(|(_, one)| snapshot.labels_of(one).get(key));
            i64::from(count(values.collect::<BTreeSet<&str>>().len()))
        };
        let lacking = pool.min_values.iter().find(|(key, least)| open(key) < *least);
        let Some((key, least)) = lacking else {
            rest.extend(peers);
            continue;
        };
        let entry = few.entry(key).or_insert((*least, 0, 0));
        entry.1 = entry.1.max(open(key));
        entry.2 += count(peers.len());
    }
    rest.sort_unstable_by_key(|(position, _)| *position);
    let reason = |(key, (least, open, excluded)): (&LabelKey, (i64, i64, u32))| Reason::MinValues {
        pool: pool.name.clone(),
        key: key.clone(),
        least,
        open,
        excluded,
    };
    (few.into_iter().map(reason).collect(), rest)
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
    crowds: &Crowds<'_>,
    index: PoolIndex,
    offerings: &[(usize, &Offering)],
) -> Vec<Reason> {
    let pool = snapshot.pool(index);
    let Used { pools, supplies } = used;
    let used = &pools[index.get()];
    let mut limits: Vec<&(ResourceName, Amount)> = pool.limits.iter().collect();
    limits.sort();
    let mut broken: BTreeMap<&ResourceName, (Amount, Amount, u32)> = BTreeMap::new();
    let mut used_up: BTreeMap<SupplyIndex, u32> = BTreeMap::new();
    let mut crowded: BTreeMap<Told, (i64, u32)> = BTreeMap::new();
    for &(position, offering) in offerings {
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
        } else if let Some((told, load)) = crowds.refusing(position) {
            let entry = crowded.entry(told).or_insert((load, 0));
            entry.0 = entry.0.min(load);
            entry.1 += 1;
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
        .chain(crowd_reasons(&pool.name, crowded))
        .collect()
}

fn count(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}
