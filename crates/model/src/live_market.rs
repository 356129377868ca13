//! What the cloud itself says that it sells, and at what price.
//!
//! Laid over the dated catalog: what is here wins, what is missing stays as the catalog has it.
//! Missing data never takes an offering away: each part is `None` until it was read whole.

use std::collections::{BTreeMap, BTreeSet};

use crate::{InstanceTypeName, MicroUsdPerHour, Timestamp, ZoneId, ZoneName};

/// One reading of the cloud's market in one region.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LiveMarket {
    /// Types as the cloud describes them. A type that the catalog does not have is not bought.
    pub types: Option<BTreeMap<InstanceTypeName, LiveType>>,
    /// What is sold where.
    pub offered: Option<BTreeSet<(InstanceTypeName, ZoneName)>>,
    /// Zones of this account, by name.
    pub zones: Option<BTreeMap<ZoneName, ZoneId>>,
    /// List prices, Linux, shared tenancy.
    pub on_demand: Option<BTreeMap<InstanceTypeName, MicroUsdPerHour>>,
    /// When `on_demand` was read.
    pub on_demand_at: Option<Timestamp>,
    /// Newest spot price of each type and zone, Linux.
    pub spot: Option<BTreeMap<(InstanceTypeName, ZoneName), MicroUsdPerHour>>,
    /// When `spot` was read.
    pub spot_at: Option<Timestamp>,
}

/// The figures of a type that the catalog's are compared with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LiveType {
    /// Default number of vCPUs.
    pub vcpus: u32,
    /// Memory in MiB, not reduced by any overhead.
    pub memory_mib: u64,
}
