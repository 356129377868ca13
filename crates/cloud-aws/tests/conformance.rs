//! The conformance suite of the port, over real wire bytes.

use cloud::Cloud as _;
use cloud::conformance::run_all;
use model::MicroUsdPerHour;

use crate::policy;
use crate::support::Aws;

#[tokio::test(flavor = "multi_thread")]
async fn every_case_holds_and_each_call_is_in_the_policy() {
    let aws = Aws::start(1).await;
    let failures = run_all(&aws).await;
    assert_eq!(aws.proxy.unknown(), Vec::<String>::new(), "actions that moto does not know");
    assert!(failures.is_empty(), "{failures:#?}");
    aws.cloud.market().await.unwrap();
    policy::check(&aws);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_case_holds_where_machines_are_seen_late_and_end_slowly() {
    let aws = Aws::start(1).await;
    aws.be_late();
    let failures = run_all(&aws).await;
    assert!(failures.is_empty(), "{failures:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_market_is_what_the_services_say() {
    let aws = Aws::start(1).await;
    let name = || "m7i.large".into();
    let zone = || "us-east-1a".into();
    aws.proxy.set_on_demand("m7i.large", "0.1008000000");
    aws.proxy.set_on_demand("m7i.metal-24xl", "5.3222400000");
    aws.proxy.set_spot("m7i.large", "us-east-1a", "0.0421000000");
    // More than one page of each.
    for number in 0..1_200 {
        aws.proxy.set_on_demand(&format!("made-up.{number}"), "1.0000000000");
        aws.proxy.set_spot(&format!("made-up.{number}"), "us-east-1b", "0.5000000000");
    }
    let market = aws.cloud.market().await.unwrap();
    let on_demand = market.on_demand.unwrap();
    assert_eq!(on_demand[&name()], MicroUsdPerHour::new(100_800));
    assert_eq!(on_demand["m7i.metal-24xl"], MicroUsdPerHour::new(5_322_240));
    assert_eq!(on_demand.len(), 1_202);
    let spot = market.spot.unwrap();
    assert_eq!(spot[&(name(), zone())], MicroUsdPerHour::new(42_100));
    assert_eq!(spot.len(), 1_201);
    assert!(market.offered.unwrap().contains(&(name(), zone())));
    assert!(market.types.unwrap().len() > 1_000);
    assert!(market.zones.unwrap().contains_key(&zone()));
}
