//! What is asked for when a node is launched, and what comes of it.

use std::collections::BTreeMap;

use model::{
    CapacityType, InstanceTypeName, MicroUsdPerHour, NodeClaimName, NodePoolName, ZoneName,
};

use crate::{CloudError, Instance};

/// Most choices of one launch: as many overrides as Karpenter gives one `CreateFleet`.
pub const CHOICES_MAX: usize = 60;

/// Makes a launch idempotent: the same token with the same parameters never launches twice.
///
/// Invariant: 1 to 64 ASCII characters, as EC2 takes them.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ClientToken(String);

impl ClientToken {
    /// The token of the `attempt`th group of choices of the claim with this UID. The UID is cut so
    /// that the token fits; a UUID is 36 characters and is never cut.
    pub fn new(claim_uid: &str, attempt: u32) -> Self {
        let uid: String = claim_uid.chars().filter(char::is_ascii_graphic).take(48).collect();
        Self(format!("{uid}-{attempt}"))
    }

    /// The token as it is sent.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The claim that a launch is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClaimIdentity {
    /// Its name, which becomes a tag.
    pub name: NodeClaimName,
    /// Its UID.
    pub uid: String,
    /// Its pool, which becomes a tag.
    pub pool: NodePoolName,
}

/// One thing that may be launched.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Choice {
    /// The type.
    pub instance_type: InstanceTypeName,
    /// The zone.
    pub zone: ZoneName,
    /// The price that the plan reckoned with.
    pub price: MicroUsdPerHour,
}

/// A launch of one machine. The cloud takes the best choice that it has.
#[derive(Clone, Debug, PartialEq)]
pub struct LaunchRequest {
    /// Whom it is for.
    pub claim: ClaimIdentity,
    /// Makes it idempotent.
    pub token: ClientToken,
    /// How the machine is made, with `status` resolved: subnets, groups, images, profile.
    pub node_class: api::Ec2NodeClass,
    /// On-demand or spot, for all choices.
    pub capacity_type: CapacityType,
    /// Best first, at most [`CHOICES_MAX`], at least one.
    pub choices: Vec<Choice>,
    /// Labels that the kubelet registers with.
    pub labels: BTreeMap<String, String>,
    /// Taints that the kubelet registers with: the claim's, its startup taints, and
    /// `karpenter.sh/unregistered:NoExecute`.
    pub taints: Vec<api::Taint>,
}

/// A choice that the cloud did not have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// What was refused.
    pub instance_type: InstanceTypeName,
    /// Where; `None` where the refusal is for the type, or the capacity type, as a whole.
    pub zone: Option<ZoneName>,
    /// Of which capacity type.
    pub capacity_type: CapacityType,
    /// The cloud's code, such as `InsufficientInstanceCapacity`.
    pub code: String,
}

/// A machine that was launched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Launch {
    /// The machine.
    pub instance: Instance,
    /// What was refused on the way; to be remembered even though the launch succeeded.
    pub refused: Vec<Refusal>,
}

/// A launch that failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("launching for claim {claim}")]
pub struct LaunchError {
    /// Whom it was for.
    pub claim: NodeClaimName,
    /// What was refused for lack of capacity; with [`crate::ErrorClass::Capacity`], all of it.
    pub refused: Vec<Refusal>,
    /// Why, and what may be done.
    #[source]
    pub error: CloudError,
}
