//! `EC2NodeClass`: how machines are made (`karpenter.k8s.aws/v1`).

mod disks;
mod selectors;

use serde_json::json;

use super::schema::Schema;
use super::shared::{conditions, kind};

/// The schema of the kind.
pub(super) fn schema() -> Schema {
    kind("How EC2 instances are made into nodes.", spec(), status())
}

/// Families as they are spelt in `amiFamily`; in lower case, all but `Custom` are aliases too.
const FAMILIES: [&str; 7] =
    ["AL2", "AL2023", "Bottlerocket", "Custom", "Windows2019", "Windows2022", "Windows2025"];

fn spec() -> Schema {
    machine(network(Schema::object()))
        .required("amiSelectorTerms", "Which images; terms are alternatives.", selectors::images())
        .field("amiFamily", "How nodes of the images are started.", Schema::one_of(&FAMILIES))
        .field("userData", "Merged with what the family needs.", Schema::string())
        .field("role", "The machines' IAM role.", Schema::string().length(1, None))
        .field(
            "instanceProfile",
            "The machines' instance profile, in place of a role.",
            Schema::string().length(1, None),
        )
        .field("tags", "Tags of all that is created.", tags())
        .field("kubelet", "Fields of the KubeletConfiguration.", Schema::open())
        .rules(&[
            (
                "amiFamily is needed where no term has an alias",
                "has(self.amiFamily) || self.amiSelectorTerms.exists(t, has(t.alias))",
            ),
            (
                "amiFamily must be that of the alias, or Custom",
                "!has(self.amiFamily) || self.amiFamily == 'Custom' || \
                 self.amiSelectorTerms.all(t, !has(t.alias) || \
                 t.alias.startsWith(self.amiFamily.lowerAscii() + '@'))",
            ),
            (
                "exactly one of role and instanceProfile is needed",
                "has(self.role) != has(self.instanceProfile)",
            ),
        ])
}

fn network(spec: Schema) -> Schema {
    spec.required(
        "subnetSelectorTerms",
        "Where machines may stand; terms are alternatives.",
        selectors::subnets(),
    )
    .required(
        "securityGroupSelectorTerms",
        "What may reach them; terms add up.",
        selectors::security_groups(),
    )
    .field(
        "associatePublicIPAddress",
        "Whether machines get a public address; absent: as the subnet says.",
        Schema::boolean(),
    )
    .field("ipPrefixCount", "Prefixes per interface.", Schema::int32().range(0, None))
    .field("networkInterfaces", "Interfaces by card.", interfaces())
    .field("connectionTracking", "Idle timeouts in seconds; Nitro only.", connection_tracking())
    .field("metadataOptions", "The instance metadata service.", metadata_options())
}

fn machine(spec: Schema) -> Schema {
    let nested = Schema::object().field(
        "nestedVirtualization",
        "enabled takes only types that can.",
        Schema::one_of(&["enabled", "disabled"]),
    );
    let enclaves =
        Schema::object().required("enabled", "true takes only types that can.", Schema::boolean());
    spec.field(
        "capacityReservationSelectorTerms",
        "Reservations that may be drawn on; terms are alternatives.",
        selectors::reservations(),
    )
    .field(
        "placementGroupSelector",
        "The placement group that all are launched into.",
        selectors::placement_group(),
    )
    .field("blockDeviceMappings", "Disks.", disks::mappings())
    .field(
        "instanceStorePolicy",
        "RAID0 makes the local disks the ephemeral storage.",
        Schema::one_of(&["RAID0"]),
    )
    .field("detailedMonitoring", "Metrics of EC2 every minute.", Schema::boolean())
    .field("context", "CreateFleet's own context.", Schema::string())
    .field("cpuOptions", "What the CPU may do.", nested)
    .field("enclaveOptions", "Nitro Enclaves.", enclaves)
}

fn tags() -> Schema {
    Schema::map(Schema::string()).rules(&[
        ("tags need a key", "self.all(k, k != '')"),
        (
            "these tags are set by the controller",
            "self.all(k, !k.startsWith('kubernetes.io/cluster') && !(k in \
             ['eks:eks-cluster-name', 'karpenter.sh/nodepool', 'karpenter.sh/nodeclaim', \
             'karpenter.k8s.aws/ec2nodeclass']))",
        ),
    ])
}

fn interfaces() -> Schema {
    let interface = Schema::object()
        .required("deviceIndex", "Which device on the card.", Schema::int32().range(0, None))
        .required(
            "interfaceType",
            "efa-only has no address.",
            Schema::one_of(&["interface", "efa-only"]),
        )
        .required("networkCardIndex", "Which card.", Schema::int32().range(0, None));
    Schema::list(interface).items(0, Some(150)).rules(&[
        (
            "card 0, device 0 must be there and be an interface",
            "self.size() == 0 || self.exists(i, i.networkCardIndex == 0 && i.deviceIndex == 0 && \
             i.interfaceType == 'interface')",
        ),
        (
            "a device of a card can be named once only",
            "self.all(a, self.filter(b, a.networkCardIndex == b.networkCardIndex && \
             a.deviceIndex == b.deviceIndex).size() == 1)",
        ),
        (
            "a card has at most one efa-only interface",
            "self.all(a, a.interfaceType != 'efa-only' || self.filter(b, b.interfaceType == \
             'efa-only' && a.networkCardIndex == b.networkCardIndex).size() == 1)",
        ),
    ])
}

fn connection_tracking() -> Schema {
    let seconds = |least, most| Schema::int32().range(least, Some(most));
    Schema::object()
        .field("tcpEstablishedTimeout", "Of TCP.", seconds(60, 432_000))
        .field("udpStreamTimeout", "Of UDP with answers.", seconds(60, 180))
        .field("udpTimeout", "Of UDP without answers.", seconds(30, 60))
        .rule(
            "at least one timeout is needed",
            "has(self.tcpEstablishedTimeout) || has(self.udpStreamTimeout) || has(self.udpTimeout)",
        )
}

fn metadata_options() -> Schema {
    let switch = || Schema::one_of(&["enabled", "disabled"]);
    Schema::object()
        .field("httpEndpoint", "Whether there is one.", switch().default(json!("enabled")))
        .field("httpProtocolIPv6", "Over IPv6 too.", switch().default(json!("disabled")))
        .field(
            "httpPutResponseHopLimit",
            "How far answers travel; 1 keeps them from pods.",
            Schema::int64().range(1, Some(64)).default(json!(1)),
        )
        .field(
            "httpTokens",
            "required refuses IMDSv1.",
            Schema::one_of(&["required", "optional"]).default(json!("required")),
        )
        .default(json!({
            "httpEndpoint": "enabled",
            "httpProtocolIPv6": "disabled",
            "httpPutResponseHopLimit": 1,
            "httpTokens": "required",
        }))
}

fn status() -> Schema {
    Schema::object()
        .field("amis", "The images found, newest first.", selectors::found_images())
        .field(
            "capacityReservations",
            "The capacity reservations found.",
            selectors::found_reservations(),
        )
        .field("conditions", "Whether it may launch machines, and why not.", conditions())
        .field("instanceProfile", "The machines' instance profile.", Schema::string())
        .field(
            "securityGroups",
            "The security groups found.",
            Schema::list(Schema::object().required("id", "Its id.", Schema::string()).field(
                "name",
                "Its name.",
                Schema::string(),
            )),
        )
        .field(
            "subnets",
            "The subnets found.",
            Schema::list(
                Schema::object()
                    .required("id", "Its id.", Schema::string())
                    .required("zone", "Its zone by name.", Schema::string())
                    .field("zoneID", "Its zone by id.", Schema::string()),
            ),
        )
}
