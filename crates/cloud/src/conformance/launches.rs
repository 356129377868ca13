//! Launching: one machine, of one of the choices, once a token.

use model::CapacityType;

use super::support::{Scope, ensure, must, must_fail, words};
use super::{Fixture, Outcome};
use crate::{Choice, ClientToken, ErrorClass, Instance, LaunchRequest, tags};

fn is_of(instance: &Instance, choice: &Choice) -> bool {
    instance.instance_type == choice.instance_type && instance.zone == choice.zone
}

pub(super) async fn a_launch_is_one_of_its_choices_with_its_tags(fixture: &dyn Fixture) -> Outcome {
    let scope = Scope::new(fixture, "a_launch_is_one_of_its_choices_with_its_tags").await?;
    let outcome = async {
        let request = scope.request(0);
        let instance = scope.launched(&request).await?;
        let is_one = request.choices.iter().any(|choice| is_of(&instance, choice));
        ensure(is_one, || format!("it is none of the choices: {instance:?}"))?;
        let is_on_demand = instance.capacity_type == CapacityType::OnDemand;
        ensure(is_on_demand, || format!("it is not on demand: {instance:?}"))?;
        let images = &request.node_class.status.amis;
        let has_image = images.iter().any(|ami| ami.id == instance.image_id);
        ensure(has_image, || format!("its image is none of {images:?}: {instance:?}"))?;
        ensure(!instance.state.is_ending(), || format!("it is ending: {instance:?}"))?;
        let id = Instance::id_of(&instance.provider_id());
        ensure(id.as_ref() == Some(&instance.id), || instance.provider_id())?;
        has_tags(&request, &instance)
    };
    let outcome = outcome.await;
    scope.end(outcome).await
}

fn has_tags(request: &LaunchRequest, instance: &Instance) -> Outcome {
    let class = request.node_class.metadata.name.as_str();
    let expected = [
        (tags::NODE_POOL, request.claim.pool.as_str()),
        (tags::NODE_CLASS, class),
        (tags::NODE_CLAIM, request.claim.name.as_str()),
    ];
    for (key, value) in expected {
        let found = instance.tags.get(key).map(String::as_str);
        ensure(found == Some(value), || format!("tag {key} is {found:?}, not {value}"))?;
    }
    let cluster = instance.tags.get(tags::CLUSTER);
    let owned =
        cluster.and_then(|name| instance.tags.get(&format!("{}{name}", tags::OWNED_PREFIX)));
    let is_owned = owned.is_some_and(|value| value == "owned");
    ensure(is_owned, || format!("the cluster's tags are missing: {:?}", instance.tags))
}

pub(super) async fn the_same_token_gives_the_same_machine(fixture: &dyn Fixture) -> Outcome {
    let scope = Scope::new(fixture, "the_same_token_gives_the_same_machine").await?;
    let outcome = async {
        let request = scope.request(0);
        let first = scope.launched(&request).await?;
        let second = scope.launched(&request).await?;
        ensure(first.id == second.id, || format!("two machines: {}, {}", first.id, second.id))?;
        fixture.wait().await;
        let third = scope.launched(&request).await?;
        ensure(first.id == third.id, || format!("two machines: {}, {}", first.id, third.id))
    };
    let outcome = outcome.await;
    scope.end(outcome).await
}

pub(super) async fn the_same_token_with_other_choices_is_refused(fixture: &dyn Fixture) -> Outcome {
    let scope = Scope::new(fixture, "the_same_token_with_other_choices_is_refused").await?;
    let outcome = async {
        let mut request = scope.request(0);
        scope.launched(&request).await?;
        request.choices.truncate(1);
        let failed = must_fail(scope.launch(&request).await, "the second launch")?;
        let is_refused = failed.error.class == ErrorClass::Refused
            && failed.error.code == "IdempotentParameterMismatch";
        ensure(is_refused, || format!("{failed:?}"))
    };
    let outcome = outcome.await;
    scope.end(outcome).await
}

pub(super) async fn another_token_gives_another_machine(fixture: &dyn Fixture) -> Outcome {
    let scope = Scope::new(fixture, "another_token_gives_another_machine").await?;
    let outcome = async {
        let mut request = scope.request(0);
        let first = scope.launched(&request).await?;
        request.token = ClientToken::new(&request.claim.uid, 1);
        let second = scope.launched(&request).await?;
        ensure(first.id != second.id, || format!("one machine: {}", first.id))
    };
    let outcome = outcome.await;
    scope.end(outcome).await
}

pub(super) async fn an_empty_choice_falls_through_to_the_next(fixture: &dyn Fixture) -> Outcome {
    let scope = Scope::new(fixture, "an_empty_choice_falls_through_to_the_next").await?;
    let outcome = async {
        let request = scope.request(0);
        let kept = request.choices.last().cloned();
        for choice in request.choices.iter().filter(|choice| Some(*choice) != kept.as_ref()) {
            fixture.empty(choice, CapacityType::OnDemand).await;
        }
        let launch = must(scope.launch(&request).await, "launching")?;
        let is_kept = kept.is_some_and(|choice| is_of(&launch.instance, &choice));
        ensure(is_kept, || format!("it is of an empty choice: {:?}", launch.instance))?;
        let first = &request.choices[0];
        let is_told = launch.refused.iter().any(|it| it.instance_type == first.instance_type);
        ensure(is_told, || format!("{} is not among {:?}", words(first), launch.refused))
    };
    let outcome = outcome.await;
    fixture.refill().await;
    scope.end(outcome).await
}

pub(super) async fn no_capacity_at_all_names_every_choice_and_launches_nothing(
    fixture: &dyn Fixture,
) -> Outcome {
    let name = "no_capacity_at_all_names_every_choice_and_launches_nothing";
    let scope = Scope::new(fixture, name).await?;
    let outcome = async {
        let request = scope.request(0);
        for choice in &request.choices {
            fixture.empty(choice, CapacityType::OnDemand).await;
        }
        let failed = must_fail(scope.launch(&request).await, "the launch")?;
        ensure(failed.error.class == ErrorClass::Capacity, || format!("{failed:?}"))?;
        for choice in &request.choices {
            let is_it = |it: &crate::Refusal| {
                it.instance_type == choice.instance_type
                    && it.zone.as_ref().is_none_or(|zone| *zone == choice.zone)
                    && it.capacity_type == CapacityType::OnDemand
                    && !it.code.is_empty()
            };
            let is_told = failed.refused.iter().any(is_it);
            ensure(is_told, || format!("{} is not among {:?}", words(choice), failed.refused))?;
        }
        for _ in 0..5 {
            fixture.wait().await;
        }
        let found = must(fixture.cloud().instances_of(&scope.claim(0)).await, "listing")?;
        ensure(found.is_empty(), || format!("something was launched: {found:?}"))
    };
    let outcome = outcome.await;
    fixture.refill().await;
    scope.end(outcome).await
}

pub(super) async fn spot_is_launched_as_spot(fixture: &dyn Fixture) -> Outcome {
    let scope = Scope::new(fixture, "spot_is_launched_as_spot").await?;
    let outcome = async {
        let request = LaunchRequest { capacity_type: CapacityType::Spot, ..scope.request(0) };
        let instance = scope.launched(&request).await?;
        let is_spot = instance.capacity_type == CapacityType::Spot;
        ensure(is_spot, || format!("it is not spot: {instance:?}"))
    };
    let outcome = outcome.await;
    scope.end(outcome).await
}

pub(super) async fn a_class_that_is_not_resolved_is_refused(fixture: &dyn Fixture) -> Outcome {
    let scope = Scope::new(fixture, "a_class_that_is_not_resolved_is_refused").await?;
    let outcome = async {
        let request = LaunchRequest { node_class: fixture.class(), ..scope.request(0) };
        let failed = must_fail(scope.launch(&request).await, "the launch")?;
        ensure(failed.error.class == ErrorClass::Refused, || format!("{failed:?}"))
    };
    let outcome = outcome.await;
    scope.end(outcome).await
}
