//! What a node class's selectors stand for.
//!
//! In: the class. Out: subnets, security groups, images, the profile, and a problem for each of them
//! that stands for nothing. Only a failed call is an error.

mod images;

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_ec2::types::Filter;
use cloud::{ClassProblem, CloudError, ResolvedNodeClass, SecurityGroup, Subnet};

use crate::AwsCloud;
use crate::errors::failed;
use crate::instances::filter;

impl AwsCloud {
    /// Resolves all selectors of `class`.
    pub(crate) async fn resolve_class(
        &self,
        class: &api::Ec2NodeClass,
    ) -> Result<ResolvedNodeClass, CloudError> {
        let mut problems = Vec::new();
        let subnets = self.subnets(class).await?;
        if subnets.is_empty() {
            problems.push(nothing("SubnetsReady", "SubnetsNotFound", "subnetSelectorTerms"));
        }
        let security_groups = self.security_groups(class).await?;
        if security_groups.is_empty() {
            let field = "securityGroupSelectorTerms";
            problems.push(nothing("SecurityGroupsReady", "SecurityGroupsNotFound", field));
        }
        let images = match self.images(class).await? {
            Ok(images) => images,
            Err(problem) => {
                problems.push(problem);
                Vec::new()
            }
        };
        let instance_profile = match self.profile(class).await? {
            Ok(name) => Some(name),
            Err(problem) => {
                problems.push(problem);
                None
            }
        };
        self.memory().subnets.insert(class.metadata.name.clone(), subnets.clone());
        Ok(ResolvedNodeClass { subnets, security_groups, images, instance_profile, problems })
    }

    /// Subnets by free addresses, most first.
    pub(crate) async fn subnets(
        &self,
        class: &api::Ec2NodeClass,
    ) -> Result<Vec<Subnet>, CloudError> {
        let mut found: BTreeMap<String, Subnet> = BTreeMap::new();
        for term in &class.spec.subnet_selector_terms {
            let Some(filters) = filters(&term.tags, [("subnet-id", &term.id)]) else { continue };
            let call = self.ec2.describe_subnets().set_filters(Some(filters)).max_results(1000);
            let mut pages = call.into_paginator().send();
            while let Some(page) = pages.next().await {
                let page = page.map_err(|error| failed("DescribeSubnets", &error))?;
                found.extend(page.subnets().iter().filter_map(|one| {
                    let id = one.subnet_id()?.to_owned();
                    let free = one.available_ip_address_count().unwrap_or_default();
                    let subnet = Subnet {
                        id: id.clone(),
                        zone: one.availability_zone()?.to_owned(),
                        zone_id: one.availability_zone_id().unwrap_or_default().to_owned(),
                        free_addresses: u32::try_from(free).unwrap_or_default(),
                    };
                    Some((id, subnet))
                }));
            }
        }
        let mut subnets: Vec<Subnet> = found.into_values().collect();
        subnets.sort_by(by_free_addresses);
        Ok(subnets)
    }

    async fn security_groups(
        &self,
        class: &api::Ec2NodeClass,
    ) -> Result<Vec<SecurityGroup>, CloudError> {
        let mut found = BTreeSet::new();
        for term in &class.spec.security_group_selector_terms {
            let fields = [("group-id", &term.id), ("group-name", &term.name)];
            let Some(filters) = filters(&term.tags, fields) else { continue };
            let call = self.ec2.describe_security_groups().set_filters(Some(filters));
            let mut pages = call.max_results(1000).into_paginator().send();
            while let Some(page) = pages.next().await {
                let page = page.map_err(|error| failed("DescribeSecurityGroups", &error))?;
                found.extend(page.security_groups().iter().filter_map(|one| {
                    let name = one.group_name().unwrap_or_default().to_owned();
                    Some(SecurityGroup { id: one.group_id()?.to_owned(), name })
                }));
            }
        }
        Ok(found.into_iter().collect())
    }
}

/// Most free addresses first, then by id.
pub(crate) fn by_free_addresses(a: &Subnet, b: &Subnet) -> Ordering {
    b.free_addresses.cmp(&a.free_addresses).then_with(|| a.id.cmp(&b.id))
}

/// The filters of one selector term, all of which must hold; `None` where it selects by nothing.
fn filters<'a>(
    tags: &BTreeMap<String, String>,
    fields: impl IntoIterator<Item = (&'a str, &'a Option<String>)>,
) -> Option<Vec<Filter>> {
    let mut filters: Vec<Filter> = (tags.iter())
        .map(|(key, value)| match value.as_str() {
            "*" => filter("tag-key", [key.as_str()]),
            value => filter(&format!("tag:{key}"), [value]),
        })
        .collect();
    for (name, value) in fields {
        filters.extend(value.as_ref().map(|value| filter(name, [value.as_str()])));
    }
    (!filters.is_empty()).then_some(filters)
}

fn nothing(condition: &'static str, reason: &'static str, field: &str) -> ClassProblem {
    ClassProblem {
        condition,
        reason,
        message: format!("spec.{field} select nothing in this account and region: correct them"),
    }
}
