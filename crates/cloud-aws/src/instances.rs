//! Instances of the cluster: lists that are complete, and looks at one.

use std::collections::BTreeMap;

use aws_sdk_ec2::primitives::DateTime;
use aws_sdk_ec2::types::{Filter, Instance as Found, InstanceStateName, Reservation};
use cloud::{CloudError, ErrorClass, Instance, InstanceState, tags};
use model::{CapacityType, InstanceId, Timestamp};

use crate::AwsCloud;
use crate::errors::failed;

const ACTION: &str = "DescribeInstances";
/// The largest page: smaller ones make a server filter the whole list again for each.
const PAGE: i32 = 1000;
/// All states but `terminated`.
const STATES: [&str; 5] = ["pending", "running", "stopping", "stopped", "shutting-down"];

impl AwsCloud {
    /// All instances of the cluster, or those that carry a claim's tag; a page that cannot be had
    /// fails the whole list.
    pub(crate) async fn list(&self, claim: Option<&str>) -> Result<Vec<Instance>, CloudError> {
        let mut filters = vec![
            filter("tag-key", [tags::NODE_POOL]),
            filter("tag-key", [tags::NODE_CLASS]),
            filter(&format!("tag:{}", tags::CLUSTER), [self.config.cluster_name.as_str()]),
            filter("instance-state-name", STATES),
        ];
        filters.extend(claim.map(|claim| filter(&format!("tag:{}", tags::NODE_CLAIM), [claim])));
        let found = self.described(filters).await?;
        let mut instances = found.iter().map(read).collect::<Result<Vec<_>, _>>()?;
        instances.sort_by(|a, b| a.id.cmp(&b.id));
        Ok(instances)
    }

    /// All machines for which the filters hold, as EC2 describes them.
    pub(crate) async fn described(&self, filters: Vec<Filter>) -> Result<Vec<Found>, CloudError> {
        let call = self.ec2.describe_instances().set_filters(Some(filters)).max_results(PAGE);
        let mut pages = call.into_paginator().send();
        let mut instances = Vec::new();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| failed(ACTION, &error))?;
            let found = page.reservations().iter().flat_map(Reservation::instances);
            instances.extend(found.cloned());
        }
        Ok(instances)
    }

    /// One instance that is not terminated.
    pub(crate) async fn look(&self, id: &InstanceId) -> Result<Instance, CloudError> {
        let reply = self.ec2.describe_instances().instance_ids(id.as_str()).send().await;
        let reply = reply.map_err(|error| failed(ACTION, &error))?;
        let mut found = reply.reservations().iter().flat_map(Reservation::instances);
        let gone = |message: &str| {
            CloudError::new(ACTION, ErrorClass::Gone, "InvalidInstanceID.NotFound", message)
        };
        let instance = read(found.next().ok_or_else(|| gone("no such instance"))?)?;
        if instance.state.exists() { Ok(instance) } else { Err(gone("it is terminated")) }
    }
}

pub(crate) fn filter<'a>(name: &str, values: impl IntoIterator<Item = &'a str>) -> Filter {
    let values = values.into_iter().map(str::to_owned).collect();
    Filter::builder().name(name).set_values(Some(values)).build()
}

/// An instance as EC2 describes it; what must be there and is not makes no sense.
fn read(found: &Found) -> Result<Instance, CloudError> {
    let lacks = |field: &str| {
        let message = format!("an instance without {field}: {:?}", found.instance_id());
        CloudError::new(ACTION, ErrorClass::Bug, "IncompleteReply", message)
    };
    let placement = found.placement().and_then(|one| one.availability_zone());
    let state = found.state().and_then(|state| state.name()).ok_or_else(|| lacks("state"))?;
    let reason = found.state_reason().and_then(|reason| reason.code());
    let spot = found.instance_lifecycle().is_some_and(|one| one.as_str() == "spot");
    let groups = found.security_groups().iter().filter_map(|one| one.group_id());
    let mut security_group_ids: Vec<String> = groups.map(str::to_owned).collect();
    security_group_ids.sort_unstable();
    Ok(Instance {
        id: InstanceId::from(found.instance_id().ok_or_else(|| lacks("id"))?),
        state: state_of(state).ok_or_else(|| lacks("a state that is known"))?,
        state_reason: reason.filter(|code| !code.is_empty()).map(str::to_owned),
        instance_type: found.instance_type().ok_or_else(|| lacks("type"))?.as_str().into(),
        zone: placement.ok_or_else(|| lacks("zone"))?.into(),
        capacity_type: if spot { CapacityType::Spot } else { CapacityType::OnDemand },
        image_id: found.image_id().unwrap_or_default().to_owned(),
        subnet_id: found.subnet_id().map(str::to_owned),
        security_group_ids,
        private_dns_name: (found.private_dns_name())
            .filter(|name| !name.is_empty())
            .map(str::to_owned),
        launched_at: Timestamp(found.launch_time().map_or(0, DateTime::secs)),
        tags: tags_of(found.tags()),
    })
}

fn tags_of(found: &[aws_sdk_ec2::types::Tag]) -> BTreeMap<String, String> {
    let pairs = found.iter().filter_map(|tag| {
        Some((tag.key()?.to_owned(), tag.value().unwrap_or_default().to_owned()))
    });
    pairs.collect()
}

fn state_of(name: &InstanceStateName) -> Option<InstanceState> {
    Some(match name {
        InstanceStateName::Pending => InstanceState::Pending,
        InstanceStateName::Running => InstanceState::Running,
        InstanceStateName::Stopping => InstanceState::Stopping,
        InstanceStateName::Stopped => InstanceState::Stopped,
        InstanceStateName::ShuttingDown => InstanceState::ShuttingDown,
        InstanceStateName::Terminated => InstanceState::Terminated,
        _ => return None,
    })
}
