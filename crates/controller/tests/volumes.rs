//! A Node that ends waits until its volumes are detached.

use k8s_openapi::api::storage::v1::VolumeAttachment;
use kube::Api;
use kube::api::{DeleteParams, DynamicObject, PostParams};
use serde_json::json;
use testcluster::wait::until;
use testcluster::workloads::{self, PodShape};

use crate::world::{OrStop as _, SOON, World, config};

/// Status of a claim's condition.
fn condition(claim: &DynamicObject, kind: &str) -> String {
    let conditions = claim.data["status"]["conditions"].as_array().cloned().unwrap_or_default();
    let found = conditions.into_iter().find(|one| one["type"] == kind).unwrap_or_default();
    found["status"].as_str().unwrap_or_default().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_instance_ends_after_the_volumes_of_its_node_are_detached() {
    let world = World::start().await;
    world.pool("general").await;
    let running = world.controller(config("one")).await;
    let shape = PodShape::requesting(&[("cpu", "1")]);
    workloads::create(&world.client, &workloads::deployment("web", 1, &shape)).await.or_stop();
    let pods = workloads::running(&world.client, "web", 1, SOON).await.or_stop();
    let node = workloads::node_of(&pods[0]).unwrap();
    let attachment: VolumeAttachment = serde_json::from_value(json!({
        "metadata": { "name": "a" },
        "spec": {
            "attacher": "test.example.com", "nodeName": node,
            "source": { "persistentVolumeName": "pv-web" },
        },
    }))
    .unwrap();
    let attachments: Api<VolumeAttachment> = Api::all(world.client.clone());
    attachments.create(&PostParams::default(), &attachment).await.unwrap();

    let claims = world.custom("NodeClaim");
    let claim = world.list("NodeClaim").await.remove(0).metadata.name.unwrap();
    claims.delete(&claim, &DeleteParams::default()).await.unwrap();
    until("the claim waits for its volume", SOON, async || {
        let claim = claims.get(&claim).await?;
        let waits = condition(&claim, "VolumesDetached") == "Unknown";
        assert_ne!(condition(&claim, "InstanceTerminating"), "True", "its volume is attached");
        Ok::<_, kube::Error>(waits.then_some(()))
    })
    .await
    .or_stop();
    assert_eq!(condition(&claims.get(&claim).await.unwrap(), "Drained"), "True");

    attachments.delete("a", &DeleteParams::default()).await.unwrap();
    until("the claim is gone", SOON, async || {
        Ok::<_, kube::Error>(claims.get_opt(&claim).await?.is_none().then_some(()))
    })
    .await
    .or_stop();
    running.stop().await;
}
