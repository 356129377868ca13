//! Facts about EC2, without its SDK.
//!
//! From the embedded, dated [`Catalog`] a [`RegionMarket`] is read: instance types with their
//! labels, listings with prices, and, for given [`NodeClassSettings`], what each machine holds.
//! Pure: no IO, no clock; how the catalog is made and what it does not know is in
//! `docs/catalog.md`.

mod capacity;
mod catalog;
mod facts;
mod labels;
mod listings;
mod market;
mod measured;
mod overhead;
mod prices;
mod settings;
mod volumes;

pub use capacity::{capacity, eni_limited_pods, pods};
pub use catalog::{Catalog, Source, UnknownRegion};
pub use facts::{
    Accelerator, AcceleratorKind, Architecture, Features, Gpu, Hypervisor, LocalStorage, TypeFacts,
    UsageClasses, VolumeLimit,
};
pub use labels::labels;
pub use listings::{MarketOptions, PriceCounts, RegionListings, UnpricedType};
pub use market::{RegionMarket, Zone};
pub use measured::MeasuredAllocatable;
pub use overhead::overhead;
pub use prices::{PriceGrade, PriceQuality, PriceUnknown};
pub use settings::{
    AmiFamily, EvictionHard, Incompatible, InstanceStorePolicy, NetworkInterfaces,
    NodeClassSettings, ParseThresholdError, Reserved, Threshold,
};
pub use volumes::attachable_volumes;
