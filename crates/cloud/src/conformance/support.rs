//! What cases share: requests, waiting, tidying up, and failing with words.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::sync::{Mutex, MutexGuard, PoisonError};

use api::{AmiStatus, Ec2NodeClass, SecurityGroupStatus, SubnetStatus};
use model::{CapacityType, InstanceId, NodeClaimName, NodePoolName};

use super::{Failure, Fixture, Outcome, WAITS_MAX};
use crate::{
    Choice, ClaimIdentity, ClientToken, CloudError, Instance, Launch, LaunchError, LaunchRequest,
    ResolvedNodeClass,
};

/// The pool that all cases launch for.
pub(super) const POOL: &str = "conformance";

/// Fails with `message` unless `holds`.
pub(super) fn ensure(holds: bool, message: impl FnOnce() -> String) -> Outcome {
    if holds { Ok(()) } else { Err(Failure(message())) }
}

/// The value of a call that must succeed.
pub(super) fn must<T, E: Debug>(result: Result<T, E>, what: &str) -> Result<T, Failure> {
    result.map_err(|error| Failure(format!("{what}: {error:?}")))
}

/// The error of a call that must fail.
pub(super) fn must_fail<T: Debug, E>(result: Result<T, E>, what: &str) -> Result<E, Failure> {
    match result {
        Ok(value) => Err(Failure(format!("{what} succeeded: {value:?}"))),
        Err(error) => Ok(error),
    }
}

/// The fixture's class with what it selects in its status, as the controller has it.
pub(super) async fn resolved_class(fixture: &dyn Fixture) -> Result<Ec2NodeClass, Failure> {
    let class = fixture.class();
    must(fixture.cloud().prepare(&class).await, "preparing the class")?;
    eventually(fixture, "the class's profile", async || {
        Ok(fixture.cloud().resolve(&class).await?.instance_profile.is_some())
    })
    .await?;
    let resolved = must(fixture.cloud().resolve(&class).await, "resolving the class")?;
    ensure(resolved.problems.is_empty(), || format!("problems: {:?}", resolved.problems))?;
    Ok(with_status(class, &resolved))
}

fn with_status(mut class: Ec2NodeClass, resolved: &ResolvedNodeClass) -> Ec2NodeClass {
    let status = &mut class.status;
    status.subnets = (resolved.subnets.iter())
        .map(|it| SubnetStatus {
            id: it.id.clone(),
            zone: it.zone.clone(),
            zone_id: it.zone_id.clone(),
        })
        .collect();
    status.security_groups = (resolved.security_groups.iter())
        .map(|it| SecurityGroupStatus { id: it.id.clone(), name: it.name.clone() })
        .collect();
    status.amis = (resolved.images.iter())
        .map(|it| AmiStatus {
            id: it.id.clone(),
            name: it.name.clone(),
            deprecated: it.deprecated,
            requirements: it.requirements.clone(),
        })
        .collect();
    status.instance_profile.clone_from(&resolved.instance_profile);
    class
}

/// A case's launches: for claims of its own, ended when it is over.
pub(super) struct Scope<'a> {
    pub(super) fixture: &'a dyn Fixture,
    name: &'static str,
    class: Ec2NodeClass,
    launched: Mutex<Vec<InstanceId>>,
}

impl<'a> Scope<'a> {
    /// `name` is the case's; it goes into claims' names.
    pub(super) async fn new(fixture: &'a dyn Fixture, name: &'static str) -> Result<Self, Failure> {
        let class = resolved_class(fixture).await?;
        Ok(Self { fixture, name, class, launched: Mutex::default() })
    }

    /// The name of the case's `number`th claim.
    pub(super) fn claim(&self, number: usize) -> NodeClaimName {
        let words: Vec<&str> = self.name.split('_').collect();
        NodeClaimName::from(format!("{}-{number}", words.join("-")))
    }

    /// A request on demand for the case's `number`th claim, with the fixture's choices.
    pub(super) fn request(&self, number: usize) -> LaunchRequest {
        let claim = self.claim(number);
        let uid = uid(claim.as_str());
        LaunchRequest {
            token: ClientToken::new(&uid, 0),
            claim: ClaimIdentity { name: claim, uid, pool: NodePoolName::from(POOL) },
            node_class: self.class.clone(),
            capacity_type: CapacityType::OnDemand,
            choices: self.fixture.choices(),
            labels: BTreeMap::from([("karpenter.sh/nodepool".to_owned(), POOL.to_owned())]),
            taints: Vec::new(),
        }
    }

    /// Launches, and remembers to end what was launched.
    pub(super) async fn launch(&self, request: &LaunchRequest) -> Result<Launch, LaunchError> {
        let launch = self.fixture.cloud().launch(request).await?;
        self.remember(launch.instance.id.clone());
        Ok(launch)
    }

    /// A launch that must succeed.
    pub(super) async fn launched(&self, request: &LaunchRequest) -> Result<Instance, Failure> {
        Ok(must(self.launch(request).await, "launching")?.instance)
    }

    /// Ends a machine that is seen; it is not ended again when the case is over.
    pub(super) async fn terminate(&self, id: &InstanceId) -> Outcome {
        must(self.fixture.cloud().terminate(id).await, "terminating")?;
        self.ids().retain(|it| it != id);
        Ok(())
    }

    fn remember(&self, id: InstanceId) {
        let mut ids = self.ids();
        if !ids.contains(&id) {
            ids.push(id);
        }
    }

    fn ids(&self) -> MutexGuard<'_, Vec<InstanceId>> {
        self.launched.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Ends what was launched, whatever the case came to.
    pub(super) async fn end(self, outcome: Outcome) -> Outcome {
        let launched = std::mem::take(&mut *self.ids());
        let mut ended = Ok(());
        for id in launched {
            // A machine just launched may be reported gone for a while.
            let end = eventually(self.fixture, "ending a machine", async || {
                match self.fixture.cloud().terminate(&id).await {
                    Ok(()) => Ok(true),
                    Err(error) if error.is_gone() => Ok(false),
                    Err(error) => Err(error),
                }
            });
            ended = ended.and(end.await);
        }
        outcome.and(ended)
    }
}

/// A UID that is made of `name` and looks like one.
fn uid(name: &str) -> String {
    let hash = name.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    });
    let (high, low) = (hash >> 32, hash & 0xffff_ffff);
    format!("{high:08x}-{:04x}-4000-8000-{low:012x}", low >> 16)
}

/// Waits until `holds`, and fails with `what` where it never does.
pub(super) async fn eventually<F>(fixture: &dyn Fixture, what: &str, mut holds: F) -> Outcome
where
    F: AsyncFnMut() -> Result<bool, CloudError>,
{
    let mut last = None;
    for _ in 0..WAITS_MAX {
        match holds().await {
            Ok(true) => return Ok(()),
            Ok(false) => last = None,
            Err(error) => last = Some(error),
        }
        fixture.wait().await;
    }
    Err(Failure(match last {
        Some(error) => format!("{what}: {error}"),
        None => format!("{what}: not after {WAITS_MAX} waits"),
    }))
}

/// An id that no machine has.
pub(super) fn unknown() -> InstanceId {
    InstanceId::from("i-0fedcba9876543210")
}

/// A choice, as a failure names it.
pub(super) fn words(choice: &Choice) -> String {
    format!("{} in {}", choice.instance_type, choice.zone)
}
