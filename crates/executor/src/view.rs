//! What steps look at, and what is remembered between them to save calls.

use std::collections::BTreeMap;

use api::{Ec2NodeClass, Node, NodeClaim, ResourceList};
use cloud::{CloudError, Instance, Launch, LaunchError, Refusal};
use model::{InstanceId, InstanceTypeName, Timestamp};

/// One claim with what belongs to it.
#[derive(Clone, Copy)]
pub struct ClaimView<'a> {
    /// The claim.
    pub claim: &'a NodeClaim,
    /// Its node class, where there is one.
    pub node_class: Option<&'a Ec2NodeClass>,
    /// Nodes that carry its provider id.
    pub nodes: &'a [&'a Node],
    /// What an instance type holds under its node class; `None` for a type that is not known.
    pub machine: &'a dyn Fn(&InstanceTypeName) -> Option<MachineFacts>,
    /// Whether a Node that pods are promised is held until their seats are reserved.
    pub hold: bool,
}

impl std::fmt::Debug for ClaimView<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ClaimView")
            .field("claim", &self.claim.metadata.name)
            .field("nodes", &self.nodes.len())
            .finish_non_exhaustive()
    }
}

/// What an instance type holds, in the form of a claim's status.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MachineFacts {
    /// Labels of the type.
    pub labels: BTreeMap<String, String>,
    /// Raw capacity.
    pub capacity: ResourceList,
    /// Capacity less overhead.
    pub allocatable: ResourceList,
}

/// What is remembered about one claim. All of it may be lost at any moment.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ClaimMemory {
    /// How its launch goes.
    pub launch: LaunchMemory,
    /// Its instance as last looked at.
    pub instance: Option<InstanceSight>,
    /// When a complete list first showed no instance with its tag, with none showing one since.
    pub unseen_since: Option<Timestamp>,
    /// The last list by tag: when, and what it showed.
    pub found: Option<(Timestamp, Vec<Instance>)>,
    /// Whether the instance got the tags that follow from its Node.
    pub tagged: bool,
    /// Evictions asked for, by pod UID.
    pub evictions: BTreeMap<String, EvictionMemory>,
}

impl ClaimMemory {
    /// Takes in the answer to a launch.
    pub fn launched(&mut self, answer: Result<Launch, LaunchError>) {
        self.launch.answer = Some(answer);
    }

    /// The id of the instance that was launched, where it is known before it is written down.
    pub fn instance_id(&self) -> Option<InstanceId> {
        match &self.launch.answer {
            Some(Ok(launch)) => Some(launch.instance.id.clone()),
            _ => self.launch.launch.as_ref().map(|instance| instance.id.clone()),
        }
    }

    /// Takes in a complete list of instances with the claim's tag.
    pub fn listed(&mut self, now: Timestamp, instances: Vec<Instance>) {
        let there = instances.iter().any(|instance| instance.state.exists());
        self.unseen_since = if there { None } else { self.unseen_since.or(Some(now)) };
        self.found = Some((now, instances));
    }

    /// Takes in a look at the claim's instance.
    pub fn looked(&mut self, now: Timestamp, answer: Result<Instance, CloudError>) {
        let before = self.instance.take();
        let seen = before.as_ref().is_some_and(|sight| sight.seen);
        let gone_since = before.as_ref().and_then(|sight| sight.gone_since);
        self.instance = match answer {
            Ok(instance) => Some(InstanceSight {
                at: now,
                instance: Some(instance),
                seen: true,
                gone_since: None,
            }),
            Err(error) if error.is_gone() => Some(InstanceSight {
                at: now,
                instance: None,
                seen,
                gone_since: gone_since.or(Some(now)),
            }),
            Err(_) => before,
        };
    }

    /// Takes in the answer to an eviction: whether it was granted (or the pod is gone).
    pub fn evicted(&mut self, now: Timestamp, uid: &str, granted: bool) {
        let memory = self.evictions.entry(uid.to_owned()).or_default();
        memory.granted |= granted;
        memory.refusals = if granted { 0 } else { memory.refusals.saturating_add(1) };
        memory.last = Some(now);
    }
}

/// How a launch goes.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LaunchMemory {
    /// The answer that is not worked in yet.
    pub answer: Option<Result<Launch, LaunchError>>,
    /// The machine, once there is one.
    pub launch: Option<Instance>,
    /// Which group of choices is next.
    pub group: u32,
    /// Failures in a row that were not for lack of capacity.
    pub failures: u32,
    /// Not before this.
    pub not_before: Option<Timestamp>,
    /// Look for an instance by tag before anything else.
    pub search: bool,
    /// What was refused so far; the driver takes it over into what it holds unavailable.
    pub refused: Vec<Refusal>,
}

/// An instance as last looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InstanceSight {
    /// When.
    pub at: Timestamp,
    /// `None`: the cloud said that there is none.
    pub instance: Option<Instance>,
    /// Whether it was ever there when looked at.
    pub seen: bool,
    /// Since when every look said that there is none.
    pub gone_since: Option<Timestamp>,
}

/// An eviction asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct EvictionMemory {
    /// Whether it was granted.
    pub granted: bool,
    /// Refusals in a row.
    pub refusals: u32,
    /// When it was last asked for.
    pub last: Option<Timestamp>,
}
