//! What the loop promises as a whole: a fleet of hundreds of pods that shrinks, and everything at once.
//!
//! Tests begin in the order of their names, and these take longest: what began last would run alone.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use controller::CrashPoint;
use k8s_openapi::api::core::v1::Pod;
use kube::Api;
use kube::api::ListParams;
use model::InstanceId;
use serde_json::json;
use testcluster::wait::until;
use testcluster::workloads::{self, PodShape};
use tokio::sync::oneshot::error::TryRecvError;

use crate::consolidation::{ENDS, bill, marks, price};
use crate::drift::{publish, started_from};
use crate::world::{LONG, OrStop as _, World, config};

/// Applications and what each of their pods asks for, in thousandths of a core.
const APPS: [(&str, i64); 3] = [("small", 400), ("medium", 900), ("large", 1900)];

/// How many pods of each application there are first, stay, and may be away.
const BEFORE: u32 = 100;
const AFTER: u32 = 40;
const AWAY: u32 = 4;

/// Starts the applications, with so many pods each.
async fn start(world: &World, pods: u32) {
    for (app, cpu) in APPS {
        let shape = PodShape::requesting(&[("cpu", &format!("{cpu}m")), ("memory", "256Mi")]);
        workloads::create(&world.client, &workloads::deployment(app, pods, &shape)).await.or_stop();
    }
    run(world, pods).await;
}

/// Waits until exactly so many pods of each application are there and run.
async fn run(world: &World, pods: u32) {
    for (app, _) in APPS {
        let pods = usize::try_from(pods).unwrap();
        workloads::running(&world.client, app, pods, LONG).await.or_stop();
    }
}

async fn scale(world: &World, pods: u32) {
    for (app, _) in APPS {
        workloads::scale(&world.client, app, pods).await.or_stop();
    }
    run(world, pods).await;
}

/// Pods that are ready, by application.
async fn ready(world: &World) -> Result<BTreeMap<String, usize>, kube::Error> {
    let pods: Api<Pod> = Api::namespaced(world.client.clone(), workloads::NAMESPACE);
    let mut ready = BTreeMap::new();
    for pod in pods.list(&ListParams::default()).await? {
        let conditions = pod.status.and_then(|status| status.conditions).unwrap_or_default();
        let is_ready = conditions.iter().any(|one| one.type_ == "Ready" && one.status == "True");
        let app = pod.metadata.labels.unwrap_or_default().remove(workloads::APP_LABEL);
        *ready.entry(app.unwrap_or_default()).or_default() += usize::from(is_ready);
    }
    Ok(ready)
}

/// Looks at the pods all the time, until it is asked what it saw.
struct Watch {
    stop: tokio::sync::oneshot::Sender<()>,
    seen: tokio::task::JoinHandle<Seen>,
}

/// What was seen of each application.
#[derive(Debug, Default)]
struct Seen {
    looks: usize,
    /// The fewest of its pods that were ready, with those that a machine took along that was taken back.
    fewest: BTreeMap<String, usize>,
    /// Pods that were still on a machine when AWS ended it.
    lost: BTreeMap<String, usize>,
}

impl Watch {
    /// Watches; `interrupted` are machines that AWS takes back in two minutes, whoever is on them then.
    fn start(world: &World, interrupted: BTreeSet<InstanceId>) -> Self {
        let (client, cloud) = (world.client.clone(), Arc::clone(&world.cloud));
        let (stop, mut stopped) = tokio::sync::oneshot::channel();
        let seen = tokio::spawn(async move {
            let mut seen = Seen::default();
            let mut on_them: BTreeMap<InstanceId, Vec<String>> = BTreeMap::new();
            let mut every = tokio::time::interval(Duration::from_millis(200));
            while stopped.try_recv() == Err(TryRecvError::Empty) {
                every.tick().await;
                let Ok(pods) = standing(&client).await else { continue };
                for machine in cloud.all().iter().filter(|one| interrupted.contains(&one.id)) {
                    let node = machine.private_dns_name.as_deref();
                    let here = pods.iter().filter(|pod| Some(pod.node.as_str()) == node);
                    if machine.state.exists() {
                        on_them
                            .insert(machine.id.clone(), here.map(|pod| pod.app.clone()).collect());
                    } else {
                        for app in on_them.remove(&machine.id).unwrap_or_default() {
                            *seen.lost.entry(app).or_default() += 1;
                        }
                    }
                }
                seen.looks += 1;
                for (app, _) in APPS {
                    let ready = pods.iter().filter(|pod| pod.app == app && pod.ready).count();
                    let ready = ready + seen.lost.get(app).copied().unwrap_or_default();
                    let fewest = seen.fewest.entry(app.to_owned()).or_insert(usize::MAX);
                    *fewest = (*fewest).min(ready);
                }
            }
            seen
        });
        Self { stop, seen }
    }

    async fn end(self) -> Seen {
        drop(self.stop);
        self.seen.await.unwrap()
    }
}

/// A pod that is not being ended.
struct Standing {
    app: String,
    node: String,
    ready: bool,
}

async fn standing(client: &kube::Client) -> Result<Vec<Standing>, kube::Error> {
    let pods: Api<Pod> = Api::namespaced(client.clone(), workloads::NAMESPACE);
    let pods = pods.list(&ListParams::default()).await?.into_iter();
    let pods = pods.filter(|pod| pod.metadata.deletion_timestamp.is_none());
    let standing = pods.map(|pod| {
        let conditions = pod.status.and_then(|status| status.conditions).unwrap_or_default();
        let app = pod.metadata.labels.unwrap_or_default().remove(workloads::APP_LABEL);
        Standing {
            app: app.unwrap_or_default(),
            node: pod.spec.and_then(|spec| spec.node_name).unwrap_or_default(),
            ready: conditions.iter().any(|one| one.type_ == "Ready" && one.status == "True"),
        }
    });
    Ok(standing.collect())
}

/// No fleet costs less: the cheapest core that any type gives to pods, for all that they ask for.
fn bound(pods: u32) -> i64 {
    let asked: i64 = APPS.iter().map(|(_, cpu)| cpu * i64::from(pods)).sum();
    // An m6i.4xlarge gives pods 15,890 thousandths, smaller ones fewer for each dollar.
    (asked * price("m6i.4xlarge") + 15_889) / 15_890
}

#[tokio::test(flavor = "multi_thread")]
async fn three_hundred_pods_less_sixty_percent_end_within_five_percent_of_the_bound() {
    let world = World::start().await;
    world.pool_that_consolidates("general").await;
    let running = world.controller(config("one")).await;
    start(&world, BEFORE).await;
    for (app, _) in APPS {
        workloads::create(&world.client, &workloads::disruption_budget(app, AWAY)).await.or_stop();
    }
    let before = bill(&world).await;
    scale(&world, AFTER).await;
    let (scattered, bound) = (bill(&world).await, bound(AFTER));
    assert!(scattered * 100 > bound * 105, "{scattered} is near {bound} already");
    let fewest = AtomicUsize::new(usize::MAX);
    until("the fleet is within 5 % of the bound", LONG, async || {
        let least = ready(&world).await.map_err(|error| error.to_string())?;
        let least = least.into_values().min().unwrap_or_default();
        fewest.fetch_min(least, Ordering::SeqCst);
        let (marks, bill) = (marks(&world).await, bill(&world).await);
        if marks.is_empty() && bill * 100 <= bound * 105 {
            return Ok(Some(()));
        }
        Err(format!("{bill} micro-USD per hour, the bound is {bound}, marked: {marks:?}"))
    })
    .await
    .or_stop();
    run(&world, AFTER).await;
    let (after, fewest) = (bill(&world).await, fewest.load(Ordering::SeqCst));
    println!("{before}, then {scattered} to {after} micro-USD per hour; bound {bound}");
    let least = usize::try_from(AFTER - AWAY).unwrap();
    assert!(fewest >= least, "{fewest} pods of an application were ready at some look");
    running.stop().await;
}

/// A workload shrinks, an image is published and machines are taken back, while controllers end hard.
#[tokio::test(flavor = "multi_thread")]
async fn everything_at_once_leaves_a_sound_fleet_though_the_controller_is_killed() {
    let world = World::start().await;
    world.pool_that_consolidates("general").await;
    let spot = json!({"spec": {"template": {"spec": {"requirements": [
        {"key": "karpenter.sh/capacity-type", "operator": "In", "values": ["spot"]},
        {"key": "karpenter.k8s.aws/instance-category", "operator": "In", "values": ["m"]},
        {"key": "node.kubernetes.io/instance-type", "operator": "In",
         "values": ["m6i.large", "m6i.xlarge"]},
    ]}}}});
    let (params, patch) = (kube::api::PatchParams::default(), kube::api::Patch::Merge(&spot));
    world.custom("NodePool").patch("general", &params, &patch).await.unwrap();
    let mut first = config("first");
    first.election = None;
    let running = world.controller(first).await;
    start(&world, 6).await;
    running.stop().await;

    for (app, _) in APPS {
        workloads::create(&world.client, &workloads::disruption_budget(app, 1)).await.or_stop();
    }
    scale(&world, 3).await;
    publish(&world, "ami-next");
    let machines: BTreeSet<InstanceId> =
        world.cloud.all().into_iter().take(2).map(|machine| machine.id).collect();
    let watch = Watch::start(&world, machines.clone());
    for machine in &machines {
        world.cloud.interrupt(machine);
    }
    for request in [2, 9, 4, 25, 13] {
        let crashed = world.ends_hard_within(ENDS, CrashPoint::After(request)).await;
        println!("request {request}: {}", if crashed { "ended hard" } else { "came not so far" });
    }

    let last = world.controller(config("last")).await;
    until("all that runs is of the next image, and unmarked", LONG, async || {
        let claims = world.list("NodeClaim").await.len();
        let renewed = claims > 0 && started_from(&world, "ami-next").await == claims;
        let settled = renewed && marks(&world).await.is_empty() && world.machines() == claims;
        Ok::<_, kube::Error>(settled.then_some(()))
    })
    .await
    .or_stop();
    run(&world, 3).await;
    let seen = watch.end().await;
    println!("{seen:?}");
    for (app, fewest) in &seen.fewest {
        assert!(*fewest >= 2, "one of three pods of {app} may be away: {seen:?}");
    }
    let (claims, nodes) = (world.list("NodeClaim").await.len(), world.list("Node").await.len());
    println!("{} machines were launched in all, {claims} are left", world.cloud.all().len());
    assert_eq!(claims, nodes);
    last.stop().await;
}
