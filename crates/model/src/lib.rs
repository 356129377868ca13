//! Values of the Stowage planner.
//!
//! What is decided, and on what: quantities, requirements, pods, pools, nodes, offerings, the
//! [`Snapshot`] that a plan is made from, and the [`Plan`] with its typed [`Reason`]s. Plain data
//! with total orders; no IO, no clock, no wire format.

mod amount_text;
mod certificate;
mod finding;
pub mod fleet;
mod live_market;
mod market;
mod money;
mod moves;
mod name;
mod node;
mod offering;
mod plan;
mod pod;
mod pool;
mod preference_price;
mod profile;
mod quantity;
mod reason;
mod requirement;
mod requirements;
mod resources;
mod rivals;
mod selection;
mod snapshot;
mod soft_rule;
mod spread;
mod supply;
mod taint;
mod term;
mod time;
pub mod well_known;
mod wording;

pub use amount_text::{canonical_quantity, human_amount, human_amounts};
pub use certificate::{Candidate, Certificate, NanoUsdPerHour, Objective};
pub use finding::{Finding, FindingCode};
pub use live_market::{LiveMarket, LiveType};
pub use market::{
    CapacityType, InstanceType, InterruptionBand, Listing, Machine, NodeClass, Price,
};
pub use money::MicroUsdPerHour;
pub use moves::{DecidedMove, Move, MovePrices, Seat};
pub use name::{
    DaemonSetName, InstanceId, InstanceTypeName, LabelKey, LabelValue, Labels, NodeClaimName,
    NodeClassName, NodeName, NodePoolName, PodName, RegionName, RivalsName, SelectionName,
    SupplyName, ZoneId, ZoneName,
};
pub use node::{Node, NodeState};
pub use offering::{Offering, OfferingLabels};
pub use plan::{NewNode, NodeFill, Plan, Unschedulable};
pub use pod::{DaemonSet, Pod, PodRules, PodShape, Preference, TAINT_WEIGHT};
pub use pool::NodePool;
pub use preference_price::{ParsePreferencePriceError, PreferencePrice};
pub use profile::Profile;
pub use quantity::{ParseQuantityError, Quantity};
pub use reason::Reason;
pub use requirement::{Operator, Requirement, RequirementError};
pub use requirements::Requirements;
pub use resources::{Amount, ResourceName, Resources};
pub use rivals::Rivals;
pub use selection::Selection;
pub use snapshot::{
    ListingIndex, MachineIndex, NodeClassIndex, NodeIndex, OfferingIndex, PodIndex, PoolIndex,
    RivalsIndex, SelectionIndex, ShapeIndex, Snapshot, SoftRuleIndex, SpreadIndex, SupplyIndex,
    TermIndex, TypeIndex,
};
pub use soft_rule::{SPREAD_WEIGHT, SoftAsk, SoftRule};
pub use spread::{NodeInclusion, Spread};
pub use supply::{Supply, SupplyKind};
pub use taint::{Effect, Taint, Toleration, TolerationOperator, is_disliked, untolerated};
pub use term::Term;
pub use time::Timestamp;
