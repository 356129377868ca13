//! Pods land where they were planned.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use controller::Config;
use kube::api::DynamicObject;
use testcluster::kubelets::Settings;
use testcluster::workloads::{self, PodShape};

use crate::world::{OrStop as _, World, config, get, node};

/// From the creation of a thousand pods until all run, on two cores that builds may share.
const WITHIN: Duration = Duration::from_mins(6);
const DEPLOYMENTS: u32 = 10;
const PODS_EACH: u32 = 100;

/// Nodes that register and become ready late, one after another.
fn late() -> Settings {
    Settings {
        seed: 7,
        register_after: Duration::from_secs(1)..=Duration::from_secs(10),
        ready_after: Duration::from_secs(5)..=Duration::from_secs(30),
        ready_spacing: Duration::from_millis(100),
        ..Settings::prompt(node)
    }
}

/// What became of the pods of one run.
struct Outcome {
    pods: usize,
    /// On a node of the first plan, and not on the one that was meant: they took room that the plan left
    /// on a node which was ready before theirs, or a seat that such a pod gave up.
    moved: usize,
    /// On no node of the first plan: their seats were taken, and a node was bought for them later.
    left_over: usize,
}

async fn run(config: Config) -> Outcome {
    let world = World::start_with(late()).await;
    world.pool("general").await;
    let running = world.controller(config).await;
    world.until_ready("NodePool", "general").await;
    for number in 0..DEPLOYMENTS {
        let cpu = format!("{}m", 150 + 130 * number);
        let memory = format!("{}Mi", 256 + 340 * ((number * 7) % DEPLOYMENTS));
        let shape = PodShape::requesting(&[("cpu", &cpu), ("memory", &memory)]);
        let deployment = workloads::deployment(&format!("app-{number}"), PODS_EACH, &shape);
        workloads::create(&world.client, &deployment).await.or_stop();
    }
    let mut pods = Vec::new();
    for number in 0..DEPLOYMENTS {
        let app = format!("app-{number}");
        let running = workloads::running(&world.client, &app, PODS_EACH as usize, WITHIN);
        pods.extend(running.await.or_stop());
    }
    let (planned, first) = planned(&world).await;
    let mut outcome = Outcome { pods: pods.len(), moved: 0, left_over: 0 };
    for pod in &pods {
        let uid = pod.metadata.uid.as_deref().unwrap_or_default();
        let (wanted, got) = (planned.get(uid), workloads::node_of(pod).unwrap_or_default());
        if !first.contains(got) {
            outcome.left_over += 1;
        } else if wanted.map(String::as_str) != Some(got) {
            outcome.moved += 1;
        }
    }
    for line in get(running.metrics, "/metrics").await.lines() {
        if line.starts_with("stowage_event_to_launch_seconds") {
            println!("{line}");
        }
    }
    println!("{} nodes, {} writes of nominations", world.list("Node").await.len(), {
        let name = r#"stowage_kube_requests_total{step="nominate",outcome="written"}"#;
        world.metric(&running, name).await.unwrap_or(0.0)
    });
    running.stop().await;
    outcome
}

/// The Node that each pod was planned on first, by UID; and the Nodes of that plan. Claims of one plan are
/// created within a few seconds.
async fn planned(world: &World) -> (BTreeMap<String, String>, BTreeSet<String>) {
    let claims = world.list("NodeClaim").await;
    let created = |claim: &DynamicObject| claim.metadata.creation_timestamp.clone().unwrap().0;
    let first = claims.iter().map(created).min().unwrap();
    let (mut planned, mut nodes) = (BTreeMap::new(), BTreeSet::new());
    for claim in &claims {
        if created(claim).duration_since(first).as_secs() > 20 {
            continue;
        }
        let annotations = claim.metadata.annotations.clone().unwrap_or_default();
        let uids = annotations.get("stowage.sh/planned-pods").cloned().unwrap_or_default();
        let uids: Vec<String> = serde_json::from_str(&uids).unwrap_or_default();
        let node = claim.data["status"]["nodeName"].as_str().unwrap_or_default().to_owned();
        planned.extend(uids.into_iter().map(|uid| (uid, node.clone())));
        nodes.insert(node);
    }
    (planned, nodes)
}

fn say(outcome: &Outcome) {
    let Outcome { pods, moved, left_over } = outcome;
    println!("{pods} pods: {moved} on another planned node, {left_over} on no planned node");
}

/// What holds so far: at least 99.5 % on planned nodes, 95 % on the very one. The aim is 99.9 %.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "takes three minutes, and its aim is not reached yet: run it by name"]
async fn a_thousand_pods_fit_the_nodes_planned_for_them_though_these_are_ready_one_by_one() {
    let outcome = run(config("one")).await;
    say(&outcome);
    assert!(outcome.left_over * 200 <= outcome.pods, "{} left over", outcome.left_over);
    assert!(outcome.moved * 20 <= outcome.pods, "{} moved", outcome.moved);
}

/// The share without the hand-over, beside it; by name only, as it proves nothing about us.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "a figure to compare with: run it by name"]
async fn the_share_without_nominations() {
    let mut config = config("one");
    config.nominate = false;
    say(&run(config).await);
}
