//! EC2NodeClasses: what of them decides how much a machine holds and where it may stand.
//!
//! A field that cannot be read is left at its default with a finding; what would change the plan
//! and is not honoured yet is a finding too. Rules: `api.md` section 4 and `scheduling.md` section
//! 21 of Karpenter's model.

use std::collections::{BTreeMap, BTreeSet};

use api::{BlockDeviceMapping, Ec2NodeClass, Ec2NodeClassSpec};
use ec2::{
    AmiFamily, EvictionHard, InstanceStorePolicy, NetworkInterfaces, NodeClassSettings, Reserved,
    Threshold,
};
use model::{Amount, Finding, FindingCode, Quantity, ZoneName};
use serde_json::Value;

use super::subject::{Subject, amount};

/// A class as read.
#[derive(Clone, Debug, Default)]
pub(super) struct ClassDraft {
    /// What machines hold.
    pub(super) settings: NodeClassSettings,
    /// The zones of its subnets; `None` for manifests, which only select subnets.
    pub(super) zones: Option<BTreeSet<ZoneName>>,
}

/// Reads a class. Every class can be read: what is wrong falls back to defaults.
pub(super) fn read(class: &Ec2NodeClass) -> (ClassDraft, Vec<Finding>) {
    let mut subject = Subject::new("EC2NodeClass", &class.metadata.name);
    let spec = &class.spec;
    let ami_family = family(spec, &mut subject);
    let mut kubelet = Kubelet { fields: &spec.kubelet, subject: &mut subject };
    let settings = NodeClassSettings {
        ami_family,
        max_pods: kubelet.count("maxPods"),
        pods_per_core: kubelet.count("podsPerCore"),
        kube_reserved: kubelet.reserved("kubeReserved"),
        system_reserved: kubelet.reserved("systemReserved"),
        eviction_hard: EvictionHard {
            memory_available: kubelet.threshold("memory.available"),
            nodefs_available: kubelet.threshold("nodefs.available"),
        },
        instance_store_policy: (spec.instance_store_policy.as_deref() == Some("RAID0"))
            .then_some(InstanceStorePolicy::Raid0),
        ephemeral_volume: ephemeral_volume(spec, ami_family, &mut subject),
        own_volumes: own_volumes(spec),
        network_interfaces: interfaces(spec),
        enclaves: spec.enclave_options.as_ref().is_some_and(|one| one.enabled),
        ..NodeClassSettings::default()
    };
    note_not_honoured(spec, ami_family, &mut subject);
    let zones: BTreeSet<ZoneName> =
        (class.status.subnets.iter()).map(|subnet| ZoneName::from(subnet.zone.as_str())).collect();
    if !zones.is_empty() {
        let message = "how many addresses subnets have free does not change the plan yet; a launch takes \
                       the subnet of its zone that has most";
        subject.note(FindingCode::Note, "status.subnets", message, "");
    }
    let draft = ClassDraft { settings, zones: (!zones.is_empty()).then_some(zones) };
    (draft, subject.into_findings())
}

/// `amiFamily`, else the alias's family, else AL2023.
fn family(spec: &Ec2NodeClassSpec, subject: &mut Subject) -> AmiFamily {
    let alias = (spec.ami_selector_terms.iter())
        .find_map(|term| term.alias.as_deref())
        .map(|alias| alias.split_once('@').map_or(alias, |(family, _)| family));
    let (field, name) = match (&spec.ami_family, alias) {
        (Some(family), _) => ("spec.amiFamily", family.as_str()),
        (None, Some(alias)) => ("spec.amiSelectorTerms[0].alias", alias),
        (None, None) => return AmiFamily::default(),
    };
    AmiFamily::from_name(name).unwrap_or_else(|| {
        let families = AmiFamily::ALL.map(AmiFamily::as_str).join(", ");
        let message = format!("{name:?} is not an image family; AL2023 is assumed");
        subject.note(FindingCode::BadField, field, message, format!("use one of {families}"));
        AmiFamily::default()
    })
}

struct Kubelet<'a> {
    fields: &'a BTreeMap<String, Value>,
    subject: &'a mut Subject,
}

impl Kubelet<'_> {
    fn count(&mut self, field: &str) -> Option<u32> {
        let value = self.fields.get(field)?;
        let path = format!("spec.kubelet.{field}");
        if value.is_string() {
            self.subject.not_honoured(
                path,
                format!("{field} as an expression is not evaluated yet; the default is assumed"),
            );
            return None;
        }
        let count = value.as_u64().and_then(|count| u32::try_from(count).ok());
        if count.is_none() {
            self.subject.note(
                FindingCode::BadField,
                path,
                format!("{value} is not a count; the default is assumed"),
                "give a whole number of at least zero",
            );
        }
        count
    }

    fn reserved(&mut self, field: &str) -> Reserved {
        Reserved {
            cpu: self.reserved_of(field, "cpu"),
            memory: self.reserved_of(field, "memory"),
            ephemeral_storage: self.reserved_of(field, "ephemeral-storage"),
        }
    }

    fn reserved_of(&mut self, field: &str, resource: &str) -> Option<Amount> {
        let text = text_of(self.fields.get(field)?.get(resource)?);
        let quantity = text.parse::<Quantity>().ok();
        let read = quantity
            .map(|quantity| amount(resource, quantity))
            .filter(|amount| *amount >= Amount::ZERO);
        if read.is_none() {
            self.subject.note(
                FindingCode::BadField,
                format!("spec.kubelet.{field}.{resource}"),
                format!(
                    "{text:?} is not a quantity of at least zero; the default is assumed, and \
                     expressions are not evaluated yet"
                ),
                "give a quantity such as 100m or 200Mi",
            );
        }
        read
    }

    fn threshold(&mut self, signal: &str) -> Option<Threshold> {
        let text = text_of(self.fields.get("evictionHard")?.get(signal)?);
        let read = text.parse();
        if let Err(error) = &read {
            self.subject.note(
                FindingCode::BadField,
                format!("spec.kubelet.evictionHard[{signal}]"),
                format!("{error}; the default is assumed"),
                "give a quantity such as 200Mi or a share such as 5%",
            );
        }
        read.ok()
    }
}

/// A JSON value as the text of a quantity.
fn text_of(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// The size of the volume that pods' local data goes to: the root volume, else the last one of a
/// custom image, else the family's own device.
fn ephemeral_volume(
    spec: &Ec2NodeClassSpec,
    family: AmiFamily,
    subject: &mut Subject,
) -> Option<Amount> {
    let mappings = &spec.block_device_mappings;
    let device = match family {
        AmiFamily::Al2 | AmiFamily::Al2023 => "/dev/xvda",
        AmiFamily::Bottlerocket => "/dev/xvdb",
        AmiFamily::Windows2019 | AmiFamily::Windows2022 | AmiFamily::Windows2025 => "/dev/sda1",
        AmiFamily::Custom => "",
    };
    let root = |mapping: &&BlockDeviceMapping| mapping.root_volume == Some(true);
    let own = |mapping: &&BlockDeviceMapping| mapping.device_name.as_deref() == Some(device);
    let mapping = mappings.iter().find(root).or_else(|| match family {
        AmiFamily::Custom => mappings.last(),
        _ => mappings.iter().find(own),
    })?;
    let size = mapping.ebs.as_ref()?.volume_size.as_ref()?;
    let quantity = size.as_str().parse::<Quantity>();
    if quantity.is_err() {
        subject.note(
            FindingCode::BadField,
            "spec.blockDeviceMappings[].ebs.volumeSize",
            format!("{:?} is not a quantity; the default is assumed", size.as_str()),
            "give a quantity such as 100Gi",
        );
    }
    quantity.ok().map(|size| Amount::new(size.value()))
}

/// How many EBS volumes the class gives to each node; `None` where it names none.
fn own_volumes(spec: &Ec2NodeClassSpec) -> Option<u32> {
    let volumes = spec.block_device_mappings.iter().filter(|mapping| mapping.ebs.is_some());
    u32::try_from(volumes.count()).ok().filter(|count| *count > 0)
}

fn interfaces(spec: &Ec2NodeClassSpec) -> Option<NetworkInterfaces> {
    if spec.network_interfaces.is_empty() {
        return None;
    }
    let efa_only =
        spec.network_interfaces.iter().filter(|interface| interface.interface_type == "efa-only");
    let count = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
    Some(NetworkInterfaces {
        efa: count(efa_only.clone().count()),
        efa_only_on_default_card: count(efa_only.filter(|one| one.network_card_index == 0).count()),
    })
}

fn note_not_honoured(spec: &Ec2NodeClassSpec, family: AmiFamily, subject: &mut Subject) {
    let nested = spec.cpu_options.as_ref();
    let nested = nested.and_then(|options| options.nested_virtualization.as_deref());
    let asked = [
        (
            !spec.capacity_reservation_selector_terms.is_empty(),
            "spec.capacityReservationSelectorTerms",
            "reserved capacity is not planned yet: nodes are bought on demand or spot",
        ),
        (
            spec.placement_group_selector.is_some(),
            "spec.placementGroupSelector",
            "placement groups are not planned yet: types that cannot join one may be chosen",
        ),
        (
            spec.connection_tracking.is_some(),
            "spec.connectionTracking",
            "connection tracking is not planned yet: types without Nitro may be chosen",
        ),
        (
            nested == Some("enabled"),
            "spec.cpuOptions.nestedVirtualization",
            "nested virtualisation is not planned yet: types without it may be chosen",
        ),
        (
            family.is_windows(),
            "spec.amiFamily",
            "Windows is not planned yet: nodes are labelled as Linux",
        ),
    ];
    for (_, field, message) in asked.into_iter().filter(|(asked, ..)| *asked) {
        subject.not_honoured(field, message);
    }
}
