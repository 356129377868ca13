//! Which machines fail their checks, and what is planned for machines.

use std::collections::BTreeMap;

use aws_sdk_ec2::primitives::DateTime;
use aws_sdk_ec2::types::{
    EventCode, Filter, InstanceStatus as Found, InstanceStatusEvent, InstanceStatusSummary,
    StatusType,
};
use cloud::{CloudError, ErrorClass};
use interruption::{Check, InstanceStatus, SCHEDULED_EVENTS, ScheduledEvent};
use model::{InstanceId, Timestamp};

use crate::AwsCloud;
use crate::errors::failed;
use crate::instances::filter;

const ACTION: &str = "DescribeInstanceStatus";
const PAGE: i32 = 1000;

impl AwsCloud {
    /// Machines of the account for which something fails or is planned, by id. Filters of one call must
    /// all hold, so that it takes a call for each.
    pub(crate) async fn read_statuses(&self) -> Result<Vec<InstanceStatus>, CloudError> {
        let mut all = BTreeMap::new();
        for filter in [
            filter("instance-status.status", ["impaired"]),
            filter("system-status.status", ["impaired"]),
            filter("event.code", SCHEDULED_EVENTS),
        ] {
            self.read_page_by_page(filter, &mut all).await?;
        }
        Ok(all.into_values().collect())
    }

    async fn read_page_by_page(
        &self,
        filter: Filter,
        all: &mut BTreeMap<InstanceId, InstanceStatus>,
    ) -> Result<(), CloudError> {
        let call = self.ec2.describe_instance_status().filters(filter).max_results(PAGE);
        let mut pages = call.into_paginator().send();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| failed(ACTION, &error))?;
            for found in page.instance_statuses() {
                let status = read(found)?;
                all.insert(status.id.clone(), status);
            }
        }
        Ok(())
    }
}

fn read(found: &Found) -> Result<InstanceStatus, CloudError> {
    let id = found.instance_id().ok_or_else(|| {
        let message = "a status of no instance";
        CloudError::new(ACTION, ErrorClass::Bug, "IncompleteReply", message)
    })?;
    Ok(InstanceStatus {
        id: InstanceId::from(id),
        instance: check(found.instance_status()),
        system: check(found.system_status()),
        events: found.events().iter().filter_map(event).collect(),
    })
}

/// A check fails with its first detail that does.
fn check(summary: Option<&InstanceStatusSummary>) -> Check {
    let details = summary.map(InstanceStatusSummary::details).unwrap_or_default().iter();
    let failing = details.filter(|detail| detail.status() == Some(&StatusType::Failed));
    let since = failing.map(|detail| detail.impaired_since().map(moment));
    // A failure of no known age must not hide one that is old.
    since.max_by_key(|since| since.map(|at| -at.0)).map_or(Check::Passes, Check::Fails)
}

fn event(found: &InstanceStatusEvent) -> Option<ScheduledEvent> {
    Some(ScheduledEvent {
        code: found.code().map(EventCode::as_str)?.to_owned(),
        description: found.description().unwrap_or_default().to_owned(),
        not_before: found.not_before().map(moment),
    })
}

fn moment(at: &DateTime) -> Timestamp {
    Timestamp(at.secs())
}
