//! Machines that are taken back: replaced before they are drained, once, with budgets respected.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use cloud::InstanceState;
use cloud_sim::{QueueHabits, SimCloud};
use controller::CrashPoint;
use futures::TryStreamExt as _;
use k8s_openapi::api::core::v1::{Event, Pod};
use k8s_openapi::api::policy::v1::PodDisruptionBudget;
use kube::api::ListParams;
use kube::runtime::{WatchStreamExt as _, watcher};
use kube::{Api, Client};
use model::InstanceId;
use serde_json::json;
use testcluster::kubelets::Settings;
use testcluster::wait::until;
use testcluster::workloads::{self, PodShape};
use tokio::task::JoinHandle;

use crate::world::{OrStop as _, SOON, World, config, get, node};

const PODS: usize = 20;
/// Nine in ten of them.
const PODS_MIN: usize = 18;

/// A pool of one type, spot before on demand, whose nodes nothing but an interruption ends.
async fn spot_pool(world: &World) {
    world.pool("spot").await;
    let change = json!({"spec": {
        "disruption": {"consolidateAfter": "Never", "budgets": [{"nodes": "0"}]},
        "template": {"spec": {"requirements": [
            {"key": "karpenter.sh/capacity-type", "operator": "In", "values": ["spot", "on-demand"]},
            {"key": "node.kubernetes.io/instance-type", "operator": "In", "values": ["m6i.xlarge"]},
        ]}},
    }});
    let (params, patch) = (kube::api::PatchParams::default(), kube::api::Patch::Merge(&change));
    world.custom("NodePool").patch("spot", &params, &patch).await.unwrap();
    world.until_ready("NodePool", "spot").await;
}

/// What a watch of a workload's pods has seen.
#[derive(Debug, Default)]
struct Seen {
    /// Whether each pod is ready and not ending, by UID.
    pods: BTreeMap<String, bool>,
    /// The fewest that were, since there were enough.
    fewest: Option<usize>,
    /// UIDs of pods that were told to end, and how many machines had been launched at the first.
    ended: BTreeSet<String>,
    launched_at_first: Option<usize>,
}

/// Watches the pods of the workload `app`, in the order in which the API server has changes.
fn watch_pods(
    client: &Client,
    app: &str,
    cloud: &Arc<SimCloud>,
) -> (Arc<Mutex<Seen>>, JoinHandle<()>) {
    let seen = Arc::new(Mutex::new(Seen::default()));
    let (told, cloud) = (Arc::clone(&seen), Arc::clone(cloud));
    let api: Api<Pod> = Api::namespaced(client.clone(), workloads::NAMESPACE);
    let which = watcher::Config::default().labels(&format!("{}={app}", workloads::APP_LABEL));
    let task = tokio::spawn(async move {
        let events = watcher(api, which).default_backoff().try_for_each(|event| {
            see(&mut told.lock().unwrap(), event, &cloud);
            std::future::ready(Ok(()))
        });
        events.await.unwrap();
    });
    (seen, task)
}

fn see(seen: &mut Seen, event: watcher::Event<Pod>, cloud: &SimCloud) {
    match event {
        watcher::Event::Apply(pod) | watcher::Event::InitApply(pod) => {
            let uid = pod.metadata.uid.clone().unwrap_or_default();
            let ends = pod.metadata.deletion_timestamp.is_some();
            if ends && seen.ended.insert(uid.clone()) {
                seen.launched_at_first.get_or_insert_with(|| cloud.all().len());
            }
            let conditions = pod.status.and_then(|status| status.conditions).unwrap_or_default();
            let ready = conditions.iter().any(|one| one.type_ == "Ready" && one.status == "True");
            seen.pods.insert(uid, ready && !ends);
        }
        watcher::Event::Delete(pod) => {
            seen.pods.remove(&pod.metadata.uid.unwrap_or_default());
        }
        watcher::Event::Init | watcher::Event::InitDone => return,
    }
    let healthy = seen.pods.values().filter(|healthy| **healthy).count();
    if healthy >= PODS || seen.fewest.is_some() {
        seen.fewest = Some(seen.fewest.unwrap_or(healthy).min(healthy));
    }
}

fn warning(id: &InstanceId) -> String {
    json!({
        "version": "0", "source": "aws.ec2", "time": "2026-11-26T00:00:00Z",
        "detail-type": "EC2 Spot Instance Interruption Warning",
        "detail": {"instance-id": id.as_str(), "instance-action": "terminate"},
    })
    .to_string()
}

async fn until_queue_is_empty(world: &World) {
    until("all messages are deleted", SOON, async || {
        let left = world.cloud.queued();
        if left == 0 { Ok(Some(())) } else { Err(format!("{left} are left")) }
    })
    .await
    .or_stop();
}

#[tokio::test(flavor = "multi_thread")]
async fn half_of_the_spot_machines_are_replaced_before_their_pods_are_evicted() {
    let world = World::start().await;
    let running = world.controller(config("one")).await;
    spot_pool(&world).await;
    let shape = PodShape::requesting(&[("cpu", "1")]);
    let pods = u32::try_from(PODS).unwrap();
    workloads::create(&world.client, &workloads::deployment("web", pods, &shape)).await.or_stop();
    workloads::running(&world.client, "web", PODS, SOON).await.or_stop();
    let budget: PodDisruptionBudget = serde_json::from_value(json!({
        "metadata": {"name": "web", "namespace": workloads::NAMESPACE},
        "spec": {"minAvailable": "90%", "selector": {"matchLabels": {"app": "web"}}},
    }))
    .unwrap();
    workloads::create(&world.client, &budget).await.or_stop();
    let (seen, watching) = watch_pods(&world.client, "web", &world.cloud);
    until("the watch has seen all pods", SOON, async || {
        Ok::<_, String>(seen.lock().unwrap().fewest)
    })
    .await
    .or_stop();

    let before = world.cloud.all();
    let gone = before.len().div_ceil(2);
    let taken: Vec<InstanceId> = before.iter().take(gone).map(|one| one.id.clone()).collect();
    let displaced = pods_on(&world, &taken).await;
    for id in &taken {
        world.cloud.interrupt(id);
        world.cloud.send(&warning(id));
    }
    for body in [&warning(&"i-0fffffffffffffff0".into()), "no event", "{}"] {
        world.cloud.send(body);
    }
    let sent = 2 * gone + 3;
    until("the machines that were taken are gone", SOON, async || {
        let all = world.cloud.all();
        let left = all.iter().filter(|one| taken.contains(&one.id) && !one.state.is_ending());
        let left = left.count();
        if left == 0 { Ok(Some(())) } else { Err(format!("{left} of {gone} are left")) }
    })
    .await
    .or_stop();
    workloads::running(&world.client, "web", PODS, SOON).await.or_stop();
    until_queue_is_empty(&world).await;

    let needed = displaced.div_ceil(3);
    {
        let seen = seen.lock().unwrap();
        println!("{gone} of {} machines taken, {displaced} pods displaced: {seen:?}", before.len());
        assert_eq!(seen.launched_at_first, Some(before.len() + needed), "evicted before launched");
        assert!(seen.fewest >= Some(PODS_MIN), "the budget was broken: {:?}", seen.fewest);
        assert_eq!(seen.ended.len(), displaced, "pods of other nodes were evicted");
    }
    let new: Vec<_> = world.cloud.all().split_off(before.len());
    assert_eq!(new.len(), needed, "launched twice");
    // What is short is not asked for again.
    let zones: BTreeSet<_> = before.iter().take(gone).map(|one| one.zone.clone()).collect();
    let again = new
        .iter()
        .filter(|one| one.capacity_type == model::CapacityType::Spot && zones.contains(&one.zone));
    assert_eq!(again.count(), 0, "bought where capacity is short");
    told(&world, &running, gone, sent).await;

    // Late: their claims are gone.
    world.until_count("NodeClaim", before.len() - gone + needed).await;
    world.cloud.send(&warning(&taken[0]));
    until_queue_is_empty(&world).await;
    assert_eq!(world.cloud.all().len(), before.len() + needed);
    running.stop().await;
    watching.abort();
}

/// How many pods run on Nodes of these machines.
async fn pods_on(world: &World, machines: &[InstanceId]) -> usize {
    let pods = workloads::pods(&world.client, "web").await.or_stop();
    let nodes: BTreeSet<String> = machines.iter().map(|id| format!("node-{id}")).collect();
    pods.iter().filter(|pod| workloads::node_of(pod).is_some_and(|on| nodes.contains(on))).count()
}

/// What people and dashboards are told.
async fn told(world: &World, running: &crate::world::Running, gone: usize, sent: usize) {
    let text = get(running.metrics, "/metrics").await;
    let sum = |start: &str| -> usize {
        let lines = text.lines().filter(|line| line.starts_with(start));
        let values = lines.filter_map(|line| line.rsplit_once(' ')?.1.parse::<usize>().ok());
        values.sum()
    };
    let received = "karpenter_interruption_received_messages_total";
    let of = |kind: &str| sum(&format!("{received}{{message_type=\"{kind}\"}}"));
    // A message that is handled late comes again.
    assert!(of("spot_interrupted") > 2 * gone && of("unreadable") >= 2, "{text}");
    assert!(sum("karpenter_interruption_deleted_messages_total") >= sent, "{text}");
    assert!(sum("karpenter_interruption_message_queue_duration_seconds_count") >= sent, "{text}");
    assert_eq!(sum("karpenter_nodeclaims_disrupted_total{reason=\"spot_interrupted\""), gone);
    let events: Api<Event> = Api::namespaced(world.client.clone(), "default");
    let events = events.list(&ListParams::default()).await.unwrap().items;
    for reason in ["SpotInterrupted", "TerminatingOnInterruption"] {
        for kind in ["NodeClaim", "Node"] {
            let about = |event: &&Event| {
                event.reason.as_deref() == Some(reason)
                    && event.involved_object.kind.as_deref() == Some(kind)
                    && event.type_.as_deref() == Some("Warning")
            };
            assert_eq!(events.iter().filter(about).count(), gone, "{reason} of {kind}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_controller_that_ends_hard_while_a_machine_is_taken_replaces_it_once() {
    // A message that was received and not deleted comes again to the next life.
    let habits = QueueHabits { visibility: Duration::from_secs(1), ..QueueHabits::default() };
    let world = World::start_hearing(Settings::prompt(node), habits).await;
    let mut last = config("first");
    last.election = None;
    let running = world.controller(last.clone()).await;
    spot_pool(&world).await;
    let shape = PodShape::requesting(&[("cpu", "3")]);
    workloads::create(&world.client, &workloads::deployment("web", 2, &shape)).await.or_stop();
    workloads::running(&world.client, "web", 2, SOON).await.or_stop();
    running.stop().await;
    let before = world.cloud.all();
    assert_eq!(before.len(), 2);
    world.cloud.interrupt(&before[0].id);
    let mut ends = 0;
    for request in 0.. {
        let first = world.ends_hard(CrashPoint::Before(request)).await;
        let second = world.ends_hard(CrashPoint::After(request)).await;
        ends += u32::from(first) + u32::from(second);
        if !first && !second {
            break;
        }
    }
    assert!(ends >= 6, "only {ends} lives ended hard");
    let running = world.controller(last).await;
    until("the machine is gone", SOON, async || {
        let all = world.cloud.all();
        Ok::<_, String>((all[0].state == InstanceState::Terminated).then_some(()))
    })
    .await
    .or_stop();
    workloads::running(&world.client, "web", 2, SOON).await.or_stop();
    until_queue_is_empty(&world).await;
    world.until_count("NodeClaim", 2).await;
    running.stop().await;
    assert_eq!(world.cloud.all().len(), 3, "launched twice");
    assert_eq!(world.machines(), 2);
}
