//! What EC2 sells: instance types, what they hold under a node class, and listings with prices.

use std::fmt;

use crate::{
    InstanceTypeName, Labels, MicroUsdPerHour, NodeClassName, Resources, SupplyIndex, TypeIndex,
    ZoneId, ZoneName,
};

/// How an instance is bought.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CapacityType {
    /// At the list price, kept until given back.
    OnDemand,
    /// At a changing discount, may be taken away with two minutes' notice.
    Spot,
    /// From capacity that was set aside, and is paid for, whether or not it is used.
    Reserved,
}

impl CapacityType {
    /// The value of the label `karpenter.sh/capacity-type`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::OnDemand => "on-demand",
            Self::Spot => "spot",
            Self::Reserved => "reserved",
        }
    }
}

impl fmt::Display for CapacityType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// An instance type as labels; what it holds depends on the node class, see [`Machine`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InstanceType {
    /// Its name.
    pub name: InstanceTypeName,
    /// Labels that every node of this type carries (`api.md` section 6.2 of Karpenter's model).
    pub labels: Labels,
}

/// What one instance type holds under one node class.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Machine {
    /// The type.
    pub instance_type: TypeIndex,
    /// Raw capacity before anything is reserved; what limits count. Of what Nodes do not report
    /// ([`crate::well_known::is_reported`]) only what some pod asks for is listed.
    pub capacity: Resources,
    /// Kube-reserved, system-reserved and eviction threshold together.
    pub overhead: Resources,
}

/// A node class and its machines.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodeClass {
    /// Its name.
    pub name: NodeClassName,
    /// One per compatible instance type, in type order.
    pub machines: Vec<Machine>,
}

/// A price per hour and whether it was derived rather than listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Price {
    /// The rate.
    pub rate: MicroUsdPerHour,
    /// True for spot prices computed from the Spot Advisor's savings and for prices derived from
    /// another region; false for a listed price.
    pub estimated: bool,
}

/// The Spot Advisor's monthly interruption frequency.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum InterruptionBand {
    /// Below 5 % a month.
    Below5,
    /// 5 to 10 %.
    From5To10,
    /// 10 to 15 %.
    From10To15,
    /// 15 to 20 %.
    From15To20,
    /// Above 20 %.
    Above20,
}

/// One instance type in one zone under one capacity type, and of one supply where it is capped,
/// whoever may buy it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listing {
    /// The type.
    pub instance_type: TypeIndex,
    /// The zone by name.
    pub zone: ZoneName,
    /// The zone by id; empty where the catalog could not tell.
    pub zone_id: ZoneId,
    /// How it is bought.
    pub capacity_type: CapacityType,
    /// `None` is unknown: such a listing is never bought, and never free.
    pub price: Option<Price>,
    /// Spot only; `None` where the Spot Advisor says nothing.
    pub interruption: Option<InterruptionBand>,
    /// What a node takes a unit of; `None` where as many may be bought as are wanted.
    pub supply: Option<SupplyIndex>,
}
