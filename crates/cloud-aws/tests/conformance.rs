//! The conformance suite of the port, over real wire bytes.

use cloud::Cloud as _;
use cloud::conformance::run_all;
use model::MicroUsdPerHour;

use crate::support::Aws;

#[tokio::test(flavor = "multi_thread")]
async fn every_case_holds() {
    let aws = Aws::start(1).await;
    let failures = run_all(&aws).await;
    assert_eq!(aws.proxy.unknown(), Vec::<String>::new(), "actions that moto does not know");
    assert!(failures.is_empty(), "{failures:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_market_is_what_the_services_say() {
    let aws = Aws::start(1).await;
    let market = aws.cloud.market().await.unwrap();
    let name = || "m7i.large".into();
    let zone = || "us-east-1a".into();
    assert_eq!(market.on_demand.unwrap()[&name()], MicroUsdPerHour::new(100_800));
    assert_eq!(market.spot.unwrap()[&(name(), zone())], MicroUsdPerHour::new(42_100));
    assert!(market.offered.unwrap().contains(&(name(), zone())));
    assert!(market.types.unwrap().len() > 1_000);
    assert!(market.zones.unwrap().contains_key(&zone()));
}
