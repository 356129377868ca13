//! What the cloud is, and what a class stands for in it.

use super::support::{ensure, eventually, must, must_fail, resolved_class};
use super::{Failure, Fixture, Outcome};
use crate::ResolvedNodeClass;

pub(super) async fn a_working_cloud_says_so(fixture: &dyn Fixture) -> Outcome {
    must(fixture.cloud().check().await, "checking")
}

pub(super) async fn a_class_is_resolved_to_what_it_selects(fixture: &dyn Fixture) -> Outcome {
    let class = resolved_class(fixture).await?;
    let resolved = must(fixture.cloud().resolve(&class).await, "resolving")?;
    let is_whole = resolved.problems.is_empty()
        && !resolved.security_groups.is_empty()
        && !resolved.images.is_empty();
    ensure(is_whole, || format!("not all is there: {resolved:?}"))?;
    for choice in fixture.choices() {
        let zone = choice.zone.as_str();
        let is_there = resolved.subnets.iter().any(|subnet| subnet.zone == zone);
        ensure(is_there, || format!("no subnet in {zone}: {:?}", resolved.subnets))?;
    }
    ensure(resolved.security_groups.is_sorted(), || "groups are not sorted".to_owned())?;
    let order = |a: &crate::Subnet, b: &crate::Subnet| {
        (b.free_addresses, &a.id) <= (a.free_addresses, &b.id)
    };
    let is_sorted = resolved.subnets.is_sorted_by(order);
    ensure(is_sorted, || format!("subnets are not by free addresses: {:?}", resolved.subnets))
}

pub(super) async fn what_is_not_found_is_a_problem_and_no_error(fixture: &dyn Fixture) -> Outcome {
    let class = fixture.class_without_subnets();
    let resolved = must(fixture.cloud().resolve(&class).await, "resolving")?;
    let has = |problem: &crate::ClassProblem| {
        problem.condition == "SubnetsReady" && problem.reason == "SubnetsNotFound"
    };
    ensure(resolved.problems.iter().any(has), || format!("problems: {:?}", resolved.problems))?;
    let is_there = resolved.subnets.is_empty() && !resolved.security_groups.is_empty();
    ensure(is_there, || format!("the rest is resolved all the same: {resolved:?}"))
}

pub(super) async fn the_market_knows_what_is_offered(fixture: &dyn Fixture) -> Outcome {
    let market = must(fixture.cloud().market().await, "reading the market")?;
    let Some(offered) = market.offered else { return Ok(()) };
    for choice in fixture.choices() {
        let key = (choice.instance_type.clone(), choice.zone.clone());
        ensure(offered.contains(&key), || format!("{key:?} is not offered"))?;
    }
    Ok(())
}

/// The fixture's class under another name, with a role in place of a profile.
pub(super) fn class_with(fixture: &dyn Fixture, name: &str, role: &str) -> api::Ec2NodeClass {
    let mut class = fixture.class();
    class.metadata.name = format!("conformance-{name}");
    class.metadata.uid = Some(format!("6d3a1b2c-0000-4000-8000-{name}").into());
    class.spec.instance_profile = None;
    class.spec.role = Some(role.to_owned());
    class
}

/// Whether the one thing that the class lacks, if that, is its profile.
fn lacks_profile(resolved: &ResolvedNodeClass) -> bool {
    let problems = resolved.problems.iter();
    resolved.instance_profile.is_none()
        && problems.map(|problem| problem.condition).eq(["InstanceProfileReady"])
}

/// Prepares, and waits for the profile.
pub(super) async fn prepared(
    fixture: &dyn Fixture,
    class: &api::Ec2NodeClass,
) -> Result<String, Failure> {
    must(fixture.cloud().prepare(class).await, "preparing")?;
    let mut profile = None;
    eventually(fixture, "the profile", async || {
        let resolved = fixture.cloud().resolve(class).await?;
        profile = resolved.instance_profile.filter(|_| resolved.problems.is_empty());
        Ok(profile.is_some())
    })
    .await?;
    profile.ok_or_else(|| Failure("the profile has no name".to_owned()))
}

pub(super) async fn a_role_has_a_profile_once_it_is_prepared(fixture: &dyn Fixture) -> Outcome {
    let [role, _] = fixture.roles();
    let class = class_with(fixture, "prepared", &role);
    let before = must(fixture.cloud().resolve(&class).await, "resolving")?;
    ensure(lacks_profile(&before), || format!("before it is prepared: {before:?}"))?;
    let first = prepared(fixture, &class).await?;
    let second = prepared(fixture, &class).await?;
    ensure(first == second, || format!("two profiles: {first}, {second}"))?;
    must(fixture.cloud().release(&class).await, "releasing")
}

pub(super) async fn another_role_has_another_profile(fixture: &dyn Fixture) -> Outcome {
    let [role, other] = fixture.roles();
    let mut class = class_with(fixture, "rerolled", &role);
    let first = prepared(fixture, &class).await?;
    class.status.instance_profile = Some(first.clone());
    class.spec.role = Some(other);
    let between = must(fixture.cloud().resolve(&class).await, "resolving")?;
    ensure(lacks_profile(&between), || format!("the old role's profile is taken: {between:?}"))?;
    let second = prepared(fixture, &class).await?;
    ensure(first != second, || format!("one profile for two roles: {first}"))?;
    class.spec.role = Some(role);
    let again = must(fixture.cloud().resolve(&class).await, "resolving")?.instance_profile;
    ensure(again.as_ref() == Some(&first), || format!("the first is {again:?}, not {first}"))?;
    must(fixture.cloud().release(&class).await, "releasing")
}

pub(super) async fn a_role_that_is_not_there_is_refused(fixture: &dyn Fixture) -> Outcome {
    let class = class_with(fixture, "roleless", "no-such-role");
    let error = must_fail(fixture.cloud().prepare(&class).await, "preparing")?;
    ensure(error.class == crate::ErrorClass::Refused, || format!("{error:?}"))?;
    let resolved = must(fixture.cloud().resolve(&class).await, "resolving")?;
    ensure(lacks_profile(&resolved), || format!("it has a profile: {resolved:?}"))?;
    must(fixture.cloud().release(&class).await, "releasing")
}

pub(super) async fn what_was_prepared_is_deleted_with_the_class(fixture: &dyn Fixture) -> Outcome {
    let [role, other] = fixture.roles();
    let mut class = class_with(fixture, "released", &role);
    let kept = class_with(fixture, "kept", &role);
    prepared(fixture, &kept).await?;
    prepared(fixture, &class).await?;
    class.spec.role = Some(other);
    prepared(fixture, &class).await?;
    must(fixture.cloud().release(&class).await, "releasing")?;
    for role in fixture.roles() {
        class.spec.role = Some(role);
        let resolved = must(fixture.cloud().resolve(&class).await, "resolving")?;
        ensure(lacks_profile(&resolved), || format!("it is there still: {resolved:?}"))?;
    }
    let resolved = must(fixture.cloud().resolve(&kept).await, "resolving")?;
    let is_there = resolved.instance_profile.is_some();
    ensure(is_there, || format!("another class's is gone: {resolved:?}"))?;
    must(fixture.cloud().release(&kept).await, "releasing")
}

pub(super) async fn a_class_with_a_profile_of_its_own_needs_none(fixture: &dyn Fixture) -> Outcome {
    let mut class = class_with(fixture, "own", "no-such-role");
    class.spec.role = None;
    class.spec.instance_profile = Some("of-its-own".to_owned());
    let profile = prepared(fixture, &class).await?;
    ensure(profile == "of-its-own", || profile.clone())?;
    must(fixture.cloud().release(&class).await, "releasing")
}
