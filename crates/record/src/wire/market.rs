//! What is sold: types, machines, listings, supplies, offerings.

use model::{
    CapacityType, InstanceType, InstanceTypeName, InterruptionBand, Labels, Listing, ListingIndex,
    Machine, MachineIndex, MicroUsdPerHour, NodeClass, NodeClassName, Offering, PoolIndex, Price,
    Resources, Supply, SupplyIndex, SupplyKind, SupplyName, TypeIndex, ZoneId, ZoneName,
};
use serde::{Deserialize, Serialize};

use super::twins;

twins! {
    CapacityType: CapacityTypeTwin,
    InstanceType: InstanceTypeTwin,
    InterruptionBand: InterruptionBandTwin,
    Listing: ListingTwin,
    Machine: MachineTwin,
    NodeClass: NodeClassTwin,
    Offering: OfferingTwin,
    Price: PriceTwin,
    Supply: SupplyTwin,
    SupplyKind: SupplyKindTwin,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "CapacityType", rename_all = "kebab-case")]
enum CapacityTypeTwin {
    OnDemand,
    Spot,
    Reserved,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "InstanceType", deny_unknown_fields)]
struct InstanceTypeTwin {
    #[serde(with = "crate::wire")]
    name: InstanceTypeName,
    #[serde(with = "crate::wire")]
    labels: Labels,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "Machine", deny_unknown_fields)]
struct MachineTwin {
    #[serde(with = "crate::wire", rename = "type")]
    instance_type: TypeIndex,
    #[serde(with = "crate::wire")]
    capacity: Resources,
    #[serde(with = "crate::wire")]
    overhead: Resources,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "NodeClass", deny_unknown_fields)]
struct NodeClassTwin {
    #[serde(with = "crate::wire")]
    name: NodeClassName,
    #[serde(with = "crate::wire")]
    machines: Vec<Machine>,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "Price", deny_unknown_fields)]
struct PriceTwin {
    #[serde(with = "crate::wire")]
    rate: MicroUsdPerHour,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    estimated: bool,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "InterruptionBand", rename_all = "kebab-case")]
enum InterruptionBandTwin {
    Below5,
    From5To10,
    From10To15,
    From15To20,
    Above20,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "Listing", deny_unknown_fields, rename_all = "camelCase")]
struct ListingTwin {
    #[serde(with = "crate::wire", rename = "type")]
    instance_type: TypeIndex,
    #[serde(with = "crate::wire")]
    zone: ZoneName,
    #[serde(with = "crate::wire")]
    zone_id: ZoneId,
    #[serde(with = "crate::wire")]
    capacity_type: CapacityType,
    #[serde(with = "crate::wire", default, skip_serializing_if = "Option::is_none")]
    price: Option<Price>,
    #[serde(with = "crate::wire", default, skip_serializing_if = "Option::is_none")]
    interruption: Option<InterruptionBand>,
    #[serde(with = "crate::wire", default, skip_serializing_if = "Option::is_none")]
    supply: Option<SupplyIndex>,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "SupplyKind", rename_all = "kebab-case")]
enum SupplyKindTwin {
    CapacityReservation,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "Supply", deny_unknown_fields)]
struct SupplyTwin {
    #[serde(with = "crate::wire")]
    name: SupplyName,
    #[serde(with = "crate::wire")]
    kind: SupplyKind,
    cap: i64,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "Offering", deny_unknown_fields, rename_all = "camelCase")]
struct OfferingTwin {
    #[serde(with = "crate::wire")]
    pool: PoolIndex,
    #[serde(with = "crate::wire")]
    listing: ListingIndex,
    #[serde(with = "crate::wire")]
    machine: MachineIndex,
    #[serde(with = "crate::wire", default, skip_serializing_if = "Labels::is_empty")]
    chosen_labels: Labels,
    #[serde(with = "crate::wire")]
    room: Resources,
}
