//! Names that Kubernetes, Karpenter and the AWS provider give to resources and labels.

/// CPU, in thousandths of a core.
pub const CPU: &str = "cpu";
/// Memory, in bytes.
pub const MEMORY: &str = "memory";
/// Local disk, in bytes.
pub const EPHEMERAL_STORAGE: &str = "ephemeral-storage";
/// Pods per node.
pub const PODS: &str = "pods";
/// The pseudo-resource of `NodePool` limits that counts nodes.
pub const NODES: &str = "nodes";
/// What the names of resources begin with that count volumes attached by a CSI driver, whose name follows, as
/// in Kubernetes (`pkg/volume/util/attach_limit.go`, v1.32). Nodes do not report them: kube-scheduler reads
/// them off CSINodes.
pub const ATTACHABLE_VOLUMES: &str = "attachable-volumes-csi-";
/// How many volumes a node takes of a driver that states no limit: more than the pods of any node have.
pub const VOLUMES_UNLIMITED: i64 = 1_000_000;
/// The CSI driver of EBS.
pub const EBS_DRIVER: &str = "ebs.csi.aws.com";
/// What the names of resources begin with that stand for a port of a node which a DaemonSet takes: a node has
/// one of each, and neither Nodes nor pods tell of it.
pub const HOST_PORT: &str = "host port ";
/// Whole NVIDIA GPUs.
pub const NVIDIA_GPU: &str = "nvidia.com/gpu";

/// The `NodePool` that owns a node.
pub const NODE_POOL: &str = "karpenter.sh/nodepool";
/// `spot`, `on-demand` or `reserved`.
pub const CAPACITY_TYPE: &str = "karpenter.sh/capacity-type";
/// The `EC2NodeClass` of a node.
pub const NODE_CLASS: &str = "karpenter.k8s.aws/ec2nodeclass";
/// Availability zone by name.
pub const ZONE: &str = "topology.kubernetes.io/zone";
/// Availability zone by id.
pub const ZONE_ID: &str = "topology.k8s.aws/zone-id";
/// AWS region.
pub const REGION: &str = "topology.kubernetes.io/region";
/// EC2 instance type.
pub const INSTANCE_TYPE: &str = "node.kubernetes.io/instance-type";
/// CPU architecture.
pub const ARCH: &str = "kubernetes.io/arch";
/// Operating system.
pub const OS: &str = "kubernetes.io/os";
/// The node's own name; unknown before launch, so no pod can ask for it on a new node.
pub const HOSTNAME: &str = "kubernetes.io/hostname";

/// Whether a resource is one that Nodes report and pods name; the others are counted by us alone.
pub fn is_reported(resource: &str) -> bool {
    !resource.starts_with(ATTACHABLE_VOLUMES) && !resource.starts_with(HOST_PORT)
}
