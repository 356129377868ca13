//! Single words of the grammar: amounts, expressions, taints, tolerations, prices.

use std::collections::BTreeMap;

use model::{
    Amount, CapacityType, Effect, InterruptionBand, LabelKey, LabelValue, Labels, MicroUsdPerHour,
    NodeInclusion, Operator, Preference, Quantity, Requirement, Requirements, ResourceName,
    Resources, RivalsName, SPREAD_WEIGHT, SoftAsk, Taint, Toleration, TolerationOperator, ZoneName,
    well_known,
};

use super::draft::{Prices, SoftDraft, SpreadDraft, TermDraft};

/// Words whose argument may follow a space.
const SPACED: [&str; 12] = [
    "select", "require", "prefer", "tolerate", "taint", "label", "overhead", "bound", "daemons",
    "limits", "used", "values",
];

/// `(name, argument)` pairs of a line after its subject; a bare word has an empty argument.
pub(super) fn pairs<'a>(
    mut words: impl Iterator<Item = &'a str>,
) -> Result<Vec<(&'a str, &'a str)>, String> {
    let mut pairs = Vec::new();
    while let Some(word) = words.next() {
        if SPACED.contains(&word) {
            let argument = words.next().ok_or(format!("{word} lacks its argument"))?;
            pairs.push((word, argument));
        } else {
            pairs.push(word.split_once('=').unwrap_or((word, "")));
        }
    }
    Ok(pairs)
}

/// One resource by its short or full name.
pub(super) fn resource(name: &str) -> ResourceName {
    ResourceName::from(match name {
        "mem" => well_known::MEMORY,
        "gpu" => well_known::NVIDIA_GPU,
        "disk" => well_known::EPHEMERAL_STORAGE,
        full => full,
    })
}

/// The amount of one resource.
pub(super) fn amount(name: &ResourceName, text: &str) -> Result<Amount, String> {
    let quantity: Quantity = text.parse().map_err(|error| format!("{name}: {error}"))?;
    Ok(Amount::new(match name.as_str() {
        well_known::CPU => quantity.milli_value(),
        _ => quantity.value(),
    }))
}

/// Such as `cpu=2,mem=8Gi`; zeros are kept.
pub(super) fn amounts(text: &str) -> Result<Vec<(ResourceName, Amount)>, String> {
    text.split(',')
        .map(|part| {
            let (name, text) =
                part.split_once('=').ok_or(format!("{part:?} is not RESOURCE=QUANTITY"))?;
            let name = resource(name);
            let amount = amount(&name, text)?;
            Ok((name, amount))
        })
        .collect()
}

/// Such as `cpu=2,mem=8Gi`.
pub(super) fn resources(text: &str) -> Result<Resources, String> {
    Ok(amounts(text)?.into_iter().collect())
}

/// One label key by its short or full name.
pub(super) fn key(name: &str) -> LabelKey {
    LabelKey::from(match name {
        "zone" => well_known::ZONE,
        "zoneid" => well_known::ZONE_ID,
        "arch" => well_known::ARCH,
        "os" => well_known::OS,
        "type" => well_known::INSTANCE_TYPE,
        "capacity" => well_known::CAPACITY_TYPE,
        "pool" => well_known::NODE_POOL,
        "class" => well_known::NODE_CLASS,
        "region" => well_known::REGION,
        "hostname" => well_known::HOSTNAME,
        full => full,
    })
}

/// Adds `k=v` to `labels`.
pub(super) fn label(labels: &mut Labels, text: &str) -> Result<(), String> {
    let (name, value) = text.split_once('=').ok_or(format!("{text:?} is not KEY=VALUE"))?;
    labels.insert(key(name), LabelValue::from(value));
    Ok(())
}

/// A preference: `WEIGHT:` and an expression, more of which may follow behind `&`.
pub(super) fn preference(text: &str) -> Result<Preference, String> {
    let (weight, rest) = text.split_once(':').ok_or("prefer takes WEIGHT:EXPRESSION")?;
    let weight = weight.parse().map_err(|error| format!("{weight:?} is no weight: {error}"))?;
    let mut labels = Requirements::new();
    for text in rest.split('&') {
        let (key, requirement) = expression(text)?;
        labels.require(key, requirement);
    }
    Ok(Preference { weight, labels })
}

/// An expression of `select` or `require`.
pub(super) fn expression(text: &str) -> Result<(LabelKey, Requirement), String> {
    if let Some(name) = text.strip_prefix('!') {
        return Ok((key(name), Requirement::absent()));
    }
    let signs = [
        ("!=", Operator::NotIn),
        (">=", Operator::Gte),
        ("<=", Operator::Lte),
        (">", Operator::Gt),
        ("<", Operator::Lt),
        ("=", Operator::In),
    ];
    let found = signs
        .into_iter()
        .find_map(|(sign, operator)| text.split_once(sign).map(|parts| (parts, operator)));
    let Some(((name, values), operator)) = found else {
        return Ok((key(text), Requirement::exists()));
    };
    let values: Vec<String> =
        values.split(',').filter(|value| !value.is_empty()).map(str::to_owned).collect();
    let requirement = Requirement::new(operator, &values).map_err(|error| error.to_string())?;
    Ok((key(name), requirement))
}

/// Such as `k=v:NoSchedule`.
pub(super) fn taint(text: &str) -> Result<Taint, String> {
    let (pair, effect) = text.rsplit_once(':').ok_or(format!("taint {text:?} lacks its effect"))?;
    let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
    Ok(Taint { key: key.to_owned(), value: value.to_owned(), effect: self::effect(effect)? })
}

/// Such as `k=v:NoSchedule`, `k` or `*`.
pub(super) fn toleration(text: &str) -> Result<Toleration, String> {
    let (pair, effect) = match text.rsplit_once(':') {
        Some((pair, effect)) => (pair, Some(self::effect(effect)?)),
        None => (text, None),
    };
    let (key, value, operator) = match pair.split_once('=') {
        Some((key, value)) => (Some(key), value, TolerationOperator::Equal),
        None if pair == "*" => (None, "", TolerationOperator::Exists),
        None => (Some(pair), "", TolerationOperator::Exists),
    };
    Ok(Toleration { key: key.map(str::to_owned), operator, value: value.to_owned(), effect })
}

fn effect(text: &str) -> Result<Effect, String> {
    [Effect::NoSchedule, Effect::PreferNoSchedule, Effect::NoExecute]
        .into_iter()
        .find(|effect| effect.as_str() == text)
        .ok_or(format!("{text:?} is not an effect"))
}

/// How an instance is bought.
pub(super) fn capacity_type(text: &str) -> Result<CapacityType, String> {
    [CapacityType::OnDemand, CapacityType::Spot, CapacityType::Reserved]
        .into_iter()
        .find(|one| one.as_str() == text)
        .ok_or(format!("{text:?} is not a capacity type"))
}

/// Groups of rivals between commas.
pub(super) fn rivals(text: &str) -> impl Iterator<Item = RivalsName> {
    text.split(',').map(RivalsName::from)
}

/// Such as `web:3,db:1`: selections with how many pods.
pub(super) fn counts<N: for<'a> From<&'a str>>(text: &str) -> Result<Vec<(N, i64)>, String> {
    let count = |part: &str| {
        let (name, count) = part.split_once(':').unwrap_or((part, "1"));
        let count = count.parse().map_err(|_| format!("{part:?} is not SELECTION:COUNT"))?;
        Ok((N::from(name), count))
    };
    text.split(',').map(count).collect()
}

/// Such as `zone/web`.
pub(super) fn term(text: &str) -> Result<TermDraft, String> {
    let (name, selection) = text.split_once('/').ok_or(format!("{text:?} is not KEY/SELECTION"))?;
    Ok((key(name), selection.into()))
}

/// Such as `50:zone/web`.
pub(super) fn soft_term(text: &str, asks: SoftAsk) -> Result<SoftDraft, String> {
    let wrong = || format!("{text:?} is not WEIGHT:KEY/SELECTION");
    let (weight, rest) = text.split_once(':').ok_or_else(wrong)?;
    let (key, selection) = term(rest)?;
    Ok(SoftDraft { key, selection, asks, weight: weight.parse().map_err(|_| wrong())? })
}

/// As [`spread`], without domains.
pub(super) fn soft_spread(text: &str) -> Result<SoftDraft, String> {
    let SpreadDraft { key, selection, max_skew, min_domains: _, node_affinity, node_taints } =
        spread(text)?;
    let asks = SoftAsk::Spread { max_skew, node_affinity, node_taints };
    Ok(SoftDraft { key, selection, asks, weight: SPREAD_WEIGHT })
}

/// Such as `zone/web/1` or `zone/web/1/min=3/anywhere/taints`.
pub(super) fn spread(text: &str) -> Result<SpreadDraft, String> {
    let wrong = || format!("{text:?} is not KEY/SELECTION/SKEW");
    let mut parts = text.split('/');
    let mut next = || parts.next().ok_or_else(wrong);
    let mut drafted = SpreadDraft {
        key: key(next()?),
        selection: next()?.into(),
        max_skew: next()?.parse().map_err(|_| wrong())?,
        min_domains: 1,
        node_affinity: NodeInclusion::Honor,
        node_taints: NodeInclusion::Ignore,
    };
    for part in parts {
        match part.split_once('=') {
            Some(("min", count)) => {
                drafted.min_domains = count.parse().map_err(|_| wrong())?;
            }
            None if part == "anywhere" => drafted.node_affinity = NodeInclusion::Ignore,
            None if part == "taints" => drafted.node_taints = NodeInclusion::Honor,
            _ => return Err(format!("a spread has no {part}")),
        }
    }
    Ok(drafted)
}

/// Zone names between commas.
pub(super) fn zones(text: &str) -> Vec<ZoneName> {
    text.split(',').map(ZoneName::from).collect()
}

/// Such as `0.10`, `?` or `0.10,b:0.12,c:?`.
pub(super) fn prices(text: &str) -> Result<Prices, String> {
    let mut parts = text.split(',');
    let everywhere = price(parts.next().unwrap_or_default())?;
    let mut by_zone = BTreeMap::new();
    for part in parts {
        let (zone, text) = part.split_once(':').ok_or(format!("{part:?} is not ZONE:PRICE"))?;
        by_zone.insert(ZoneName::from(zone), price(text)?);
    }
    Ok(Prices { everywhere, by_zone })
}

/// US dollars per hour, or `?`.
pub(super) fn price(text: &str) -> Result<Option<MicroUsdPerHour>, String> {
    if text == "?" {
        return Ok(None);
    }
    MicroUsdPerHour::parse_usd(text)
        .map(Some)
        .ok_or(format!("{text:?} is not a price in USD per hour"))
}

/// The per cent a month that interruptions stay below, or `more`.
pub(super) fn band(text: &str) -> Result<InterruptionBand, String> {
    Ok(match text {
        "5" => InterruptionBand::Below5,
        "10" => InterruptionBand::From5To10,
        "15" => InterruptionBand::From10To15,
        "20" => InterruptionBand::From15To20,
        "more" => InterruptionBand::Above20,
        other => return Err(format!("{other:?} is not a band: 5, 10, 15, 20 or more")),
    })
}
