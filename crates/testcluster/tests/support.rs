//! What these tests share: a cloud that is a list, and errors with their causes.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;

pub(crate) use testcluster::OrStop;
use testcluster::kubelets::{Instances, Machine};
use testcluster::{Options, Result, TestCluster};

/// Far more than anything here takes on idle cores, as cores may be shared with builds.
pub(crate) const SOON: Duration = Duration::from_mins(5);

pub(crate) async fn cluster() -> TestCluster {
    TestCluster::start(Options::default()).await.or_stop()
}

/// A cloud whose machines are the test's to add and remove.
#[derive(Clone, Debug, Default)]
pub(crate) struct Machines(Arc<Mutex<Vec<Machine>>>);

impl Machines {
    pub(crate) fn add(&self, name: &str, instance_type: &str) {
        self.0.lock().expect("no holder panics").push(Machine {
            id: format!("i-{name}"),
            node_name: name.to_owned(),
            instance_type: instance_type.to_owned(),
            zone: "eu-west-1b".to_owned(),
            architecture: "arm64".to_owned(),
            is_spot: false,
            tags: BTreeMap::new(),
            user_data: None,
        });
    }

    pub(crate) fn remove(&self, name: &str) {
        self.0.lock().expect("no holder panics").retain(|machine| machine.node_name != name);
    }
}

impl Instances for Machines {
    async fn running(&self, _known: &BTreeSet<String>) -> Result<Vec<Machine>> {
        Ok(self.0.lock().expect("no holder panics").clone())
    }
}
