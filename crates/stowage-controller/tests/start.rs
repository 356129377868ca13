//! How it starts and stops: what is wrong is said with its remedy, readiness comes soon, the Lease is let
//! go of.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use k8s_openapi::api::coordination::v1::Lease;
use kube::Api;
use serde_json::json;
use testcluster::kubelets::{self, Machine, NodeShape};
use testcluster::wait::until;
use testcluster::workloads::{self, PodShape};

use crate::process::{Command, Running, now};
use crate::world::{OrStop as _, SOON, World};

/// Nodes, and pods on them, that a restart finds.
const NODES: usize = 200;
/// Far above the bar of 5 s, as cores may be shared with builds: the figure is in what is printed.
const READY_MAX: Duration = Duration::from_mins(1);

/// A port of loopback that nobody listens on, and that needs rights to listen on.
const NOBODY: &str = "127.0.0.1:9";

/// Starts without a cluster and without AWS, in a folder of the target's own.
fn lonely(name: &str, flags: &[&str], environment: &[(&'static str, &str)]) -> Running {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR"));
    let log = folder.join(format!("start-{name}.log"));
    // What an earlier run wrote is not this one's.
    drop(std::fs::remove_file(&log));
    let flags = flags.iter().map(|flag| (*flag).to_owned()).collect();
    let environment =
        environment.iter().map(|(name, value)| (*name, OsString::from(value))).collect();
    Running::start(Command { flags, environment, folder, log })
}

/// A start that fails, with what it must say and the code that it must end with.
async fn fails(running: Running, code: i32, says: &[&str]) {
    let (status, text) = running.ends().await;
    assert_eq!(status.code(), Some(code), "{text}");
    for part in says {
        assert!(text.contains(part), "{part:?} is not in {text}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_start_that_fails_names_the_setting_and_the_remedy() {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR"));
    let kubeconfig = folder.join("start-unreachable.kubeconfig");
    let config = json!({
        "apiVersion": "v1", "kind": "Config", "current-context": "test",
        "contexts": [{"name": "test", "context": {"cluster": "test", "user": "test"}}],
        "clusters": [{"name": "test", "cluster": {"server": format!("http://{NOBODY}")}}],
        "users": [{"name": "test", "user": {}}],
    });
    std::fs::write(&kubeconfig, config.to_string()).unwrap();
    let kubeconfig = kubeconfig.to_str().unwrap();
    let fixed = ["--cluster-name=test", "--region=us-east-1", "--metrics-port=0"];
    let with = |more: &'static str| [&fixed[..], &["--health-probe-port=0", more]].concat();
    let taken = std::net::TcpListener::bind("0.0.0.0:0").unwrap();
    let taken = taken.local_addr().unwrap().port().to_string();
    let taken_flag = format!("--health-probe-port={taken}");
    let cases = [
        ("flags", with("--batch-idle-duration=soon"), "", 2, ["--batch-idle-duration", "10s"]),
        ("ttl", with("--registration-ttl=1ms"), "", 2, ["--registration-ttl", "at least 1s"]),
        ("unknown", with("--no-such-flag"), "", 2, ["--no-such-flag", "--help"]),
        ("region", vec!["--cluster-name=test", "--region=mars-1"], "", 1, ["mars-1", "--region"]),
        ("port", [&fixed[..], &[&taken_flag]].concat(), "", 1, [&taken, "--health-probe-port"]),
        ("no-cluster", with("--shadow"), "", 1, ["no way to the API server", "KUBECONFIG"]),
        ("unreachable", with("--shadow"), kubeconfig, 1, [NOBODY, "KUBECONFIG"]),
    ];
    for (name, flags, kubeconfig, code, says) in cases {
        let environment = [("KUBECONFIG", kubeconfig)];
        let environment = if kubeconfig.is_empty() { &[][..] } else { &environment[..] };
        fails(lonely(name, &flags, environment), code, &says).await;
    }
}

async fn holder(world: &World) -> Option<String> {
    let leases: Api<Lease> = Api::namespaced(world.client.clone(), "kube-system");
    let lease = leases.get_opt("karpenter-leader-election").await.unwrap()?;
    lease.spec?.holder_identity.filter(|holder| !holder.is_empty())
}

/// Nodes of nobody's, and a pod for each.
async fn fill(world: &World) {
    let shape = NodeShape::of(&[("cpu", "2"), ("memory", "8Gi"), ("pods", "29")]);
    for number in 0..NODES {
        let machine = Machine {
            id: format!("i-{number:017x}"),
            node_name: format!("own-{number}"),
            instance_type: "m7i.large".to_owned(),
            zone: "us-east-1a".to_owned(),
            architecture: "amd64".to_owned(),
            is_spot: false,
            tags: std::collections::BTreeMap::new(),
            user_data: None,
        };
        kubelets::join(&world.client, &machine, &shape).await.or_stop();
        kubelets::make_ready(&world.client, &machine.node_name).await.or_stop();
    }
    let shape = PodShape::requesting(&[("cpu", "1500m")]);
    let pods = workloads::deployment("web", u32::try_from(NODES).unwrap(), &shape);
    workloads::create(&world.client, &pods).await.or_stop();
    workloads::running(&world.client, "web", NODES, SOON).await.or_stop();
}

/// Kills the leader of two; gives the time until the other one leads.
async fn follows_a_killed_leader(world: &World) -> Duration {
    let leads = |text: &str| text.contains(r#""role":"leader""#);
    let first = world.controller(&[]);
    until("the first leads", SOON, async || Ok::<_, String>(leads(&first.text()).then_some(())))
        .await
        .or_stop();
    let second = world.controller(&[]);
    second.ready().await;
    assert!(!leads(&second.text()), "two lead at once");
    first.kill().await;
    let since = now();
    until("the second leads", SOON, async || Ok::<_, String>(leads(&second.text()).then_some(())))
        .await
        .or_stop();
    let took = since.elapsed();
    second.stop().await;
    took
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restart_is_ready_soon_and_the_lease_is_let_go_of() {
    let world = World::start().await;
    let mut command = world.command(&[]);
    for (name, value) in &mut command.environment {
        if *name == "AWS_ENDPOINT_URL" {
            *value = format!("http://{NOBODY}").into();
        }
    }
    let says = ["the cloud cannot be asked", "credentials", "--region", "AWS_ENDPOINT_URL"];
    fails(Running::start(command), 1, &says).await;
    assert_eq!(holder(&world).await, None);

    fill(&world).await;
    world.pool("general", "on-demand", "amd64").await;
    let mut times = Vec::new();
    for _ in 0..3 {
        let running = world.controller(&[]);
        times.push(running.ready().await);
        until("it holds the Lease", SOON, async || Ok::<_, String>(holder(&world).await))
            .await
            .or_stop();
        running.stop().await;
        assert_eq!(holder(&world).await, None, "the Lease is let go of");
    }
    let killed_to_led = follows_a_killed_leader(&world).await;
    println!("killed leader to the next: {killed_to_led:.1?}");
    println!("restart to ready: {times:.2?} with {NODES} nodes and {NODES} pods");
    assert!(times.iter().all(|time| *time < READY_MAX), "{times:?}");
    world.check_logs();
}
