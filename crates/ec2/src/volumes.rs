//! How many EBS volumes pods can have attached on a machine.
//!
//! In: what EC2 says of a type, and a node class. Out: what is left for pods after the node's own volumes
//! and, where network interfaces use up the same attachments, those interfaces that pods get addresses from.
//! A new node is planned with that; once its CSI driver has told its count, that counts.
//!
//! Differs from Karpenter, whose AWS provider v1.15 declares no limit: new nodes are planned there with more
//! volumes than they take.

use crate::capacity::pods;
use crate::facts::{Hypervisor, TypeFacts};
use crate::settings::{AmiFamily, NodeClassSettings};

/// EBS volumes that pods can have attached on a machine of `facts` under `settings`.
///
/// Sources: EC2's `EbsInfo.MaximumEbsAttachments` and `AttachmentLimitType`; that interfaces share the
/// attachments of Nitro machines of type `shared`: "Amazon EBS volume limits for Amazon EC2 instances".
pub fn attachable_volumes(facts: &TypeFacts, settings: &NodeClassSettings) -> u32 {
    let shared = facts.volumes.shared && facts.hypervisor != Hypervisor::Xen;
    // The first interface is taken off already.
    let interfaces = if shared { interfaces(facts, settings).saturating_sub(1) } else { 0 };
    let own = settings.own_volumes.unwrap_or(match settings.ami_family {
        AmiFamily::Bottlerocket => 2,
        AmiFamily::Al2
        | AmiFamily::Al2023
        | AmiFamily::Custom
        | AmiFamily::Windows2019
        | AmiFamily::Windows2022
        | AmiFamily::Windows2025 => 1,
    });
    facts.volumes.attachments.saturating_sub(interfaces).saturating_sub(own)
}

/// Network interfaces that are attached when the node has all the pods that it takes: two pods use the host's
/// network, each other one takes an address, of which an interface has one for itself.
fn interfaces(facts: &TypeFacts, settings: &NodeClassSettings) -> u32 {
    let addresses = facts.ipv4_per_eni.saturating_sub(1).max(1);
    let wanted = pods(facts, settings).saturating_sub(2).div_ceil(addresses);
    wanted.clamp(1, facts.enis.max(1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Catalog;

    fn volumes_of(name: &str, settings: &NodeClassSettings) -> u32 {
        let catalog = Catalog::embedded();
        let market = catalog.region("us-east-1").unwrap();
        let mut facts = market.facts().iter();
        attachable_volumes(facts.find(|one| one.name.as_str() == name).unwrap(), settings)
    }

    #[test]
    fn interfaces_and_own_volumes_take_what_pods_cannot() {
        let plain = NodeClassSettings::default();
        let bottlerocket =
            NodeClassSettings { ami_family: AmiFamily::Bottlerocket, ..plain.clone() };
        let few = NodeClassSettings { max_pods: Some(10), ..plain.clone() };
        let three = NodeClassSettings { own_volumes: Some(3), ..plain.clone() };
        for (name, settings, expected) in [
            // 27, two more interfaces, the root.
            ("m6i.large", &plain, 24),
            ("m6i.large", &bottlerocket, 23),
            ("m6i.large", &few, 26),
            ("m6i.large", &three, 22),
            // 19 beside eight local disks; fourteen more interfaces.
            ("i4i.32xlarge", &plain, 4),
            ("d3.8xlarge", &plain, 0),
            // Of its own, whatever the interfaces.
            ("m7i.48xlarge", &plain, 127),
            // Interfaces of Xen machines take nothing.
            ("m4.large", &plain, 39),
        ] {
            assert_eq!(volumes_of(name, settings), expected, "{name} {settings:?}");
        }
    }
}
