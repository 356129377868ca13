//! The part of an `EC2NodeClass` that decides what a machine holds, and which types suit it.

use std::str::FromStr;

use model::{Amount, Quantity};

use crate::facts::{Architecture, TypeFacts};
use crate::measured::MeasuredAllocatable;

const GIB: i64 = 1 << 30;

/// Which image family nodes boot.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum AmiFamily {
    /// Amazon Linux 2.
    Al2,
    /// Amazon Linux 2023.
    #[default]
    Al2023,
    /// Bottlerocket.
    Bottlerocket,
    /// The user's own image.
    Custom,
    /// Windows Server 2019.
    Windows2019,
    /// Windows Server 2022.
    Windows2022,
    /// Windows Server 2025.
    Windows2025,
}

impl AmiFamily {
    /// Every family, in the order of the API's documentation.
    pub const ALL: [Self; 7] = [
        Self::Al2,
        Self::Al2023,
        Self::Bottlerocket,
        Self::Custom,
        Self::Windows2019,
        Self::Windows2022,
        Self::Windows2025,
    ];

    /// The value of `spec.amiFamily`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Al2 => "AL2",
            Self::Al2023 => "AL2023",
            Self::Bottlerocket => "Bottlerocket",
            Self::Custom => "Custom",
            Self::Windows2019 => "Windows2019",
            Self::Windows2022 => "Windows2022",
            Self::Windows2025 => "Windows2025",
        }
    }

    /// The family of `spec.amiFamily`, or of an alias's part before `@` in any case.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|family| family.as_str().eq_ignore_ascii_case(name))
    }

    /// Whether nodes run Windows.
    pub const fn is_windows(self) -> bool {
        match self {
            Self::Al2 | Self::Al2023 | Self::Bottlerocket | Self::Custom => false,
            Self::Windows2019 | Self::Windows2022 | Self::Windows2025 => true,
        }
    }

    /// Size in bytes of the volume that pods' local data goes to when the class names none.
    pub const fn default_ephemeral_volume(self) -> Amount {
        Amount::new(if self.is_windows() { 50 * GIB } else { 20 * GIB })
    }
}

/// What `spec.instanceStorePolicy` does with local disks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum InstanceStorePolicy {
    /// All local disks become one volume for pods' local data.
    Raid0,
}

/// Amounts of `kubelet.kubeReserved` or `kubelet.systemReserved`; `None` where a key is not given.
/// `pid` is no resource that pods ask for and is left out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Reserved {
    /// CPU in thousandths of a core.
    pub cpu: Option<Amount>,
    /// Memory in bytes.
    pub memory: Option<Amount>,
    /// Local disk in bytes.
    pub ephemeral_storage: Option<Amount>,
}

/// `kubelet.evictionHard`, as far as it lowers allocatable; `None` where a key is not given.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct EvictionHard {
    /// `memory.available`; 100Mi where not given.
    pub memory_available: Option<Threshold>,
    /// `nodefs.available`; 10 % where not given.
    pub nodefs_available: Option<Threshold>,
}

/// An eviction threshold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Threshold {
    /// That many bytes.
    Amount(Amount),
    /// That many millionths of the capacity: 10 % is 100,000. At most 1,000,000, which switches
    /// the threshold off.
    Share(u32),
}

/// A text that is not an eviction threshold.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is not a threshold: expected a quantity such as 200Mi or a share of 0% to 100%")]
pub struct ParseThresholdError {
    text: String,
}

impl FromStr for Threshold {
    type Err = ParseThresholdError;

    /// Reads `200Mi` or `7.5%`; more than four decimals of a per cent are refused.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let threshold = match text.strip_suffix('%') {
            Some(percent) => millionths(percent).map(Self::Share),
            None => text
                .parse::<Quantity>()
                .ok()
                .map(Quantity::value)
                .filter(|bytes| *bytes >= 0)
                .map(|bytes| Self::Amount(Amount::new(bytes))),
        };
        threshold.ok_or_else(|| ParseThresholdError { text: text.to_owned() })
    }
}

fn millionths(percent: &str) -> Option<u32> {
    let (whole, fraction) = percent.split_once('.').unwrap_or((percent, ""));
    let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || !digits(whole) || !digits(fraction) || fraction.len() > 4 {
        return None;
    }
    let millionths: u32 = format!("{whole}{fraction:0<4}").parse().ok()?;
    (millionths <= 1_000_000).then_some(millionths)
}

/// `spec.networkInterfaces` counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct NetworkInterfaces {
    /// Elastic Fabric Adapters configured, on all cards.
    pub efa: u32,
    /// Those of them without IP addresses (`efa-only`) on the default card: no pod gets an address there.
    pub efa_only_on_default_card: u32,
}

/// What of a node class decides how much its machines hold.
///
/// `Default` is a class that sets nothing but AL2023: a 20Gi volume, ENI-limited pods, Karpenter's
/// default memory overhead.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodeClassSettings {
    /// Image family.
    pub ami_family: AmiFamily,
    /// `kubelet.maxPods`.
    pub max_pods: Option<u32>,
    /// `kubelet.podsPerCore`; 0 is not given. Ignored on Bottlerocket.
    pub pods_per_core: Option<u32>,
    /// `kubelet.kubeReserved`: overrides the computed amounts key by key.
    pub kube_reserved: Reserved,
    /// `kubelet.systemReserved`.
    pub system_reserved: Reserved,
    /// `kubelet.evictionHard`.
    pub eviction_hard: EvictionHard,
    /// `instanceStorePolicy`.
    pub instance_store_policy: Option<InstanceStorePolicy>,
    /// Size in bytes of the volume for pods' local data; `None` is the family's default.
    pub ephemeral_volume: Option<Amount>,
    /// How many EBS volumes `blockDeviceMappings` gives to each node; `None` is the family's default.
    pub own_volumes: Option<u32>,
    /// Karpenter's setting `RESERVED_ENIS`: interfaces that pods get no addresses from.
    pub reserved_enis: u32,
    /// `networkInterfaces`; `None` where not given.
    pub network_interfaces: Option<NetworkInterfaces>,
    /// `enclaveOptions.enabled`.
    pub enclaves: bool,
    /// Karpenter's setting `VM_MEMORY_OVERHEAD_PERCENT` (a factor in spite of its name) in
    /// millionths: what the hypervisor and the kernel keep of EC2's stated memory.
    pub vm_memory_overhead_millionths: u32,
    /// Measured allocatable beside the embedded table; the first line that applies wins.
    pub measured: Vec<MeasuredAllocatable>,
}

impl Default for NodeClassSettings {
    fn default() -> Self {
        Self {
            ami_family: AmiFamily::Al2023,
            max_pods: None,
            pods_per_core: None,
            kube_reserved: Reserved::default(),
            system_reserved: Reserved::default(),
            eviction_hard: EvictionHard::default(),
            instance_store_policy: None,
            ephemeral_volume: None,
            own_volumes: None,
            reserved_enis: 0,
            network_interfaces: None,
            enclaves: false,
            vm_memory_overhead_millionths: 75_000,
            measured: Vec::new(),
        }
    }
}

/// Why a type cannot be a node of a class.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
pub enum Incompatible {
    /// A Mac.
    #[error("Macs are sold by the dedicated host and are no Kubernetes nodes")]
    Mac,
    /// AL2023 does not boot on first-generation Graviton.
    #[error("AL2023 does not support a1 types")]
    Al2023OnA1,
    /// Windows is amd64 only.
    #[error("Windows needs amd64")]
    WindowsOnArm,
    /// `enclaveOptions.enabled` on a type without Nitro Enclaves.
    #[error("enclaveOptions.enabled needs a type with Nitro Enclaves")]
    NoEnclaves,
    /// More Elastic Fabric Adapters than the type has.
    #[error("networkInterfaces asks for more EFAs than the type has")]
    TooFewEfas,
}

impl NodeClassSettings {
    /// Why `facts` does not suit this class; `None` where it does.
    pub fn incompatibility(&self, facts: &TypeFacts) -> Option<Incompatible> {
        let al2023 = self.ami_family == AmiFamily::Al2023;
        let windows = self.ami_family.is_windows();
        let efas = self.network_interfaces.map_or(0, |wanted| wanted.efa);
        [
            (!facts.architecture.is_node(), Incompatible::Mac),
            (al2023 && facts.family() == "a1", Incompatible::Al2023OnA1),
            (windows && facts.architecture != Architecture::Amd64, Incompatible::WindowsOnArm),
            (self.enclaves && !facts.features.enclaves, Incompatible::NoEnclaves),
            (efas > facts.efa, Incompatible::TooFewEfas),
        ]
        .into_iter()
        .find_map(|(holds, reason)| holds.then_some(reason))
    }
}

#[cfg(test)]
mod tests {
    use super::Threshold;
    use model::Amount;

    #[test]
    fn thresholds_are_quantities_or_shares() {
        for (text, expected) in [
            ("200Mi", Threshold::Amount(Amount::new(200 << 20))),
            ("0", Threshold::Amount(Amount::ZERO)),
            ("10%", Threshold::Share(100_000)),
            ("7.5%", Threshold::Share(75_000)),
            ("100%", Threshold::Share(1_000_000)),
        ] {
            assert_eq!(text.parse(), Ok(expected), "{text}");
        }
        for text in ["", "%", "101%", "-5%", "-1Mi", "5.00001%", "x"] {
            assert!(text.parse::<Threshold>().is_err(), "{text}");
        }
    }
}
