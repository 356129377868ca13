//! What EC2 says about one instance type, as far as labels, capacity and overhead need it.

use model::InstanceTypeName;

/// One instance type. Source: EC2's DescribeInstanceTypes as recorded in the catalog, with the
/// lines of `overrides.tsv` applied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TypeFacts {
    /// Its name, `family.size`.
    pub name: InstanceTypeName,
    /// The first architecture that Kubernetes nodes can have.
    pub architecture: Architecture,
    /// Virtual CPUs by default.
    pub vcpu: u32,
    /// Memory in MiB as EC2 states it, before the hypervisor and the kernel take theirs.
    pub memory_mib: u32,
    /// Who makes the CPU, as EC2 writes it, such as `AWS`.
    pub cpu_manufacturer: String,
    /// Sustained clock speed in MHz; `None` where EC2 gives none.
    pub clock_mhz: Option<u32>,
    /// What runs the machine.
    pub hypervisor: Hypervisor,
    /// Baseline network bandwidth in Mbit/s, from Karpenter's table; `None` where it has none.
    pub bandwidth_mbps: Option<u32>,
    /// Network interfaces of the default card.
    pub enis: u32,
    /// IPv4 addresses per network interface, the primary one included.
    pub ipv4_per_eni: u32,
    /// Network cards.
    pub network_cards: u32,
    /// Elastic Fabric Adapters at most; 0 where unsupported.
    pub efa: u32,
    /// Branch network interfaces for pods with their own security groups; 0 where unsupported.
    pub branch_enis: u32,
    /// EBS bandwidth at most in Mbit/s; `None` where EBS optimisation is not on by default.
    pub ebs_mbps: Option<u32>,
    /// How many EBS volumes can be attached.
    pub volumes: VolumeLimit,
    /// Local disks; `None` where there are none.
    pub local_storage: Option<LocalStorage>,
    /// GPUs by model.
    pub gpus: Vec<Gpu>,
    /// Other accelerators by model.
    pub accelerators: Vec<Accelerator>,
    /// How it can be bought.
    pub usage: UsageClasses,
    /// What else it can do.
    pub features: Features,
}

impl TypeFacts {
    /// The part of the name before the dot, such as `m7i-flex`.
    pub fn family(&self) -> &str {
        self.name.as_str().split_once('.').map_or("", |name| name.0)
    }

    /// The part of the name after the dot, such as `metal-48xl`.
    pub fn size(&self) -> &str {
        self.name.as_str().split_once('.').map_or("", |name| name.1)
    }
}

/// CPU architecture.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Architecture {
    /// x86-64.
    Amd64,
    /// 64-bit Arm.
    Arm64,
    /// An Intel Mac on a dedicated host: not a Kubernetes node.
    Amd64Mac,
    /// An Apple-silicon Mac on a dedicated host: not a Kubernetes node.
    Arm64Mac,
}

impl Architecture {
    /// Whether machines of this architecture can be Kubernetes nodes.
    pub const fn is_node(self) -> bool {
        match self {
            Self::Amd64 | Self::Arm64 => true,
            Self::Amd64Mac | Self::Arm64Mac => false,
        }
    }

    /// The value of the label `kubernetes.io/arch`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Amd64 | Self::Amd64Mac => "amd64",
            Self::Arm64 | Self::Arm64Mac => "arm64",
        }
    }
}

/// What runs the machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Hypervisor {
    /// AWS Nitro.
    Nitro,
    /// Xen.
    Xen,
    /// None: bare metal.
    Metal,
}

/// How many EBS volumes can be attached, the root volume included, as EC2 states it: what the first network
/// interface and local NVMe disks take of shared attachments is taken off already (28 on a Nitro machine).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VolumeLimit {
    /// Attachments at most.
    pub attachments: u32,
    /// True where network interfaces and local NVMe disks use up the same attachments.
    pub shared: bool,
}

/// Local disks together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LocalStorage {
    /// Size of all disks in GB of 10^9 bytes.
    pub total_gb: u32,
    /// Whether they are NVMe, the only kind that gets the label `instance-local-nvme`.
    pub nvme: bool,
}

/// GPUs of one model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gpu {
    /// Model as EC2 writes it, such as `L40S`.
    pub name: String,
    /// Maker as EC2 writes it, such as `NVIDIA`.
    pub manufacturer: String,
    /// Whole GPUs; 0 for the types that sell a part of one (`g6f`, `gr6f`).
    pub count: u32,
    /// Memory per GPU, or of the part, in MiB.
    pub memory_mib: u32,
}

/// What an accelerator is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AcceleratorKind {
    /// AWS Inferentia and Trainium.
    Neuron,
    /// Other inference accelerators.
    Inference,
    /// FPGAs.
    Fpga,
    /// Media transcoders.
    Media,
}

/// Accelerators of one model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Accelerator {
    /// What it is for.
    pub kind: AcceleratorKind,
    /// Model as EC2 writes it, such as `Inferentia2`.
    pub name: String,
    /// Maker as EC2 writes it.
    pub manufacturer: String,
    /// How many.
    pub count: u32,
    /// Neuron cores per device; 0 for other kinds.
    pub cores: u32,
}

/// How a type can be bought.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct UsageClasses {
    /// At the list price.
    pub on_demand: bool,
    /// At the spot price.
    pub spot: bool,
    /// In capacity blocks, reserved ahead.
    pub capacity_block: bool,
}

/// Yes-or-no properties of a type.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "independent properties that EC2 states one by one"
)]
pub struct Features {
    /// AWS calls it current.
    pub current_generation: bool,
    /// Traffic between instances is encrypted.
    pub encryption_in_transit: bool,
    /// Nitro Enclaves can be switched on.
    pub enclaves: bool,
    /// It can be placed in a cluster placement group.
    pub cluster_placement: bool,
    /// CPU credits rather than whole CPUs.
    pub burstable: bool,
}
