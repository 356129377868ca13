//! One launch: a template per image, one `CreateFleet` of type `instant` over the ranked choices.
//!
//! In: the request. Out: the machine, and what was refused on the way. The order of the choices is the
//! plan's; EC2 gets it as priorities. Errors of single choices are refusals; the launch fails with
//! class `Capacity` only if all of them are.

mod template;
mod user_data;

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_ec2::operation::create_fleet::CreateFleetOutput;
use aws_sdk_ec2::types::{
    CreateFleetInstance, DefaultTargetCapacityType, FleetLaunchTemplateConfigRequest,
    FleetLaunchTemplateOverridesRequest, FleetLaunchTemplateSpecificationRequest,
    FleetOnDemandAllocationStrategy, FleetType, InstanceType, OnDemandOptionsRequest, ResourceType,
    SpotAllocationStrategy, SpotOptionsRequest, Tag, TagSpecification,
    TargetCapacitySpecificationRequest,
};
use cloud::{
    CloudError, ErrorClass, Instance, InstanceState, Launch, LaunchError, LaunchRequest, Refusal,
    Subnet, tags,
};
use model::{CapacityType, LabelKey, LabelValue, Operator, Requirement};

use crate::AwsCloud;
use crate::errors::{class_of, failed, is_capacity, is_template_gone};
use crate::market::now;
use crate::resolve::by_free_addresses;

const ACTION: &str = "CreateFleet";
const SUBNET_FULL: &str = "InsufficientFreeAddressesInSubnet";

/// A choice with where and from what it is launched.
struct Override<'r> {
    choice: &'r cloud::Choice,
    rank: usize,
    subnet: String,
    image: String,
}

impl AwsCloud {
    /// Launches one machine of the best choice that EC2 has.
    pub(crate) async fn launch_one(&self, request: &LaunchRequest) -> Result<Launch, LaunchError> {
        let fail =
            |error| LaunchError { claim: request.claim.name.clone(), refused: Vec::new(), error };
        has_profile(&request.node_class).map_err(fail)?;
        let subnets = self.subnets_of(&request.node_class).await.map_err(fail)?;
        let overrides = self.overrides(request, &subnets).map_err(fail)?;
        let mut output = self.create_fleet(request, &overrides).await;
        if lacks_template(&output) {
            // A template that was thought to be there is not: make it again, once.
            self.memory().templates.clear();
            output = self.create_fleet(request, &overrides).await;
        }
        let output = output.map_err(fail)?;
        let refused = refusals(request, &output);
        self.note_full_subnets(request, &output);
        match output.instances().iter().find(|one| !one.instance_ids().is_empty()) {
            Some(created) => {
                let instance = self.created(request, created, &overrides).map_err(fail)?;
                Ok(Launch { instance, refused })
            }
            None => Err(nothing_launched(request, &output, refused)),
        }
    }

    /// The class's subnets as last resolved, or as they are now.
    async fn subnets_of(&self, class: &api::Ec2NodeClass) -> Result<Vec<Subnet>, CloudError> {
        let known = self.memory().subnets.get(&class.metadata.name).cloned();
        match known {
            Some(subnets) => Ok(subnets),
            None => self.subnets(class).await,
        }
    }

    /// Puts subnets without addresses last, until the class is resolved again.
    fn note_full_subnets(&self, request: &LaunchRequest, output: &CreateFleetOutput) {
        let errors = output.errors().iter();
        let full: BTreeSet<&str> = errors
            .filter(|error| error.error_code() == Some(SUBNET_FULL))
            .filter_map(|error| error.launch_template_and_overrides()?.overrides()?.subnet_id())
            .collect();
        let mut memory = self.memory();
        let Some(subnets) = memory.subnets.get_mut(&request.node_class.metadata.name) else {
            return;
        };
        for subnet in subnets.iter_mut().filter(|one| full.contains(one.id.as_str())) {
            subnet.free_addresses = 0;
        }
        subnets.sort_by(by_free_addresses);
    }

    /// Choices that have a subnet in their zone and an image for their type, in the plan's order.
    fn overrides<'r>(
        &self,
        request: &'r LaunchRequest,
        subnets: &[Subnet],
    ) -> Result<Vec<Override<'r>>, CloudError> {
        let overrides: Vec<Override<'r>> = (request.choices.iter().enumerate())
            .filter_map(|(rank, choice)| {
                let subnet = subnets.iter().find(|one| one.zone == choice.zone.as_str())?;
                let image = self.image_for(&request.node_class, choice)?;
                Some(Override { choice, rank, subnet: subnet.id.clone(), image })
            })
            .collect();
        if overrides.is_empty() {
            let message = format!(
                "EC2NodeClass {} has no subnet or no image for any of the {} choices: look at its \
                 status",
                request.node_class.metadata.name,
                request.choices.len()
            );
            return Err(CloudError::new(ACTION, ErrorClass::Refused, "NoOverride", message));
        }
        Ok(overrides)
    }

    /// The first of the class's images that admits the type.
    fn image_for(&self, class: &api::Ec2NodeClass, choice: &cloud::Choice) -> Option<String> {
        let labels = self.labels.get(&choice.instance_type)?;
        let admits = |requirement: &api::NodeSelectorRequirement| {
            let value = labels.get(&LabelKey::from(requirement.key.as_str()));
            Operator::parse(&requirement.operator)
                .and_then(|operator| Requirement::new(operator, &requirement.values).ok())
                .is_some_and(|one| one.admits(value.map(LabelValue::as_str)))
        };
        let suits = |image: &&api::AmiStatus| image.requirements.iter().all(admits);
        class.status.amis.iter().find(suits).map(|image| image.id.clone())
    }

    async fn create_fleet(
        &self,
        request: &LaunchRequest,
        overrides: &[Override<'_>],
    ) -> Result<CreateFleetOutput, CloudError> {
        let spot = request.capacity_type == CapacityType::Spot;
        let kind = if spot {
            DefaultTargetCapacityType::Spot
        } else {
            DefaultTargetCapacityType::OnDemand
        };
        let target = TargetCapacitySpecificationRequest::builder()
            .default_target_capacity_type(kind)
            .total_target_capacity(1)
            .build();
        let mut call = self
            .ec2
            .create_fleet()
            .r#type(FleetType::Instant)
            .client_token(request.token.as_str())
            .target_capacity_specification(target)
            .set_context(request.node_class.spec.context.clone())
            .set_tag_specifications(Some(self.fleet_tags(request)));
        call = if spot {
            let strategy = SpotAllocationStrategy::CapacityOptimizedPrioritized;
            call.spot_options(SpotOptionsRequest::builder().allocation_strategy(strategy).build())
        } else {
            let strategy = FleetOnDemandAllocationStrategy::Prioritized;
            let options = OnDemandOptionsRequest::builder().allocation_strategy(strategy);
            call.on_demand_options(options.build())
        };
        let images: BTreeSet<&str> = overrides.iter().map(|one| one.image.as_str()).collect();
        for image in images {
            let template = self.template(request, image).await?;
            let template = FleetLaunchTemplateSpecificationRequest::builder()
                .launch_template_name(template)
                .version("$Latest")
                .build();
            let of_image = overrides.iter().filter(|one| one.image == image);
            let config = FleetLaunchTemplateConfigRequest::builder()
                .launch_template_specification(template)
                .set_overrides(Some(of_image.map(one_override).collect()))
                .build();
            call = call.launch_template_configs(config);
        }
        call.send().await.map_err(|error| failed(ACTION, &error))
    }

    fn fleet_tags(&self, request: &LaunchRequest) -> Vec<TagSpecification> {
        let mut own = self.tags_of(&request.node_class, request.claim.pool.as_str());
        let fleet = tag_specification(ResourceType::Fleet, &own);
        own.insert(tags::NODE_CLAIM.to_owned(), request.claim.name.to_string());
        let kinds = [ResourceType::Instance, ResourceType::Volume];
        let machine = kinds.into_iter().map(|kind| tag_specification(kind, &own));
        [fleet].into_iter().chain(machine).collect()
    }

    /// Tags of all that is made for a class and a pool (`lifecycle.md` section 6.9).
    fn tags_of(&self, class: &api::Ec2NodeClass, pool: &str) -> BTreeMap<String, String> {
        let cluster = &self.config.cluster_name;
        let mut all = class.spec.tags.clone();
        all.insert(format!("{}{cluster}", tags::OWNED_PREFIX), "owned".to_owned());
        all.insert(tags::CLUSTER.to_owned(), cluster.clone());
        all.insert(tags::NODE_POOL.to_owned(), pool.to_owned());
        all.insert(tags::NODE_CLASS.to_owned(), class.metadata.name.clone());
        all
    }

    /// The machine that a reply names.
    fn created(
        &self,
        request: &LaunchRequest,
        created: &CreateFleetInstance,
        overrides: &[Override<'_>],
    ) -> Result<Instance, CloudError> {
        let lacks = |field: &str| {
            let message = format!("a machine was launched, and the reply lacks its {field}");
            CloudError::new(ACTION, ErrorClass::Bug, "IncompleteReply", message)
        };
        let id = created.instance_ids().first().ok_or_else(|| lacks("id"))?;
        let taken = created.launch_template_and_overrides().and_then(|one| one.overrides());
        let subnet_id = taken.and_then(|one| one.subnet_id()).map(str::to_owned);
        let instance_type = created.instance_type().map(InstanceType::as_str);
        let instance_type = instance_type.ok_or_else(|| lacks("type"))?;
        // EC2 echoes the override; the zone follows from the subnet where it does not.
        let of_subnet = || {
            let here = |one: &&Override<'_>| Some(&one.subnet) == subnet_id.as_ref();
            overrides.iter().find(here).map(|one| one.choice.zone.to_string())
        };
        let zone = taken.and_then(|one| one.availability_zone()).map(str::to_owned);
        let zone = zone.or_else(of_subnet).ok_or_else(|| lacks("zone"))?;
        let image = taken.and_then(|one| one.image_id()).map(str::to_owned);
        let image = image.or_else(|| {
            let here = |one: &&Override<'_>| one.choice.instance_type.as_str() == instance_type;
            overrides.iter().find(here).map(|one| one.image.clone())
        });
        let mut own = self.tags_of(&request.node_class, request.claim.pool.as_str());
        own.insert(tags::NODE_CLAIM.to_owned(), request.claim.name.to_string());
        Ok(Instance {
            id: id.as_str().into(),
            state: InstanceState::Pending,
            state_reason: None,
            instance_type: instance_type.into(),
            zone: zone.into(),
            capacity_type: request.capacity_type,
            image_id: image.unwrap_or_default(),
            subnet_id,
            security_group_ids: (request.node_class.status.security_groups.iter())
                .map(|group| group.id.clone())
                .collect(),
            private_dns_name: None,
            launched_at: now(),
            tags: own,
        })
    }
}

#[expect(
    clippy::cast_precision_loss,
    reason = "EC2 takes priorities as doubles; ranks are below 61"
)]
fn one_override(one: &Override<'_>) -> FleetLaunchTemplateOverridesRequest {
    FleetLaunchTemplateOverridesRequest::builder()
        .instance_type(InstanceType::from(one.choice.instance_type.as_str()))
        .subnet_id(&one.subnet)
        .availability_zone(one.choice.zone.as_str())
        .image_id(&one.image)
        .priority(one.rank as f64)
        .build()
}

/// Whether machines will have the role that the class names: without a profile they would have none.
fn has_profile(class: &api::Ec2NodeClass) -> Result<(), CloudError> {
    if class.status.instance_profile.is_some() {
        return Ok(());
    }
    let message = format!(
        "EC2NodeClass {} has no instance profile yet: look at its condition InstanceProfileReady",
        class.metadata.name
    );
    Err(CloudError::new(ACTION, ErrorClass::Refused, "NoInstanceProfile", message))
}

pub(crate) fn tag(key: &str, value: &str) -> Tag {
    Tag::builder().key(key).value(value).build()
}

fn tag_specification(kind: ResourceType, tags: &BTreeMap<String, String>) -> TagSpecification {
    let tags = tags.iter().map(|(key, value)| tag(key, value)).collect();
    TagSpecification::builder().resource_type(kind).set_tags(Some(tags)).build()
}

/// Whether a template was named that is not there, be it the call's failure or a choice's.
fn lacks_template(output: &Result<CreateFleetOutput, CloudError>) -> bool {
    match output {
        Ok(output) => {
            let mut codes = output.errors().iter().filter_map(|error| error.error_code());
            output.instances().is_empty() && codes.any(is_template_gone)
        }
        Err(error) => is_template_gone(&error.code),
    }
}

/// What of the choices was refused for lack of capacity. An error that names no type, as one of the
/// account or of the whole capacity type does, is of every choice.
fn refusals(request: &LaunchRequest, output: &CreateFleetOutput) -> Vec<Refusal> {
    let mut refusals = Vec::new();
    for error in output.errors() {
        let Some(code) = error.error_code().filter(|code| is_capacity(code)) else { continue };
        let named = error.launch_template_and_overrides().and_then(|one| one.overrides());
        let refusal = |instance_type: &str, zone: Option<&str>| Refusal {
            instance_type: instance_type.into(),
            zone: zone.map(Into::into),
            capacity_type: request.capacity_type,
            code: code.to_owned(),
        };
        match named.and_then(|one| Some((one.instance_type()?, one.availability_zone()))) {
            Some((name, zone)) => refusals.push(refusal(name.as_str(), zone)),
            None => {
                refusals.extend(request.choices.iter().map(|choice| {
                    refusal(choice.instance_type.as_str(), Some(choice.zone.as_str()))
                }));
            }
        }
    }
    refusals
}

/// No machine: for lack of capacity if every error says so, else for the first that does not. A reply
/// without either is no answer.
fn nothing_launched(
    request: &LaunchRequest,
    output: &CreateFleetOutput,
    refused: Vec<Refusal>,
) -> LaunchError {
    let errors = output.errors();
    let other = errors.iter().find(|error| !error.error_code().is_some_and(is_capacity));
    let error = match (other, errors.first()) {
        (Some(error), _) => {
            let code = error.error_code().unwrap_or("Unknown");
            let message = error.error_message().unwrap_or("EC2 says no more");
            // What was missing, such as a template, is made again by the next try.
            let class = match class_of(code) {
                ErrorClass::Gone => ErrorClass::Retry { after: None },
                class => class,
            };
            CloudError::new(ACTION, class, code, message)
        }
        (None, Some(first)) => {
            let code = first.error_code().unwrap_or("UnfulfillableCapacity");
            let message = first.error_message().unwrap_or("EC2 says no more");
            CloudError::new(ACTION, ErrorClass::Capacity, code, message)
        }
        (None, None) => {
            // A reply that was cut off reads like this too, and a machine may have been launched: the
            // same token finds it, where another would launch a second.
            let message = "the reply names neither machines nor errors";
            let class = ErrorClass::Retry { after: None };
            CloudError::new(ACTION, class, "IncompleteReply", message)
        }
    };
    LaunchError { claim: request.claim.name.clone(), refused, error }
}
