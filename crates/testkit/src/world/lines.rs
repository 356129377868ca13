//! Lines of the grammar: one object each.

use std::collections::{BTreeMap, BTreeSet};

use model::{
    Amount, CapacityType, DaemonSet, Labels, MicroUsdPerHour, NodeName, NodeState, PodName,
    PodShape, Requirements, Resources, SelectionName, SoftAsk, ZoneName, well_known,
};

use super::draft::{Draft, NodeDraft, NodePrice, PodDraft, PoolDraft, SupplyDraft, TypeDraft};
use super::words;

/// Words of a pod that are not of its shape alone.
const BESIDE: [&str; 10] =
    ["rivals", "of", "spread", "on", "volume", "with", "apart", "near", "away", "even"];

type Pairs<'a> = [(&'a str, &'a str)];

/// Adds the object of one line to `draft`.
pub(super) fn read(draft: &mut Draft, line: &str) -> Result<(), String> {
    let mut parts = line.split_whitespace();
    let kind = parts.next().unwrap_or_default();
    let subject = parts.next().ok_or(format!("{kind} lacks a name"))?;
    let pairs = words::pairs(parts)?;
    match kind {
        "region" => draft.region = Some(subject.to_owned()),
        "zones" => draft.zones = words::zones(subject),
        "class" => {
            let mut overhead = Resources::new();
            for (name, argument) in pairs {
                match name {
                    "overhead" => overhead.add(&words::resources(argument)?),
                    other => return Err(format!("a class has no {other}")),
                }
            }
            draft.classes.insert(subject.into(), overhead);
        }
        "type" => draft.types.push(type_line(subject, &pairs)?),
        "pool" => draft.pools.push(pool_line(subject, &pairs)?),
        "daemonset" => draft
            .daemon_sets
            .push(DaemonSet { name: namespaced(subject).into(), shape: shape(&pairs)? }),
        "supply" => draft.supplies.push(supply_line(subject, &pairs)?),
        "node" => draft.nodes.push(node_line(subject, &pairs)?),
        "pod" => pod_line(draft, subject, &pairs)?,
        other => return Err(format!("there is no object of kind {other:?}")),
    }
    Ok(())
}

fn namespaced(name: &str) -> String {
    if name.contains('/') { name.to_owned() } else { format!("default/{name}") }
}

/// Sets a resource; what is not a quantity is not a word of the grammar either.
fn set(resources: &mut Resources, name: &str, argument: &str) -> Result<(), String> {
    let resource = words::resource(name);
    let amount = words::amount(&resource, argument)?;
    resources.set(resource, amount);
    Ok(())
}

fn type_line(name: &str, pairs: &Pairs<'_>) -> Result<TypeDraft, String> {
    let mut drafted = TypeDraft {
        name: name.into(),
        labels: Labels::from([
            (well_known::INSTANCE_TYPE.into(), name.into()),
            (well_known::ARCH.into(), "amd64".into()),
            (well_known::OS.into(), "linux".into()),
        ]),
        capacity: Resources::new().with(well_known::PODS, 110),
        overhead: Resources::new(),
        zones: Vec::new(),
        prices: BTreeMap::new(),
        band: None,
    };
    for &(name, argument) in pairs {
        match name {
            "arch" => words::label(&mut drafted.labels, &format!("arch={argument}"))?,
            "label" => words::label(&mut drafted.labels, argument)?,
            "zones" => drafted.zones = words::zones(argument),
            "overhead" => drafted.overhead.add(&words::resources(argument)?),
            "price" => {
                let prices = words::prices(argument)?;
                drafted.prices.insert(CapacityType::OnDemand, prices);
            }
            "spot" => {
                let prices = words::prices(argument)?;
                drafted.prices.insert(CapacityType::Spot, prices);
            }
            "band" => drafted.band = Some(words::band(argument)?),
            resource => set(&mut drafted.capacity, resource, argument)?,
        }
    }
    Ok(drafted)
}

fn pool_line(name: &str, pairs: &Pairs<'_>) -> Result<PoolDraft, String> {
    let mut drafted = PoolDraft {
        name: name.into(),
        weight: 0,
        requirements: Requirements::new(),
        labels: Labels::new(),
        min_values: Vec::new(),
        taints: Vec::new(),
        limits: Vec::new(),
        class: None,
        used: Resources::new(),
    };
    for &(name, argument) in pairs {
        match name {
            "weight" => drafted.weight = integer(argument)?,
            "require" => {
                let (key, requirement) = words::expression(argument)?;
                drafted.requirements.require(key, requirement);
            }
            "label" => words::label(&mut drafted.labels, argument)?,
            "values" => {
                let (key, least) = argument.split_once('=').ok_or("values takes KEY=NUMBER")?;
                drafted.min_values.push((words::key(key), integer(least)?.into()));
            }
            "taint" => drafted.taints.push(words::taint(argument)?),
            "limits" => drafted.limits.extend(words::amounts(argument)?),
            "class" => drafted.class = Some(argument.into()),
            "used" => drafted.used.add(&words::resources(argument)?),
            other => return Err(format!("a pool has no {other}")),
        }
    }
    drafted.limits.sort();
    drafted.min_values.sort();
    Ok(drafted)
}

fn integer(text: &str) -> Result<i32, String> {
    text.parse().map_err(|error| format!("{text:?} is not an integer: {error}"))
}

fn node_line(name: &str, pairs: &Pairs<'_>) -> Result<NodeDraft, String> {
    let mut drafted = NodeDraft {
        name: name.into(),
        pool: None,
        state: NodeState::Ready,
        instance_type: None,
        zone: None,
        capacity_type: CapacityType::OnDemand,
        labels: Labels::new(),
        taints: Vec::new(),
        allocatable: Resources::new(),
        bound: Resources::new(),
        daemons: Resources::new(),
        rivals: BTreeSet::new(),
        matched: BTreeMap::new(),
        apart: BTreeMap::new(),
        price: NodePrice::Listed,
    };
    for &(name, argument) in pairs {
        match name {
            "pool" => drafted.pool = Some(argument.into()),
            "type" => drafted.instance_type = Some(argument.into()),
            "zone" => drafted.zone = Some(ZoneName::from(argument)),
            "capacity" => drafted.capacity_type = words::capacity_type(argument)?,
            "rivals" => drafted.rivals.extend(words::rivals(argument)),
            "of" => drafted.matched.extend(words::counts(argument)?),
            "apart" => {
                for (term, count) in words::counts::<String>(argument)? {
                    drafted.apart.insert(words::term(&term)?, count);
                }
            }
            "state" => {
                drafted.state = match argument {
                    "ready" => NodeState::Ready,
                    "in-flight" => NodeState::InFlight,
                    "unschedulable" => NodeState::Unschedulable,
                    other => return Err(format!("{other:?} is not a state")),
                }
            }
            "label" => words::label(&mut drafted.labels, argument)?,
            "taint" => drafted.taints.push(words::taint(argument)?),
            "bound" => drafted.bound.add(&words::resources(argument)?),
            "daemons" => drafted.daemons.add(&words::resources(argument)?),
            "price" => drafted.price = NodePrice::Given(words::price(argument)?),
            resource => set(&mut drafted.allocatable, resource, argument)?,
        }
    }
    Ok(drafted)
}

fn supply_line(name: &str, pairs: &Pairs<'_>) -> Result<SupplyDraft, String> {
    let mut drafted = SupplyDraft {
        name: name.into(),
        cap: 1,
        instance_type: None,
        zone: None,
        capacity_type: CapacityType::Reserved,
        price: Some(MicroUsdPerHour::ZERO),
    };
    for &(name, argument) in pairs {
        match name {
            "cap" => drafted.cap = integer(argument)?.into(),
            "type" => drafted.instance_type = Some(argument.into()),
            "zone" => drafted.zone = Some(ZoneName::from(argument)),
            "capacity" => drafted.capacity_type = words::capacity_type(argument)?,
            "price" => drafted.price = words::price(argument)?,
            other => return Err(format!("a supply has no {other}")),
        }
    }
    Ok(drafted)
}

fn pod_line(draft: &mut Draft, name: &str, pairs: &Pairs<'_>) -> Result<(), String> {
    let times = |word: &str| word.strip_prefix('x').and_then(|n| n.parse::<usize>().ok());
    let (copies, rest) = match pairs {
        [(word, ""), rest @ ..] if times(word).is_some() => (times(word), rest),
        all => (None, all),
    };
    let (between, rest): (Vec<_>, Vec<_>) =
        rest.iter().copied().partition(|(name, _)| BESIDE.contains(name));
    let name = namespaced(name);
    let mut drafted = PodDraft {
        name: name.as_str().into(),
        shape: shape(&rest)?,
        rivals: BTreeSet::new(),
        home: None,
        matches: BTreeSet::new(),
        spreads: BTreeSet::new(),
        together: BTreeSet::new(),
        apart: BTreeSet::new(),
        soft: Vec::new(),
        volumes: Requirements::new(),
    };
    for (word, argument) in between {
        match word {
            "volume" => {
                let (key, requirement) = words::expression(argument)?;
                drafted.volumes.require(key, requirement);
            }
            "on" => drafted.home = Some(NodeName::from(argument)),
            "rivals" => drafted.rivals.extend(words::rivals(argument)),
            "of" => drafted.matches.extend(argument.split(',').map(SelectionName::from)),
            "with" => drop(drafted.together.insert(words::term(argument)?)),
            "apart" => drop(drafted.apart.insert(words::term(argument)?)),
            "near" => drafted.soft.push(words::soft_term(argument, SoftAsk::Together)?),
            "away" => drafted.soft.push(words::soft_term(argument, SoftAsk::Apart)?),
            "even" => drafted.soft.push(words::soft_spread(argument)?),
            _ => {
                drafted.spreads.insert(words::spread(argument)?);
            }
        }
    }
    let Some(copies) = copies else {
        draft.pods.push(drafted);
        return Ok(());
    };
    let named = |copy| PodName::from(format!("{name}-{copy}"));
    draft.pods.extend((0..copies).map(|copy| PodDraft { name: named(copy), ..drafted.clone() }));
    Ok(())
}

/// Of pods and of DaemonSets.
fn shape(pairs: &Pairs<'_>) -> Result<PodShape, String> {
    let mut shape = PodShape::default();
    let mut alternative = Requirements::new();
    for &(name, argument) in pairs {
        match name {
            "select" => {
                let (key, requirement) = words::expression(argument)?;
                alternative.require(key, requirement);
            }
            "or" => shape.alternatives.push(std::mem::take(&mut alternative)),
            "prefer" => shape.preferences.push(words::preference(argument)?),
            "tolerate" => shape.tolerations.push(words::toleration(argument)?),
            "priority" => shape.priority = integer(argument)?,
            resource => set(&mut shape.requests, resource, argument)?,
        }
    }
    shape.alternatives.push(alternative);
    shape.preferences.sort();
    shape.tolerations.sort();
    shape.tolerations.dedup();
    shape.requests.set(well_known::PODS.into(), Amount::new(1));
    Ok(shape)
}
