//! What the cloud says of its market, laid over the catalog's listings.
//!
//! Input: listings by type, zone, capacity type; a reading of the market; what was lately refused for
//! lack of capacity. Output: the listings that can be bought, at the prices read, and findings. A part
//! that was not read changes nothing.

use std::collections::BTreeSet;

use model::{
    CapacityType, Finding, FindingCode, InstanceType, InstanceTypeName, LabelKey, Listing,
    LiveMarket, Price, ZoneName,
};

/// What was refused lately: a type of a capacity type in one zone, or (`None`) in all.
pub type Unavailable = BTreeSet<(InstanceTypeName, Option<ZoneName>, CapacityType)>;

/// Lays `live` over `listings`.
pub(super) fn apply(
    listings: &mut Vec<Listing>,
    types: &[InstanceType],
    live: &LiveMarket,
) -> Vec<Finding> {
    let name = |listing: &Listing| &types[listing.instance_type.get()].name;
    if let Some(offered) = &live.offered {
        listings.retain(|one| offered.contains(&(name(one).clone(), one.zone.clone())));
    }
    for listing in listings.iter_mut() {
        let read = match listing.capacity_type {
            CapacityType::OnDemand => {
                live.on_demand.as_ref().and_then(|prices| prices.get(name(listing)))
            }
            // What a reservation costs is said by whoever reads reservations.
            CapacityType::Reserved => None,
            CapacityType::Spot => (live.spot.as_ref())
                .and_then(|prices| prices.get(&(name(listing).clone(), listing.zone.clone()))),
        };
        if let Some(rate) = read {
            listing.price = Some(Price { rate: *rate, estimated: false });
        } else if listing.capacity_type == CapacityType::Spot && live.spot.is_some() {
            // Spot that has no price at the moment is not sold at the moment.
            listing.price = None;
        }
        if let Some(id) = live.zones.as_ref().and_then(|zones| zones.get(&listing.zone)) {
            listing.zone_id = id.clone();
        }
    }
    differences(types, live)
}

/// Leaves out what was lately refused for lack of capacity.
pub(super) fn withhold(
    listings: &mut Vec<Listing>,
    types: &[InstanceType],
    unavailable: &Unavailable,
) -> Option<Finding> {
    let before = listings.len();
    listings.retain(|listing| {
        let name = &types[listing.instance_type.get()].name;
        let here = (name.clone(), Some(listing.zone.clone()), listing.capacity_type);
        let anywhere = (name.clone(), None, listing.capacity_type);
        !unavailable.contains(&here) && !unavailable.contains(&anywhere)
    });
    let withheld = before - listings.len();
    (withheld > 0).then(|| Finding {
        code: FindingCode::Note,
        object: "offerings".to_owned(),
        field: String::new(),
        message: "were refused for lack of capacity within the last minutes and are not planned"
            .to_owned(),
        remedy: String::new(),
        count: u64::try_from(withheld).unwrap_or(u64::MAX),
    })
}

/// Types that the cloud describes otherwise than the catalog does.
fn differences(types: &[InstanceType], live: &LiveMarket) -> Vec<Finding> {
    let Some(read) = &live.types else { return Vec::new() };
    let figure = |one: &InstanceType, key: &str| {
        one.labels.get(&LabelKey::from(key)).and_then(|value| value.as_str().parse::<u64>().ok())
    };
    let differing = types.iter().filter(|one| {
        read.get(&one.name).is_some_and(|live| {
            figure(one, "karpenter.k8s.aws/instance-cpu") != Some(u64::from(live.vcpus))
                || figure(one, "karpenter.k8s.aws/instance-memory") != Some(live.memory_mib)
        })
    });
    let differing: Vec<&str> = differing.map(|one| one.name.as_str()).collect();
    let unknown = read
        .keys()
        .filter(|name| types.binary_search_by(|one| one.name.cmp(name)).is_err())
        .count();
    let mut findings = Vec::new();
    if let Some(first) = differing.first() {
        findings.push(Finding {
            code: FindingCode::MissingFact,
            object: format!("instance type {first}"),
            field: String::new(),
            message: "has other vCPUs or memory than the catalog says; the catalog's are planned \
                      with"
                .to_owned(),
            remedy: "update the catalog".to_owned(),
            count: u64::try_from(differing.len()).unwrap_or(u64::MAX),
        });
    }
    if unknown > 0 {
        findings.push(Finding {
            code: FindingCode::MissingFact,
            object: "instance types".to_owned(),
            field: String::new(),
            message: "are sold and not in the catalog; they are not bought".to_owned(),
            remedy: "update the catalog".to_owned(),
            count: u64::try_from(unknown).unwrap_or(u64::MAX),
        });
    }
    findings
}
