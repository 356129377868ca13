//! The simulated cloud on the real clock, as a source of machines for kubelets.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use async_trait::async_trait;
use cloud::InstanceState;
use cloud_sim::{Clock, SimCloud};
use testcluster::kubelets::{Instances, Machine};

#[derive(Debug)]
pub(crate) struct RealClock;

#[async_trait]
impl Clock for RealClock {
    #[expect(
        clippy::disallowed_methods,
        reason = "the kubelets and the controller live on this clock"
    )]
    fn now(&self) -> Duration {
        SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap()
    }

    async fn sleep(&self, duration: Duration) {
        tokio::time::sleep(duration).await;
    }
}

/// What runs in a simulated cloud.
pub(crate) struct Running(pub(crate) Arc<SimCloud>);

impl Instances for Running {
    async fn running(&self, _: &BTreeSet<String>) -> testcluster::Result<Vec<Machine>> {
        let all = self.0.all();
        let running = all.into_iter().filter(|one| one.state == InstanceState::Running);
        Ok(running
            .map(|one| Machine {
                id: one.id.to_string(),
                node_name: format!("node-{}", one.id),
                instance_type: one.instance_type.to_string(),
                zone: one.zone.to_string(),
                architecture: "amd64".to_owned(),
                is_spot: one.capacity_type == model::CapacityType::Spot,
                tags: one.tags,
                user_data: None,
            })
            .collect())
    }
}
