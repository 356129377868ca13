//! Names as text and quantities as integers in their base unit.

use model::{
    Amount, DaemonSetName, InstanceTypeName, LabelKey, LabelValue, ListingIndex, MachineIndex,
    MicroUsdPerHour, NanoUsdPerHour, NodeClaimName, NodeClassIndex, NodeClassName, NodeIndex,
    NodeName, NodePoolName, OfferingIndex, PodIndex, PodName, PoolIndex, RegionName, ResourceName,
    Resources, RivalsIndex, RivalsName, SelectionIndex, SelectionName, ShapeIndex, SoftRuleIndex,
    SpreadIndex, SupplyIndex, SupplyName, TermIndex, Timestamp, TypeIndex, ZoneId, ZoneName,
};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{Out, Wire, read_entries};

macro_rules! texts {
    ($($name:ty),* $(,)?) => {$(
        impl Wire for $name {
            fn write<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }

            fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                Ok(Self::new(String::deserialize(deserializer)?))
            }
        }
    )*};
}

texts! {
    DaemonSetName, InstanceTypeName, LabelKey, LabelValue, NodeClaimName, NodeClassName, NodeName, NodePoolName,
    PodName, RegionName, ResourceName, RivalsName, SelectionName, SupplyName, ZoneId, ZoneName,
}

macro_rules! integers {
    ($($name:ty),* $(,)?) => {$(
        impl Wire for $name {
            fn write<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                self.get().serialize(serializer)
            }

            fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                Ok(Self::new(i64::deserialize(deserializer)?))
            }
        }
    )*};
}

integers! { Amount, MicroUsdPerHour, NanoUsdPerHour }

macro_rules! indices {
    ($($name:ty),* $(,)?) => {$(
        impl Wire for $name {
            fn write<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                self.get().serialize(serializer)
            }

            fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let index = u32::deserialize(deserializer)?;
                // An index holds 32 bits, and so does every place that Stowage runs on.
                Ok(Self::new(usize::try_from(index).unwrap_or(0)))
            }
        }
    )*};
}

indices! {
    ListingIndex, MachineIndex, NodeClassIndex, NodeIndex, OfferingIndex, PodIndex, PoolIndex,
    RivalsIndex, SelectionIndex, ShapeIndex, SoftRuleIndex, SpreadIndex, SupplyIndex, TermIndex,
    TypeIndex,
}

impl Wire for i64 {
    fn write<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.serialize(serializer)
    }

    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::deserialize(deserializer)
    }
}

impl Wire for usize {
    fn write<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.serialize(serializer)
    }

    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::deserialize(deserializer)
    }
}

/// Seconds since the Unix epoch.
impl Wire for Timestamp {
    fn write<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }

    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        i64::deserialize(deserializer).map(Self)
    }
}

/// Amounts by name, in the resource's base unit.
impl Wire for Resources {
    fn write<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.iter().map(|(name, amount)| (Out(name), amount.get())))
    }

    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        read_entries::<ResourceName, Amount, _, _>(deserializer)
    }
}
