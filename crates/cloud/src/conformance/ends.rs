//! Ending machines, and giving back what was made for a class.

use std::time::Duration;

use super::resolves::{class_with, prepared};
use super::support::{Scope, ensure, eventually, must, must_fail, resolved_class, unknown};
use super::{Failure, Fixture, Outcome};
use crate::{ClientToken, CloudError, Tidied};

/// Whether a machine that was seen is reported gone.
fn is_gone<T>(answer: Result<T, CloudError>) -> Result<bool, CloudError> {
    match answer {
        Ok(_) => Ok(false),
        Err(error) if error.is_gone() => Ok(true),
        Err(error) => Err(error),
    }
}

pub(super) async fn a_terminated_machine_is_gone_from_everywhere(fixture: &dyn Fixture) -> Outcome {
    let scope = Scope::new(fixture, "a_terminated_machine_is_gone_from_everywhere").await?;
    let outcome = async {
        let cloud = fixture.cloud();
        let id = scope.launched(&scope.request(0)).await?.id;
        let seen = async || Ok(cloud.instances().await?.iter().any(|it| it.id == id));
        eventually(fixture, "the machine on the list", seen).await?;
        scope.terminate(&id).await?;
        eventually(fixture, "the end of the machine", async || is_gone(cloud.instance(&id).await))
            .await?;
        let listed = must(cloud.instances().await, "listing")?;
        let found = must(cloud.instances_of(&scope.claim(0)).await, "listing by claim")?;
        let still = listed.iter().chain(&found).find(|it| it.id == id);
        ensure(still.is_none(), || format!("it is listed still: {still:?}"))
    };
    let outcome = outcome.await;
    scope.end(outcome).await
}

pub(super) async fn terminating_twice_is_no_failure(fixture: &dyn Fixture) -> Outcome {
    let scope = Scope::new(fixture, "terminating_twice_is_no_failure").await?;
    let outcome = async {
        let cloud = fixture.cloud();
        let id = scope.launched(&scope.request(0)).await?.id;
        let seen = async || Ok(cloud.instances().await?.iter().any(|it| it.id == id));
        eventually(fixture, "the machine on the list", seen).await?;
        scope.terminate(&id).await?;
        match cloud.terminate(&id).await {
            Ok(()) => Ok(()),
            Err(error) if error.is_gone() => Ok(()),
            Err(error) => Err(Failure(format!("terminating again: {error:?}"))),
        }
    };
    let outcome = outcome.await;
    scope.end(outcome).await
}

pub(super) async fn terminating_an_unknown_machine_is_gone(fixture: &dyn Fixture) -> Outcome {
    let error = must_fail(fixture.cloud().terminate(&unknown()).await, "terminating")?;
    ensure(error.is_gone(), || format!("{error:?}"))
}

pub(super) async fn releasing_a_class_twice_is_no_failure(fixture: &dyn Fixture) -> Outcome {
    let mut class = resolved_class(fixture).await?;
    "conformance-never-launched".clone_into(&mut class.metadata.name);
    must(fixture.cloud().release(&class).await, "releasing")?;
    must(fixture.cloud().release(&class).await, "releasing again")
}

const LONG: Duration = Duration::from_hours(1);

pub(super) async fn what_a_launch_used_is_kept_while_that_is_not_long_ago(
    fixture: &dyn Fixture,
) -> Outcome {
    let scope =
        Scope::new(fixture, "what_a_launch_used_is_kept_while_that_is_not_long_ago").await?;
    let outcome = async {
        let request = scope.request(0);
        scope.launched(&request).await?;
        let classes = [request.node_class];
        let tidied = must(fixture.cloud().tidy(&classes, LONG).await, "tidying")?;
        ensure(tidied == Tidied::default(), || format!("something went: {tidied:?}"))
    };
    let outcome = outcome.await;
    scope.end(outcome).await
}

pub(super) async fn what_no_launch_uses_is_deleted_and_made_again(
    fixture: &dyn Fixture,
) -> Outcome {
    let scope = Scope::new(fixture, "what_no_launch_uses_is_deleted_and_made_again").await?;
    let outcome = async {
        let mut request = scope.request(0);
        scope.launched(&request).await?;
        let classes = [request.node_class.clone()];
        eventually(fixture, "an unused template", async || {
            Ok(fixture.cloud().tidy(&classes, Duration::ZERO).await?.templates > 0)
        })
        .await?;
        let again = must(fixture.cloud().tidy(&classes, Duration::ZERO).await, "tidying again")?;
        ensure(again.templates == 0, || format!("templates are left: {again:?}"))?;
        request.token = ClientToken::new(&request.claim.uid, 1);
        scope.launched(&request).await.map(drop)
    };
    let outcome = outcome.await;
    scope.end(outcome).await
}

pub(super) async fn a_profile_of_an_earlier_role_is_deleted_once_nothing_has_it(
    fixture: &dyn Fixture,
) -> Outcome {
    let [role, other] = fixture.roles();
    let mut class = class_with(fixture, "tidied", &role);
    prepared(fixture, &class).await?;
    class.spec.role = Some(other.clone());
    let kept = prepared(fixture, &class).await?;
    class.status.instance_profile = Some(kept.clone());
    let classes = [resolved_class(fixture).await?, class.clone()];
    let none = must(fixture.cloud().tidy(&[], Duration::ZERO).await, "tidying by no list")?;
    ensure(none.profiles == 0, || format!("an empty list deletes: {none:?}"))?;
    eventually(fixture, "an unused profile", async || {
        Ok(fixture.cloud().tidy(&classes, Duration::ZERO).await?.profiles > 0)
    })
    .await?;
    let resolved = must(fixture.cloud().resolve(&class).await, "resolving")?;
    let is_kept = resolved.instance_profile.as_ref() == Some(&kept);
    ensure(is_kept, || format!("the one in use is gone: {resolved:?}"))?;
    class.spec.role = Some(role);
    let resolved = must(fixture.cloud().resolve(&class).await, "resolving")?;
    let is_gone = resolved.instance_profile.is_none();
    ensure(is_gone, || format!("the earlier role's is there: {resolved:?}"))?;
    must(fixture.cloud().release(&class).await, "releasing")
}

pub(super) async fn a_profile_that_a_machine_has_is_kept(fixture: &dyn Fixture) -> Outcome {
    let scope = Scope::new(fixture, "a_profile_that_a_machine_has_is_kept").await?;
    let [role, other] = fixture.roles();
    let mut class = class_with(fixture, "held", &role);
    let first = prepared(fixture, &class).await?;
    let outcome = async {
        let mut request = scope.request(0);
        request.node_class.metadata = class.metadata.clone();
        request.node_class.spec = class.spec.clone();
        request.node_class.status.instance_profile = Some(first.clone());
        let id = scope.launched(&request).await?.id;
        let seen = async || Ok(fixture.cloud().instances().await?.iter().any(|it| it.id == id));
        eventually(fixture, "the machine on the list", seen).await?;
        class.spec.role = Some(other.clone());
        class.status.instance_profile = Some(prepared(fixture, &class).await?);
        // However often: nothing that a running machine has is ever unused.
        for _ in 0..3 {
            let classes = [class.clone()];
            must(fixture.cloud().tidy(&classes, Duration::ZERO).await, "tidying")?;
            fixture.wait().await;
        }
        class.spec.role = Some(role.clone());
        let resolved = must(fixture.cloud().resolve(&class).await, "resolving")?;
        let is_there = resolved.instance_profile.as_ref() == Some(&first);
        ensure(is_there, || format!("it is gone: {resolved:?}"))
    };
    let outcome = outcome.await;
    let released = must(fixture.cloud().release(&class).await, "releasing");
    scope.end(outcome.and(released)).await
}
