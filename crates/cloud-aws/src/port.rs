//! The trait, each method in a module of its own.

use std::collections::BTreeMap;
use std::time::Duration;

use async_trait::async_trait;
use aws_sdk_ec2::types::InstanceType;
use cloud::{
    Cloud, CloudError, Instance, Launch, LaunchError, LaunchRequest, ResolvedNodeClass, Tidied,
};
use interruption::InstanceStatus;
use model::{InstanceId, LiveMarket, NodeClaimName};

use crate::AwsCloud;
use crate::errors::failed;

#[async_trait]
impl Cloud for AwsCloud {
    async fn check(&self) -> Result<(), CloudError> {
        let call = self.ec2.describe_instance_types().instance_types(InstanceType::M5Large);
        let reply = call.send().await;
        reply.map(|_| ()).map_err(|error| failed("DescribeInstanceTypes", &error))
    }

    async fn market(&self) -> Result<LiveMarket, CloudError> {
        Ok(self.read_market().await)
    }

    async fn resolve(&self, class: &api::Ec2NodeClass) -> Result<ResolvedNodeClass, CloudError> {
        self.resolve_class(class).await
    }

    async fn prepare(&self, class: &api::Ec2NodeClass) -> Result<(), CloudError> {
        self.make_profile(class).await
    }

    async fn launch(&self, request: &LaunchRequest) -> Result<Launch, LaunchError> {
        self.launch_one(request).await
    }

    async fn instances(&self) -> Result<Vec<Instance>, CloudError> {
        self.list(None).await
    }

    async fn instances_of(&self, claim: &NodeClaimName) -> Result<Vec<Instance>, CloudError> {
        self.list(Some(claim.as_str())).await
    }

    async fn instance(&self, id: &InstanceId) -> Result<Instance, CloudError> {
        self.look(id).await
    }

    async fn terminate(&self, id: &InstanceId) -> Result<(), CloudError> {
        let call = self.ec2.terminate_instances().instance_ids(id.as_str());
        let reply = call.send().await;
        reply.map(|_| ()).map_err(|error| failed("TerminateInstances", &error))
    }

    async fn tag(
        &self,
        id: &InstanceId,
        tags: &BTreeMap<String, String>,
    ) -> Result<(), CloudError> {
        let tags = tags.iter().map(|(key, value)| crate::launch::tag(key, value));
        let call = self.ec2.create_tags().resources(id.as_str()).set_tags(Some(tags.collect()));
        call.send().await.map(|_| ()).map_err(|error| failed("CreateTags", &error))
    }

    async fn tidy(
        &self,
        classes: &[api::Ec2NodeClass],
        unused_for: Duration,
    ) -> Result<Tidied, CloudError> {
        self.tidy_up(classes, unused_for).await
    }

    async fn statuses(&self) -> Result<Vec<InstanceStatus>, CloudError> {
        self.read_statuses().await
    }

    async fn release(&self, class: &api::Ec2NodeClass) -> Result<(), CloudError> {
        self.delete_templates(&class.metadata.name).await?;
        self.delete_profiles(class).await
    }
}
