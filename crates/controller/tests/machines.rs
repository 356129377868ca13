//! Sources of machines for kubelets: the simulated cloud on the real clock, and what claims say of one that is
//! elsewhere.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use async_trait::async_trait;
use cloud::InstanceState;
use cloud_sim::{Clock, SimCloud};
use kube::api::{ApiResource, DynamicObject, GroupVersionKind, ListParams};
use kube::{Api, Client};
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

/// The tag under which kubelets are told which image a machine was started from.
pub(crate) const IMAGE_TAG: &str = "image-id";

fn with_image(mut tags: BTreeMap<String, String>, image: String) -> BTreeMap<String, String> {
    tags.insert(IMAGE_TAG.to_owned(), image);
    tags
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
                tags: with_image(one.tags, one.image_id),
                user_data: None,
            })
            .collect())
    }
}

/// Machines as claims name them once they are launched.
pub(crate) struct Claimed(pub(crate) Client);

impl Instances for Claimed {
    async fn running(&self, _: &BTreeSet<String>) -> testcluster::Result<Vec<Machine>> {
        let kind = GroupVersionKind::gvk("karpenter.sh", "v1", "NodeClaim");
        let claims: Api<DynamicObject> =
            Api::all_with(self.0.clone(), &ApiResource::from_gvk(&kind));
        let found = claims.list(&ListParams::default()).await;
        let found = found.map_err(|error| testcluster::Error::Answer {
            doing: "listing claims".to_owned(),
            answer: error.to_string(),
        })?;
        Ok(found.items.into_iter().filter_map(machine).collect())
    }
}

fn machine(claim: DynamicObject) -> Option<Machine> {
    let provider = claim.data["status"]["providerID"].as_str()?;
    let (_, id) = provider.rsplit_once('/')?;
    let labels = claim.metadata.labels?;
    let label = |key: &str| labels.get(key).cloned().unwrap_or_default();
    Some(Machine {
        id: id.to_owned(),
        node_name: format!("node-{id}"),
        instance_type: label("node.kubernetes.io/instance-type"),
        zone: label("topology.kubernetes.io/zone"),
        architecture: "amd64".to_owned(),
        is_spot: label("karpenter.sh/capacity-type") == "spot",
        tags: std::collections::BTreeMap::new(),
        user_data: None,
    })
}
