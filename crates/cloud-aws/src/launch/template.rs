//! Launch templates: one for each image and set of options, found again by the hash in its name.

mod network;

use std::collections::BTreeMap;

use aws_sdk_ec2::types::{
    CapacityReservationPreference, LaunchTemplateBlockDeviceMappingRequest,
    LaunchTemplateCapacityReservationSpecificationRequest, LaunchTemplateCpuOptionsRequest,
    LaunchTemplateEbsBlockDeviceRequest, LaunchTemplateEnclaveOptionsRequest,
    LaunchTemplateHttpTokensState, LaunchTemplateIamInstanceProfileSpecificationRequest,
    LaunchTemplateInstanceMetadataEndpointState, LaunchTemplateInstanceMetadataOptionsRequest,
    LaunchTemplateInstanceMetadataProtocolIpv6, LaunchTemplateInstanceMetadataTagsState,
    LaunchTemplateTagSpecificationRequest, LaunchTemplatesMonitoringRequest,
    NestedVirtualizationSpecification, RequestLaunchTemplateData, ResourceType, VolumeType,
};
use cloud::{CloudError, ErrorClass, LaunchRequest};
use model::Quantity;

use super::{tag_specification, user_data};
use crate::AwsCloud;
use crate::errors::failed;
use crate::hash::wide;
use crate::market::now;

const ACTION: &str = "CreateLaunchTemplate";
/// Bottlerocket's disk for itself; Karpenter's default since v1.15.
const BOTTLEROCKET_SYSTEM_GIB: i32 = 6;
/// EC2 says so of a name that is taken; the name is a hash of all options, so it is the same template.
const TAKEN: &str = "InvalidLaunchTemplateName.AlreadyExistsException";

impl AwsCloud {
    /// The name of the template for `image`, which is made if it is not known to be there.
    pub(super) async fn template(
        &self,
        request: &LaunchRequest,
        image: &str,
    ) -> Result<String, CloudError> {
        let data = self.data(request, image)?;
        let tags = self.tags_of(&request.node_class, request.claim.pool.as_str());
        let name = name_of(&data, &tags);
        if self.is_known(&name, request) {
            return Ok(name);
        }
        let call = self
            .ec2
            .create_launch_template()
            .launch_template_name(&name)
            .launch_template_data(data)
            .tag_specifications(tag_specification(ResourceType::LaunchTemplate, &tags));
        match call.send().await.map_err(|error| failed(ACTION, &error)) {
            Ok(_) => {}
            Err(error) if error.code == TAKEN => {}
            Err(error) => return Err(error),
        }
        self.memory().templates.insert(name.clone(), now());
        Ok(name)
    }

    /// Whether a template is known to be there; notes that it and the profile are used.
    fn is_known(&self, name: &str, request: &LaunchRequest) -> bool {
        let mut memory = self.memory();
        if let Some(profile) = request.node_class.status.instance_profile.clone() {
            memory.profiles_used.insert(profile, now());
        }
        memory.templates.get_mut(name).is_some_and(|used| {
            *used = now();
            true
        })
    }

    fn data(
        &self,
        request: &LaunchRequest,
        image: &str,
    ) -> Result<RequestLaunchTemplateData, CloudError> {
        let class = &request.node_class;
        let user_data = user_data::encoded(&self.config, request)
            .map_err(|message| CloudError::new(ACTION, ErrorClass::Refused, "UserData", message))?;
        let monitoring = class.spec.detailed_monitoring.unwrap_or_default();
        let profile = class.status.instance_profile.as_ref().map(|name| {
            LaunchTemplateIamInstanceProfileSpecificationRequest::builder().name(name).build()
        });
        let volumes = tag_specification(
            ResourceType::Volume,
            &self.tags_of(class, request.claim.pool.as_str()),
        );
        let volumes = LaunchTemplateTagSpecificationRequest::builder()
            .resource_type(ResourceType::Volume)
            .set_tags(volumes.tags)
            .build();
        let data = RequestLaunchTemplateData::builder()
            .image_id(image)
            .user_data(user_data)
            .set_iam_instance_profile(profile)
            .set_block_device_mappings(Some(disks(class)))
            .metadata_options(metadata_options(class))
            .monitoring(LaunchTemplatesMonitoringRequest::builder().enabled(monitoring).build())
            .set_capacity_reservation_specification(Some(no_reservation()))
            .set_cpu_options(cpu_options(class))
            .set_enclave_options(enclave_options(class))
            .tag_specifications(volumes);
        Ok(network::lay_on(data, class).build())
    }
}

/// The name says all that the template holds. The SDK hides user data where it prints a template, so it
/// goes in beside it.
fn name_of(data: &RequestLaunchTemplateData, tags: &BTreeMap<String, String>) -> String {
    let user_data = data.user_data().unwrap_or_default();
    format!("karpenter.k8s.aws/stowage-{}", wide(&format!("{data:?}{user_data}{tags:?}")))
}

/// What is launched on demand or for spot never takes a reservation that is open to anybody
/// (`lifecycle.md` section 6.5).
fn no_reservation() -> LaunchTemplateCapacityReservationSpecificationRequest {
    LaunchTemplateCapacityReservationSpecificationRequest::builder()
        .capacity_reservation_preference(CapacityReservationPreference::None)
        .build()
}

fn cpu_options(class: &api::Ec2NodeClass) -> Option<LaunchTemplateCpuOptionsRequest> {
    let nested = class.spec.cpu_options.as_ref()?.nested_virtualization.as_deref()?;
    let nested = NestedVirtualizationSpecification::from(nested);
    Some(LaunchTemplateCpuOptionsRequest::builder().nested_virtualization(nested).build())
}

fn enclave_options(class: &api::Ec2NodeClass) -> Option<LaunchTemplateEnclaveOptionsRequest> {
    let enabled = class.spec.enclave_options.as_ref().is_some_and(|options| options.enabled);
    enabled.then(|| LaunchTemplateEnclaveOptionsRequest::builder().enabled(true).build())
}

/// The class's disks, or the family's own: 20 GiB gp3, encrypted.
fn disks(class: &api::Ec2NodeClass) -> Vec<LaunchTemplateBlockDeviceMappingRequest> {
    let mapping = |device: &str, ebs: LaunchTemplateEbsBlockDeviceRequest| {
        LaunchTemplateBlockDeviceMappingRequest::builder().device_name(device).ebs(ebs).build()
    };
    if !class.spec.block_device_mappings.is_empty() {
        let given = class.spec.block_device_mappings.iter();
        return given
            .map(|one| {
                let device = one.device_name.as_deref().unwrap_or("/dev/xvda");
                mapping(device, one.ebs.as_ref().map_or_else(default_disk, disk))
            })
            .collect();
    }
    match user_data::Family::of(class) {
        // Two disks: the system's, which is small and fixed, and the one for pods.
        Some(user_data::Family::Bottlerocket) => {
            let system = LaunchTemplateEbsBlockDeviceRequest::builder()
                .volume_size(BOTTLEROCKET_SYSTEM_GIB)
                .volume_type(VolumeType::Gp3)
                .encrypted(true)
                .delete_on_termination(true)
                .build();
            vec![mapping("/dev/xvda", system), mapping("/dev/xvdb", default_disk())]
        }
        Some(user_data::Family::Al2023) => vec![mapping("/dev/xvda", default_disk())],
        Some(user_data::Family::Custom) | None => Vec::new(),
    }
}

fn default_disk() -> LaunchTemplateEbsBlockDeviceRequest {
    LaunchTemplateEbsBlockDeviceRequest::builder()
        .volume_size(20)
        .volume_type(VolumeType::Gp3)
        .encrypted(true)
        .delete_on_termination(true)
        .build()
}

fn disk(given: &api::BlockDevice) -> LaunchTemplateEbsBlockDeviceRequest {
    let narrow = |value: Option<i64>| value.and_then(|value| i32::try_from(value).ok());
    LaunchTemplateEbsBlockDeviceRequest::builder()
        .set_delete_on_termination(given.delete_on_termination)
        .set_encrypted(given.encrypted)
        .set_iops(narrow(given.iops))
        .set_kms_key_id(given.kms_key_id.clone())
        .set_snapshot_id(given.snapshot_id.clone())
        .set_throughput(narrow(given.throughput))
        .set_volume_initialization_rate(given.volume_initialization_rate)
        .set_volume_size(given.volume_size.as_ref().and_then(|size| gib(size.as_str())))
        .set_volume_type(given.volume_type.as_deref().map(VolumeType::from))
        .build()
}

/// Whole GiB, rounded up, as EC2 takes sizes.
fn gib(size: &str) -> Option<i32> {
    let bytes = size.parse::<Quantity>().ok()?.value();
    i32::try_from(bytes.checked_add((1 << 30) - 1)? >> 30).ok()
}

fn metadata_options(class: &api::Ec2NodeClass) -> LaunchTemplateInstanceMetadataOptionsRequest {
    let given = class.spec.metadata_options.clone().unwrap_or_default();
    let or = |value: Option<String>, default: &str| value.unwrap_or_else(|| default.to_owned());
    let hops = given.http_put_response_hop_limit.and_then(|hops| i32::try_from(hops).ok());
    let endpoint = or(given.http_endpoint, "enabled");
    let protocol = or(given.http_protocol_ipv6, "disabled");
    let tokens = or(given.http_tokens, "required");
    LaunchTemplateInstanceMetadataOptionsRequest::builder()
        .http_endpoint(LaunchTemplateInstanceMetadataEndpointState::from(endpoint.as_str()))
        .http_protocol_ipv6(LaunchTemplateInstanceMetadataProtocolIpv6::from(protocol.as_str()))
        .http_put_response_hop_limit(hops.unwrap_or(1))
        .http_tokens(LaunchTemplateHttpTokensState::from(tokens.as_str()))
        .instance_metadata_tags(LaunchTemplateInstanceMetadataTagsState::Disabled)
        .build()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_tells_templates_of_other_user_data_and_tags_apart() {
        let data = |text: &str| RequestLaunchTemplateData::builder().user_data(text).build();
        let tags = |team: &str| BTreeMap::from([("team".to_owned(), team.to_owned())]);
        let name = name_of(&data("a"), &tags("a"));
        assert_eq!(name, name_of(&data("a"), &tags("a")));
        assert_ne!(name, name_of(&data("b"), &tags("a")));
        assert_ne!(name, name_of(&data("a"), &tags("b")));
        // EC2 takes names of 3 to 128 characters.
        assert!(name.len() <= 128, "{name}");
    }

    #[test]
    fn bottlerockets_disks_are_those_of_karpenter_1_15() {
        let mut class = api::Ec2NodeClass::default();
        class.spec.ami_family = Some("Bottlerocket".to_owned());
        let sizes = disks(&class).into_iter().map(|one| {
            let size = one.ebs().and_then(LaunchTemplateEbsBlockDeviceRequest::volume_size);
            (one.device_name().unwrap_or_default().to_owned(), size)
        });
        let expected = [("/dev/xvda", 6), ("/dev/xvdb", 20)];
        assert!(sizes.eq(expected.map(|(name, size)| (name.to_owned(), Some(size)))));
    }

    #[test]
    fn sizes_are_whole_gib_rounded_up() {
        for (size, expected) in
            [("20Gi", Some(20)), ("20G", Some(19)), ("1Ti", Some(1024)), ("x", None)]
        {
            assert_eq!(gib(size), expected, "{size}");
        }
    }
}
