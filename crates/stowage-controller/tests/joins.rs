//! A kubelet that never joins: its claim and its machine go, its pool is told, and another is tried.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use testcluster::kubelets::Settings;
use testcluster::wait::until;
use testcluster::workloads::{self, PodShape};

use crate::world::{OrStop as _, SOON, World, node};

/// Machines that never join, the first ones.
const DEAD: usize = 2;

#[tokio::test(flavor = "multi_thread")]
async fn machines_that_never_join_are_replaced_one_by_one_and_the_pool_is_told() {
    let met = AtomicUsize::new(0);
    let never_joins = Arc::new(move |_: &_| met.fetch_add(1, Ordering::Relaxed) < DEAD);
    let world = World::start_with(Settings { never_joins, ..Settings::prompt(node) }).await;
    world.pool("general", "on-demand", "amd64").await;
    let shape = PodShape::requesting(&[("cpu", "1")]);
    workloads::create(&world.client, &workloads::deployment("web", 1, &shape)).await.or_stop();
    let running = world.controller(&["--registration-ttl=8s"]);
    workloads::running(&world.client, "web", 1, SOON).await.or_stop();
    let health = until("the pool says that its nodes do not join", SOON, async || {
        let pool = world.custom("NodePool").get("general").await?;
        let conditions = pool.data["status"]["conditions"].as_array().cloned().unwrap_or_default();
        let mut conditions = conditions.into_iter();
        let health = conditions.find(|one| one["type"] == "NodeRegistrationHealthy");
        Ok::<_, kube::Error>(health.filter(|health| health["status"] == "False"))
    });
    let health = health.await.or_stop();
    assert_eq!(health["reason"], "RegistrationFailed", "{health}");
    // It tells, and stops nothing: the pool goes on to be ready.
    world.until_count("NodeClaim", 1).await;
    world.agrees().await;
    assert_eq!(world.launches().await.len(), DEAD + 1, "no more than were needed");
    workloads::scale(&world.client, "web", 0).await.or_stop();
    world.nothing_is_left_after_all_is_deleted().await;
    running.stop().await;
    let log = world.check_logs();
    let timeouts = log.iter().filter(|line| line["reason"] == "registration_timeout");
    assert_eq!(timeouts.count(), DEAD);
}
