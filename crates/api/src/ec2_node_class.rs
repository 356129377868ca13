//! `karpenter.k8s.aws/v1` `EC2NodeClass`: every field of it.

#![expect(clippy::struct_field_names, reason = "fields are named as on the wire")]

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{Condition, NodeSelectorRequirement, ObjectMeta, QuantityText, null};

/// How machines are made.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Ec2NodeClass {
    /// Its name; cluster-scoped.
    #[serde(deserialize_with = "null::or_default")]
    pub metadata: ObjectMeta,
    /// Network, image, disks, kubelet.
    #[serde(deserialize_with = "null::or_default")]
    pub spec: Ec2NodeClassSpec,
    /// Absent in manifests.
    #[serde(deserialize_with = "null::or_default")]
    pub status: Ec2NodeClassStatus,
}

/// `spec` of a node class.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Ec2NodeClassSpec {
    /// Where machines may stand.
    #[serde(deserialize_with = "null::or_default")]
    pub subnet_selector_terms: Vec<SubnetSelectorTerm>,
    /// What may reach them.
    #[serde(deserialize_with = "null::or_default")]
    pub security_group_selector_terms: Vec<SecurityGroupSelectorTerm>,
    /// Reservations that may be drawn on.
    #[serde(deserialize_with = "null::or_default", skip_serializing_if = "Vec::is_empty")]
    pub capacity_reservation_selector_terms: Vec<CapacityReservationSelectorTerm>,
    /// The placement group that all are launched into.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub placement_group_selector: Option<PlacementGroupSelector>,
    /// Whether they get a public address; absent: as the subnet says.
    #[serde(rename = "associatePublicIPAddress", skip_serializing_if = "Option::is_none")]
    pub associate_public_ip_address: Option<bool>,
    /// Prefixes per interface.
    #[serde(rename = "ipPrefixCount", skip_serializing_if = "Option::is_none")]
    pub ip_prefix_count: Option<i32>,
    /// Which images.
    #[serde(deserialize_with = "null::or_default")]
    pub ami_selector_terms: Vec<AmiSelectorTerm>,
    /// `AL2`, `AL2023`, `Bottlerocket`, `Custom`, `Windows2019`, `Windows2022` or `Windows2025`;
    /// absent: as the alias says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ami_family: Option<String>,
    /// Merged with the family's own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_data: Option<String>,
    /// The machines' IAM role.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub role: Option<String>,
    /// Or their instance profile.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub instance_profile: Option<String>,
    /// Tags of all that is created.
    #[serde(deserialize_with = "null::or_default", skip_serializing_if = "BTreeMap::is_empty")]
    pub tags: BTreeMap<String, String>,
    /// An open `KubeletConfiguration`.
    #[serde(deserialize_with = "null::or_default", skip_serializing_if = "BTreeMap::is_empty")]
    pub kubelet: BTreeMap<String, serde_json::Value>,
    /// Disks.
    #[serde(deserialize_with = "null::or_default", skip_serializing_if = "Vec::is_empty")]
    pub block_device_mappings: Vec<BlockDeviceMapping>,
    /// `RAID0` makes local disks the ephemeral storage.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub instance_store_policy: Option<String>,
    /// Interfaces by card.
    #[serde(deserialize_with = "null::or_default", skip_serializing_if = "Vec::is_empty")]
    pub network_interfaces: Vec<NetworkInterface>,
    /// Metrics every minute.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detailed_monitoring: Option<bool>,
    /// The instance metadata service.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub metadata_options: Option<MetadataOptions>,
    /// Idle timeouts; Nitro only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub connection_tracking: Option<ConnectionTracking>,
    /// CreateFleet's own context.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub context: Option<String>,
    /// Nested virtualisation.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cpu_options: Option<CpuOptions>,
    /// Nitro Enclaves.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub enclave_options: Option<EnclaveOptions>,
}

/// `spec.subnetSelectorTerms[]`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct SubnetSelectorTerm {
    /// By tags; `*` is any value.
    #[serde(deserialize_with = "null::or_default", skip_serializing_if = "BTreeMap::is_empty")]
    pub tags: BTreeMap<String, String>,
    /// By id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
}

/// `spec.securityGroupSelectorTerms[]`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct SecurityGroupSelectorTerm {
    /// By tags; `*` is any value.
    #[serde(deserialize_with = "null::or_default", skip_serializing_if = "BTreeMap::is_empty")]
    pub tags: BTreeMap<String, String>,
    /// By id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// By name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

/// `spec.capacityReservationSelectorTerms[]`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct CapacityReservationSelectorTerm {
    /// By tags; `*` is any value.
    #[serde(deserialize_with = "null::or_default", skip_serializing_if = "BTreeMap::is_empty")]
    pub tags: BTreeMap<String, String>,
    /// By id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// The owner's account.
    #[serde(rename = "ownerID", skip_serializing_if = "Option::is_none")]
    pub owner_id: Option<String>,
    /// `open` or `targeted`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub instance_match_criteria: Option<String>,
}

/// `spec.placementGroupSelector`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct PlacementGroupSelector {
    /// By name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// By id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
}

/// `spec.amiSelectorTerms[]`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct AmiSelectorTerm {
    /// `family@version`, such as `al2023@latest`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub alias: Option<String>,
    /// By tags; `*` is any value.
    #[serde(deserialize_with = "null::or_default", skip_serializing_if = "BTreeMap::is_empty")]
    pub tags: BTreeMap<String, String>,
    /// By id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// By name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Whose: an account, `self` or `amazon`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
    /// By SSM parameter.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ssm_parameter: Option<String>,
}

/// `spec.blockDeviceMappings[]`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct BlockDeviceMapping {
    /// Such as `/dev/xvda`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub device_name: Option<String>,
    /// The disk.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ebs: Option<BlockDevice>,
    /// Whether pods' ephemeral storage is on it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub root_volume: Option<bool>,
}

/// `spec.blockDeviceMappings[].ebs`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct BlockDevice {
    /// Whether it goes with the machine.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub delete_on_termination: Option<bool>,
    /// Whether it is encrypted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub encrypted: Option<bool>,
    /// Operations per second.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub iops: Option<i64>,
    /// The key.
    #[serde(rename = "kmsKeyID", skip_serializing_if = "Option::is_none")]
    pub kms_key_id: Option<String>,
    /// What it is made from.
    #[serde(rename = "snapshotID", skip_serializing_if = "Option::is_none")]
    pub snapshot_id: Option<String>,
    /// MiB per second.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub throughput: Option<i64>,
    /// MiB per second while it is filled from the snapshot.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub volume_initialization_rate: Option<i32>,
    /// Its size, such as `100Gi`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub volume_size: Option<QuantityText>,
    /// Such as `gp3`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub volume_type: Option<String>,
}

/// `spec.networkInterfaces[]`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct NetworkInterface {
    /// Which card.
    #[serde(deserialize_with = "null::or_default")]
    pub network_card_index: i32,
    /// Which device on it.
    #[serde(deserialize_with = "null::or_default")]
    pub device_index: i32,
    /// `interface` or `efa-only`.
    #[serde(deserialize_with = "null::or_default")]
    pub interface_type: String,
}

/// `spec.metadataOptions`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct MetadataOptions {
    /// `enabled` or `disabled`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub http_endpoint: Option<String>,
    /// `enabled` or `disabled`.
    #[serde(rename = "httpProtocolIPv6", skip_serializing_if = "Option::is_none")]
    pub http_protocol_ipv6: Option<String>,
    /// 1 to 64.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub http_put_response_hop_limit: Option<i64>,
    /// `required` or `optional`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub http_tokens: Option<String>,
}

/// `spec.connectionTracking`, in seconds.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ConnectionTracking {
    /// 60 to 432,000.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tcp_established_timeout: Option<i32>,
    /// 60 to 180.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub udp_stream_timeout: Option<i32>,
    /// 30 to 60.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub udp_timeout: Option<i32>,
}

/// `spec.cpuOptions`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct CpuOptions {
    /// `enabled` or `disabled`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nested_virtualization: Option<String>,
}

/// `spec.enclaveOptions`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct EnclaveOptions {
    /// Whether enclaves may be run.
    #[serde(deserialize_with = "null::or_default")]
    pub enabled: bool,
}

/// `status` of a node class.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Ec2NodeClassStatus {
    /// The subnets found.
    #[serde(deserialize_with = "null::or_default", skip_serializing_if = "Vec::is_empty")]
    pub subnets: Vec<SubnetStatus>,
    /// The security groups found, by id.
    #[serde(deserialize_with = "null::or_default", skip_serializing_if = "Vec::is_empty")]
    pub security_groups: Vec<SecurityGroupStatus>,
    /// The capacity reservations found.
    #[serde(deserialize_with = "null::or_default", skip_serializing_if = "Vec::is_empty")]
    pub capacity_reservations: Vec<CapacityReservationStatus>,
    /// The images found, newest first.
    #[serde(deserialize_with = "null::or_default", skip_serializing_if = "Vec::is_empty")]
    pub amis: Vec<AmiStatus>,
    /// The machines' instance profile.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub instance_profile: Option<String>,
    /// `Ready` and others.
    #[serde(deserialize_with = "null::or_default", skip_serializing_if = "Vec::is_empty")]
    pub conditions: Vec<Condition>,
}

/// `status.securityGroups[]`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct SecurityGroupStatus {
    /// Its id.
    #[serde(deserialize_with = "null::or_default")]
    pub id: String,
    /// Its name.
    #[serde(deserialize_with = "null::or_default", skip_serializing_if = "String::is_empty")]
    pub name: String,
}

/// `status.capacityReservations[]`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct CapacityReservationStatus {
    /// Its zone by name.
    #[serde(deserialize_with = "null::or_default")]
    pub availability_zone: String,
    /// When it ends, RFC 3339; absent: when it is given up.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub end_time: Option<Box<str>>,
    /// Its id.
    #[serde(deserialize_with = "null::or_default")]
    pub id: String,
    /// `open` or `targeted`.
    #[serde(deserialize_with = "null::or_default")]
    pub instance_match_criteria: String,
    /// What it is of.
    #[serde(deserialize_with = "null::or_default")]
    pub instance_type: String,
    /// The owner's account.
    #[serde(rename = "ownerID", deserialize_with = "null::or_default")]
    pub owner_id: String,
    /// `default` or `capacity-block`.
    #[serde(deserialize_with = "null::or_default")]
    pub reservation_type: String,
    /// Whether its owner may take instances back.
    #[serde(deserialize_with = "null::or_default")]
    pub interruptible: bool,
    /// `active` or `expiring`.
    #[serde(deserialize_with = "null::or_default")]
    pub state: String,
}

/// `status.amis[]`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct AmiStatus {
    /// Its id.
    #[serde(deserialize_with = "null::or_default")]
    pub id: String,
    /// Its name.
    #[serde(deserialize_with = "null::or_default", skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// Whether its owner has deprecated it.
    #[serde(deserialize_with = "null::or_default", skip_serializing_if = "std::ops::Not::not")]
    pub deprecated: bool,
    /// What the machine must be for it.
    #[serde(deserialize_with = "null::or_default")]
    pub requirements: Vec<NodeSelectorRequirement>,
}

/// `status.subnets[]`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct SubnetStatus {
    /// Its id.
    #[serde(deserialize_with = "null::or_default")]
    pub id: String,
    /// Its zone by name.
    #[serde(deserialize_with = "null::or_default")]
    pub zone: String,
    /// Its zone by id.
    #[serde(rename = "zoneID", deserialize_with = "null::or_default")]
    pub zone_id: String,
}
