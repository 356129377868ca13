//! How a machine is on the network.
//!
//! In: the class. Out: its security groups, alone or on interfaces: EC2 takes a public address,
//! connection tracking and further interfaces on interfaces alone, and then the groups as well.

use aws_sdk_ec2::types::builders::RequestLaunchTemplateDataBuilder;
use aws_sdk_ec2::types::{
    ConnectionTrackingSpecificationRequest,
    LaunchTemplateInstanceNetworkInterfaceSpecificationRequest as Interface,
};

pub(super) fn lay_on(
    data: RequestLaunchTemplateDataBuilder,
    class: &api::Ec2NodeClass,
) -> RequestLaunchTemplateDataBuilder {
    let groups: Vec<String> =
        class.status.security_groups.iter().map(|one| one.id.clone()).collect();
    let interfaces = interfaces(class, &groups);
    if interfaces.is_empty() {
        data.set_security_group_ids(Some(groups))
    } else {
        data.set_network_interfaces(Some(interfaces))
    }
}

/// None where the groups suffice.
fn interfaces(class: &api::Ec2NodeClass, groups: &[String]) -> Vec<Interface> {
    let spec = &class.spec;
    let is_plain = spec.associate_public_ip_address.is_none()
        && spec.connection_tracking.is_none()
        && spec.ip_prefix_count.is_none()
        && spec.network_interfaces.is_empty();
    if is_plain {
        return Vec::new();
    }
    let primary = api::NetworkInterface {
        interface_type: "interface".to_owned(),
        ..api::NetworkInterface::default()
    };
    let given = match spec.network_interfaces.as_slice() {
        [] => std::slice::from_ref(&primary),
        given => given,
    };
    // EC2 gives a public address to machines of one interface alone.
    let public = spec.associate_public_ip_address.filter(|_| given.len() == 1);
    let all = given.iter().map(|one| {
        let is_primary = one.network_card_index == 0 && one.device_index == 0;
        let efa_only = one.interface_type == "efa-only";
        Interface::builder()
            .network_card_index(one.network_card_index)
            .device_index(one.device_index)
            .interface_type(&one.interface_type)
            .set_groups(Some(groups.to_vec()))
            .delete_on_termination(true)
            .set_associate_public_ip_address(public)
            .set_ipv4_prefix_count(spec.ip_prefix_count.filter(|_| is_primary))
            .set_connection_tracking_specification(tracking(class).filter(|_| !efa_only))
            .build()
    });
    all.collect()
}

fn tracking(class: &api::Ec2NodeClass) -> Option<ConnectionTrackingSpecificationRequest> {
    let given = class.spec.connection_tracking.as_ref()?;
    let tracking = ConnectionTrackingSpecificationRequest::builder()
        .set_tcp_established_timeout(given.tcp_established_timeout)
        .set_udp_stream_timeout(given.udp_stream_timeout)
        .set_udp_timeout(given.udp_timeout);
    Some(tracking.build())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn class() -> api::Ec2NodeClass {
        let mut class = api::Ec2NodeClass::default();
        class.status.security_groups =
            vec![api::SecurityGroupStatus { id: "sg-1".to_owned(), name: "nodes".to_owned() }];
        class
    }

    #[test]
    fn groups_are_on_interfaces_where_there_are_any() {
        let empty = RequestLaunchTemplateDataBuilder::default;
        let plain = lay_on(empty(), &class()).build();
        assert_eq!(plain.security_group_ids(), ["sg-1"]);
        assert_eq!(plain.network_interfaces(), []);

        let mut public = class();
        public.spec.associate_public_ip_address = Some(false);
        let public = lay_on(empty(), &public).build();
        assert_eq!(public.security_group_ids(), [""; 0]);
        let [interface] = public.network_interfaces() else { panic!("one interface") };
        assert_eq!(interface.groups(), ["sg-1"]);
        assert_eq!(interface.associate_public_ip_address(), Some(false));
        assert_eq!((interface.network_card_index(), interface.device_index()), (Some(0), Some(0)));
    }

    #[test]
    fn no_public_address_with_more_than_one_interface() {
        let mut class = class();
        class.spec.associate_public_ip_address = Some(true);
        class.spec.connection_tracking = Some(api::ConnectionTracking {
            udp_timeout: Some(30),
            ..api::ConnectionTracking::default()
        });
        let one = |network_card_index, interface_type: &str| api::NetworkInterface {
            network_card_index,
            device_index: network_card_index.min(1),
            interface_type: interface_type.to_owned(),
        };
        class.spec.network_interfaces = vec![one(0, "interface"), one(1, "efa-only")];
        let all = interfaces(&class, &["sg-1".to_owned()]);
        assert_eq!(all.len(), 2);
        assert!(all.iter().all(|one| one.associate_public_ip_address().is_none()));
        let tracked = all.iter().map(|one| one.connection_tracking_specification().is_some());
        assert!(tracked.eq([true, false]));
    }
}
