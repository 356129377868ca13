//! Clouds, requests, and running what never waits.

use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use api::{AmiStatus, SecurityGroupStatus, SubnetStatus};
use cloud::{Choice, ClaimIdentity, ClientToken, Cloud, LaunchRequest};
use cloud_sim::{Delays, Setup, SimCloud, VirtualClock};
use model::{CapacityType, MicroUsdPerHour};

/// Runs a future of the simulated cloud on a virtual clock, which never waits for anything.
pub(crate) fn now<T>(future: impl Future<Output = T>) -> T {
    let mut future = pin!(future);
    match future.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => value,
        Poll::Pending => panic!("a call on a virtual clock waited"),
    }
}

pub(crate) const TYPES: [(&str, i64); 2] = [("m7i.large", 100_800), ("c7i.xlarge", 178_500)];

/// 2026-11-26T00:00:00Z, in hours since the Unix epoch.
pub(crate) const START: Duration = Duration::from_hours(498_792);

pub(crate) fn delays() -> Delays {
    Delays {
        latency: Duration::from_millis(50),
        visibility: Duration::from_secs(8),
        boot: Duration::from_secs(15),
        shutdown: Duration::from_secs(20),
    }
}

pub(crate) fn setup(seed: u64) -> Setup {
    Setup { seed, delays: delays(), ..Setup::region("test", "us-east-1", &TYPES) }
}

pub(crate) fn sim(setup: Setup) -> (Arc<VirtualClock>, SimCloud) {
    let clock = Arc::new(VirtualClock::new(START));
    (Arc::clone(&clock), SimCloud::new(setup, clock))
}

pub(crate) fn choice(instance_type: &str, zone: &str) -> Choice {
    Choice {
        instance_type: instance_type.into(),
        zone: zone.into(),
        price: MicroUsdPerHour::new(100_000),
    }
}

/// A request on demand for the claim `name`, by a class that `cloud` has resolved.
pub(crate) fn request(cloud: &SimCloud, name: &str) -> LaunchRequest {
    let mut class = setup(0).class(&"default".into());
    let resolved = now(cloud.resolve(&class)).unwrap();
    class.status.instance_profile = Some("nodes".to_owned());
    let subnet = |it: &cloud::Subnet| SubnetStatus {
        id: it.id.clone(),
        zone: it.zone.clone(),
        zone_id: it.zone_id.clone(),
    };
    class.status.subnets = resolved.subnets.iter().map(subnet).collect();
    class.status.subnets.sort_by(|a, b| a.id.cmp(&b.id));
    class.status.security_groups =
        vec![SecurityGroupStatus { id: "sg-1".to_owned(), name: "nodes".to_owned() }];
    class.status.amis = vec![AmiStatus { id: "ami-1".to_owned(), ..AmiStatus::default() }];
    LaunchRequest {
        claim: ClaimIdentity { name: name.into(), uid: name.to_owned(), pool: "default".into() },
        token: ClientToken::new(name, 0),
        node_class: class,
        capacity_type: CapacityType::OnDemand,
        choices: vec![choice("m7i.large", "us-east-1a"), choice("c7i.xlarge", "us-east-1b")],
        labels: std::collections::BTreeMap::new(),
        taints: Vec::new(),
    }
}
