//! The trait.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::time::Duration;

use async_trait::async_trait;
use interruption::InstanceStatus;
use model::{InstanceId, LiveMarket, NodeClaimName};

use crate::{CloudError, Instance, Launch, LaunchError, LaunchRequest, ResolvedNodeClass, Tidied};

/// What Stowage asks of a cloud.
///
/// Every call ends within a bound of the adapter's own and is safe to repeat. Lists are complete or
/// fail: a page that cannot be had fails the whole call, and nothing is answered from a cache.
#[async_trait]
pub trait Cloud: Debug + Send + Sync {
    /// Fails where nothing can be asked: no credentials, no permission, no connection.
    async fn check(&self) -> Result<(), CloudError>;

    /// What is sold, as far as it can be read; parts that cannot be read are `None`.
    async fn market(&self) -> Result<LiveMarket, CloudError>;

    /// What the selectors of `class` stand for. What is not found is a
    /// [`crate::ClassProblem`]; only a failed call is an error. Makes nothing: whoever may not write may
    /// ask. A class that names a role has a problem with `InstanceProfileReady` until
    /// [`Cloud::prepare`] has made its profile.
    async fn resolve(&self, class: &api::Ec2NodeClass) -> Result<ResolvedNodeClass, CloudError>;

    /// Makes what machines of `class` need beside what it selects: an instance profile that holds
    /// `spec.role`. Another role gets another profile, so that machines keep theirs. Succeeds where all
    /// is there, or nothing is needed. What was made may be seen a while later only.
    async fn prepare(&self, class: &api::Ec2NodeClass) -> Result<(), CloudError>;

    /// Launches one machine of the best choice there is.
    ///
    /// Repeated with the same token and parameters, it answers the same machine. Failing with
    /// [`crate::ErrorClass::Retry`], it may have launched one all the same.
    async fn launch(&self, request: &LaunchRequest) -> Result<Launch, LaunchError>;

    /// All instances of the cluster that belong to a pool and are not terminated.
    async fn instances(&self) -> Result<Vec<Instance>, CloudError>;

    /// Those of them that carry the claim's tag. A machine just launched may be missing.
    async fn instances_of(&self, claim: &NodeClaimName) -> Result<Vec<Instance>, CloudError>;

    /// One instance; [`crate::ErrorClass::Gone`] where it is not there or terminated. A machine
    /// just launched may be reported so.
    async fn instance(&self, id: &InstanceId) -> Result<Instance, CloudError>;

    /// Terminates an instance; succeeds where it is on its way out already, is
    /// [`crate::ErrorClass::Gone`] where there is none.
    async fn terminate(&self, id: &InstanceId) -> Result<(), CloudError>;

    /// Adds tags; [`crate::ErrorClass::Gone`] where there is no such instance.
    async fn tag(&self, id: &InstanceId, tags: &BTreeMap<String, String>)
    -> Result<(), CloudError>;

    /// Deletes what was made for launches and serves none any more: launch templates that no launch used
    /// for `unused_for`, and profiles that no launch used and no machine has, and that belong to none of
    /// `classes`, which are all there are. What may be in use stays, and so do all profiles where there
    /// are no classes, as a list that is empty by mistake must delete nothing.
    async fn tidy(
        &self,
        classes: &[api::Ec2NodeClass],
        unused_for: Duration,
    ) -> Result<Tidied, CloudError>;

    /// Machines for which something fails or is planned, each once; all that are not on the list are
    /// well. Machines of others may be on it.
    async fn statuses(&self) -> Result<Vec<InstanceStatus>, CloudError>;

    /// Deletes what was made for launching nodes of `class` (launch templates, the profiles that
    /// [`Cloud::prepare`] made); succeeds where there is nothing.
    async fn release(&self, class: &api::Ec2NodeClass) -> Result<(), CloudError>;
}
