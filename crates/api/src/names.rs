//! Names that Karpenter gives to finalizers, annotations, labels, taints and conditions, and ours.

/// The API group of NodePools and NodeClaims.
pub const GROUP: &str = "karpenter.sh";
/// The API group of EC2NodeClasses.
pub const AWS_GROUP: &str = "karpenter.k8s.aws";

/// On NodeClaims before their launch, and on Nodes from registration on.
pub const TERMINATION_FINALIZER: &str = "karpenter.sh/termination";
/// On EC2NodeClasses, until no claim refers to them.
pub const NODE_CLASS_FINALIZER: &str = "karpenter.k8s.aws/termination";

/// `true` on a Node from registration on.
pub const REGISTERED_LABEL: &str = "karpenter.sh/registered";
/// `true` on a Node from initialization on.
pub const INITIALIZED_LABEL: &str = "karpenter.sh/initialized";
/// `true` on a Node whose taints registration leaves alone.
pub const DO_NOT_SYNC_TAINTS_LABEL: &str = "karpenter.sh/do-not-sync-taints";
/// On a Node from the start of its termination, with the value `karpenter`.
pub const EXCLUDE_BALANCERS_LABEL: &str = "node.kubernetes.io/exclude-from-external-load-balancers";

/// Every kubelet registers with it (`NoExecute`); registration removes it.
pub const UNREGISTERED_TAINT: &str = "karpenter.sh/unregistered";
/// On a Node that is being emptied (`NoSchedule`); pods that tolerate it are never drained.
pub const DISRUPTED_TAINT: &str = "karpenter.sh/disrupted";
/// On a cordoned Node, put there by Kubernetes (`NoSchedule`).
pub const UNSCHEDULABLE_TAINT: &str = "node.kubernetes.io/unschedulable";

/// On a Node from a reboot's request until its new boot is seen (`NoSchedule`).
pub const REBOOTING_TAINT: &str = "karpenter.sh/rebooting";

/// On a Pod (`true` or a duration) or a Node (`true`): no voluntary disruption.
pub const DO_NOT_DISRUPT_ANNOTATION: &str = "karpenter.sh/do-not-disrupt";
/// On a NodeClaim: after this moment, RFC 3339, pods are deleted and no longer waited for.
pub const TERMINATION_TIMESTAMP_ANNOTATION: &str = "karpenter.sh/nodeclaim-termination-timestamp";
/// On a Node (`true`): it is not repaired.
pub const DO_NOT_REPAIR_ANNOTATION: &str = "karpenter.sh/do-not-repair";
/// On a NodeClaim: whether `minValues` were given up for it, `true` or `false`.
pub const MIN_VALUES_RELAXED_ANNOTATION: &str = "karpenter.sh/nodeclaim-min-values-relaxed";
/// On a NodeClaim: the instance profile that it was launched with.
pub const INSTANCE_PROFILE_ANNOTATION: &str = "karpenter.k8s.aws/instance-profile-name";
/// Hash of a NodePool's template.
pub const POOL_HASH_ANNOTATION: &str = "karpenter.sh/nodepool-hash";
/// Which algorithm made it.
pub const POOL_HASH_VERSION_ANNOTATION: &str = "karpenter.sh/nodepool-hash-version";
/// Hash of an EC2NodeClass's spec.
pub const CLASS_HASH_ANNOTATION: &str = "karpenter.k8s.aws/ec2nodeclass-hash";
/// Which algorithm made it.
pub const CLASS_HASH_VERSION_ANNOTATION: &str = "karpenter.k8s.aws/ec2nodeclass-hash-version";
/// On a NodeClaim: `true` once the instance carries all tags.
pub const TAGGED_ANNOTATION: &str = "karpenter.k8s.aws/tagged";
/// Ours, on a NodeClaim: the pods it was bought for, a JSON list of UIDs.
pub const PLANNED_PODS_ANNOTATION: &str = "stowage.sh/planned-pods";
/// Ours, on a NodeClaim: the ranked choices of its launch, JSON, so that a restart asks for the same.
pub const LAUNCH_ANNOTATION: &str = "stowage.sh/launch";
/// Ours, on a NodeClaim: which group of those choices is asked for, from 0; absent: the first. It is
/// written before a later group is asked for, so that a restart never goes back to an earlier one.
pub const LAUNCH_GROUP_ANNOTATION: &str = "stowage.sh/launch-group";
/// Ours, on a Node (`true`): its cordon is ours and goes when the seats of its pods are reserved.
pub const HELD_ANNOTATION: &str = "stowage.sh/held-for-seats";
/// Ours, on a NodeClaim: what is said to happen to its machine, such as `spot_interrupted`; written before the
/// claim is deleted for it.
pub const INTERRUPTED_ANNOTATION: &str = "stowage.sh/interrupted";
/// Ours, on a NodeClaim that goes by a move: the move, JSON, so that a restart carries it on or takes it
/// back.
pub const MOVE_ANNOTATION: &str = "stowage.sh/move";
/// Our field manager in the API server.
pub const FIELD_MANAGER: &str = "stowage";

/// An instance was launched for the claim.
pub const LAUNCHED: &str = "Launched";
/// The claim's Node is there.
pub const REGISTERED: &str = "Registered";
/// Pods may run on the claim's Node.
pub const INITIALIZED: &str = "Initialized";
/// No pod is left that is waited for.
pub const DRAINED: &str = "Drained";
/// No volume is attached that is waited for.
pub const VOLUMES_DETACHED: &str = "VolumesDetached";
/// The instance's termination was accepted.
pub const INSTANCE_TERMINATING: &str = "InstanceTerminating";
/// The node may go by the pool's consolidation rules.
pub const CONSOLIDATABLE: &str = "Consolidatable";
/// The node differs from what its pool or class say now.
pub const DRIFTED: &str = "Drifted";
/// The Node has what its claim said that it would have.
pub const CONSISTENT_STATE_FOUND: &str = "ConsistentStateFound";
/// Why the node is being disrupted, while it is.
pub const DISRUPTION_REASON: &str = "DisruptionReason";
/// The node is being rebooted.
pub const REBOOTING: &str = "Rebooting";
/// The spec of a pool or class is one that can be carried out.
pub const VALIDATION_SUCCEEDED: &str = "ValidationSucceeded";
/// The pool's class may launch machines.
pub const NODE_CLASS_READY: &str = "NodeClassReady";
/// Nodes of the pool join the cluster.
pub const NODE_REGISTRATION_HEALTHY: &str = "NodeRegistrationHealthy";
/// The class's images were found.
pub const AMIS_READY: &str = "AMIsReady";
/// The class's subnets were found.
pub const SUBNETS_READY: &str = "SubnetsReady";
/// The class's security groups were found.
pub const SECURITY_GROUPS_READY: &str = "SecurityGroupsReady";
/// The class's instance profile is there.
pub const INSTANCE_PROFILE_READY: &str = "InstanceProfileReady";
/// The class's placement group was found, or none is asked for.
pub const PLACEMENT_GROUP_READY: &str = "PlacementGroupReady";
/// The class's capacity reservations were read.
pub const CAPACITY_RESERVATIONS_READY: &str = "CapacityReservationsReady";
/// The root condition of every kind.
pub const READY: &str = "Ready";

/// Priority classes whose pods go last from a node that is drained.
pub const CRITICAL_PRIORITY_CLASSES: [&str; 2] =
    ["system-cluster-critical", "system-node-critical"];

/// Labels of the domain `karpenter.k8s.aws` that pools and claims may name; all others there are
/// refused.
pub const AWS_LABELS: [&str; 28] = [
    "karpenter.k8s.aws/capacity-reservation-id",
    "karpenter.k8s.aws/capacity-reservation-interruptible",
    "karpenter.k8s.aws/capacity-reservation-type",
    "karpenter.k8s.aws/ec2nodeclass",
    "karpenter.k8s.aws/instance-accelerator-count",
    "karpenter.k8s.aws/instance-accelerator-manufacturer",
    "karpenter.k8s.aws/instance-accelerator-name",
    "karpenter.k8s.aws/instance-capability-flex",
    "karpenter.k8s.aws/instance-category",
    "karpenter.k8s.aws/instance-cpu",
    "karpenter.k8s.aws/instance-cpu-manufacturer",
    "karpenter.k8s.aws/instance-cpu-sustained-clock-speed-mhz",
    "karpenter.k8s.aws/instance-ebs-bandwidth",
    "karpenter.k8s.aws/instance-encryption-in-transit-supported",
    "karpenter.k8s.aws/instance-family",
    "karpenter.k8s.aws/instance-generation",
    "karpenter.k8s.aws/instance-gpu-count",
    "karpenter.k8s.aws/instance-gpu-manufacturer",
    "karpenter.k8s.aws/instance-gpu-memory",
    "karpenter.k8s.aws/instance-gpu-name",
    "karpenter.k8s.aws/instance-hypervisor",
    "karpenter.k8s.aws/instance-local-nvme",
    "karpenter.k8s.aws/instance-memory",
    "karpenter.k8s.aws/instance-network-bandwidth",
    "karpenter.k8s.aws/instance-size",
    "karpenter.k8s.aws/instance-tenancy",
    "karpenter.k8s.aws/placement-group-id",
    "karpenter.k8s.aws/placement-group-partition",
];
