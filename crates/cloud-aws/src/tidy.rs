//! Deletes what was made for launches and serves none any more.
//!
//! In: all node classes, and how long something must have been unused. A template serves a launch until
//! that is answered, and machines need none afterwards; a launch whose template went makes it again. So a
//! template goes when it is older than that, this process launched nothing from it for as long, and it has
//! run for as long: a launch that another process began is over by then (`lifecycle.md` section 1.4 gives
//! it five minutes). A profile goes when the same is true of it, no class has it, and no machine. Differs
//! from Karpenter, which deletes a template a minute after its last use and so makes many anew.

use std::collections::BTreeSet;
use std::time::Duration;

use aws_sdk_ec2::primitives::DateTime;
use aws_sdk_ec2::types::LaunchTemplate;
use cloud::{CloudError, Tidied, tags};
use model::Timestamp;

use crate::AwsCloud;
use crate::instances::filter;
use crate::market::now;

/// All templates of Karpenter's and ours are named so.
const TEMPLATES: &str = "karpenter.k8s.aws/";
/// States of machines that may need their profile.
const ALIVE: [&str; 4] = ["pending", "running", "stopping", "stopped"];

impl AwsCloud {
    /// Deletes unused templates, then unused profiles.
    pub(crate) async fn tidy_up(
        &self,
        classes: &[api::Ec2NodeClass],
        unused_for: Duration,
    ) -> Result<Tidied, CloudError> {
        let unused_since = Timestamp(
            now().0.saturating_sub(i64::try_from(unused_for.as_secs()).unwrap_or(i64::MAX)),
        );
        // What was used before this process began is not known.
        if self.started_at > unused_since {
            return Ok(Tidied::default());
        }
        let templates = self.tidy_templates(unused_since).await?;
        let profiles = self.tidy_profiles(classes, unused_since).await?;
        Ok(Tidied { templates, profiles })
    }

    async fn tidy_templates(&self, unused_since: Timestamp) -> Result<usize, CloudError> {
        let mut count = 0;
        for template in self.templates(vec![filter("tag-key", [tags::NODE_CLASS])]).await? {
            let Some(name) = unused_name(&template, unused_since) else { continue };
            {
                let mut memory = self.memory();
                if memory.templates.get(name).is_some_and(|used| *used > unused_since) {
                    continue;
                }
                // First, so that a launch that begins now makes it again.
                memory.templates.remove(name);
            }
            self.delete_template(&template).await?;
            count += 1;
        }
        Ok(count)
    }

    async fn tidy_profiles(
        &self,
        classes: &[api::Ec2NodeClass],
        unused_since: Timestamp,
    ) -> Result<usize, CloudError> {
        if classes.is_empty() || self.config.isolated_vpc {
            return Ok(0);
        }
        let mut profiles = self.profiles_under(&self.profiles_path()).await?;
        let kept: BTreeSet<String> =
            classes.iter().flat_map(|class| self.profiles_of(class)).collect();
        profiles.retain(|profile| {
            let name = profile.instance_profile_name();
            let used = self.memory().profiles_used.get(name).copied();
            profile.create_date().secs() <= unused_since.0
                && used.is_none_or(|used| used <= unused_since)
                && !kept.contains(name)
        });
        if profiles.is_empty() {
            return Ok(0);
        }
        let Some(held) = self.profiles_held().await? else { return Ok(0) };
        profiles.retain(|profile| !held.contains(profile.instance_profile_name()));
        for profile in &profiles {
            self.delete_profile(profile).await?;
        }
        Ok(profiles.len())
    }

    /// Profiles of machines of the cluster; `None` where one does not say which it has, as it may be any.
    async fn profiles_held(&self) -> Result<Option<BTreeSet<String>>, CloudError> {
        let filters = vec![
            filter(&format!("tag:{}", tags::CLUSTER), [self.config.cluster_name.as_str()]),
            filter("instance-state-name", ALIVE),
        ];
        let machines = self.described(filters).await?;
        let names = machines.iter().map(|machine| {
            let arn = machine.iam_instance_profile().and_then(|profile| profile.arn())?;
            arn.rsplit('/').next().map(str::to_owned)
        });
        Ok(names.collect())
    }
}

/// The name of a template that is old enough to go; of one that lacks its age or is not one of ours,
/// `None`.
fn unused_name(template: &LaunchTemplate, unused_since: Timestamp) -> Option<&str> {
    let made = template.create_time().map(DateTime::secs)?;
    let name = template.launch_template_name()?;
    (made <= unused_since.0 && name.starts_with(TEMPLATES)).then_some(name)
}
