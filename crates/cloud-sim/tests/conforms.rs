//! The conformance suite of the port, with and without delays.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use cloud::conformance::{ALL, Fixture};
use cloud::{Choice, Cloud, InterruptionQueue};
use cloud_sim::{Clock as _, Delays, Setup, SimCloud, VirtualClock};
use interruption::ScheduledEvent;
use model::{CapacityType, InstanceId};

use crate::support::{choice, delays, now, setup, sim};

struct Sim {
    clock: Arc<VirtualClock>,
    cloud: SimCloud,
    setup: Setup,
}

#[async_trait]
impl Fixture for Sim {
    fn cloud(&self) -> &dyn Cloud {
        &self.cloud
    }

    fn class(&self) -> api::Ec2NodeClass {
        self.setup.class(&"conformance".into())
    }

    fn class_without_subnets(&self) -> api::Ec2NodeClass {
        let mut class = self.class();
        class.spec.subnet_selector_terms[0].id = Some("subnet-nowhere".to_owned());
        class
    }

    fn roles(&self) -> [String; 2] {
        ["node", "other-node"].map(str::to_owned)
    }

    fn choices(&self) -> Vec<Choice> {
        vec![choice("m7i.large", "us-east-1a"), choice("c7i.xlarge", "us-east-1b")]
    }

    async fn empty(&self, choice: &Choice, capacity_type: CapacityType) {
        self.cloud.empty(capacity_type, &choice.instance_type, &choice.zone);
    }

    fn queue(&self) -> &dyn InterruptionQueue {
        &self.cloud
    }

    async fn send(&self, body: &str) {
        self.cloud.send(body);
    }

    async fn impair(&self, id: &InstanceId) {
        self.cloud.impair(id, true);
    }

    async fn plan(&self, id: &InstanceId, code: &str) {
        let (code, description) = (code.to_owned(), "planned".to_owned());
        self.cloud.plan(id, ScheduledEvent { code, description, not_before: None });
    }

    async fn refill(&self) {
        self.cloud.refill();
    }

    async fn wait(&self) {
        self.clock.sleep(Duration::from_secs(1)).await;
    }
}

#[test]
fn every_case_holds() {
    for delays in [Delays::default(), delays()] {
        let setup = Setup { delays, ..setup(1) };
        let (clock, cloud) = sim(setup.clone());
        let fixture = Sim { clock, cloud, setup };
        for case in ALL {
            let outcome = now((case.run)(&fixture));
            assert_eq!(outcome, Ok(()), "{case:?} with {delays:?}");
        }
        assert!(fixture.cloud.leftovers().instances.is_empty());
    }
}

#[test]
fn cases_have_names_of_their_own() {
    let mut names: Vec<&str> = ALL.iter().map(|case| case.name).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), ALL.len());
}
