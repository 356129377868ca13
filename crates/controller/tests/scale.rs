//! A thousand nodes and ten thousand pods on the real API server: what the controller takes of memory, of a core
//! and of the API server, while it buys them and at rest.
//!
//! A benchmark that CI leaves out: `cargo test --release -p controller --test tests -- --ignored --nocapture
//! scale::a_thousand_nodes`. The controller, with the simulated cloud behind its port, is a process of its own,
//! this binary again, so that what it takes is told from what the rest takes. `docs/benchmarks.md` says what came of it.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use cloud_sim::{Delays, Setup, SimCloud};
use controller::{Connection, Controller};
use k8s_openapi::api::apps::v1::Deployment;
use kube::api::{ListParams, Patch, PatchParams};
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::{Api, Config};
use serde_json::json;
use testcluster::wait::until;
use testcluster::workloads::{self, PodShape};
use testcluster::{Process, Program};
use tokio::sync::watch;

use crate::machines::RealClock;
use crate::world::{OrStop as _, SOON, TYPES, World, config};

const NODES: usize = 1_000;
const DEPLOYMENTS: u32 = 10;
const PODS_EACH: u32 = 1_000;
/// From ten thousand pending pods to as many that run, on two cores that all of it shares.
const WITHIN: Duration = Duration::from_mins(40);
/// How long it is watched at rest, once it has come to rest.
const WATCHED: Duration = Duration::from_mins(1);
/// It has come to rest when it asks for no more than this in ten seconds: what its Lease and its watches take.
const QUIET_MAX: usize = 20;
/// The bar, with the simulated cloud in the same process.
const RESIDENT_MIB_MAX: u64 = 150;
/// Names the kubeconfig for the process that is measured.
const KUBECONFIG: &str = "STOWAGE_SCALE_KUBECONFIG";
/// Clock ticks of `/proc` in a second; the same on all Linux that Rust supports.
const TICKS: f64 = 100.0;

/// The process that is measured; without its variable there is nothing to run.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "a part of scale::a_thousand_nodes"]
async fn the_controller() {
    let Some(kubeconfig) = std::env::var_os(KUBECONFIG) else { return };
    let kubeconfig = Kubeconfig::read_from(PathBuf::from(kubeconfig)).unwrap();
    let options = KubeConfigOptions::default();
    let kubernetes = Config::from_custom_kubeconfig(kubeconfig, &options).await.unwrap();
    let delays = Delays {
        latency: Duration::from_millis(100),
        visibility: Duration::from_secs(1),
        boot: Duration::from_secs(5),
        shutdown: Duration::from_secs(5),
    };
    let setup = Setup { delays, ..Setup::region("test", "us-east-1", &TYPES) };
    let cloud = Arc::new(SimCloud::new(setup, Arc::new(RealClock)));
    let controller = Controller::new(config("scale")).await.unwrap();
    let controller = controller.listening_on(Arc::<SimCloud>::clone(&cloud));
    let (_stop, stopped) = watch::channel(false);
    println!("pid {}", std::process::id());
    controller.run(Connection::new(kubernetes).unwrap(), cloud, stopped).await.unwrap();
}

/// A moment of the process, and what it had asked for by then.
struct Mark {
    at: Instant,
    cpu_seconds: f64,
    resident_mib: u64,
    peak_mib: u64,
    asked: Vec<(String, String)>,
}

/// What lies between two marks.
struct Span {
    seconds: f64,
    cpu_seconds: f64,
    asked: BTreeMap<(String, String), usize>,
}

impl Mark {
    fn since(&self, before: &Self) -> Span {
        let mut asked = BTreeMap::new();
        for one in &self.asked[before.asked.len()..] {
            *asked.entry(one.clone()).or_default() += 1;
        }
        let seconds = (self.at - before.at).as_secs_f64();
        Span { seconds, cpu_seconds: self.cpu_seconds - before.cpu_seconds, asked }
    }
}

impl Span {
    fn told(&self, what: &str, mark: &Mark) {
        let Self { seconds, cpu_seconds, asked } = self;
        let requests: usize = asked.values().sum();
        let each = f64::from(u32::try_from(requests).unwrap()) / seconds;
        println!(
            "{what}: {seconds:.1} s, CPU {cpu_seconds:.2} s ({:.2} % of a core), {requests} requests \
             ({each:.2}/s), resident {} MiB, at most {} MiB",
            100.0 * cpu_seconds / seconds,
            mark.resident_mib,
            mark.peak_mib
        );
        for ((verb, resource), count) in asked {
            println!("  {count:>7} {verb} {resource}");
        }
    }
}

/// The process under measurement.
struct Measured {
    pid: u32,
    _process: Process,
}

impl Measured {
    async fn start(world: &World) -> Self {
        let log = world.cluster.folder().join("logs").join("controller.log");
        let kubeconfig = world.cluster.service_account("kube-system", "stowage").await.or_stop();
        let arguments = ["--ignored", "--exact", "--nocapture", "scale::the_controller"];
        let process = Process::start(&Program {
            name: "controller",
            path: std::env::current_exe().unwrap(),
            arguments: arguments.map(Into::into).to_vec(),
            environment: vec![(KUBECONFIG, kubeconfig.into())],
            inherits: true,
            folder: world.cluster.folder().to_owned(),
            log: log.clone(),
        });
        let pid = until("the controller says who it is", SOON, async || {
            let text = std::fs::read_to_string(&log)?;
            let pid = text.lines().find_map(|line| line.split_once("pid ")?.1.trim().parse().ok());
            Ok::<_, std::io::Error>(pid)
        });
        let process = process.or_stop();
        Self { pid: pid.await.or_stop(), _process: process }
    }

    #[expect(clippy::disallowed_methods, reason = "processes are measured in real time")]
    fn mark(&self, world: &World) -> Mark {
        let read = |name| std::fs::read_to_string(format!("/proc/{}/{name}", self.pid)).unwrap();
        let status = read("status");
        let mib = |name: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap();
            line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap().div_ceil(1024)
        };
        // After the name, which may hold spaces: the state is the third field, and so the first here.
        let stat = read("stat");
        let fields: Vec<&str> = stat.rsplit_once(')').unwrap().1.split_whitespace().collect();
        let ticks: u32 = fields[11..13].iter().map(|field| field.parse::<u32>().unwrap()).sum();
        let asked = world.cluster.asked().or_stop().into_iter();
        Mark {
            at: Instant::now(),
            cpu_seconds: f64::from(ticks) / TICKS,
            resident_mib: mib("VmRSS"),
            peak_mib: mib("VmHWM"),
            asked: asked.map(|one| (one.verb, one.resource)).collect(),
        }
    }

    /// Waits until it asks for nearly nothing any more.
    async fn rests(&self, world: &World) -> Mark {
        let deadline = testcluster::wait::Deadline::after(WITHIN);
        let mut before = self.mark(world);
        loop {
            tokio::time::sleep(Duration::from_secs(10)).await;
            let now = self.mark(world);
            if now.asked.len() - before.asked.len() <= QUIET_MAX {
                return now;
            }
            assert!(
                !deadline.is_over(),
                "it does not come to rest: {:?}",
                now.since(&before).asked
            );
            before = now;
        }
    }
}

/// Ten of these pods fill a machine by their CPU.
async fn pods(world: &World) {
    for number in 0..DEPLOYMENTS {
        let memory = format!("{}Mi", 200 + 100 * number);
        let shape = PodShape::requesting(&[("cpu", "380m"), ("memory", &memory)]);
        let deployment = workloads::deployment(&format!("app-{number}"), PODS_EACH, &shape);
        workloads::create(&world.client, &deployment).await.or_stop();
    }
    let deployments: Api<Deployment> = Api::namespaced(world.client.clone(), workloads::NAMESPACE);
    let all = i32::try_from(DEPLOYMENTS * PODS_EACH).unwrap();
    until("all pods are ready", WITHIN, async || {
        let found =
            deployments.list(&ListParams::default()).await.map_err(|error| error.to_string())?;
        let ready = found.items.iter().filter_map(|one| one.status.as_ref()?.ready_replicas);
        let ready: i32 = ready.sum();
        if ready == all { Ok(Some(())) } else { Err(format!("{ready} of {all}")) }
    })
    .await
    .or_stop();
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "a benchmark of many minutes; its documentation has the command"]
async fn a_thousand_nodes_and_ten_thousand_pods() {
    let world = World::start_for_another().await;
    let measured = Measured::start(&world).await;
    world.pool("general").await;
    let settings = json!({"spec": {
        "disruption": {"consolidateAfter": "30s"},
        "template": {"spec": {"requirements": [
            {"key": "karpenter.sh/capacity-type", "operator": "In", "values": ["on-demand"]},
            {"key": "node.kubernetes.io/instance-type", "operator": "In", "values": ["m6i.xlarge"]},
        ]}},
    }});
    let (params, settings) = (PatchParams::default(), Patch::Merge(&settings));
    world.custom("NodePool").patch("general", &params, &settings).await.unwrap();
    world.until_ready("NodePool", "general").await;
    let start = measured.rests(&world).await;
    println!("with nothing: resident {} MiB", start.resident_mib);

    pods(&world).await;
    let running = measured.mark(&world);
    running.since(&start).told("until all pods run", &running);
    let rest = measured.rests(&world).await;
    rest.since(&running).told("until it rests", &rest);
    tokio::time::sleep(WATCHED).await;
    let end = measured.mark(&world);
    end.since(&rest).told("at rest", &end);

    let nodes = world.list("Node").await.len();
    println!("{nodes} nodes");
    assert!((NODES..NODES + NODES / 100).contains(&nodes), "{nodes} nodes");
    let refused = world.cluster.asked().or_stop().into_iter().filter(|asked| asked.is_refused);
    assert_eq!(refused.count(), 0, "rights are missing");
    assert!(end.resident_mib <= RESIDENT_MIB_MAX, "{} MiB", end.resident_mib);
}
