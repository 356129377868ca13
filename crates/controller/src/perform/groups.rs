//! Groups of requests that go one after the other, and what the loop hears of them.

use std::sync::Arc;

use cloud::{CloudError, Instance, Launch, LaunchError, ResolvedNodeClass};
use executor::{CloudRequest, ObjectRef, Request};
use futures::StreamExt as _;
use interruption::InstanceStatus;
use model::LiveMarket;
use tokio::sync::mpsc;

use super::{Performed, Performer, claim_of};
use crate::listen::Received;
use crate::planning::{Moves, MovesError, NotHeld};
use crate::report;
use crate::store::Tables;

/// Groups of a sequence that are under way at once: a patch takes the API server some ten milliseconds, on a core or two.
const IN_ORDER_AT_ONCE: usize = 16;

/// What a group of requests is about; one group of a key is under way at a time.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum GroupKey {
    /// A claim with its Node, its pods and its instance.
    Claim(String),
    /// A pool's status.
    Pool(String),
    /// A node class.
    Class(String),
    /// A pod's nomination, by UID.
    Pod(String),
    /// An instance without a claim.
    Instance(String),
    /// What no launch uses.
    Tidy,
}

/// How a group ended.
#[derive(Debug)]
pub(crate) struct Done {
    pub(crate) key: GroupKey,
    /// Whether a request failed; those after it were not sent.
    pub(crate) failed: bool,
    /// What was written, with the version that it has since.
    pub(crate) wrote: Vec<(ObjectRef, u64)>,
}

/// What the loop hears.
#[derive(Debug)]
pub(crate) enum Answer {
    /// A claim was created, or not.
    Created(String, bool),
    /// A launch was answered, for the claim.
    Launched(String, Box<Result<Launch, LaunchError>>),
    /// Instances with the claim's tag.
    Listed(String, Vec<Instance>),
    /// A look at the claim's instance.
    Looked(String, Box<Result<Instance, CloudError>>),
    /// An eviction from the claim's node, by pod UID: whether it was granted.
    Evicted(String, String, bool),
    /// The claim's instance has its tags.
    Tagged(String),
    /// What machines of a class need was made.
    Prepared(String),
    /// What was made for a class was given back.
    Released(String),
    /// A group ended.
    Done(Done),
    /// What a class stands for, asked for its generation.
    Resolved(String, Option<i64>, Box<Result<ResolvedNodeClass, CloudError>>),
    /// What the cloud sells.
    Market(Box<Result<LiveMarket, CloudError>>),
    /// What was looked at for moves, and what was found.
    Moves(Box<Tables>, Box<Result<Moves, MovesError>>),
    /// Whether the move of that id still holds.
    Held(String, Box<Result<(), NotHeld>>),
    /// Two complete lists of instances, and all claims as the API server has them.
    Swept(Box<Option<Sweep>>),
    /// Messages of the queue of interruptions.
    Received(Vec<Received>),
    /// What the checks of machines say.
    Statuses(Box<Result<Vec<InstanceStatus>, CloudError>>),
}

/// What garbage collection looks at.
#[derive(Debug)]
pub(crate) struct Sweep {
    pub(crate) before: Vec<Instance>,
    pub(crate) after: Vec<Instance>,
    pub(crate) claims: Vec<api::NodeClaim>,
}

/// Performs the requests of a group and tells the loop.
pub(crate) async fn run_group(
    performer: Arc<Performer>,
    key: GroupKey,
    requests: Vec<Request>,
    answers: mpsc::UnboundedSender<Answer>,
) {
    // A loop that has ended hears no more; what it would have heard it finds out after a restart.
    let tell = |answer| drop(answers.send(answer));
    let mut done = Done { key, failed: false, wrote: Vec::new() };
    for request in requests {
        match performer.perform(&request).await {
            Ok(performed) => {
                report::log_step(&request, &performed);
                if let Performed::Wrote(target, version) = &performed {
                    done.wrote.push((target.clone(), *version));
                }
                if let Some(answer) = answer(&done.key, &request, performed) {
                    tell(answer);
                }
            }
            Err(error) => {
                done.failed = true;
                if let Request::Create { target, .. } = &request {
                    tell(Answer::Created(target.name.clone(), false));
                }
                if !error.is_role() {
                    report::log_failure(&request, &error);
                }
                break;
            }
        }
    }
    tell(Answer::Done(done));
}

/// Performs groups whose order counts and which are many: each begins when those before it have begun and no more than
/// a few are under way, so that the API server is never idle and none overtakes many.
pub(crate) async fn run_in_order(
    performer: Arc<Performer>,
    groups: Vec<(GroupKey, Vec<Request>)>,
    answers: mpsc::UnboundedSender<Answer>,
) {
    let groups = groups
        .into_iter()
        .map(|(key, requests)| run_group(Arc::clone(&performer), key, requests, answers.clone()));
    futures::stream::iter(groups).buffer_unordered(IN_ORDER_AT_ONCE).collect::<()>().await;
}

fn answer(key: &GroupKey, request: &Request, performed: Performed) -> Option<Answer> {
    let claim = || match key {
        GroupKey::Claim(name) => name.clone(),
        _ => String::new(),
    };
    match request {
        Request::Create { target, .. } => Some(Answer::Created(target.name.clone(), true)),
        Request::Evict { uid, .. } => {
            let granted = !matches!(performed, Performed::Refused);
            Some(Answer::Evicted(claim(), uid.clone(), granted))
        }
        Request::Cloud(request) => cloud_answer(request, performed),
        Request::Patch { .. }
        | Request::Delete { .. }
        | Request::Nominate { .. }
        | Request::Note(_) => None,
    }
}

fn cloud_answer(request: &CloudRequest, performed: Performed) -> Option<Answer> {
    let claim = claim_of(request).map(ToString::to_string).unwrap_or_default();
    match (request, performed) {
        (_, Performed::Launched(answer)) => Some(Answer::Launched(claim, answer)),
        (_, Performed::Listed(found)) => Some(Answer::Listed(claim, found)),
        (_, Performed::Looked(answer)) => Some(Answer::Looked(claim, answer)),
        (CloudRequest::Tag(..), _) => Some(Answer::Tagged(claim)),
        (CloudRequest::Prepare(class), _) => Some(Answer::Prepared(class.metadata.name.clone())),
        (CloudRequest::Release(class), _) => Some(Answer::Released(class.metadata.name.clone())),
        _ => None,
    }
}
