//! `--interruption-queue` on a queue of SQS: what EventBridge sends is heard, acted on, and deleted.

use serde_json::json;
use testcluster::wait::until;
use testcluster::workloads::{self, PodShape};

use crate::process::get;
use crate::world::{OrStop as _, SOON, World};

const QUEUE: &str = "interruptions";
const APP: &str = "web";

/// What EC2 says two minutes before it takes a spot machine back.
fn warning(instance: &str) -> String {
    json!({
        "version": "0", "source": "aws.ec2", "time": "2026-11-26T00:00:00Z",
        "detail-type": "EC2 Spot Instance Interruption Warning",
        "detail": {"instance-id": instance, "instance-action": "terminate"},
    })
    .to_string()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_spot_warning_on_the_queue_replaces_the_machine_before_it_is_drained() {
    let world = World::start().await;
    let missing = world.controller(&["--interruption-queue=nowhere"]);
    let (status, text) = missing.ends().await;
    assert!(!status.success() && text.contains("--interruption-queue"), "{status}: {text}");

    let queue = world.account.queue(QUEUE).await.or_stop();
    let running = world.controller(&[&format!("--interruption-queue={QUEUE}")]);
    world.pool("spot", "spot", "amd64").await;
    let shape = PodShape::requesting(&[("cpu", "1")]);
    workloads::create(&world.client, &workloads::deployment(APP, 2, &shape)).await.or_stop();
    workloads::running(&world.client, APP, 2, SOON).await.or_stop();
    let before = world.machines().await;
    let lost = &before[0];
    assert!(lost.is_spot, "{lost:?}");

    // Twice, as SQS may; among what is not for us.
    let bodies =
        [&warning("i-0fffffffffffffff0"), "no event", &warning(&lost.id), &warning(&lost.id)];
    for body in bodies {
        queue.send(body).await.or_stop();
    }
    until("the machine is gone", SOON, async || {
        let left = world.machines().await;
        Ok::<_, String>((!left.iter().any(|one| one.id == lost.id)).then_some(()))
    })
    .await
    .or_stop();
    workloads::running(&world.client, APP, 2, SOON).await.or_stop();
    until("all messages are deleted", SOON, async || match queue.length().await {
        Ok(0) => Ok(Some(())),
        Ok(left) => Err(format!("{left} are left")),
        Err(error) => Err(error.chain()),
    })
    .await
    .or_stop();
    let metrics = get(running.address("metrics").unwrap(), "/metrics").await.unwrap();
    for (name, least) in [
        ("karpenter_interruption_received_messages_total{message_type=\"spot_interrupted\"}", 3),
        ("karpenter_interruption_deleted_messages_total", 4),
    ] {
        let line = metrics.lines().find(|line| line.starts_with(name));
        let value = line.and_then(|line| line.rsplit_once(' ')?.1.parse::<usize>().ok());
        assert!(value >= Some(least), "{name}: {value:?} in {metrics}");
    }
    running.stop().await;
    let log = world.check_logs();
    let places = |message: &str| {
        let found = log.iter().enumerate().filter(|(_, line)| line["message"] == message);
        found.map(|(place, _)| place).collect::<Vec<_>>()
    };
    let (launched, evicted) = (places("launched nodeclaim"), places("asked for eviction"));
    assert_eq!(launched.len(), before.len() + 1, "replaced once");
    assert!(launched.last() < evicted.first(), "evicted before its successor was launched");
}
