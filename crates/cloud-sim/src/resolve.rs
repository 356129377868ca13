//! What a class's selectors stand for: terms are alternatives, fields of a term hold together.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::time::Duration;

use api::Ec2NodeClass;
use cloud::{
    ClassProblem, CloudError, ErrorClass, Image, ResolvedNodeClass, SecurityGroup, Subnet,
};

use crate::rule::Action;
use crate::state::State;

pub(crate) fn resolve(state: &State, class: &Ec2NodeClass, now: Duration) -> ResolvedNodeClass {
    let mut resolved = ResolvedNodeClass {
        subnets: subnets(state, class),
        security_groups: groups(state, class),
        images: images(state, class),
        instance_profile: profile(state, class, now),
        problems: Vec::new(),
    };
    let found = [
        (resolved.subnets.is_empty(), "SubnetsReady", "SubnetsNotFound", "subnetSelectorTerms"),
        (
            resolved.security_groups.is_empty(),
            "SecurityGroupsReady",
            "SecurityGroupsNotFound",
            "securityGroupSelectorTerms",
        ),
        (resolved.images.is_empty(), "AMIsReady", "AMINotFound", "amiSelectorTerms"),
    ];
    for (is_missing, condition, reason, field) in found {
        if is_missing {
            let message =
                format!("spec.{field} selects nothing; change it or create what it names");
            resolved.problems.push(ClassProblem { condition, reason, message });
        }
    }
    if resolved.instance_profile.is_none() {
        resolved.problems.push(ClassProblem {
            condition: "InstanceProfileReady",
            reason: "InstanceProfileNotFound",
            message: "no instance profile holds the role yet".to_owned(),
        });
    }
    resolved
}

/// The profile's name: given, or made for the class and seen by now.
fn profile(state: &State, class: &Ec2NodeClass, now: Duration) -> Option<String> {
    let made = || {
        let mut profiles = state.profiles.iter();
        let is_it = |one: &&crate::state::Profile| {
            one.class == class.metadata.name
                && Some(&one.role) == class.spec.role.as_ref()
                && one.visible_at <= now
        };
        profiles.find(is_it).map(|profile| profile.name.clone())
    };
    class.spec.instance_profile.clone().or_else(made)
}

/// Makes the profile of a class that names a role.
pub(crate) fn prepare(
    state: &mut State,
    class: &Ec2NodeClass,
    now: Duration,
) -> Result<(), CloudError> {
    let (None, Some(role)) = (&class.spec.instance_profile, &class.spec.role) else {
        return Ok(());
    };
    if !state.setup.roles.contains(role) {
        let message = format!("The role with name {role} cannot be found; create it");
        let (action, code) = (Action::Prepare.as_str(), "NoSuchEntity");
        return Err(CloudError::new(action, ErrorClass::Refused, code, message));
    }
    state.make_profile(&class.metadata.name, role, now);
    Ok(())
}

fn subnets(state: &State, class: &Ec2NodeClass) -> Vec<Subnet> {
    let terms = &class.spec.subnet_selector_terms;
    let mut subnets: Vec<Subnet> = state
        .setup
        .subnets
        .iter()
        .enumerate()
        .filter(|(_, it)| {
            terms.iter().any(|term| is(term.id.as_ref(), &it.id) && has(&it.tags, &term.tags))
        })
        .map(|(index, it)| Subnet {
            id: it.id.clone(),
            zone: it.zone.to_string(),
            zone_id: state.setup.zones.get(&it.zone).map(ToString::to_string).unwrap_or_default(),
            free_addresses: state.free_addresses(index),
        })
        .collect();
    subnets.sort_by_key(|subnet| (Reverse(subnet.free_addresses), subnet.id.clone()));
    subnets
}

fn groups(state: &State, class: &Ec2NodeClass) -> Vec<SecurityGroup> {
    let terms = &class.spec.security_group_selector_terms;
    let mut groups: Vec<SecurityGroup> = state
        .setup
        .security_groups
        .iter()
        .filter(|it| {
            terms.iter().any(|term| {
                is(term.id.as_ref(), &it.id)
                    && is(term.name.as_ref(), &it.name)
                    && has(&it.tags, &term.tags)
            })
        })
        .map(|it| SecurityGroup { id: it.id.clone(), name: it.name.clone() })
        .collect();
    groups.sort();
    groups
}

fn images(state: &State, class: &Ec2NodeClass) -> Vec<Image> {
    let terms = &class.spec.ami_selector_terms;
    let images = state.setup.images.iter().filter(|it| {
        terms.iter().any(|term| {
            is(term.id.as_ref(), &it.id)
                && is(term.name.as_ref(), &it.name)
                && (term.alias.is_none() || term.alias == it.alias)
                && has(&it.tags, &term.tags)
        })
    });
    images
        .map(|it| Image {
            id: it.id.clone(),
            name: it.name.clone(),
            deprecated: false,
            requirements: it.requirements.clone(),
        })
        .collect()
}

fn is(wanted: Option<&String>, there: &String) -> bool {
    wanted.is_none_or(|wanted| wanted == there)
}

fn has(tags: &BTreeMap<String, String>, wanted: &BTreeMap<String, String>) -> bool {
    wanted.iter().all(|(key, value)| tags.get(key).is_some_and(|it| value == "*" || it == value))
}
