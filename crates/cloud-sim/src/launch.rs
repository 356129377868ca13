//! A launch: the first choice that has a unit and an address, once a token.

use std::collections::BTreeMap;
use std::time::Duration;

use cloud::{
    CHOICES_MAX, Choice, CloudError, ErrorClass, Instance, InstanceState, Launch, LaunchError,
    LaunchRequest, Refusal, tags,
};
use model::{InstanceId, Timestamp};

use crate::rule::Action;
use crate::state::{State, Used};

pub(crate) fn launch(
    state: &mut State,
    request: &LaunchRequest,
    now: Duration,
) -> Result<Launch, LaunchError> {
    let fail = |error, refused| LaunchError { claim: request.claim.name.clone(), refused, error };
    state.settle(now);
    if let Some(used) = state.tokens.get(request.token.as_str()) {
        return match repeated(state, used, request) {
            Ok(instance) => Ok(Launch { instance, refused: Vec::new() }),
            Err(error) => Err(fail(error, Vec::new())),
        };
    }
    if let Some(error) = invalid(request) {
        return Err(fail(error, Vec::new()));
    }
    let mut refused = Vec::new();
    for choice in &request.choices {
        match seat(state, request, choice) {
            Ok((pool, subnet)) => {
                let instance = machine(state, request, choice, subnet, now);
                let id = instance.id.clone();
                state.add(instance, &request.node_class, (pool, subnet), now);
                let token = request.token.as_str().to_owned();
                state.tokens.insert(token, Used { request: request.clone(), id: id.clone() });
                let instance = state.machines.last().map(|it| it.instance.clone());
                let instance = instance.expect("one was added a moment ago");
                return Ok(Launch { instance, refused });
            }
            Err(code) => refused.push(Refusal {
                instance_type: choice.instance_type.clone(),
                zone: Some(choice.zone.clone()),
                capacity_type: request.capacity_type,
                code: code.to_owned(),
            }),
        }
    }
    let code = refused.last().map_or("UnfulfillableCapacity", |it| it.code.as_str()).to_owned();
    let message = "There is no capacity for any of the choices; choose others";
    Err(fail(error(ErrorClass::Capacity, &code, message), refused))
}

/// The answer to a token that was used.
fn repeated(state: &State, used: &Used, request: &LaunchRequest) -> Result<Instance, CloudError> {
    if !is_same(&used.request, request) {
        let message = "The client token was used with other parameters";
        return Err(error(ErrorClass::Refused, "IdempotentParameterMismatch", message));
    }
    let machine = state.machines.iter().find(|machine| machine.instance.id == used.id);
    Ok(machine.expect("machines are never forgotten").instance.clone())
}

/// Whether two requests come to the same call: what the API server says of the class besides its
/// spec and what it was resolved to does not go into one.
fn is_same(one: &LaunchRequest, other: &LaunchRequest) -> bool {
    let (a, b) = (&one.node_class, &other.node_class);
    one.claim == other.claim
        && one.capacity_type == other.capacity_type
        && one.choices == other.choices
        && one.labels == other.labels
        && one.taints == other.taints
        && a.spec == b.spec
        && a.status.subnets == b.status.subnets
        && a.status.security_groups == b.status.security_groups
        && a.status.amis == b.status.amis
        && a.status.instance_profile == b.status.instance_profile
}

fn invalid(request: &LaunchRequest) -> Option<CloudError> {
    let status = &request.node_class.status;
    let (code, message) = if request.choices.is_empty() || request.choices.len() > CHOICES_MAX {
        ("InvalidParameterValue", "A launch has 1 to 60 choices")
    } else if status.subnets.is_empty() {
        ("InvalidSubnetID.NotFound", "The class has no subnets; resolve it first")
    } else if status.security_groups.is_empty() {
        ("InvalidGroup.NotFound", "The class has no security groups; resolve it first")
    } else if status.amis.is_empty() {
        ("InvalidAMIID.NotFound", "The class has no images; resolve it first")
    } else if status.instance_profile.is_none() {
        ("InvalidParameterValue", "The class has no instance profile; prepare and resolve it first")
    } else {
        return None;
    };
    Some(error(ErrorClass::Refused, code, message))
}

fn error(class: ErrorClass, code: &str, message: &str) -> CloudError {
    CloudError::new(Action::Launch.as_str(), class, code, message)
}

/// The pool and the subnet that a machine of `choice` comes from, or the code of the refusal.
fn seat(
    state: &State,
    request: &LaunchRequest,
    choice: &Choice,
) -> Result<(usize, usize), &'static str> {
    let is_it = |pool: &crate::Pool| {
        pool.capacity_type == request.capacity_type
            && pool.instance_type == choice.instance_type
            && pool.zone == choice.zone
    };
    let pool = state.setup.pools.iter().position(is_it).ok_or("Unsupported")?;
    let key = (request.capacity_type, choice.instance_type.clone(), choice.zone.clone());
    let held = state.held(|machine| machine.pool == pool);
    let is_out = state.setup.pools[pool]
        .units
        .is_some_and(|units| usize::try_from(units).is_ok_and(|units| held >= units));
    if is_out || state.emptied.contains(&key) {
        return Err("InsufficientInstanceCapacity");
    }
    let subnets = &request.node_class.status.subnets;
    let in_zone = subnets.iter().filter(|subnet| subnet.zone == choice.zone.as_str());
    let known =
        in_zone.filter_map(|subnet| state.setup.subnets.iter().position(|it| it.id == subnet.id));
    let free = known.filter(|subnet| state.free_addresses(*subnet) > 0);
    let subnet = free.max_by_key(|subnet| state.free_addresses(*subnet));
    Ok((pool, subnet.ok_or("InsufficientFreeAddressesInSubnet")?))
}

fn machine(
    state: &State,
    request: &LaunchRequest,
    choice: &Choice,
    subnet: usize,
    now: Duration,
) -> Instance {
    let number = state.machines.len() + 1;
    let status = &request.node_class.status;
    let mut groups: Vec<String> = status.security_groups.iter().map(|it| it.id.clone()).collect();
    groups.sort();
    let cluster = &state.setup.cluster;
    let mut tags: BTreeMap<String, String> = request.node_class.spec.tags.clone();
    let own = [
        (tags::NODE_POOL.to_owned(), request.claim.pool.to_string()),
        (tags::NODE_CLASS.to_owned(), request.node_class.metadata.name.clone()),
        (tags::NODE_CLAIM.to_owned(), request.claim.name.to_string()),
        (tags::CLUSTER.to_owned(), cluster.clone()),
        (format!("{}{cluster}", tags::OWNED_PREFIX), "owned".to_owned()),
    ];
    tags.extend(own);
    let (high, low) = (number / 250, number % 250 + 4);
    Instance {
        id: InstanceId::from(format!("i-{number:017x}")),
        state: InstanceState::Pending,
        state_reason: None,
        instance_type: choice.instance_type.clone(),
        zone: choice.zone.clone(),
        capacity_type: request.capacity_type,
        image_id: status.amis[0].id.clone(),
        subnet_id: Some(state.setup.subnets[subnet].id.clone()),
        security_group_ids: groups,
        private_dns_name: Some(format!("ip-10-{}-{}-{low}.ec2.internal", high / 250, high % 250)),
        launched_at: Timestamp(i64::try_from(now.as_secs()).unwrap_or(i64::MAX)),
        tags,
    }
}
