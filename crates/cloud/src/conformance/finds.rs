//! Finding machines again: lists are complete, and each sees what it is asked for and nothing else.

use std::collections::{BTreeMap, BTreeSet};

use model::{CapacityType, InstanceId};

use super::support::{Scope, ensure, eventually, must, must_fail, unknown};
use super::{Fixture, Outcome};
use crate::{LaunchRequest, tags};

/// Machines of the case about lists: more than fit on the smallest page that EC2 gives (5).
const MANY: usize = 7;

pub(super) async fn a_list_holds_every_machine_once(fixture: &dyn Fixture) -> Outcome {
    let scope = Scope::new(fixture, "a_list_holds_every_machine_once").await?;
    let outcome = async {
        let mut launched = BTreeSet::new();
        for number in 0..MANY {
            launched.insert(scope.launched(&scope.request(number)).await?.id);
        }
        ensure(launched.len() == MANY, || format!("machines were shared: {launched:?}"))?;
        eventually(fixture, "a list with all machines", async || {
            let ids: Vec<InstanceId> =
                fixture.cloud().instances().await?.into_iter().map(|it| it.id).collect();
            let distinct: BTreeSet<InstanceId> = ids.iter().cloned().collect();
            Ok(distinct.len() == ids.len() && launched.is_subset(&distinct))
        })
        .await
    };
    let outcome = outcome.await;
    scope.end(outcome).await
}

pub(super) async fn a_claim_finds_its_own_machines_only(fixture: &dyn Fixture) -> Outcome {
    let scope = Scope::new(fixture, "a_claim_finds_its_own_machines_only").await?;
    let outcome = async {
        let mine = scope.launched(&scope.request(0)).await?;
        scope.launched(&scope.request(1)).await?;
        let claim = scope.claim(0);
        eventually(fixture, "the claim's machine", async || {
            let found = fixture.cloud().instances_of(&claim).await?;
            Ok(found.iter().map(|it| &it.id).eq([&mine.id]))
        })
        .await?;
        let none = must(fixture.cloud().instances_of(&scope.claim(9)).await, "listing")?;
        ensure(none.is_empty(), || format!("a claim without machines has {none:?}"))
    };
    let outcome = outcome.await;
    scope.end(outcome).await
}

pub(super) async fn a_machine_is_found_by_its_id(fixture: &dyn Fixture) -> Outcome {
    let scope = Scope::new(fixture, "a_machine_is_found_by_its_id").await?;
    let outcome = async {
        let launched = scope.launched(&scope.request(0)).await?;
        eventually(fixture, "the machine by its id", async || {
            let found = fixture.cloud().instance(&launched.id).await?;
            Ok(found.instance_type == launched.instance_type
                && found.zone == launched.zone
                && found.capacity_type == launched.capacity_type
                && found.claim() == launched.claim())
        })
        .await
    };
    let outcome = outcome.await;
    scope.end(outcome).await
}

pub(super) async fn a_machine_is_where_its_class_says(fixture: &dyn Fixture) -> Outcome {
    let scope = Scope::new(fixture, "a_machine_is_where_its_class_says").await?;
    let outcome = async {
        for (number, capacity_type) in
            [CapacityType::OnDemand, CapacityType::Spot].iter().enumerate()
        {
            let request = LaunchRequest { capacity_type: *capacity_type, ..scope.request(number) };
            let launched = scope.launched(&request).await?;
            let status = &request.node_class.status;
            let mut groups: Vec<&String> =
                status.security_groups.iter().map(|one| &one.id).collect();
            groups.sort();
            let what = format!("{capacity_type} in a subnet and the security groups of its class");
            eventually(fixture, &what, async || {
                let found = fixture.cloud().instance(&launched.id).await?;
                let subnet = found.subnet_id.as_ref();
                let is_inside =
                    subnet.is_some_and(|id| status.subnets.iter().any(|one| one.id == *id));
                Ok(is_inside && groups.iter().copied().eq(&found.security_group_ids))
            })
            .await?;
        }
        Ok(())
    };
    let outcome = outcome.await;
    scope.end(outcome).await
}

pub(super) async fn an_unknown_machine_is_gone(fixture: &dyn Fixture) -> Outcome {
    let error = must_fail(fixture.cloud().instance(&unknown()).await, "looking")?;
    ensure(error.is_gone(), || format!("{error:?}"))
}

pub(super) async fn tags_are_added_and_kept(fixture: &dyn Fixture) -> Outcome {
    let scope = Scope::new(fixture, "tags_are_added_and_kept").await?;
    let outcome = async {
        let launched = scope.launched(&scope.request(0)).await?;
        let add = BTreeMap::from([(tags::NAME.to_owned(), "a node".to_owned())]);
        eventually(fixture, "tagging the machine", async || {
            // It may be reported gone for as long as it is not seen everywhere.
            match fixture.cloud().tag(&launched.id, &add).await {
                Ok(()) => Ok(true),
                Err(error) if error.is_gone() => Ok(false),
                Err(error) => Err(error),
            }
        })
        .await?;
        eventually(fixture, "the machine with old and new tags", async || {
            let found = fixture.cloud().instance(&launched.id).await?;
            let is_new = found.tags.get(tags::NAME).is_some_and(|value| value == "a node");
            Ok(is_new && found.claim() == launched.claim())
        })
        .await
    };
    let outcome = outcome.await;
    scope.end(outcome).await
}

pub(super) async fn tagging_an_unknown_machine_is_gone(fixture: &dyn Fixture) -> Outcome {
    let add = BTreeMap::from([(tags::NAME.to_owned(), "a node".to_owned())]);
    let error = must_fail(fixture.cloud().tag(&unknown(), &add).await, "tagging")?;
    ensure(error.is_gone(), || format!("{error:?}"))
}
