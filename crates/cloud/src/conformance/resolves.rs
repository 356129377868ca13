//! What the cloud is, and what a class stands for in it.

use super::support::{ensure, must};
use super::{Fixture, Outcome};

pub(super) async fn a_working_cloud_says_so(fixture: &dyn Fixture) -> Outcome {
    must(fixture.cloud().check().await, "checking")
}

pub(super) async fn a_class_is_resolved_to_what_it_selects(fixture: &dyn Fixture) -> Outcome {
    let resolved = must(fixture.cloud().resolve(&fixture.class()).await, "resolving")?;
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
