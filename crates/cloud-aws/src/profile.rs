//! The instance profile of a class that names a role.
//!
//! In: the class. Out: the name of the profile that holds its role, or the problem that there is none;
//! when asked to, the profile made, or all that were made for the class deleted. A name is the hash of
//! region, class, UID and role: making it again finds it, and another role gets another profile, so that
//! machines keep the one that they were started with. Differs from Karpenter, which draws the hash, in
//! nothing else: form of the name, path and tags are its own (`lifecycle.md` section 8.4), and a profile
//! that it made is kept while `status.instanceProfile` names it and it holds the role.

use std::collections::BTreeMap;

use api::Ec2NodeClass;
use aws_sdk_iam::types::{InstanceProfile, Role, Tag};
use cloud::{ClassProblem, CloudError, ErrorClass, tags};
use model::well_known;

use crate::AwsCloud;
use crate::errors::failed;
use crate::hash::fnv;

const CREATE: &str = "CreateInstanceProfile";
const ADD: &str = "AddRoleToInstanceProfile";
/// IAM says so of a profile that is there already.
const TAKEN: &str = "EntityAlreadyExists";
/// And of one that holds a role already; it takes one alone.
const FULL: &str = "LimitExceeded";

impl AwsCloud {
    /// The profile that machines of `class` get, or why there is none. Makes nothing.
    pub(crate) async fn profile(
        &self,
        class: &Ec2NodeClass,
    ) -> Result<Result<String, ClassProblem>, CloudError> {
        if let Some(name) = given(class.spec.instance_profile.as_deref()) {
            return Ok(Ok(name.to_owned()));
        }
        let Some(role) = role_of(class) else {
            return Ok(Err(problem("spec names neither a role nor an instanceProfile: set one")));
        };
        let own = self.profile_name(class, role);
        let known = given(class.status.instance_profile.as_deref());
        for name in known.into_iter().filter(|name| *name != own).chain([own.as_str()]) {
            match self.look_at_profile(name).await {
                Ok(profile) if holds(&profile, role) => return Ok(Ok(name.to_owned())),
                Ok(_) => {}
                Err(error) if error.is_gone() => {}
                // The name says that it was made for this role: launches go on while IAM is away.
                Err(error) if known == Some(own.as_str()) => {
                    tracing::warn!(profile = own, %error, "the profile cannot be looked at");
                    return Ok(Ok(name.to_owned()));
                }
                Err(error) => return Err(error),
            }
        }
        let refusal = self.memory().profiles_refused.get(&class.metadata.name).cloned();
        Ok(Err(problem(&refusal.unwrap_or_else(|| {
            format!("no instance profile holds the role {role:?} yet; {own} is about to be made")
        }))))
    }

    /// Makes the profile of a class that names a role, and sees that it holds it.
    pub(crate) async fn make_profile(&self, class: &Ec2NodeClass) -> Result<(), CloudError> {
        if given(class.spec.instance_profile.as_deref()).is_some() {
            return Ok(());
        }
        let Some(role) = role_of(class) else { return Ok(()) };
        let made = self.make_profile_of(class, role).await;
        let name = class.metadata.name.clone();
        match &made {
            Ok(()) => drop(self.memory().profiles_refused.remove(&name)),
            Err(error) => drop(self.memory().profiles_refused.insert(name, error.to_string())),
        }
        made
    }

    async fn make_profile_of(&self, class: &Ec2NodeClass, role: &str) -> Result<(), CloudError> {
        let Some(path) = self.profile_path(class) else {
            let message = format!("EC2NodeClass {} has no UID", class.metadata.name);
            return Err(CloudError::new(CREATE, ErrorClass::Bug, "NoUid", message));
        };
        let name = self.profile_name(class, role);
        let profile = match self.look_at_profile(&name).await {
            Ok(profile) => Some(profile),
            Err(error) if error.is_gone() => None,
            Err(error) => return Err(error),
        };
        if profile.is_none() {
            let tags = tag_list(&self.profile_tags(class))?;
            let call = self.iam.create_instance_profile().instance_profile_name(&name).path(path);
            match call.set_tags(Some(tags)).send().await.map_err(|error| failed(CREATE, &error)) {
                Ok(_) => {}
                Err(error) if error.code == TAKEN => {}
                Err(error) => return Err(error),
            }
        }
        if profile.as_ref().is_some_and(|profile| holds(profile, role)) {
            return Ok(());
        }
        for other in profile.iter().flat_map(InstanceProfile::roles) {
            self.take_role(&name, other).await?;
        }
        self.add_role(&name, role).await
    }

    async fn add_role(&self, name: &str, role: &str) -> Result<(), CloudError> {
        let call = self.iam.add_role_to_instance_profile().instance_profile_name(name);
        let reply = call.role_name(role).send().await;
        match reply.map_err(|error| failed(ADD, &error)) {
            Ok(_) => Ok(()),
            // It was added by a try whose reply got lost.
            Err(error) if error.code == FULL => {
                if holds(&self.look_at_profile(name).await?, role) {
                    Ok(())
                } else {
                    Err(error)
                }
            }
            Err(error) if error.is_gone() && is_about_role(&error) => {
                let message = format!("{}: create the role, or correct spec.role", error.message);
                Err(CloudError::new(ADD, ErrorClass::Refused, error.code, message))
            }
            // What was made a moment ago is not seen everywhere yet.
            Err(error) if error.is_gone() => {
                let class = ErrorClass::Retry { after: None };
                Err(CloudError { class, ..error })
            }
            Err(error) => Err(error),
        }
    }

    /// Deletes all profiles that were made for `class`; those that are gone already are fine.
    pub(crate) async fn delete_profiles(&self, class: &Ec2NodeClass) -> Result<(), CloudError> {
        // A private network without a way to IAM: as in Karpenter, they are left to people.
        let Some(path) = self.profile_path(class).filter(|_| !self.config.isolated_vpc) else {
            return Ok(());
        };
        for profile in self.profiles_under(&path).await? {
            self.delete_profile(&profile).await?;
        }
        self.memory().profiles_refused.remove(&class.metadata.name);
        Ok(())
    }

    /// All profiles whose path begins so.
    pub(crate) async fn profiles_under(
        &self,
        path: &str,
    ) -> Result<Vec<InstanceProfile>, CloudError> {
        let mut pages = self.iam.list_instance_profiles().path_prefix(path).into_paginator().send();
        let mut profiles = Vec::new();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| failed("ListInstanceProfiles", &error))?;
            // Whoever deletes what is on this list trusts no filter but its own.
            let found = page.instance_profiles().iter().filter(|one| one.path().starts_with(path));
            profiles.extend(found.cloned());
        }
        Ok(profiles)
    }

    /// Deletes a profile. IAM refuses to delete one that holds a role.
    pub(crate) async fn delete_profile(&self, profile: &InstanceProfile) -> Result<(), CloudError> {
        let name = profile.instance_profile_name();
        for role in profile.roles() {
            self.take_role(name, role).await?;
        }
        let reply = self.iam.delete_instance_profile().instance_profile_name(name).send().await;
        gone_is_fine(reply.map(drop).map_err(|error| failed("DeleteInstanceProfile", &error)))
    }

    async fn take_role(&self, profile: &str, role: &Role) -> Result<(), CloudError> {
        let call = self.iam.remove_role_from_instance_profile().instance_profile_name(profile);
        let reply = call.role_name(role.role_name()).send().await;
        let action = "RemoveRoleFromInstanceProfile";
        gone_is_fine(reply.map(drop).map_err(|error| failed(action, &error)))
    }

    async fn look_at_profile(&self, name: &str) -> Result<InstanceProfile, CloudError> {
        const ACTION: &str = "GetInstanceProfile";
        let reply = self.iam.get_instance_profile().instance_profile_name(name).send().await;
        let reply = reply.map_err(|error| failed(ACTION, &error))?;
        reply.instance_profile.ok_or_else(|| {
            CloudError::new(ACTION, ErrorClass::Bug, "IncompleteReply", "a reply without a profile")
        })
    }

    /// The profiles that a class has now, and that of its role.
    pub(crate) fn profiles_of(&self, class: &Ec2NodeClass) -> Vec<String> {
        let named = [&class.status.instance_profile, &class.spec.instance_profile];
        let own = role_of(class).map(|role| self.profile_name(class, role));
        named.into_iter().flatten().cloned().chain(own).collect()
    }

    fn profile_name(&self, class: &Ec2NodeClass, role: &str) -> String {
        let uid = class.metadata.uid.as_deref().unwrap_or_default();
        let parts = [&self.config.region, class.metadata.name.as_str(), uid, role];
        format!("{}_{}", self.config.cluster_name, fnv(&parts.join("\n")))
    }

    /// Under which all profiles of the cluster are.
    pub(crate) fn profiles_path(&self) -> String {
        format!("/karpenter/{}/{}/", self.config.region, self.config.cluster_name)
    }

    /// Under which the profiles of one class are; `None` where it has no UID, as the path would be that
    /// of all classes then.
    fn profile_path(&self, class: &Ec2NodeClass) -> Option<String> {
        let uid = given(class.metadata.uid.as_deref())?;
        Some(format!("{}{uid}/", self.profiles_path()))
    }

    fn profile_tags(&self, class: &Ec2NodeClass) -> BTreeMap<String, String> {
        let cluster = &self.config.cluster_name;
        let mut all = class.spec.tags.clone();
        all.insert(format!("{}{cluster}", tags::OWNED_PREFIX), "owned".to_owned());
        all.insert(tags::CLUSTER.to_owned(), cluster.clone());
        all.insert(tags::NODE_CLASS.to_owned(), class.metadata.name.clone());
        all.insert(well_known::REGION.to_owned(), self.config.region.clone());
        all
    }
}

fn given(text: Option<&str>) -> Option<&str> {
    text.filter(|text| !text.is_empty())
}

/// The role's name; IAM takes it without its path here.
fn role_of(class: &Ec2NodeClass) -> Option<&str> {
    given(class.spec.role.as_deref()?.rsplit('/').next())
}

/// Whether it is the role that is not there: one code stands for it and for the profile.
fn is_about_role(error: &CloudError) -> bool {
    error.message.to_ascii_lowercase().contains("role")
}

fn holds(profile: &InstanceProfile, role: &str) -> bool {
    profile.roles().iter().any(|one| one.role_name() == role)
}

fn tag_list(tags: &BTreeMap<String, String>) -> Result<Vec<Tag>, CloudError> {
    let tags = tags.iter().map(|(key, value)| Tag::builder().key(key).value(value).build());
    tags.collect::<Result<_, _>>()
        .map_err(|error| CloudError::new(CREATE, ErrorClass::Bug, "BadRequest", error.to_string()))
}

fn gone_is_fine(reply: Result<(), CloudError>) -> Result<(), CloudError> {
    match reply {
        Err(error) if error.is_gone() => Ok(()),
        reply => reply,
    }
}

fn problem(message: &str) -> ClassProblem {
    ClassProblem {
        condition: "InstanceProfileReady",
        reason: "InstanceProfileNotFound",
        message: message.to_owned(),
    }
}
