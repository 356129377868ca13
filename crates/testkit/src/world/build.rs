//! From a draft to a snapshot: sort, resolve names, fold.

use std::collections::{BTreeMap, BTreeSet};

use model::{
    CapacityType, InstanceType, LabelKey, LabelValue, Labels, Listing, ListingIndex, Machine,
    MachineIndex, Node, NodeClass, NodeClassIndex, NodePool, Offering, Pod, PodRules, PodShape,
    PoolIndex, Price, Profile, Requirement, Resources, Rivals, RivalsIndex, RivalsName, Selection,
    SelectionIndex, SelectionName, ShapeIndex, Snapshot, SoftRule, SoftRuleIndex, Spread,
    SpreadIndex, Supply, SupplyIndex, SupplyKind, SupplyName, Term, TermIndex, TypeIndex,
    well_known,
};

use super::WorldError;
use super::draft::{
    Draft, NodeDraft, NodePrice, PodDraft, PoolDraft, SoftDraft, SpreadDraft, SupplyDraft,
    TermDraft, TypeDraft,
};
use crate::fold;

/// The class of pools that name none.
const DEFAULT_CLASS: &str = "default";

/// The snapshot of `draft`.
pub(super) fn build(mut draft: Draft) -> Result<Snapshot, WorldError> {
    draft.types.sort_by(|a, b| a.name.cmp(&b.name));
    draft.daemon_sets.sort_by(|a, b| a.name.cmp(&b.name));
    draft.nodes.sort_by(|a, b| a.name.cmp(&b.name));
    draft.pools.sort_by(|a, b| b.weight.cmp(&a.weight).then_with(|| a.name.cmp(&b.name)));
    if draft.zones.is_empty() {
        draft.zones = vec!["a".into()];
    }
    draft.classes.entry(DEFAULT_CLASS.into()).or_default();
    let rivals = rivals(&draft);
    let selections = selections(&draft);
    let spreads = spreads(&draft, &selections);
    let terms = terms(&draft, &selections);
    let soft_rules = soft_rules(&draft, &selections);
    let between = Between {
        rivals: &rivals,
        selections: &selections,
        spreads: &spreads,
        terms: &terms,
        soft_rules: &soft_rules,
    };
    let (shapes, pods) = pods(&draft, between);
    let supplies = supplies(&draft);
    let mut snapshot = Snapshot {
        region: draft.region.as_deref().unwrap_or("us-east-1").into(),
        profile: Profile::default(),
        shapes,
        pods,
        rivals,
        selections,
        spreads,
        terms,
        soft_rules,
        daemon_sets: std::mem::take(&mut draft.daemon_sets),
        nodes: Vec::new(),
        pools: Vec::new(),
        node_classes: classes(&draft),
        types: draft.types.iter().map(instance_type).collect(),
        listings: listings(&draft, &supplies)?,
        supplies,
        offerings: Vec::new(),
    };
    for pool in &draft.pools {
        let resolved = pool_of(&snapshot, pool)?;
        snapshot.pools.push(resolved);
    }
    for node in &draft.nodes {
        let resolved = node_of(&mut snapshot, &draft, node)?;
        snapshot.nodes.push(resolved);
    }
    for pool in 0..snapshot.pools.len() {
        let offerings = offerings(&snapshot, PoolIndex::new(pool));
        snapshot.offerings.extend(offerings);
    }
    Ok(snapshot)
}

/// Every group that a pod or a node names, by name.
fn rivals(draft: &Draft) -> Vec<Rivals> {
    let of_pods = draft.pods.iter().map(|pod| &pod.rivals);
    let of_all = of_pods.chain(draft.nodes.iter().map(|node| &node.rivals));
    let names: BTreeSet<&RivalsName> = of_all.flatten().collect();
    names.into_iter().map(|name| Rivals { name: name.clone() }).collect()
}

fn rivals_indices(rivals: &[Rivals], names: &BTreeSet<RivalsName>) -> Vec<RivalsIndex> {
    let positions = rivals.iter().enumerate().filter(|(_, group)| names.contains(&group.name));
    positions.map(|(position, _)| RivalsIndex::new(position)).collect()
}

/// One for each name, by name; the first line of a name says how many there are.
fn supplies(draft: &Draft) -> Vec<Supply> {
    let mut supplies: BTreeMap<&SupplyName, Supply> = BTreeMap::new();
    for SupplyDraft { name, cap, .. } in &draft.supplies {
        let kind = SupplyKind::CapacityReservation;
        supplies.entry(name).or_insert_with(|| Supply { name: name.clone(), kind, cap: *cap });
    }
    supplies.into_values().collect()
}

/// Every selection that a pod, a spread or a node names, by name.
fn selections(draft: &Draft) -> Vec<Selection> {
    let of_pods = draft.pods.iter().flat_map(|pod| &pod.matches);
    let of_spreads = draft.pods.iter().flat_map(|pod| &pod.spreads).map(|one| &one.selection);
    let of_nodes = draft.nodes.iter().flat_map(|node| node.matched.keys());
    let of_terms = term_drafts(draft).map(|(_, selection)| selection);
    let of_soft = draft.pods.iter().flat_map(|pod| &pod.soft).map(|one| &one.selection);
    let of_rules = of_spreads.chain(of_terms).chain(of_soft);
    let names: BTreeSet<&SelectionName> = of_pods.chain(of_nodes).chain(of_rules).collect();
    names.into_iter().map(|name| Selection { name: name.clone() }).collect()
}

/// Every term that a pod or a node names.
fn term_drafts(draft: &Draft) -> impl Iterator<Item = &TermDraft> {
    let of_pods = draft.pods.iter().flat_map(|pod| pod.together.iter().chain(&pod.apart));
    of_pods.chain(draft.nodes.iter().flat_map(|node| node.apart.keys()))
}

fn term_of(selections: &[Selection], (key, selection): &TermDraft) -> Term {
    Term { key: key.clone(), selection: selection_of(selections, selection) }
}

fn terms(draft: &Draft, selections: &[Selection]) -> Vec<Term> {
    let distinct: BTreeSet<Term> = term_drafts(draft).map(|one| term_of(selections, one)).collect();
    distinct.into_iter().collect()
}

fn term_index(terms: &[Term], term: &Term) -> TermIndex {
    TermIndex::new(terms.binary_search(term).expect("every term that is named is listed"))
}

fn selection_of(selections: &[Selection], name: &SelectionName) -> SelectionIndex {
    let place = selections.binary_search_by(|one| one.name.cmp(name));
    SelectionIndex::new(place.expect("every name that is used is listed"))
}

fn spread_of(selections: &[Selection], drafted: &SpreadDraft) -> Spread {
    Spread {
        key: drafted.key.clone(),
        selection: selection_of(selections, &drafted.selection),
        max_skew: drafted.max_skew,
        min_domains: drafted.min_domains,
        node_affinity: drafted.node_affinity,
        node_taints: drafted.node_taints,
    }
}

fn spreads(draft: &Draft, selections: &[Selection]) -> Vec<Spread> {
    let all = draft.pods.iter().flat_map(|pod| &pod.spreads);
    let distinct: BTreeSet<Spread> = all.map(|one| spread_of(selections, one)).collect();
    distinct.into_iter().collect()
}

fn soft_rule_of(selections: &[Selection], drafted: &SoftDraft) -> SoftRule {
    SoftRule {
        key: drafted.key.clone(),
        selection: selection_of(selections, &drafted.selection),
        asks: drafted.asks,
        weight: drafted.weight,
    }
}

fn soft_rules(draft: &Draft, selections: &[Selection]) -> Vec<SoftRule> {
    let all = draft.pods.iter().flat_map(|pod| &pod.soft);
    let distinct: BTreeSet<SoftRule> = all.map(|one| soft_rule_of(selections, one)).collect();
    distinct.into_iter().collect()
}

/// What rules between pods refer to.
#[derive(Clone, Copy)]
struct Between<'a> {
    rivals: &'a [Rivals],
    selections: &'a [Selection],
    spreads: &'a [Spread],
    terms: &'a [Term],
    soft_rules: &'a [SoftRule],
}

impl Between<'_> {
    fn terms(self, drafted: &BTreeSet<TermDraft>) -> Vec<TermIndex> {
        let index = |one: &TermDraft| term_index(self.terms, &term_of(self.selections, one));
        let mut terms: Vec<TermIndex> = drafted.iter().map(index).collect();
        terms.sort_unstable();
        terms
    }

    fn shape(self, pod: &PodDraft) -> PodShape {
        let spread = |drafted: &SpreadDraft| {
            let place = self.spreads.binary_search(&spread_of(self.selections, drafted));
            SpreadIndex::new(place.expect("every spread that is carried is listed"))
        };
        let matches = pod.matches.iter().map(|name| selection_of(self.selections, name));
        let mut spreads: Vec<SpreadIndex> = pod.spreads.iter().map(spread).collect();
        spreads.sort_unstable();
        let soft = |drafted: &SoftDraft| {
            let place = self.soft_rules.binary_search(&soft_rule_of(self.selections, drafted));
            SoftRuleIndex::new(place.expect("every soft rule that is carried is listed"))
        };
        let mut soft: Vec<SoftRuleIndex> = pod.soft.iter().map(soft).collect();
        soft.sort_unstable();
        let mut shape = PodShape {
            rivals: rivals_indices(self.rivals, &pod.rivals),
            rules: PodRules {
                matches: matches.collect(),
                spreads,
                together: self.terms(&pod.together),
                apart: self.terms(&pod.apart),
                soft,
                affinity: Vec::new(),
            },
            ..pod.shape.clone()
        };
        for terms in &mut shape.alternatives {
            let keys = pod.spreads.iter().map(|spread| &spread.key);
            let keys = keys.chain(pod.together.iter().map(|(key, _)| key));
            // Every node has a hostname.
            for key in keys.filter(|key| key.as_str() != well_known::HOSTNAME) {
                terms.require(key.clone(), Requirement::exists());
            }
        }
        let own = shape.alternatives.clone();
        for terms in &mut shape.alternatives {
            for (key, requirement) in pod.volumes.iter() {
                terms.require(key.clone(), requirement.clone());
            }
        }
        if !pod.spreads.is_empty() && own != shape.alternatives {
            shape.rules.affinity = own;
        }
        shape
    }
}

fn pods(draft: &Draft, between: Between<'_>) -> (Vec<PodShape>, Vec<Pod>) {
    let shape = |pod: &PodDraft| between.shape(pod);
    let shapes: Vec<PodShape> = draft.pods.iter().map(shape).collect();
    let distinct: BTreeSet<&PodShape> = shapes.iter().collect();
    let index: BTreeMap<&PodShape, usize> = distinct.iter().copied().zip(0..).collect();
    let named = draft.pods.iter().zip(&shapes);
    let pods = named
        .map(|(pod, shape)| Pod { name: pod.name.clone(), shape: ShapeIndex::new(index[shape]) });
    let pods = pods.collect();
    (distinct.into_iter().cloned().collect(), pods)
}

fn classes(draft: &Draft) -> Vec<NodeClass> {
    let machine = |(position, drafted): (usize, &TypeDraft), beside: &Resources| {
        let mut overhead = drafted.overhead.clone();
        overhead.add(beside);
        Machine {
            instance_type: TypeIndex::new(position),
            capacity: drafted.capacity.clone(),
            overhead,
        }
    };
    let machines = |beside: &Resources| {
        let types = draft.types.iter().enumerate();
        types.map(|one| machine(one, beside)).collect()
    };
    draft
        .classes
        .iter()
        .map(|(name, beside)| NodeClass { name: name.clone(), machines: machines(beside) })
        .collect()
}

fn instance_type(drafted: &TypeDraft) -> InstanceType {
    InstanceType { name: drafted.name.clone(), labels: drafted.labels.clone() }
}

/// By type, zone, capacity type, supply.
fn listings(draft: &Draft, supplies: &[Supply]) -> Result<Vec<Listing>, WorldError> {
    let mut listings = Vec::new();
    for (position, drafted) in draft.types.iter().enumerate() {
        let own = Some(&drafted.zones).filter(|zones| !zones.is_empty());
        let zones: BTreeSet<_> = own.unwrap_or(&draft.zones).iter().collect();
        for zone in zones {
            for (capacity_type, prices) in &drafted.prices {
                let rate = prices.by_zone.get(zone).unwrap_or(&prices.everywhere);
                listings.push(Listing {
                    instance_type: TypeIndex::new(position),
                    zone: zone.clone(),
                    zone_id: format!("id-{zone}").into(),
                    capacity_type: *capacity_type,
                    price: rate.map(|rate| Price {
                        rate,
                        estimated: *capacity_type == CapacityType::Spot,
                    }),
                    interruption: drafted.band.filter(|_| *capacity_type == CapacityType::Spot),
                    supply: None,
                });
            }
        }
    }
    for drafted in &draft.supplies {
        listings.push(supply_listing(draft, supplies, drafted)?);
    }
    listings.sort_by(|a, b| {
        let key =
            |one: &Listing| (one.instance_type, one.zone.clone(), one.capacity_type, one.supply);
        key(a).cmp(&key(b))
    });
    Ok(listings)
}

fn supply_listing(
    draft: &Draft,
    supplies: &[Supply],
    drafted: &SupplyDraft,
) -> Result<Listing, WorldError> {
    let name = drafted.instance_type.as_ref();
    let position = draft.types.iter().position(|one| Some(&one.name) == name);
    let wanted = format!("type {}", name.map_or("", |name| name.as_str()));
    let position = position.ok_or_else(|| missing(&format!("supply {}", drafted.name), &wanted))?;
    let zone = drafted.zone.as_ref().unwrap_or(&draft.zones[0]);
    let supply = supplies.iter().position(|supply| supply.name == drafted.name);
    Ok(Listing {
        instance_type: TypeIndex::new(position),
        zone: zone.clone(),
        zone_id: format!("id-{zone}").into(),
        capacity_type: drafted.capacity_type,
        price: drafted.price.map(|rate| Price { rate, estimated: false }),
        interruption: None,
        supply: supply.map(SupplyIndex::new),
    })
}

pub(super) fn missing(object: &str, missing: &str) -> WorldError {
    WorldError::Missing { object: object.to_owned(), missing: missing.to_owned() }
}

fn pool_of(snapshot: &Snapshot, drafted: &PoolDraft) -> Result<NodePool, WorldError> {
    let class = drafted.class.as_ref();
    let name = class.map_or(DEFAULT_CLASS, |name| name.as_str());
    let class = (snapshot.node_classes.iter())
        .position(|class| class.name.as_str() == name)
        .ok_or_else(|| missing(&format!("pool {}", drafted.name), &format!("class {name}")))?;
    Ok(NodePool {
        name: drafted.name.clone(),
        weight: drafted.weight,
        requirements: drafted.requirements.clone(),
        min_values: drafted.min_values.clone(),
        labels: drafted.labels.clone(),
        taints: drafted.taints.clone(),
        limits: drafted.limits.clone(),
        node_class: NodeClassIndex::new(class),
        used: drafted.used.clone(),
    })
}

/// Resolves a node and counts it as used by its pool.
fn node_of(
    snapshot: &mut Snapshot,
    draft: &Draft,
    drafted: &NodeDraft,
) -> Result<Node, WorldError> {
    let (pool, type_position) = references(snapshot, drafted)?;
    let zone = match (&drafted.zone, type_position) {
        (Some(zone), _) => Some(zone.clone()),
        (None, Some(_)) => draft.zones.first().cloned(),
        (None, None) => None,
    };
    let listing = snapshot.listings.iter().find(|listing| {
        Some(listing.instance_type.get()) == type_position
            && Some(&listing.zone) == zone.as_ref()
            && listing.capacity_type == drafted.capacity_type
    });
    let class = match pool {
        Some(pool) => Some(snapshot.node_class(snapshot.pools[pool].node_class)),
        None => (snapshot.node_classes.iter()).find(|class| class.name.as_str() == DEFAULT_CLASS),
    };
    let class = class.expect("the default class is always there");
    let machine = type_position.map(|position| &class.machines[position]);
    let mut allocatable = Resources::new();
    if let Some(machine) = machine {
        allocatable.add(&machine.capacity);
        allocatable.subtract(&machine.overhead);
    }
    for (name, amount) in drafted.allocatable.iter() {
        allocatable.set(name.clone(), amount);
    }
    let mut bound = drafted.bound.clone();
    bound.add(&drafted.daemons);
    let mut node = Node {
        name: drafted.name.clone(),
        pool: drafted.pool.clone(),
        state: drafted.state,
        labels: node_labels(snapshot, drafted, pool, type_position, zone.as_ref()),
        taints: drafted.taints.clone(),
        allocatable,
        bound,
        bound_daemons: drafted.daemons.clone(),
        room: Resources::new(),
        rivals: rivals_indices(&snapshot.rivals, &drafted.rivals),
        matched: (drafted.matched.iter())
            .map(|(name, count)| (selection_of(&snapshot.selections, name), *count))
            .collect(),
        apart: node_terms(snapshot, drafted),
        price: match drafted.price {
            NodePrice::Given(price) => price,
            NodePrice::Listed => listing.and_then(|one| one.price).map(|price| price.rate),
        },
    };
    let capacity = machine.map_or(&node.allocatable, |machine| &machine.capacity);
    let capacity = capacity.clone().with(well_known::NODES, 1);
    if let Some(pool) = pool {
        let pool = &mut snapshot.pools[pool];
        pool.used.add(&capacity);
        node.taints.extend(pool.taints.iter().cloned());
    }
    node.room = fold::node_room(&snapshot.daemon_sets, &node);
    Ok(node)
}

/// How many pods of a node carry which terms.
fn node_terms(snapshot: &Snapshot, drafted: &NodeDraft) -> Vec<(TermIndex, i64)> {
    let index = |(term, count): (&TermDraft, &i64)| {
        (term_index(&snapshot.terms, &term_of(&snapshot.selections, term)), *count)
    };
    let mut terms: Vec<(TermIndex, i64)> = drafted.apart.iter().map(index).collect();
    terms.sort_unstable();
    terms
}

/// The positions of the node's pool and type.
fn references(
    snapshot: &Snapshot,
    drafted: &NodeDraft,
) -> Result<(Option<usize>, Option<usize>), WorldError> {
    let object = format!("node {}", drafted.name);
    let pool = (drafted.pool.as_ref())
        .map(|name| {
            let position = snapshot.pools.iter().position(|pool| pool.name == *name);
            position.ok_or_else(|| missing(&object, &format!("pool {name}")))
        })
        .transpose()?;
    let type_position = (drafted.instance_type.as_ref())
        .map(|name| {
            let position = snapshot.types.iter().position(|one| one.name == *name);
            position.ok_or_else(|| missing(&object, &format!("type {name}")))
        })
        .transpose()?;
    Ok((pool, type_position))
}

fn node_labels(
    snapshot: &Snapshot,
    drafted: &NodeDraft,
    pool: Option<usize>,
    type_position: Option<usize>,
    zone: Option<&model::ZoneName>,
) -> Labels {
    let mut labels = Labels::new();
    let mut put = |key: &str, value: &str| labels.insert(key.into(), value.into());
    put(well_known::HOSTNAME, drafted.name.as_str());
    put(well_known::REGION, snapshot.region.as_str());
    if let Some(zone) = zone {
        put(well_known::ZONE, zone.as_str());
        put(well_known::ZONE_ID, &format!("id-{zone}"));
    }
    if type_position.is_some() {
        put(well_known::CAPACITY_TYPE, drafted.capacity_type.as_str());
    }
    if let Some(pool) = pool.map(|pool| &snapshot.pools[pool]) {
        put(well_known::NODE_POOL, pool.name.as_str());
        put(well_known::NODE_CLASS, snapshot.node_class(pool.node_class).name.as_str());
        labels.extend(pool.labels.clone());
    }
    if let Some(position) = type_position {
        labels.extend(snapshot.types[position].labels.clone());
    }
    labels.extend(drafted.labels.clone());
    labels
}

/// What a pool can buy, by listing, then chosen labels.
fn offerings(snapshot: &Snapshot, pool: PoolIndex) -> Vec<Offering> {
    let choices = choices(snapshot, pool);
    let machines = &snapshot.node_class(snapshot.pool(pool).node_class).machines;
    let mut offerings = Vec::new();
    for (position, listing) in snapshot.listings.iter().enumerate() {
        let machine = (machines.iter())
            .position(|machine| machine.instance_type == listing.instance_type)
            .expect("a class has a machine of each type");
        for chosen_labels in &choices {
            let mut offering = Offering {
                pool,
                listing: ListingIndex::new(position),
                machine: MachineIndex::new(machine),
                chosen_labels: chosen_labels.clone(),
                room: Resources::new(),
            };
            let labels = snapshot.labels_of(&offering);
            let requirements = &snapshot.pool(pool).requirements;
            if requirements.first_refused(|key| labels.get(key)).is_none() {
                offering.room = fold::offering_room(snapshot, &offering);
                offerings.push(offering);
            }
        }
    }
    offerings
}

/// Every combination of values for the keys that the pool's requirements leave open, sorted.
fn choices(snapshot: &Snapshot, pool: PoolIndex) -> BTreeSet<Labels> {
    let pool = snapshot.pool(pool);
    let fixed = |key: &LabelKey| {
        let known = [
            well_known::ZONE,
            well_known::ZONE_ID,
            well_known::REGION,
            well_known::CAPACITY_TYPE,
            well_known::NODE_POOL,
            well_known::NODE_CLASS,
            well_known::HOSTNAME,
        ];
        known.contains(&key.as_str())
            || pool.labels.contains_key(key)
            || snapshot.types.iter().any(|one| one.labels.contains_key(key))
    };
    let mut choices = BTreeSet::from([Labels::new()]);
    for (key, requirement) in pool.requirements.iter() {
        if fixed(key) || requirement.allows_absent() {
            continue;
        }
        let with = |labels: &Labels, value: LabelValue| {
            let mut labels = labels.clone();
            labels.insert(key.clone(), value);
            labels
        };
        choices = values(requirement)
            .into_iter()
            .flat_map(|value| choices.iter().map(move |labels| with(labels, value.clone())))
            .collect();
    }
    choices
}

/// The values that a choice is made from.
fn values(requirement: &Requirement) -> Vec<LabelValue> {
    if let Some(listed) = requirement.listed() {
        return listed.cloned().collect();
    }
    let bound = match requirement.bounds() {
        (Some(least), _) => least.to_string(),
        (None, Some(most)) => most.to_string(),
        (None, None) => "any".to_owned(),
    };
    vec![LabelValue::from(bound)]
}
