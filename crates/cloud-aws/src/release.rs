//! Gives back what was made for a node class.

use cloud::{CloudError, tags};

use crate::AwsCloud;
use crate::errors::failed;
use crate::instances::filter;

impl AwsCloud {
    /// Deletes the launch templates that carry the class's tag; one that is gone already is fine.
    pub(crate) async fn delete_templates(&self, class: &str) -> Result<(), CloudError> {
        let filters = vec![
            filter(&format!("tag:{}", tags::CLUSTER), [self.config.cluster_name.as_str()]),
            filter(&format!("tag:{}", tags::NODE_CLASS), [class]),
        ];
        let call = self.ec2.describe_launch_templates().set_filters(Some(filters));
        let mut pages = call.into_paginator().send();
        let mut ids = Vec::new();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| failed("DescribeLaunchTemplates", &error))?;
            let found = page.launch_templates().iter();
            ids.extend(found.filter_map(|one| {
                Some((one.launch_template_id()?.to_owned(), one.launch_template_name()?.to_owned()))
            }));
        }
        for (id, name) in ids {
            let reply = self.ec2.delete_launch_template().launch_template_id(id).send().await;
            match reply.map_err(|error| failed("DeleteLaunchTemplate", &error)) {
                Ok(_) => {}
                Err(error) if error.is_gone() => {}
                Err(error) => return Err(error),
            }
            self.memory().templates.remove(&name);
        }
        Ok(())
    }
}
