//! Ending machines, and giving back what was made for a class.

use super::support::{Scope, ensure, eventually, must, must_fail, resolved_class, unknown};
use super::{Failure, Fixture, Outcome};
use crate::CloudError;

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
