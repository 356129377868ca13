//! Gives back what was made for a node class.

use aws_sdk_ec2::types::{Filter, LaunchTemplate};
use cloud::{CloudError, tags};

use crate::AwsCloud;
use crate::errors::failed;
use crate::instances::filter;

impl AwsCloud {
    /// Deletes the launch templates that carry the class's tag; one that is gone already is fine.
    pub(crate) async fn delete_templates(&self, class: &str) -> Result<(), CloudError> {
        let of_class = vec![filter(&format!("tag:{}", tags::NODE_CLASS), [class])];
        for template in self.templates(of_class).await? {
            self.delete_template(&template).await?;
        }
        Ok(())
    }

    /// The cluster's launch templates for which the filters hold as well.
    pub(crate) async fn templates(
        &self,
        mut filters: Vec<Filter>,
    ) -> Result<Vec<LaunchTemplate>, CloudError> {
        let cluster = self.config.cluster_name.as_str();
        filters.push(filter(&format!("tag:{}", tags::CLUSTER), [cluster]));
        let call = self.ec2.describe_launch_templates().set_filters(Some(filters));
        let mut pages = call.into_paginator().send();
        let mut templates = Vec::new();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| failed("DescribeLaunchTemplates", &error))?;
            templates.extend(page.launch_templates().iter().cloned());
        }
        Ok(templates)
    }

    pub(crate) async fn delete_template(
        &self,
        template: &LaunchTemplate,
    ) -> Result<(), CloudError> {
        let Some(id) = template.launch_template_id() else { return Ok(()) };
        let reply = self.ec2.delete_launch_template().launch_template_id(id).send().await;
        match reply.map_err(|error| failed("DeleteLaunchTemplate", &error)) {
            Ok(_) => {}
            Err(error) if error.is_gone() => {}
            Err(error) => return Err(error),
        }
        self.memory().templates.remove(template.launch_template_name().unwrap_or_default());
        Ok(())
    }
}
